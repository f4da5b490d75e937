"""Tests that the sources follow the rules of tests/architecture.py, and tests of the rules."""

import pathlib
from typing import Dict

import pytest

from tests.architecture import (
  COMMANDS,
  LAYERS,
  OVERSIZED,
  Module,
  converted_functions,
  fixed_imports,
  flag_readers,
  forbidden_imports,
  import_cycle,
  other_keras_imports,
  oversized,
  read_modules,
  tensorflow_imports,
  torch_imports,
  undocumented,
  vague_names,
)

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(name="modules", scope="module")
def fixture_modules() -> Dict[str, Module]:
  return read_modules(ROOT)


def test_all_source_folders_are_read(modules):
  assert {"ppn_tf", "ppn_tf.keypoints.skeletons", "data", "tests.test_architecture"} <= set(modules)


def test_layers_name_existing_modules(modules):
  assert {name for members in LAYERS for name in members} <= set(modules)


def test_imports_follow_the_layers(modules):
  assert forbidden_imports(modules) == []


def test_light_modules_do_not_import_tensorflow(modules):
  assert tensorflow_imports(modules) == []


def test_files_and_functions_respect_the_size_limits(modules):
  sources = {
    name: module for name, module in modules.items() if not name.startswith(("tests", *OVERSIZED))
  }
  assert oversized(sources) == []


def test_functions_are_traced_without_autograph(tmp_path):
  assert converted_functions(ROOT) == []
  (tmp_path / "ppn_tf").mkdir()
  (tmp_path / "ppn_tf" / "a.py").write_text(
    "@tf.function\ndef f(): pass\n\n"
    "@tf.function(autograph=False)\ndef g(): pass\n\nh = tf.function(f)\n"
  )
  assert [call.rpartition(":")[2] for call in converted_functions(tmp_path)] == ["1", "7"]


def test_packaged_modules_import_each_other_relatively(tmp_path):
  assert fixed_imports(ROOT) == []
  (tmp_path / "data").mkdir()
  (tmp_path / "data" / "a.py").write_text(
    "from data.builder import pictures\nfrom ..data import b\nimport ppn_tf.data\n\n"
    "def late():\n  import os, export.tflite\n"
  )
  assert [line.rpartition(":")[2] for line in fixed_imports(tmp_path)] == ["1", "6"]


def test_only_commands_read_flags(modules):
  assert flag_readers(modules) == []


def test_keras_is_imported_through_tf_keras(modules):
  assert other_keras_imports(modules) == []


def test_only_allowed_modules_import_torch(modules):
  assert torch_imports(modules) == []


def test_no_import_cycle(modules):
  assert import_cycle(modules) == []


def test_no_vague_file_names(modules):
  assert vague_names(modules) == []


def test_every_module_has_a_docstring(modules):
  assert undocumented(modules) == []


def write(root: pathlib.Path, files: Dict[str, str]) -> Dict[str, Module]:
  """Writes sources below `root` and reads them as modules."""
  for name, source in files.items():
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
  return read_modules(root)


@pytest.mark.parametrize(
  ("path", "source"),
  [
    ("ppn_tf/keypoints/pck.py", "from ppn_tf.models import ppn"),
    ("ppn_tf/keypoints/pck.py", "from ..models import ppn"),
    ("ppn_tf/models/__init__.py", "from ..clips import augment"),
    ("ppn_tf/clips/pipeline.py", "def late():\n  import ppn_tf.models.ppn"),
    ("ppn_tf/models/ppn.py", "import data.synthetic"),
    ("ppn_tf/config/flags.py", "from export import tflite"),
    ("ppn_tf/config/flags.py", "from ppn_tf.training.trainer import Trainer"),
    ("ppn_tf/train.py", "from ppn_tf import evaluate"),
    ("ppn_tf/tracking/tracker.py", "from ppn_tf.training import trainer"),
    ("ppn_tf/tracking/tracker.py", "from ppn_tf.train import main"),
    ("data/clips/source.py", "from export import tflite"),
    ("benchmarks/pytorch_twin/unit.py", "from ppn_tf.models import ppu"),
  ],
)
def test_forbidden_import_is_detected(tmp_path, path, source):
  assert len(forbidden_imports(write(tmp_path, {path: source}))) == 1


@pytest.mark.parametrize(
  ("path", "source"),
  [
    ("ppn_tf/keypoints/pck.py", "from ppn_tf.runtime.errors import InputError"),
    ("ppn_tf/models/ppn.py", "from ppn_tf.keypoints import heatmaps"),
    ("ppn_tf/models/ppn.py", "import ppn_tf"),
    ("ppn_tf/train.py", "from ppn_tf.training import experiment"),
    ("data/penn_action/labels.py", "from ..builder import joint_boxes"),
    ("data/penn_action/labels.py", "from ppn_tf.keypoints import skeletons"),
  ],
)
def test_allowed_import_is_accepted(tmp_path, path, source):
  assert forbidden_imports(write(tmp_path, {path: source})) == []


def test_tensorflow_import_is_detected(tmp_path):
  files = {
    "ppn_tf/__init__.py": "import tensorflow_datasets",
    "ppn_tf/keypoints/pck.py": "import tensorflow as tf",
    "ppn_tf/keypoints/crops.py": "import tensorflow as tf",
  }
  assert len(tensorflow_imports(write(tmp_path, files))) == 2


def test_excessive_size_is_detected(tmp_path):
  arguments = ", ".join(f"a{number}" for number in range(11))
  files = {
    "ppn_tf/a.py": "\n" * 301,
    "ppn_tf/b.py": "def f():\n" + "  pass\n" * 80,
    "ppn_tf/c.py": f"def f({arguments}):\n  pass",
    "ppn_tf/d.py": "def f():\n" + "  pass\n" * 79,
  }
  assert len(oversized(write(tmp_path, files))) == 3


def test_modules_at_the_root_are_commands(modules):
  at_root = {name for name in modules if name.count(".") == 1 and name.startswith("ppn_tf.")}
  assert {name for name in at_root if not modules[name].is_package} == {
    *COMMANDS,
    "ppn_tf.__main__",
  }


@pytest.mark.parametrize(
  "source", ["from absl import app, flags", "import absl.flags", "from ppn_tf.config import flags"]
)
def test_flag_reader_is_detected(tmp_path, source):
  files = {"ppn_tf/models/ppn.py": source, "ppn_tf/train.py": source, "data/x.py": source}
  assert flag_readers(write(tmp_path, files)) == ["data.x", "ppn_tf.models.ppn"]


@pytest.mark.parametrize(
  "source",
  [
    "import keras",
    "import tf_keras as keras",
    "from keras.layers import Dense",
    "from tensorflow import keras",
    "from tensorflow.keras import layers",
    "import tensorflow.keras.layers",
  ],
)
def test_other_keras_is_detected(tmp_path, source):
  modules = write(tmp_path, {"ppn_tf/a.py": source, "ppn_tf/b.py": "import keras_cv, tensorflow"})
  assert len(other_keras_imports(modules)) == 1


@pytest.mark.parametrize("source", ["import torch.nn", "from torchvision.ops import nms"])
def test_torch_import_is_detected(tmp_path, source):
  files = {"benchmarks/pytorch_twin/unit.py": source, "benchmarks/a.py": source}
  (violation,) = torch_imports(write(tmp_path, files))
  assert violation.startswith("benchmarks.a imports torch")


def test_import_cycle_is_detected(tmp_path):
  files = {
    "ppn_tf/__init__.py": "",
    "ppn_tf/a.py": "from ppn_tf.b import something",
    "ppn_tf/b.py": "def late():\n  from . import c",
    "ppn_tf/c.py": "import ppn_tf.a",
    "ppn_tf/d.py": "import ppn_tf.a, ppn_tf.c",
  }
  modules = write(tmp_path, files)
  assert import_cycle(modules) == ["ppn_tf.a", "ppn_tf.b", "ppn_tf.c", "ppn_tf.a"]
  del modules["ppn_tf.c"]
  assert import_cycle(modules) == []


def test_vague_name_is_detected(tmp_path):
  names = ("utils", "box_utils", "_common", "misc", "commons_dolphin", "pose_net")
  modules = write(tmp_path, {f"ppn_tf/{name}.py": "" for name in names})
  assert vague_names(modules) == [
    "ppn_tf._common",
    "ppn_tf.box_utils",
    "ppn_tf.misc",
    "ppn_tf.utils",
  ]


def test_missing_docstring_is_detected(tmp_path):
  files = {
    "ppn_tf/a.py": "import os",
    "ppn_tf/b.py": '"""Describes b."""',
    "ppn_tf/c.py": '""" """',
    "ppn_tf/d.py": "",
  }
  assert undocumented(write(tmp_path, files)) == ["ppn_tf.a", "ppn_tf.c", "ppn_tf.d"]
