"""Selects Keras 2 before a test module imports TensorFlow, and provides common fixtures."""

import pathlib
from typing import Iterator, List

import pytest

import ppn_tf
from ppn_tf.training import distribution
from tests import tiny_clips

assert ppn_tf.__version__
# Commands share the cores, too. Training here must add up sums in the same order as they do.
distribution.share_cores()


# These start first, so that no worker process runs one of them last.
LONGEST_FILES = (
  "tests/training/test_distribution.py",
  "tests/test_real_clip.py",
  "tests/test_readme.py",
  "tests/conformance/test_models.py",
  "tests/conformance/test_exports.py",
  "tests/test_cost.py",
  "tests/test_train.py",
  "tests/test_python_examples.py",
  "tests/test_examples.py",
  "tests/export/test_commands.py",
)


def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
  """Moves the slowest files to the front."""
  order = {path: number for number, path in enumerate(LONGEST_FILES)}
  items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], len(order)))


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory) -> pathlib.Path:
  """Writes the records of tiny_clips.CLIPS with the code of the command data.penn_action."""
  from data.penn_action import dataset
  from data.penn_action.source import PennSource

  root = tmp_path_factory.mktemp("tiny")
  for clip in tiny_clips.CLIPS:
    tiny_clips.write_clip(root / "penn", clip)
  return dataset.prepare(PennSource(root / "penn"), str(root / "records"))


@pytest.fixture(scope="module")
def tiny_backbone() -> Iterator[None]:
  """Replaces the smallest MobileNetV2 by a tiny backbone that builds quickly."""
  from ppn_tf.models.pose_net import BACKBONES
  from tests.tiny_backbone import tiny

  with pytest.MonkeyPatch.context() as patch:
    patch.setitem(BACKBONES, "mobilenet_v2_0.35", tiny)
    yield
