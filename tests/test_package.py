"""Tests of the package as a whole: version, import cost, choice of Keras."""

import configparser
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

import ppn_tf

ROOT = pathlib.Path(__file__).parents[1]


def python(code, path=(), **environment):
  """Runs `code` in a new interpreter; `path` goes before the installed packages."""
  inherited = {name: value for name, value in os.environ.items() if name != "TF_USE_LEGACY_KERAS"}
  folders = [str(folder) for folder in (*path, ROOT)]
  return subprocess.run(
    [sys.executable, "-c", code],
    capture_output=True,
    text=True,
    timeout=120,
    cwd=ROOT,
    env={**inherited, "PYTHONPATH": os.pathsep.join(folders), **environment},
  )


def fake_tensorflow(folder, version, module="", distribution="tensorflow"):
  """Writes a fake distribution of TensorFlow with only a version and `module`."""
  info = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
  info.mkdir(parents=True)
  (info / "METADATA").write_text(
    f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
  )
  (folder / "tensorflow.py").write_text(module)
  return [folder]


def read_setup():
  setup = configparser.ConfigParser()
  setup.read(ROOT / "setup.cfg")
  return setup


def test_setup_reads_the_version_from_the_package():
  assert read_setup()["metadata"]["version"] == "attr: ppn_tf.__version__"
  assert len(ppn_tf.__version__.split(".")) == 3


def test_changelog_lists_the_version():
  changelog = (ROOT / "CHANGELOG.md").read_text()
  assert "## [Unreleased]" in changelog
  assert f"## [{ppn_tf.__version__}]" in changelog


def read_setup_arguments():
  """Returns the arguments that setup.py passes to setuptools."""
  code = (
    "import setuptools, json, sys\n"
    "setuptools.setup = lambda **arguments: print(json.dumps(arguments))\n"
    "sys.argv[:] = ['setup.py']; __file__ = 'setup.py'\n"
    "sys.path.insert(0, '')\n"
    "exec(open('setup.py').read())"
  )
  done = python(code)
  assert done.returncode == 0, done.stderr
  return json.loads(done.stdout)


def test_wheel_contains_data_export_and_configs_inside_the_package():
  arguments = read_setup_arguments()
  packages, folders = arguments["packages"], arguments["package_dir"]
  assert {"ppn_tf.keypoints", "ppn_tf.data.clips", "ppn_tf.export", "ppn_tf.configs"} <= set(
    packages
  )
  assert {package.split(".")[0] for package in packages} == {"ppn_tf"}
  assert {ROOT / folder for folder in folders.values()} == {
    ROOT / name for name in ("data", "export", "configs")
  }


def test_package_description_has_no_relative_links():
  arguments = read_setup_arguments()
  description = arguments["long_description"]
  assert (
    description.startswith("# ppn-tf\n") and "```sh\nppn-tf track video.mp4\n```" in description
  )
  targets = re.findall(r"\]\(([^)]*)\)", description)
  assert targets and [target for target in targets if not target.startswith("https:")] == []
  assert "docs/tracking.md" in description and "![" not in description


@pytest.mark.parametrize("folder", ["ppn_tf", "data", "export"])
def test_every_package_folder_has_an_init(folder):
  folders = {path.parent for path in (ROOT / folder).rglob("*.py")}
  assert folders and [str(path) for path in folders if not (path / "__init__.py").exists()] == []


def test_import_does_not_import_tensorflow():
  done = python(
    "import sys, ppn_tf, ppn_tf.keypoints.skeletons\n"
    "print([name for name in ('tensorflow', 'keras', 'numpy') if name in sys.modules])"
  )
  assert (done.stdout, done.stderr) == ("[]\n", "")


def test_public_names_are_listed_and_imported_on_first_use():
  done = python(
    "import sys, ppn_tf\n"
    "print(sorted(set(ppn_tf.__all__) - set(dir(ppn_tf))), 'numpy' in sys.modules)\n"
    "print(ppn_tf.Tracker is ppn_tf.Tracker, 'tensorflow' in sys.modules)\n"
    "print(ppn_tf.PPN is ppn_tf.PPN, 'tensorflow' in sys.modules)\n"
    "from ppn_tf import *\n"
    "print(all(name in globals() for name in ppn_tf.__all__))\n"
    "print(ppn_tf.tracking.tracker.Tracker is Tracker)"
  )
  assert done.stdout == "[] False\nTrue False\nTrue True\nTrue\nTrue\n", done.stderr


def test_unknown_attribute_is_refused():
  with pytest.raises(AttributeError, match="module 'ppn_tf' has no attribute 'Trackr'"):
    _ = ppn_tf.Trackr
  assert not hasattr(ppn_tf, "__wrapped__")


def test_installed_tensorflow_uses_keras_2():
  # Another program may have set the variable.
  code = (
    "import ppn_tf\n"
    "import tensorflow as tf\n"
    "print(tf.keras.layers.Dense.__module__, ppn_tf._check_keras_2())"
  )
  done = python(code, TF_USE_LEGACY_KERAS="1")
  assert done.returncode == 0, done.stderr
  assert done.stdout in (
    "keras.src.layers.core.dense None\n",
    "tf_keras.src.layers.core.dense None\n",
  )


@pytest.mark.parametrize(
  ("version", "initial", "expected"),
  [
    ("2.15.1", "1", None),
    ("2.15.1", None, None),
    ("2.16.0rc0", None, "1"),
    ("2.18.0", "0", "1"),
    ("3.0.0", None, "1"),
  ],
)
@pytest.mark.parametrize("distribution", ["tensorflow", "tensorflow-cpu"])
def test_environment_follows_the_version(
  tmp_path, monkeypatch, version, initial, expected, distribution
):
  versions = {distribution: version}

  def get_version(name):
    if name not in versions:
      raise ppn_tf.importlib.metadata.PackageNotFoundError(name)
    return versions[name]

  monkeypatch.setattr(ppn_tf.importlib.metadata, "version", get_version)
  monkeypatch.setenv("TF_USE_LEGACY_KERAS", initial or "")
  if initial is None:
    monkeypatch.delenv("TF_USE_LEGACY_KERAS")
  ppn_tf._select_keras_2(ppn_tf._tensorflow_version())
  assert os.environ.get("TF_USE_LEGACY_KERAS") == expected


def test_environment_is_set_before_tensorflow_is_imported(tmp_path):
  path = fake_tensorflow(tmp_path, "2.18.0", "import os\nvalue = os.environ['TF_USE_LEGACY_KERAS']")
  done = python("import ppn_tf, tensorflow; print(tensorflow.value)", path)
  assert (done.stdout, done.stderr) == ("1\n", "")


def test_unknown_tensorflow_keeps_the_environment(monkeypatch):
  monkeypatch.setenv("TF_USE_LEGACY_KERAS", "as it was")
  ppn_tf._select_keras_2(None)
  assert os.environ["TF_USE_LEGACY_KERAS"] == "as it was"


KERAS = "class keras:\n  __version__ = {!r}\n"


def test_keras_3_imported_first_is_refused(tmp_path):
  path = fake_tensorflow(tmp_path, "2.18.0", KERAS.format("3.5.0"))
  done = python("import tensorflow, ppn_tf", path)
  assert done.returncode == 1
  assert "Import ppn_tf before tensorflow" in done.stderr
  assert "Received: tf.keras 3.5.0" in done.stderr


@pytest.mark.parametrize("module", ["", "class keras:\n  pass\n", KERAS.format("2.18.0")])
def test_keras_2_imported_first_is_accepted(tmp_path, module):
  path = fake_tensorflow(tmp_path, "2.18.0", module)
  done = python("import tensorflow, ppn_tf", path)
  assert done.returncode == 0, done.stderr
