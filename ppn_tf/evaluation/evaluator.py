"""Predicts joints in every frame of every clip from crops of several scales."""

from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

import numpy as np

from ppn_tf.keypoints import heatmaps, multi_scale
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.models.ppn import Framewise

import tensorflow as tf

Window = Mapping[str, tf.Tensor]


class Evaluator:
  """Runs a model over evaluation windows.

  Attributes:
    model: PPN or Framewise.
    skeleton: joints of the model.
    decoder: see `multi_scale.read`.
    whole_clip: whether the recurrence continues from window to window; otherwise
      HeadNet starts each window.
    flip: whether to average the heatmaps of each crop and of its mirror image.
  """

  def __init__(
    self,
    model: Framewise,
    skeleton: Skeleton,
    *,
    decoder: str = "frame",
    whole_clip: bool = False,
    flip: bool = False,
  ):
    self.model = model
    self.skeleton = skeleton
    self.decoder = decoder
    self.whole_clip = whole_clip
    self.flip = flip
    self._start = tf.function(self._run, reduce_retracing=True, autograph=False)
    self._continue = tf.function(self._run, reduce_retracing=True, autograph=False)

  def _run(
    self,
    frames: tf.Tensor,
    affines: tf.Tensor,
    image_size: tf.Tensor,
    state: Optional[tf.Tensor] = None,
  ) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Runs the model over one window.

    Args:
      frames: [N, T, H, W, 3] float32, a batch of N scales.
      affines: [N, T, 2, 3] float32, frame to crop pixels.
      image_size: [2] int32, (H, W) of the frame.
      state: [N, h, w, K] float32, or [2 N, h, w, K] with flip: final heatmaps of
        the previous frame; None starts with HeadNet.
    Returns:
      Keypoints [T, K, 2] in frame pixels, scores [T, K], and the state of the last frame.
    """
    if self.flip:
      frames = tf.concat([frames, tf.reverse(frames, [3])], axis=0)
    unrolled = self.model.unroll(frames, state)
    maps = unrolled.final
    if self.flip:
      # Crops and maps are symmetric, so mirrored cells coincide with the straight ones.
      straight, mirrored = tf.split(maps, 2)
      maps = (straight + heatmaps.mirror(mirrored, self.skeleton.flip_order)) / 2.0
    keypoints, scores = multi_scale.read(maps, affines, self.model.stride, image_size, self.decoder)
    return keypoints, scores, unrolled.state

  def __call__(self, windows: Iterable[Window]) -> Iterator[ClipPredictions]:
    """Yields the predictions of each clip after its last window.

    Args:
      windows: from `pipeline.evaluation_windows`, clip by clip.
    """
    parts: List[Dict[str, np.ndarray]] = []
    clip, state = None, None
    for window in windows:
      if clip is not None and window["clip"] != clip:
        yield self._join(clip, parts)
        parts, state = [], None
      clip = window["clip"]
      arguments = window["frames"], window["affines"], window["image_size"]
      if state is None or not self.whole_clip:
        keypoints, scores, state = self._start(*arguments)
      else:
        keypoints, scores, state = self._continue(*arguments, state)
      valid = window["valid"].numpy()
      parts.append({"keypoints": keypoints.numpy()[valid], "scores": scores.numpy()[valid]})
    if clip is not None:
      yield self._join(clip, parts)

  def _join(self, clip: tf.Tensor, parts: List[Dict[str, np.ndarray]]) -> ClipPredictions:
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return ClipPredictions(clip.numpy().decode(), self.skeleton.joint_names, **joined)
