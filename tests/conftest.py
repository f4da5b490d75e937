"""Chooses Keras 2 before any test module can import TensorFlow; makes the tests' data set."""

import pathlib

import pytest

import ppn_tf
from ppn_tf.training import distribution
from tests import tiny_clips

assert ppn_tf.__version__
# Trained in this process is as trained by a door: sums are added up in the same order.
distribution.share_cores()


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory) -> pathlib.Path:
  """The records of tiny_clips.CLIPS, made by the door's own code."""
  from data.penn_action import dataset
  from data.penn_action.source import PennSource

  root = tmp_path_factory.mktemp("tiny")
  for clip in tiny_clips.CLIPS:
    tiny_clips.write_clip(root / "penn", clip)
  return dataset.prepare(PennSource(root / "penn"), str(root / "records"))
