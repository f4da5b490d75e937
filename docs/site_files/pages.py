"""MkDocs hook: adds the API reference and the pages of the repository's root to the site.

Links to source files lead to the reference of that module.
"""

import ast
import pathlib
import posixpath
import re
from typing import Any, Dict, List

from mkdocs.structure.files import File

ROOT = pathlib.Path(__file__).parents[2]
PACKAGE = "ppn_tf"
# Pages of the repository's root by their names in the site, whose README.md would be its home.
ROOT_PAGES = {
  "overview.md": "README.md",
  "contributing.md": "CONTRIBUTING.md",
  "changelog.md": "CHANGELOG.md",
}
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def module_pages() -> Dict[str, str]:
  """Returns the reference's page of each module and package of ppn_tf, by module name."""
  pages = {}
  for path in sorted((ROOT / PACKAGE).rglob("*.py")):
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[-1] == "__main__":
      continue
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    pages[name] = f"reference/{name}.md"
  return pages


def record_pages() -> List[str]:
  """Returns the pages of the decision records in their order."""
  return sorted(f"adr/{path.name}" for path in (ROOT / "docs" / "adr").glob("[0-9]*.md"))


def list_public_names() -> str:
  """Returns a list of the package's public names, linked to their definitions."""
  tree = ast.parse((ROOT / PACKAGE / "__init__.py").read_text(encoding="utf-8"))
  (public,) = (
    ast.literal_eval(node.value)
    for node in tree.body
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_PUBLIC"
  )
  return "\n".join(f"- [`{PACKAGE}.{name}`][{public[name]}.{name}]" for name in public)


def on_config(config: Any) -> Any:
  """Adds decision records and reference to the navigation."""
  packages: Dict[str, List[Dict[str, str]]] = {}
  for name, page in module_pages().items():
    package = ".".join(name.split(".")[:2])
    packages.setdefault(package, []).append({name: page})
  config["nav"] += [
    {"API reference": [{name: pages} for name, pages in packages.items()]},
    {"Decisions": ["adr/README.md", {"Records": record_pages()}]},
  ]
  return config


def on_files(files: Any, config: Any) -> Any:
  """Adds pages that are not files of docs/."""
  for page, name in ROOT_PAGES.items():
    text = (ROOT / name).read_text(encoding="utf-8")
    files.append(File.generated(config, page, content=text))
  for name, page in module_pages().items():
    public = f"Public names:\n\n{list_public_names()}\n\n" if name == PACKAGE else ""
    text = f"# {name}\n\n{public}::: {name}\n"
    files.append(File.generated(config, page, content=text))
  return files


def find_page(path: str) -> str:
  """Returns the site's page or file for one of the repository; empty if there is none."""
  names = {name: page for page, name in ROOT_PAGES.items()}
  if path in names:
    return names[path]
  if path == "docs":
    return "index.md"
  if path.startswith("docs/"):
    page = path[len("docs/") :]
    page += "/README.md" if (ROOT / path).is_dir() else ""
    return "" if page.endswith((".json", ".py")) else page
  module = re.sub(r"(/__init__)?\.py$", "", path).replace("/", ".")
  return module_pages().get(module, "")


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
  """Makes links lead to pages of the site; links to files outside it become plain text."""
  source = page.file.src_uri
  # Where the page lies in the repository: docs/, but for those of its root.
  folder = "" if source in ROOT_PAGES else posixpath.dirname(f"docs/{source}")

  def replace(match: "re.Match[str]") -> str:
    picture, text, target = match.groups()
    if re.match(r"[a-z]+:|#", target):
      return match[0]
    path, _, anchor = target.partition("#")
    path = posixpath.normpath(posixpath.join(folder, path))
    if not (ROOT / path).exists():
      return match[0]  # for MkDocs to complain about
    site_path = find_page(path)
    if not site_path:
      return text
    relative = posixpath.relpath(site_path, posixpath.dirname(source) or ".")
    return f"{picture}[{text}]({relative}{'#' if anchor else ''}{anchor})"

  if source.startswith("reference/"):
    return markdown
  parts = re.split(r"(^```.*?^```)", markdown, flags=re.DOTALL | re.MULTILINE)
  # Code blocks stay as they are: every second part.
  parts[::2] = [_LINK.sub(replace, part) for part in parts[::2]]
  return "".join(parts)
