"""Chooses Keras 2 before any test module can import TensorFlow; makes the tests' data set."""

import pathlib
from typing import Iterator, List

import pytest

import ppn_tf
from ppn_tf.training import distribution
from tests import tiny_clips

assert ppn_tf.__version__
# Trained in this process is as trained by a door: sums are added up in the same order.
distribution.share_cores()


# Start first, so that no process is left with them alone at the end.
LONGEST_FILES = (
  "tests/test_real_clip.py",
  "tests/conformance/test_models.py",
  "tests/test_train.py",
  "tests/export/test_commands.py",
  "tests/training/test_distribution.py",
)


def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
  """Moves the files that take longest to the front."""
  order = {path: number for number, path in enumerate(LONGEST_FILES)}
  items.sort(key=lambda item: order.get(item.nodeid.partition("::")[0], len(order)))


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory) -> pathlib.Path:
  """The records of tiny_clips.CLIPS, made by the door's own code."""
  from data.penn_action import dataset
  from data.penn_action.source import PennSource

  root = tmp_path_factory.mktemp("tiny")
  for clip in tiny_clips.CLIPS:
    tiny_clips.write_clip(root / "penn", clip)
  return dataset.prepare(PennSource(root / "penn"), str(root / "records"))


@pytest.fixture(scope="module")
def tiny_backbone() -> Iterator[None]:
  """Puts a backbone that is built in no time in the smallest MobileNetV2's place."""
  from ppn_tf.models.pose_net import BACKBONES
  from tests.tiny_backbone import tiny

  with pytest.MonkeyPatch.context() as patch:
    patch.setitem(BACKBONES, "mobilenet_v2_0.35", tiny)
    yield
