"""Tests of the sources of the Android demo, and of the checks of its APKs.

`make android` compiles the demo and runs the tests of its core.
"""

import importlib.util
import pathlib
import re
import xml.etree.ElementTree as ElementTree
import zipfile

import pytest

from ppn_tf.runtime.errors import InputError

ROOT = pathlib.Path(__file__).parents[1] / "android_demo"
ANDROID = "{http://schemas.android.com/apk/res/android}"
SOURCES = sorted(ROOT.rglob("*.java"))
MAX_LINES, COLUMNS = 300, 100


def _load(name: str):
  spec = importlib.util.spec_from_file_location(name, ROOT / "check" / f"{name}.py")
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


def android_imports(text: str):
  """Returns imports of Android that run on no other machine; org.json is a Debian package."""
  return re.findall(r"^import (?:static )?(androidx?\.[\w.]+);", text, re.MULTILINE)


def test_sources_exist():
  assert len(SOURCES) > 40


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_sources_are_short_and_narrow(path):
  lines = path.read_text(encoding="utf-8").splitlines()
  assert len(lines) <= MAX_LINES
  assert [line for line in lines if len(line) > COLUMNS] == []


def test_core_runs_without_android():
  core = [path for path in SOURCES if path.relative_to(ROOT).parts[0] == "core"]
  assert core
  assert {path.name: android_imports(path.read_text(encoding="utf-8")) for path in core} == {
    path.name: [] for path in core
  }


def test_android_imports_are_found():
  text = "import android.media.Image;\nimport org.json.JSONObject;\nimport static androidx.a.B.c;\n"
  assert android_imports(text) == ["android.media.Image", "androidx.a.B.c"]


@pytest.mark.parametrize("module", ["app", "webview"])
def test_texts_are_used_and_exist(module):
  main = ROOT / module / "src" / "main"
  tree = ElementTree.parse(main / "res" / "values" / "strings.xml")
  defined = {entry.get("name") for entry in tree.iter("string")}
  sources = [*main.rglob("*.java"), *main.rglob("*.xml")]
  text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
  used = set(re.findall(r"(?:R\.string\.|@string/)(\w+)", text))
  assert used == defined


@pytest.mark.parametrize("module", ["app", "webview"])
def test_apps_ask_for_the_camera_only(module):
  manifest = ElementTree.parse(ROOT / module / "src" / "main" / "AndroidManifest.xml")
  permissions = [entry.get(f"{ANDROID}name") for entry in manifest.iter("uses-permission")]
  assert permissions == ["android.permission.CAMERA"]
  required = {entry.get(f"{ANDROID}required") for entry in manifest.iter("uses-feature")}
  assert required == {"false"}


def test_buttons_and_pictures_have_descriptions():
  layout = ElementTree.parse(ROOT / "app" / "src" / "main" / "res" / "layout" / "main.xml")
  shown = [entry for entry in layout.iter() if entry.tag in ("Button", "ppntf.demo.PoseView")]
  # The text of the button in messages describes it.
  missing = [
    entry.get(f"{ANDROID}id") for entry in shown if not entry.get(f"{ANDROID}contentDescription")
  ]
  assert len(shown) == 7 and missing == ["@+id/action"]


def test_both_themes_have_the_same_colors():
  resources = ROOT / "app" / "src" / "main" / "res"
  light, dark = (
    {entry.get("name") for entry in ElementTree.parse(resources / folder / "colors.xml").iter()}
    for folder in ("values", "values-night")
  )
  # The icon is the same in both.
  assert light - dark == {"icon_background"} and dark <= light


def _write_apk(path, *, compression=zipfile.ZIP_STORED, padding=0):
  with zipfile.ZipFile(path, "w") as archive:
    entry = zipfile.ZipInfo("assets/people.tflite")
    entry.compress_type = compression
    entry.extra = b"\0" * padding
    archive.writestr(entry, b"content" * 10)
  return path


def test_stored_entries_are_read(tmp_path):
  check = _load("apk_content")
  # A local header has 30 bytes, and the name has 20.
  with zipfile.ZipFile(_write_apk(tmp_path / "good.apk", padding=6)) as archive:
    assert check.check_stored(archive, "assets/people.tflite") == b"content" * 10


@pytest.mark.parametrize(
  ("changes", "message"),
  [
    ({"compression": zipfile.ZIP_DEFLATED, "padding": 6}, "compressed"),
    ({"padding": 5}, "not aligned"),
  ],
)
def test_entries_that_android_cannot_map_are_refused(tmp_path, changes, message):
  check = _load("apk_content")
  with zipfile.ZipFile(_write_apk(tmp_path / "bad.apk", **changes)) as archive:
    with pytest.raises(InputError, match=message):
      check.check_stored(archive, "assets/people.tflite")
    with pytest.raises(InputError, match=r"no other\.tflite"):
      check.check_stored(archive, "other.tflite")
