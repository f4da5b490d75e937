"""PCK of a model over every frame of every clip, at several scales."""

import dataclasses
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

import numpy as np

from ppn_tf.keypoints import crops, heatmaps, pck
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.models.ppn import Framewise

import tensorflow as tf

Window = Mapping[str, tf.Tensor]


@dataclasses.dataclass
class ClipResult:
  """Predictions and labels of one clip of N frames.

  Attributes:
    clip: its name.
    predicted: [N, K, 2] float32, (x, y) in frame pixels.
    scores: [N, K] float32, peak values of the heatmaps.
    keypoints: [N, K, 2] float32, the labels.
    visibility: [N, K] bool.
    boxes: [N, 4] float32.
  """

  clip: str
  predicted: np.ndarray
  scores: np.ndarray
  keypoints: np.ndarray
  visibility: np.ndarray
  boxes: np.ndarray


class Evaluator:
  """Runs a model over evaluation windows.

  The heatmaps of all scales are brought into the first scale's crop, where
  they are averaged and decoded.

  Attributes:
    model: PPN or its frame-wise twin.
    decoder: see `heatmaps.decode`.
    whole_clip: whether the recurrence goes on from window to window; otherwise
      HeadNet begins each window.
  """

  def __init__(self, model: Framewise, *, decoder: str = "dark", whole_clip: bool = False):
    self.model = model
    self.decoder = decoder
    self.whole_clip = whole_clip
    self._start = tf.function(self._run, reduce_retracing=True)
    self._continue = tf.function(self._run, reduce_retracing=True)

  def _run(
    self, frames: tf.Tensor, affines: tf.Tensor, state: Optional[tf.Tensor] = None
  ) -> Tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Keypoints [B, T, K, 2] in frame pixels, scores [B, T, K], and the state to go on from.

    Args:
      frames: [B, N, T, H, W, 3] for N scales.
      affines: [B, N, T, 2, 3], frame to crop pixels.
      state: of the frames before, [B * N, h, w, K].
    """
    batch, num_scales = tf.shape(frames)[0], frames.shape[1]
    unrolled = self.model.unroll(tf.reshape(frames, [-1, *frames.shape[2:]]), state)
    maps = tf.reshape(unrolled.final, [batch, num_scales, *unrolled.final.shape[1:]])
    reference = affines[:, 0]
    if num_scales > 1:
      maps = self._merge_scales(maps, affines)
    else:
      maps = maps[:, 0]
    keypoints, scores = heatmaps.decode(maps, self.model.stride, self.decoder)
    return crops.transform_points(crops.invert_affine(reference), keypoints), scores, unrolled.state

  def _merge_scales(self, maps: tf.Tensor, affines: tf.Tensor) -> tf.Tensor:
    """[B, N, T, h, w, K] heatmaps of N crops to their mean in the first crop's cells."""
    stride, shape = self.model.stride, maps.shape
    offset = (stride - 1) / 2.0
    to_pixels = tf.constant([[stride, 0.0, offset], [0.0, stride, offset], [0.0, 0.0, 1.0]])
    full = _square(affines)
    # Cells of the first crop -> its pixels -> the frame -> another crop's cells.
    cells = tf.linalg.inv(to_pixels) @ full @ tf.linalg.inv(full[:, :1]) @ to_pixels
    backward = tf.reshape(cells[..., :2, :], [-1, 6])
    merged = tf.raw_ops.ImageProjectiveTransformV3(
      images=tf.reshape(maps, [-1, *shape[3:]]),
      transforms=tf.pad(backward, [[0, 0], [0, 2]]),
      output_shape=tf.constant(shape[3:5].as_list(), tf.int32),
      fill_value=0.0,
      interpolation="BILINEAR",
      fill_mode="CONSTANT",
    )
    return tf.reduce_mean(tf.reshape(merged, [-1, *shape[1:]]), axis=1)

  def __call__(self, windows: Iterable[Window]) -> Iterator[ClipResult]:
    """Yields a result per clip, as soon as its last window is done.

    Args:
      windows: as `pipeline.evaluation_windows` gives them, clip by clip.
    """
    parts: List[Dict[str, np.ndarray]] = []
    clip, state = None, None
    for window in windows:
      if clip is not None and window["clip"] != clip:
        yield _join(clip, parts)
        parts, state = [], None
      clip = window["clip"]
      arguments = window["frames"][None], window["affines"][None]
      if state is None or not self.whole_clip:
        predicted, scores, state = self._start(*arguments)
      else:
        predicted, scores, state = self._continue(*arguments, state)
      valid = window["valid"].numpy()
      part = {"predicted": predicted[0], "scores": scores[0]}
      part.update({name: window[name] for name in ("keypoints", "visibility", "boxes")})
      parts.append({name: value.numpy()[valid] for name, value in part.items()})
    if clip is not None:
      yield _join(clip, parts)


def _square(affines: tf.Tensor) -> tf.Tensor:
  """[..., 2, 3] affines as [..., 3, 3] matrices."""
  last = tf.broadcast_to(
    tf.constant([[0.0, 0.0, 1.0]]), tf.concat([tf.shape(affines)[:-2], [1, 3]], 0)
  )
  return tf.concat([affines, last], axis=-2)


def _join(clip: tf.Tensor, parts: List[Dict[str, np.ndarray]]) -> ClipResult:
  joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
  return ClipResult(clip=clip.numpy().decode(), **joined)


def score(
  results: List[ClipResult], skeleton: Skeleton, alpha: float = 0.2, num_frames: int = 0
) -> Dict[str, Any]:
  """PCK-body and PCK-torso of all frames, in percent, as written to --output_json.

  Args:
    results: one per clip.
    skeleton: the joints.
    alpha: the threshold as a part of the reference length.
    num_frames: T of the windows; "per_frame_index" then has T entries, by the
      frame's place in its window. 0 means whole clips.
  """
  visible = np.concatenate([result.visibility for result in results])
  table: Dict[str, Any] = {
    "num_clips": len(results),
    "num_frames": len(visible),
    "alpha": alpha,
  }
  rights: Dict[str, List[np.ndarray]] = {"pck_body": [], "pck_torso": []}
  for result in results:
    for name, lengths in (
      ("pck_body", pck.body_lengths(result.boxes)),
      ("pck_torso", pck.torso_lengths(result.keypoints, skeleton)),
    ):
      rights[name].append(pck.correct(result.predicted, result.keypoints, lengths, alpha))
  for name, right in rights.items():
    table[name] = pck.summarise(np.concatenate(right), visible, skeleton)
  torso = rights["pck_torso"]
  places = np.concatenate([np.arange(len(right)) for right in torso])
  if num_frames:
    places %= num_frames
  right_of_all = np.concatenate(torso)
  table["per_frame_index"] = {
    "pck_torso": [
      pck.mean_pck(right_of_all[places == place], visible[places == place])
      for place in range(places.max() + 1)
    ]
  }
  table["per_clip"] = {
    result.clip: {"pck_torso": pck.mean_pck(right, result.visibility)}
    for result, right in zip(results, torso)
  }
  return table
