"""tf.data pipelines: records to crops of T frames, for training and evaluation."""

import functools
from typing import Any, Collection, Dict, Sequence, Tuple

from ppn_tf.clips import appearance, augment, records
from ppn_tf.clips.neighbor import add_neighbor
from ppn_tf.clips.single_frames import spread_frames
from ppn_tf.keypoints import crops
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime.errors import InputError

import tensorflow as tf
import tensorflow_datasets as tfds

Clip = Dict[str, tf.Tensor]
# Whose crops a network is evaluated on, both from the ground truth.
BOXES = ("given", "joints")
# Crops that an evaluated network sees at a time, at most.
CHUNK = 28


@functools.lru_cache(maxsize=4)
def clip_lengths(builder: tfds.core.DatasetBuilder, split: str) -> Dict[str, int]:
  """Frames of every clip of a split, by its name; reads the split once."""
  dataset = records.serialized_examples(builder, split)
  dataset = dataset.map(lambda example: records.parse(builder, example))
  named = dataset.map(lambda clip: (clip["clip"], tf.shape(clip["frames"])[0]))
  return {name.decode(): int(length) for name, length in named.as_numpy_iterator()}


def samples_per_epoch(builder: tfds.core.DatasetBuilder, split: str, num_frames: int) -> int:
  """Samples of an epoch of `training_batches`: clips of at least T frames, or at T = 1 frames."""
  lengths = clip_lengths(builder, split).values()
  return sum(lengths) if num_frames == 1 else sum(length >= num_frames for length in lengths)


def decode_frames(frames: tf.Tensor) -> tf.Tensor:
  """[N] JPEG or PNG strings, all of one size, to [N, H, W, 3] uint8."""
  # decode_jpeg reads PNG too.
  return tf.map_fn(
    lambda encoded: tf.io.decode_jpeg(encoded, channels=3), frames, fn_output_signature=tf.uint8
  )


def training_clip(
  clip: Clip,
  seed: tf.Tensor,
  *,
  skeleton: Skeleton,
  num_frames: int,
  image_size: Tuple[int, int],
  box_margin: float,
  scale_range: Tuple[float, float],
  max_rotation: float,
  flip_probability: float,
  max_shift: float = 0.0,
  max_frame_step: int = 1,
  steady_crops: bool = False,
  turn_probability: float = 0.0,
  neighbor_probability: float = 0.0,
  color_jitter: float = 0.0,
  blur_probability: float = 0.0,
  occlusion_probability: float = 0.0,
) -> Clip:
  """Cuts T frames from a clip, crops and augments them alike.

  Each frame is cropped about its own box, or all of them along a straight path;
  the draw of scale, rotation and mirroring is the clip's.

  Args:
    clip: as `records.parse` gives it.
    seed: [2] integer; equal seeds cut and draw alike.
    skeleton: says which joints a mirrored image exchanges.
    num_frames: T; the clip has at least as many.
    image_size: (H, W) of the crops in pixels.
    box_margin: the crop's side is this times the box's longer side.
    scale_range, max_rotation, flip_probability, max_shift, turn_probability: see `augment.draw`.
    max_frame_step: frames from each of the T to the next, at most: drawn from 1 to this for a
      clip, and less where it is too short.
    steady_crops: crop along `crops.steady_path`.
    neighbor_probability: see `neighbor.add_neighbor`.
    color_jitter, blur_probability, occlusion_probability: see `appearance`; as without them
      where they are zero.
  Returns:
    clip, its name; frames [T, H, W, 3] float32 0..255; keypoints [T, K, 2] float32 in crop
    pixels; weights [T, K] float32, 1 for joints that are visible and in the
    crop; torso [T] float32, PCK-torso's reference length in crop pixels.
  """
  seeds = tf.random.experimental.stateless_split(seed, 2)
  look, beside = tf.unstack(tf.random.experimental.stateless_split(seeds[1], 2))
  index = _cut(tf.shape(clip["frames"])[0], num_frames, max_frame_step, seeds[0])
  part = {
    name: tf.gather(clip[name], index) for name in ("frames", "keypoints", "visibility", "boxes")
  }
  scale, rotation, flip, shift = augment.draw(
    seeds[1], scale_range, max_rotation, flip_probability, max_shift, turn_probability
  )
  center, side = crops.box_to_crop(part["boxes"], box_margin)
  if steady_crops:
    center, side = crops.steady_path(center, side)
  side /= scale
  affines = crops.crop_affine(center + side[:, None] * shift, side, image_size, rotation, flip)
  frames = crops.crop_frames(decode_frames(part["frames"]), affines, image_size)

  keypoints = crops.transform_points(affines, part["keypoints"])
  order = tf.where(flip, skeleton.flip_order, list(range(skeleton.num_joints)))
  keypoints = tf.gather(keypoints, order, axis=1)
  visible = tf.gather(part["visibility"], order, axis=1)
  limit = tf.constant([image_size[1], image_size[0]], tf.float32) - 0.5
  inside = tf.reduce_all((keypoints >= -0.5) & (keypoints < limit), axis=-1)
  shoulder, hip = skeleton.torso
  frames = tf.ensure_shape(frames, [num_frames, *image_size, 3])
  keypoints = tf.ensure_shape(keypoints, [num_frames, skeleton.num_joints, 2])
  if neighbor_probability:
    frames = add_neighbor(frames, keypoints, visible & inside, beside, neighbor_probability)
  frames = appearance.change_appearance(
    frames, look, color_jitter, blur_probability, occlusion_probability
  )
  return {
    "clip": clip["clip"],
    "frames": frames,
    "keypoints": keypoints,
    "weights": tf.cast(visible & inside, tf.float32),
    "torso": tf.norm(keypoints[:, shoulder] - keypoints[:, hip], axis=-1),
  }


def _cut(length: tf.Tensor, num_frames: int, max_step: int, seed: tf.Tensor) -> tf.Tensor:
  """Which T of a clip's frames are taken, [T] int32: any beginning, any step up to the most."""
  step = tf.constant(1)
  if max_step > 1 and num_frames > 1:
    most = tf.minimum(max_step, (length - 1) // (num_frames - 1))
    drawn = tf.random.experimental.stateless_split(seed, 2)[1]
    step = tf.random.stateless_uniform([], drawn, 1, most + 1, tf.int32)
  available = length - (num_frames - 1) * step
  first = tf.random.stateless_uniform([], seed, 0, available, tf.int32)
  return first + step * tf.range(num_frames)


def training_batches(
  builder: tfds.core.DatasetBuilder,
  split: str,
  *,
  batch_size: int,
  num_frames: int,
  seed: int,
  first_step: int = 0,
  shuffle_buffer: int = 64,
  part: Tuple[int, int] = (0, 1),
  turn: Tuple[int, int] = (0, 1),
  **clip_arguments: Any,
) -> tf.data.Dataset:
  """Endless batches; batch n is the same whichever batch the stream starts at.

  Each epoch sees every clip of at least T frames once, in an order of its own;
  at T = 1 every frame, as `single_frames.spread_frames` orders them.

  Args:
    builder, split: the records.
    batch_size: B.
    num_frames: T.
    seed: decides orders, cuts and augmentations.
    first_step: number of the first batch wanted, to go on where a run stopped.
    shuffle_buffer: clips that are shuffled together, some MB each.
    part: (n, N) gives the n-th of N equal parts of each batch's rows, in order. What
      is not wanted, here and by `turn`, is not decoded.
    turn: (n, N) gives only the batches `first_step + n`, and every N-th from there.
    **clip_arguments: see `training_clip`.
  Raises:
    InputError: no clip has T frames.
  """
  lengths = clip_lengths(builder, split)
  usable = samples_per_epoch(builder, split, num_frames)
  if not usable:
    longest = max(lengths.values(), default=0)
    raise InputError(
      f"{builder.data_dir}: no clip of split {split!r} has --num_frames={num_frames} frames "
      f"(the longest has {longest}). Lower --num_frames or add longer clips."
    )

  def epoch(number: tf.Tensor) -> tf.data.Dataset:
    order = number + 100003 * seed
    examples = records.serialized_examples(
      builder, split, shuffle_seed=order, buffer=shuffle_buffer
    )
    clips = examples.map(lambda example: records.parse(builder, example))
    if num_frames == 1:
      # Twice a batch: then as a rule it has no clip twice.
      return spread_frames(clips, len(lengths), order, group=max(shuffle_buffer, 2 * batch_size))
    return clips.filter(lambda clip: tf.shape(clip["frames"])[0] >= num_frames)

  first_sample = first_step * batch_size
  first_epoch = first_sample // usable
  dataset = tf.data.Dataset.counter(first_epoch).flat_map(epoch)
  dataset = dataset.enumerate(first_epoch * usable).skip(first_sample - first_epoch * usable)
  rows = batch_size // part[1]
  if part[1] > 1:
    dataset = dataset.filter(lambda index, clip: index % batch_size // rows == part[0])
  if turn[1] > 1:
    dataset = dataset.filter(
      lambda index, clip: (index // batch_size - first_step) % turn[1] == turn[0]
    )
  dataset = dataset.map(
    lambda index, clip: training_clip(
      clip, tf.stack([tf.constant(seed, tf.int64), index]), num_frames=num_frames, **clip_arguments
    ),
    num_parallel_calls=tf.data.AUTOTUNE,
    deterministic=True,
  )
  return dataset.batch(rows, drop_remainder=True).prefetch(tf.data.AUTOTUNE)


def evaluation_windows(
  builder: tfds.core.DatasetBuilder,
  split: str,
  *,
  num_frames: int,
  image_size: Tuple[int, int],
  box: str = "given",
  box_margin: float = 1.25,
  steady_crops: bool = False,
  scales: Sequence[float] = (1.0,),
  leave_out: Collection[str] = (),
) -> tf.data.Dataset:
  """Windows of T consecutive frames that together cover every frame of every clip.

  A clip's last window may be short; it is filled up with copies of its last
  frame, which `valid` marks.

  Args:
    builder, split: the records.
    num_frames: T.
    image_size: (H, W) of the crops in pixels.
    box: one of BOXES: whose crop is shown, the data set's box ("given") or that
      of the visible labelled joints ("joints"; the given one where they have none).
    box_margin: the crop's side is this times the box's longer side.
    steady_crops: crop each window along `crops.steady_path`, as in training.
    scales: factors on the person's size, one crop each.
    leave_out: names of clips that are not wanted.
  Returns:
    Dataset of dictionaries: clip (string), first (int64, the window's first
    frame), frames [N, T, H, W, 3] float32 for the N scales, affines
    [N, T, 2, 3] float32 from frame to crop pixels, image_size [2] int32 of the
    frame, valid [T] bool.
  """

  def windows(clip: Clip) -> tf.data.Dataset:
    length = tf.shape(clip["frames"], tf.int64)[0]
    starts = tf.data.Dataset.range(0, length, num_frames)
    return starts.map(lambda first: (first, {**clip, "length": length}))

  def window(first: tf.Tensor, clip: Clip) -> Clip:
    wanted = first + tf.range(num_frames, dtype=tf.int64)
    index = tf.minimum(wanted, clip["length"] - 1)
    center, side = crops.box_to_crop(tf.gather(person_boxes(clip, box), index), box_margin)
    if steady_crops:
      center, side = crops.steady_path(center, side)
    affines = tf.stack([crops.crop_affine(center, side / scale, image_size) for scale in scales])
    images = decode_frames(tf.gather(clip["frames"], index))
    frames = tf.stack(
      [crops.crop_frames(images, affine, image_size) for affine in tf.unstack(affines)]
    )
    return {
      "clip": clip["clip"],
      "first": first,
      "frames": tf.ensure_shape(frames, [len(scales), num_frames, *image_size, 3]),
      "affines": tf.ensure_shape(affines, [len(scales), num_frames, 2, 3]),
      "image_size": clip["image_size"],
      "valid": wanted < clip["length"],
    }

  examples = records.serialized_examples(builder, split)
  clips = examples.map(lambda example: records.parse(builder, example))
  if leave_out:
    known = tf.constant(sorted(leave_out))
    clips = clips.filter(lambda clip: tf.reduce_all(clip["clip"] != known))
  dataset = clips.flat_map(windows)
  return dataset.map(window, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def chunk_length(num_scales: int) -> int:
  """Frames of a window where it is only a part that fits into memory, not a beginning anew."""
  return max(1, CHUNK // num_scales)


def person_boxes(clip: Clip, box: str) -> tf.Tensor:
  """The boxes [N, 4] that a clip's frames are cropped by; `box` is one of BOXES."""
  if box == "given":
    return clip["boxes"]
  found = crops.joints_to_box(clip["keypoints"], clip["visibility"], clip["image_size"])
  has_area = tf.reduce_all(found[:, 2:] > found[:, :2], axis=-1, keepdims=True)
  return tf.where(has_area, found, clip["boxes"])
