"""Records of four small labeled clips of noise."""

from typing import Any, Dict, Iterator, Tuple

import numpy as np

from ppn_tf.keypoints.skeletons import PENN_ACTION
from tests.record_features import features

import tensorflow_datasets as tfds

CLIPS = {"0000": 3, "a/b 1": 20, "0002": 12, "0003": 7}  # frames
ACTIONS = {"a/b 1": "tennis_serve"}


def make_labels(clip: str) -> Dict[str, np.ndarray]:
  """Returns keypoints, visibility and boxes of one of CLIPS."""
  rng, length = np.random.default_rng(list(CLIPS).index(clip)), CLIPS[clip]
  keypoints = rng.uniform(10, 50, (length, 13, 2)).astype(np.float32)
  return {
    "keypoints": keypoints,
    "visibility": rng.random((length, 13)) < 0.8,
    "boxes": np.concatenate([keypoints.min(1), keypoints.max(1)], -1),
  }


class Walkers(tfds.core.GeneratorBasedBuilder):
  """Builder of CLIPS, all in the split `test`."""

  VERSION = tfds.core.Version("1.0.0")

  def _info(self) -> tfds.core.DatasetInfo:
    return tfds.core.DatasetInfo(
      builder=self,
      features=features(),
      metadata=tfds.core.MetadataDict(skeleton=PENN_ACTION.name),
    )

  def _split_generators(self, dl_manager: Any) -> Dict[str, Any]:
    return {"test": self._generate_examples()}

  def _generate_examples(self) -> Iterator[Tuple[str, Dict[str, Any]]]:
    for clip, length in CLIPS.items():
      frames = np.random.default_rng(length).integers(0, 255, (length, 60, 80, 3))
      example = {
        "clip": clip,
        "action": ACTIONS.get(clip, "bowl"),
        "frames": list(frames.astype(np.uint8)),
        **make_labels(clip),
        "image_size": np.array([60, 80], np.int32),
      }
      yield clip, example
