"""SavedModels with the signatures `start`, `step` and `track`.

start(frame) returns the initial heatmaps of a clip; step(frame, previous) returns the heatmaps of
a frame, given the previous ones. Clients start with frame 1 and then step through all frames,
including frame 1. Frames are [B, H, W, 3], 0..255, float32 or uint8; heatmaps are
[B, H/S, W/S, K] float32. For clients that read joints like `present_places`, step also returns
the preliminary heatmaps.

track(frames) processes whole clips: crops [B, T, H, W, 3] uint8 to keypoints [B, T, K, 2] float32,
(x, y) in crop pixels, and scores [B, T, K].
"""

import os
from typing import Dict, Optional, Tuple, Union

import numpy as np

from ppn_tf.inference.pose_model import PoseModel
from ppn_tf.inference.recurrence import unroll
from ppn_tf.inference.tensorflow_models import KerasPoseModel
from ppn_tf.keypoints import heatmaps
from ppn_tf.models.ppn import Framewise, check_steps_alone
from ppn_tf.runtime.files import complete_or_absent

import tensorflow as tf

Path = Union[str, os.PathLike]


class Served(tf.Module):
  """Network with signatures.

  Holds only the variables and the graphs. With Keras models as attributes, saving would also
  trace each of their layers several times.

  Attributes:
    functions: concrete functions by name.
  """

  def __init__(
    self,
    model: Framewise,
    batch_size: Optional[int] = None,
    frame_type: tf.DType = tf.float32,
    tracks: bool = True,
    preliminary: bool = False,
  ):
    """Traces a network; takes the arguments of `write_saved_model`.

    Raises:
      InputError: the network propagates from the first frame instead of the previous one.
    """
    super().__init__(name="served")
    check_steps_alone(model)
    self._weights = [v for network in model.networks for v in network.variables]
    frame = tf.TensorSpec([batch_size, *model.image_size, 3], frame_type, "frame")
    previous = tf.TensorSpec(
      [batch_size, *model.heatmap_size, model.num_joints], tf.float32, "previous"
    )

    @tf.function(input_signature=[frame], autograph=False)
    def start(frame: tf.Tensor) -> Dict[str, tf.Tensor]:
      return {"heatmaps": model.start(tf.cast(frame, tf.float32))}

    @tf.function(input_signature=[frame, previous], autograph=False)
    def step(frame: tf.Tensor, previous: tf.Tensor) -> Dict[str, tf.Tensor]:
      frame = tf.cast(frame, tf.float32)
      if not preliminary:
        return {"heatmaps": model.step(frame, previous)}
      return dict(zip(("heatmaps", "preliminary"), model.final_and_preliminary(frame, previous)))

    clip = tf.TensorSpec([batch_size, None, *model.image_size, 3], tf.uint8, "frames")

    @tf.function(input_signature=[clip], autograph=False)
    def track(frames: tf.Tensor) -> Dict[str, tf.Tensor]:
      return _track(model, tf.transpose(frames, [1, 0, 2, 3, 4]))

    self.functions = {
      "start": start.get_concrete_function(),
      "step": step.get_concrete_function(),
    }
    if tracks:
      self.functions["track"] = track.get_concrete_function()


def _track(model: Framewise, frames: tf.Tensor) -> Dict[str, tf.Tensor]:
  """Finds the joints in crops [T, B, H, W, 3] uint8, frame by frame."""
  num_frames = tf.shape(frames)[0]
  arrays = tuple(tf.TensorArray(tf.float32, num_frames) for _ in range(2))
  state = model.start(tf.cast(frames[0], tf.float32))

  def step(
    t: tf.Tensor, state: tf.Tensor, keypoints: tf.TensorArray, scores: tf.TensorArray
  ) -> Tuple[tf.Tensor, tf.Tensor, tf.TensorArray, tf.TensorArray]:
    state = model.step(tf.cast(frames[t], tf.float32), state)
    points, score = heatmaps.decode(state, model.stride)
    return t + 1, state, keypoints.write(t, points), scores.write(t, score)

  _, _, *results = tf.while_loop(lambda t, *_: t < num_frames, step, (0, state, *arrays))
  keypoints, scores = (array.stack() for array in results)
  return {
    "keypoints": tf.transpose(keypoints, [1, 0, 2, 3]),
    "scores": tf.transpose(scores, [1, 0, 2]),
  }


def write_saved_model(
  model: Framewise,
  path: Path,
  batch_size: Optional[int] = None,
  frame_type: tf.DType = tf.float32,
  tracks: bool = True,
  preliminary: bool = False,
) -> None:
  """Writes a SavedModel folder that loads without this package.

  Args:
    model: the network.
    path: folder to write; it appears once it is complete.
    batch_size: B, or None for any.
    frame_type: dtype of the frames of start and step, tf.float32 or tf.uint8.
    tracks: whether to write the signature `track`.
    preliminary: whether step also returns preliminary heatmaps.
  Raises:
    InputError: the network propagates from the first frame instead of the previous one.
  """
  served = Served(model, batch_size, frame_type, tracks, preliminary)
  with complete_or_absent(path) as partial:
    tf.saved_model.save(served, os.fspath(partial), signatures=served.functions)


def recurrent_difference(model: Framewise, exported: PoseModel, frames: np.ndarray) -> float:
  """Returns the largest difference between the heatmaps of a network and of its export.

  Each of them gets its own previous heatmaps.

  Args:
    model: the network.
    exported: the same network in another form.
    frames: [T, H, W, 3] float32, 0..255.
  """
  pairs = zip(unroll(KerasPoseModel(model), frames), unroll(exported, frames))
  return max(float(np.max(np.abs(expected - received))) for expected, received in pairs)
