"""Tests of the links, flags, commands, indexes and line widths of the Markdown pages."""

import pathlib
import re
from typing import Iterator, List, Set, Tuple

import pytest

from benchmarks.markdown_pages import COLUMNS, wrap
from ppn_tf.runtime.command_names import COMMANDS

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
# Lines with these have flags of other programs.
OTHER_PROGRAMS = re.compile(r"\b(pip|ffmpeg|tensorboard|tensorflow_model_server|client\.py) ")


def prose(text: str) -> List[Tuple[int, str]]:
  """Returns the numbered lines outside code blocks."""
  lines = []
  in_code = False
  for number, line in enumerate(text.splitlines(), start=1):
    if line.lstrip().startswith("```"):
      in_code = not in_code
    elif not in_code:
      lines.append((number, line))
  return lines


def anchors(text: str) -> Set[str]:
  """Returns the anchors of a page's headings, as GitHub and MkDocs generate them."""
  headings = [line.lstrip("# ") for _, line in prose(text) if line.startswith("#")]
  return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: pathlib.Path) -> Iterator[str]:
  text = page.read_text(encoding="utf-8")
  without_code = re.sub(r"`[^`]*`", "", "\n".join(line for _, line in prose(text)))
  for target in re.findall(r"\]\(([^)\s]+)\)", without_code):
    if re.match(r"[a-z]+:", target):
      continue
    file, _, anchor = target.partition("#")
    linked = (page.parent / file).resolve() if file else page
    if not linked.exists():
      yield target
    elif anchor and anchor not in anchors(linked.read_text(encoding="utf-8")):
      yield target


def wide_lines(text: str) -> List[int]:
  """Returns the numbers of lines wider than 120 columns outside tables."""
  return [
    number
    for number, line in enumerate(text.splitlines(), start=1)
    if len(line) > COLUMNS and not line.startswith("|")
  ]


def defined_flags() -> Set[str]:
  """Returns the names of flags and settings in the sources."""
  names: Set[str] = set()
  for folder in ("ppn_tf", "data", "export", "benchmarks"):
    for path in (ROOT / folder).rglob("*.py"):
      text = path.read_text(encoding="utf-8")
      names.update(re.findall(r'"(?:--)?(\w+)"', text))
      names.update(re.findall(r"^  (\w+): ", text, re.MULTILINE))
  return names


def unknown_flags(text: str, defined: Set[str]) -> Set[str]:
  """Returns the flags of a page that are neither defined nor negate a defined flag."""
  lines = [line for line in text.splitlines() if not OTHER_PROGRAMS.search(line)]
  named = re.findall(r"(?<![\w-])--(\w+)", "\n".join(lines))
  return {flag for flag in named if flag not in defined and flag[len("no") :] not in defined}


def get_name(page: pathlib.Path) -> str:
  return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=get_name)
def test_links_have_targets(page):
  assert list(broken_links(page)) == []


def test_broken_links_are_detected(tmp_path):
  (tmp_path / "there.md").write_text("# Some `code` here\n```\n# no heading\n```\n")
  page = tmp_path / "page.md"
  page.write_text(
    "[a](there.md) [b](there.md#some-code-here) [c](https://example.org/x) `[d](code.md)`\n"
    "[e](missing.md) [f](there.md#no-heading) [g](#page)\n```\n[h](in_code.md)\n```\n# Page\n"
  )
  assert list(broken_links(page)) == ["missing.md", "there.md#no-heading"]


@pytest.mark.parametrize("page", PAGES, ids=get_name)
def test_lines_fit_into_120_columns(page):
  assert wide_lines(page.read_text(encoding="utf-8")) == []


def test_wide_lines_are_detected():
  assert wide_lines(f"{'x' * 120}\n{'x' * 121}\n| {'x' * 121}\n") == [2]


def test_flags_exist():
  defined = defined_flags()
  pages = [page for page in PAGES if page.parent.name != "adr"]
  unknown = {
    get_name(page): unknown_flags(page.read_text(encoding="utf-8"), defined) for page in pages
  }
  assert {page: flags for page, flags in unknown.items() if flags} == {}


def test_unknown_flags_are_detected():
  text = "`--output=x`, --nosmooth and --otuput\npip install --no-deps\n| --- |"
  assert unknown_flags(text, {"output", "smooth"}) == {"otuput"}


def unknown_commands(text: str) -> List[str]:
  """Returns commands and modules in a page's code that do not exist."""
  code = "\n".join(re.findall(r"^```.*?^```|`[^`\n]+`", text, re.DOTALL | re.MULTILINE))
  unknown = [
    command
    for command in re.findall(r"ppn-tf ((?:(?:data|export)\s+)?[a-z][\w-]+)", code)
    if " ".join(command.split()) not in COMMANDS
  ]
  for module in re.findall(r"python -m ((?:ppn_tf|data|export|benchmarks)\.[\w.]+)", code):
    path = ROOT / module.replace(".", "/")
    if not path.with_suffix(".py").exists() and not (path / "__main__.py").exists():
      unknown.append(module)
  return unknown


@pytest.mark.parametrize("page", PAGES, ids=get_name)
def test_commands_exist(page):
  assert unknown_commands(page.read_text(encoding="utf-8")) == []


def test_unknown_commands_are_detected():
  text = (
    "ppn-tf tracks people. `ppn-tf track x`, `ppn-tf export tfilte`\n```sh\nppn-tf evalaute\n"
    "python -m data.clips\npython -m ppn_tf.trian\n```\n"
  )
  assert unknown_commands(text) == ["export tfilte", "evalaute", "ppn_tf.trian"]


def test_index_lists_every_page():
  text = (DOCS / "index.md").read_text(encoding="utf-8")
  expected = {page.name for page in DOCS.glob("*.md")} - {"index.md"}
  assert set(re.findall(r"^- \[.+\]\((\w+\.md)\):", text, re.MULTILINE)) == expected


def test_site_navigation_lists_every_page():
  text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
  expected = {page.name for page in DOCS.glob("*.md")}
  generated = {"overview.md", "contributing.md", "changelog.md"}
  assert set(re.findall(r"^ +- [^:\n]+: (\w+\.md)$", text, re.MULTILINE)) == expected | generated


def test_decision_index_lists_every_record():
  text = (DOCS / "adr" / "README.md").read_text(encoding="utf-8")
  rows = re.findall(r"^\| \[(\d+)\]\((\S+\.md)\) \|", text, re.MULTILINE)
  records = sorted(page.name for page in (DOCS / "adr").glob("0*.md"))
  assert [file for _, file in rows] == records
  assert all(int(file[:4]) == int(number) for number, file in rows)


def test_readme_is_short():
  assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 130


def test_wrapping_keeps_words_tables_and_code():
  table = f"| {'cell ' * 40}|"
  code = f"```sh\n{'word ' * 40}\n```"
  item = f"- {'word ' * 40}"
  page = wrap(f"# Title\n\n{'one two ' * 30}\nlast.\n{item}\n- next\n\n{table}\n\n{code}\n")
  lines = page.splitlines()
  assert table in lines and code in page and "- next" in lines and lines[0] == "# Title"
  assert len(wide_lines(page)) == 1  # in the code block
  assert page.split() == f"# Title {'one two ' * 30}last. {item} - next {table} {code}".split()
  (number,) = (n for n, line in enumerate(lines) if line.startswith("- word"))
  assert lines[number + 1].startswith("  word")
  assert wrap(page) == page
