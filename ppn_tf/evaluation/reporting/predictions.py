"""Runs a model over a stretch of a labeled clip."""

import dataclasses
from typing import Optional

import numpy as np

from ppn_tf.keypoints import crops, heatmaps
from ppn_tf.models.ppn import Framewise

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Stretch:
  """Holds consecutive labeled frames of one clip.

  Attributes:
    clip: name of the clip.
    first: index in the clip of the first frame.
    frames: [T, H, W, 3] uint8.
    keypoints: [T, K, 2] float32, (x, y) pixels.
    visibility: [T, K] bool.
    boxes: [T, 4] float32, (x1, y1, x2, y2) pixels.
  """

  clip: str
  first: int
  frames: np.ndarray
  keypoints: np.ndarray
  visibility: np.ndarray
  boxes: np.ndarray


@dataclasses.dataclass(frozen=True)
class Prediction:
  """Holds the outputs of a model on a stretch.

  Attributes:
    keypoints: [T, K, 2] float32, (x, y) pixels of the frames.
    scores: [T, K] float32, peaks of the heatmaps.
    crops: [T, H, W, 3] float32 0..255, inputs of the model.
    affines: [T, 2, 3] float32, frame pixels to crop pixels.
    initial: [h, w, K] float32 heatmaps of the first frame; None if frame-wise.
    preliminary: [T, h, w, K] float32 heatmaps of BodyNet.
    propagated: [T, h, w, K] float32 heatmaps of the PPU; None if frame-wise.
    final: [T, h, w, K] float32 heatmaps.
  """

  keypoints: np.ndarray
  scores: np.ndarray
  crops: np.ndarray
  affines: np.ndarray
  initial: Optional[np.ndarray]
  preliminary: np.ndarray
  propagated: Optional[np.ndarray]
  final: np.ndarray


def predict(model: Framewise, stretch: Stretch, margin: float = 1.25) -> Prediction:
  """Runs a model over a stretch; the recurrence starts at its first frame.

  Args:
    model: a PPN or Framewise.
    stretch: frames and boxes.
    margin: side of the crops in lengths of the box's longer side.
  """
  center, side = crops.box_to_crop(stretch.boxes, margin)
  affines = crops.crop_affine(center, side, model.image_size)
  cropped = crops.crop_frames(stretch.frames, affines, model.image_size)
  maps = model.unroll(cropped[None])
  in_crop, scores = heatmaps.decode(maps.final[0], model.stride)
  keypoints = crops.transform_points(crops.invert_affine(affines), in_crop)
  return Prediction(
    keypoints=keypoints.numpy(),
    scores=scores.numpy(),
    crops=cropped.numpy(),
    affines=affines.numpy(),
    initial=_first(maps.initial),
    preliminary=maps.preliminary[0].numpy(),
    propagated=_first(maps.propagated),
    final=maps.final[0].numpy(),
  )


def _first(maps: Optional[tf.Tensor]) -> Optional[np.ndarray]:
  return None if maps is None else maps[0].numpy()
