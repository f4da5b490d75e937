"""Recurrence of a pose network over the crops of one person: start, step, readout."""

from typing import Iterable, Iterator, Optional, Tuple

import numpy as np

from ppn_tf.inference.frame_times import PERIOD
from ppn_tf.inference.moved_heatmaps import MovedHeatmaps, change_crop
from ppn_tf.inference.pose_model import PoseModel
from ppn_tf.inference.present_places import PresentPlaces
from ppn_tf.keypoints import dark, frame_crops
from ppn_tf.runtime.errors import InputError


class Recurrence:
  """Propagates one person's heatmaps from crop to crop and reads the joints.

  The first frame passes twice, as in training:

    h_0 = start(I_1),  h_t = step(I_t, h_(t-1))  for t = 1, 2, ...

  Stale heatmaps can be refreshed: step(I_t, (h_(t-1) + start(I_t)) / 2).

  Attributes:
    model: the pose network.
    steady_crops: whether h_(t-1) moves along with the crop, see `MovedHeatmaps`.
    decoder: name of the decoder of heatmaps, see `heatmaps.decode`. Networks that also return
      preliminary heatmaps are read by `PresentPlaces` instead.
  """

  def __init__(self, model: PoseModel, steady_crops: Optional[bool] = None, decoder: str = "dark"):
    """Creates a recurrence without a clip; call `start` before `step`.

    Args:
      model: the pose network.
      steady_crops: whether h_(t-1) moves along with the crop; by default as the model says.
      decoder: one of `heatmaps.DECODERS`.
    """
    self.model = model
    self.steady_crops = model.steady_crops if steady_crops is None else steady_crops
    self.decoder = decoder
    self._previous: Optional[MovedHeatmaps] = None
    self._places = PresentPlaces()

  @property
  def started(self) -> bool:
    """Returns whether a clip has been started."""
    return self._previous is not None

  def start(
    self, crop: np.ndarray, affine: np.ndarray, step_affine: Optional[np.ndarray] = None
  ) -> None:
    """Starts a clip with HeadNet's heatmaps h_0; `step` takes the same frame next.

    Args:
      crop: [*model.start_size, 3] float32, RGB from 0 to 255.
      affine: [2, 3], from frame to crop pixels; crops are upright.
      step_affine: as `affine`, of the crop for `step`, into which h_0 is moved; by default `step`
        takes the same crop.
    """
    maps = self.initial(crop, affine, step_affine)
    affine = affine if step_affine is None else step_affine
    self._previous = MovedHeatmaps(maps, affine, self.model.stride)
    self._places = PresentPlaces()

  def initial(
    self, crop: np.ndarray, affine: np.ndarray, step_affine: Optional[np.ndarray] = None
  ) -> np.ndarray:
    """Returns HeadNet's heatmaps [h, w, K] in the cells of `step`; takes the same as `start`."""
    model, maps = self.model, self.model.start(crop)
    if step_affine is None:
      return maps
    return change_crop(maps, affine, model.start_stride, step_affine, model.stride)

  def step(
    self,
    crop: np.ndarray,
    affine: np.ndarray,
    period: float = PERIOD,
    initial: Optional[np.ndarray] = None,
  ) -> Tuple[np.ndarray, np.ndarray]:
    """Computes h_t of the next crop and reads the joints.

    Args:
      crop: [H, W, 3] float32, RGB from 0 to 255.
      affine: [2, 3], from frame to crop pixels; crops are upright.
      period: seconds since the preceding crop.
      initial: heatmaps [h, w, K] of `initial` in the same crop, which refresh h_(t-1).
    Returns:
      keypoints [K, 2] float32, (x, y) in frame pixels, and scores [K] float32, the highest
      values of h_t.
    Raises:
      RuntimeError: no clip has been started.
    """
    if self._previous is None:
      raise RuntimeError("step() before start(): call start() with the first crop.")
    previous = self._previous.move_to(affine, period) if self.steady_crops else self._previous.maps
    if initial is not None:
      previous = (previous + initial) / 2
    final, preliminary = self.model.final_and_preliminary(crop, previous)
    self._previous.replace(final, affine, period)
    if preliminary is None:
      return self._read(final, affine, self.model.stride)
    return self._places.read(final, preliminary, affine, self.model.stride, period)

  def look(self, crop: np.ndarray, affine: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Reads the joints from HeadNet's heatmaps alone; the recurrence stays as it is.

    Takes a crop for `start` and its affine, and returns the same as `step`.
    """
    return self._read(self.model.start(crop), affine, self.model.start_stride)

  def _read(
    self, maps: np.ndarray, affine: np.ndarray, stride: int
  ) -> Tuple[np.ndarray, np.ndarray]:
    """Decodes heatmaps [h, w, K] of a crop into frame pixels [K, 2] and scores [K]."""
    if self.decoder == "dark":
      keypoints, scores = dark.decode(maps, stride)
    else:
      from ppn_tf.keypoints.heatmaps import compiled_decode  # imports TensorFlow

      decoded = compiled_decode(maps, stride, self.decoder)
      keypoints, scores = (value.numpy() for value in decoded)
    return frame_crops.to_frame(affine, keypoints), scores


def unroll(model: PoseModel, frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
  """Yields the heatmaps h_0, h_1, ..., h_T of a clip, each [h, w, K] float32.

  Args:
    model: the pose network.
    frames: T crops [H, W, 3] float32, 0..255; the heatmaps do not move with them.
  Raises:
    InputError: `start` takes crops of another size than `step`.
  """
  if model.start_size != model.image_size:
    raise InputError(
      f"this network starts with crops of {model.start_size} pixels, but continues with "
      f"{model.image_size}. Track videos with it."
    )
  current: Optional[np.ndarray] = None
  for frame in frames:
    if current is None:
      current = model.start(frame)
      yield current
    current = model.step(frame, current)
    yield current
