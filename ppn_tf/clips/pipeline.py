"""tf.data pipelines: records to crops of T frames, for training and evaluation."""

import functools
from typing import Any, Collection, Dict, Sequence, Tuple

from ppn_tf.clips import records
from ppn_tf.clips.single_frames import spread_frames
from ppn_tf.clips.training_clip import Clip, training_clip
from ppn_tf.keypoints import crops
from ppn_tf.runtime.errors import InputError

import tensorflow as tf
import tensorflow_datasets as tfds

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
    builder: records of one data set.
    split: name of the split to read.
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
    builder: records of one data set.
    split: name of the split to read.
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
    images = records.decode_frames(tf.gather(clip["frames"], index))
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
