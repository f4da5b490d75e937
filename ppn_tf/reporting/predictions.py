"""What a model answers on a stretch of a labelled clip."""

import dataclasses
from typing import Optional, Tuple

import numpy as np

from ppn_tf.keypoints import crops, heatmaps
from ppn_tf.models.ppn import PPN, Framewise

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Stretch:
  """Consecutive labelled frames of one clip.

  Attributes:
    clip: the clip's name.
    first: index in the clip of the first of these frames.
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
class Answer:
  """A model's answer to a stretch.

  Attributes:
    keypoints: [T, K, 2] float32, (x, y) pixels of the frames.
    scores: [T, K] float32, the heatmaps' peaks.
    crops: [T, H, W, 3] float32 0..255, what the model was shown.
    affines: [T, 2, 3] float32, frame pixels to crop pixels.
    initial: [h, w, K] float32 heatmaps of the first frame; None if frame-wise.
    final: [T, h, w, K] float32 heatmaps.
  """

  keypoints: np.ndarray
  scores: np.ndarray
  crops: np.ndarray
  affines: np.ndarray
  initial: Optional[np.ndarray]
  final: np.ndarray


def answer(model: Framewise, stretch: Stretch, margin: float = 1.25) -> Answer:
  """Runs a model over a stretch, the recurrence starting at its first frame.

  Args:
    model: a PPN or Framewise.
    stretch: frames, and the boxes to crop them by.
    margin: the crops' side in lengths of the box's longer side.
  """
  center, side = crops.box_to_crop(stretch.boxes, margin)
  affines = crops.crop_affine(center, side, model.image_size)
  cropped = crops.crop_frames(stretch.frames, affines, model.image_size)
  initial, final = model.unroll(cropped[None])
  in_crop, scores = heatmaps.decode(final[0], model.stride)
  keypoints = crops.transform_points(crops.invert_affine(affines), in_crop)
  return Answer(
    keypoints=keypoints.numpy(),
    scores=scores.numpy(),
    crops=cropped.numpy(),
    affines=affines.numpy(),
    initial=None if initial is None else initial[0].numpy(),
    final=final[0].numpy(),
  )


def parts(model: PPN, given: Answer, first: int, length: int) -> Tuple[np.ndarray, np.ndarray]:
  """BodyNet's and the PPU's parts of a PPN's final heatmaps.

  Args:
    model: the PPN that gave the answer.
    given: its answer.
    first: index of the first frame wanted.
    length: number of frames wanted.
  Returns:
    preliminary and propagated heatmaps, each [length, h, w, K] float32.
  """
  assert given.initial is not None, "a PPN's answer has initial heatmaps"
  before = np.concatenate([given.initial[None], given.final])[first : first + length]
  frames = tf.constant(given.crops[first : first + length])
  preliminary = model.body_net(frames, training=False)
  propagated = model.ppu([before, preliminary], training=False)
  return preliminary.numpy(), propagated.numpy()
