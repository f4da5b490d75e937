"""One training example: T frames cut from a clip, cropped and augmented alike."""

from typing import Dict, Tuple

from ppn_tf.clips import appearance, augment, records
from ppn_tf.clips.neighbor import add_neighbor
from ppn_tf.keypoints import crops
from ppn_tf.keypoints.skeletons import Skeleton

import tensorflow as tf

Clip = Dict[str, tf.Tensor]


def training_clip(
  clip: Clip,
  seed: tf.Tensor,
  *,
  skeleton: Skeleton,
  num_frames: int,
  image_size: Tuple[int, int],
  box_margin: float,
  steady_crops: bool = False,
  augmentation: augment.Augmentation = augment.PAPER,
) -> Clip:
  """Cuts T frames from a clip, crops and augments them alike.

  Each frame is cropped about its own box, or all frames along a straight path. Scale, rotation,
  mirroring and shift are drawn once for the clip.

  Args:
    clip: features of one record, as `records.parse` returns them.
    seed: [2] integer; equal seeds cut and draw alike.
    skeleton: joints, with the pairs that a mirrored image exchanges.
    num_frames: T; the clip has at least as many.
    image_size: (H, W) of the crops in pixels.
    box_margin: side of the crop over the longer side of the box.
    steady_crops: whether to crop along `crops.steady_path`.
    augmentation: ranges of the random changes.
  Returns:
    clip, its name; frames [T, H, W, 3] float32 0..255; keypoints [T, K, 2] float32 in crop
    pixels; weights [T, K] float32, 1 for joints that are visible and inside the crop; torso
    [T] float32, reference length of PCK-torso in crop pixels.
  """
  seeds = tf.random.experimental.stateless_split(seed, 2)
  look_seed, neighbor_seed = tf.unstack(tf.random.experimental.stateless_split(seeds[1], 2))
  labelled = tf.reduce_any(clip["visibility"], axis=-1)
  index = _cut(labelled, num_frames, augmentation.max_frame_step, seeds[0])
  part = {
    name: tf.gather(clip[name], index) for name in ("frames", "keypoints", "visibility", "boxes")
  }
  scale, rotation, flip, shift = augment.draw(seeds[1], augmentation)
  center, side = crops.box_to_crop(part["boxes"], box_margin)
  if steady_crops:
    center, side = crops.steady_path(center, side)
  side /= scale
  affines = crops.crop_affine(center + side[:, None] * shift, side, image_size, rotation, flip)
  frames = crops.crop_frames(records.decode_frames(part["frames"]), affines, image_size)

  keypoints = crops.transform_points(affines, part["keypoints"])
  order = tf.where(flip, skeleton.flip_order, list(range(skeleton.num_joints)))
  keypoints = tf.gather(keypoints, order, axis=1)
  visible = tf.gather(part["visibility"], order, axis=1)
  limit = tf.constant([image_size[1], image_size[0]], tf.float32) - 0.5
  inside = tf.reduce_all((keypoints >= -0.5) & (keypoints < limit), axis=-1)
  shoulder, hip = skeleton.torso
  frames = tf.ensure_shape(frames, [num_frames, *image_size, 3])
  keypoints = tf.ensure_shape(keypoints, [num_frames, skeleton.num_joints, 2])
  if augmentation.neighbor_probability:
    frames = add_neighbor(
      frames, keypoints, visible & inside, neighbor_seed, augmentation.neighbor_probability
    )
  frames = appearance.change_appearance(
    frames,
    look_seed,
    augmentation.color_jitter,
    augmentation.blur_probability,
    augmentation.occlusion_probability,
  )
  return {
    "clip": clip["clip"],
    "frames": frames,
    "keypoints": keypoints,
    "weights": tf.cast(visible & inside, tf.float32),
    "torso": tf.norm(keypoints[:, shoulder] - keypoints[:, hip], axis=-1),
  }


def _cut(labelled: tf.Tensor, num_frames: int, max_step: int, seed: tf.Tensor) -> tf.Tensor:
  """Draws which T frames of a clip are taken, at one step from 1 to `max_step`.

  All places where a frame has labels are equally likely. Where no place at the drawn step has
  any, the step is 1.

  Args:
    labelled: [N] bool, whether frames have labels; N is at least T.
    num_frames: T.
    max_step: largest step.
    seed: [2] integer.
  Returns:
    [T] int32, numbers of frames.
  """
  length = tf.size(labelled)
  step = tf.constant(1)
  places = _places_with_labels(labelled, num_frames, step)
  if max_step > 1 and num_frames > 1:
    longest = tf.minimum(max_step, (length - 1) // (num_frames - 1))
    step_seed = tf.random.experimental.stateless_split(seed, 2)[1]
    drawn = tf.random.stateless_uniform([], step_seed, 1, longest + 1, tf.int32)
    drawn_places = _places_with_labels(labelled, num_frames, drawn)
    step, places = tf.cond(
      tf.size(drawn_places) > 0, lambda: (drawn, drawn_places), lambda: (step, places)
    )
  first = places[tf.random.stateless_uniform([], seed, 0, tf.size(places), tf.int32)]
  return first + step * tf.range(num_frames)


def _places_with_labels(labelled: tf.Tensor, num_frames: int, step: tf.Tensor) -> tf.Tensor:
  """Returns the first frames of T frames at a step, some of which have labels."""
  starts = tf.range(tf.size(labelled) - (num_frames - 1) * step)
  windows = tf.gather(labelled, starts[:, None] + step * tf.range(num_frames))
  return tf.boolean_mask(starts, tf.reduce_any(windows, axis=-1))
