"""Calibration samples for int8: calls of the signatures of an exported network over clips."""

from typing import Iterable, Iterator

import numpy as np

from ppn_tf.inference.recurrence import unroll
from ppn_tf.inference.tensorflow_models import KerasPoseModel
from ppn_tf.inference.tflite.convert import Sample
from ppn_tf.models.ppn import Framewise


def recurrent_samples(
  model: Framewise, clips: Iterable[np.ndarray], frame_type: type = np.float32
) -> Iterator[Sample]:
  """Yields calls of `start` and `step` over clips, each step with the previous heatmaps.

  Args:
    model: float32 network that computes the heatmaps.
    clips: arrays [T, H, W, 3], 0..255.
    frame_type: dtype of the frames in the samples, np.float32 or np.uint8.
  """
  network = KerasPoseModel(model)
  for clip in clips:
    frames = [frame.astype(frame_type)[None] for frame in np.round(clip)]
    yield "start", {"frame": frames[0]}
    for sample, previous in zip(frames, unroll(network, clip)):
      yield "step", {"frame": sample, "previous": previous[None]}
