"""tf.data pipelines: records to crops of T frames, for training and evaluation."""

from typing import Any, Collection, Dict, Sequence, Tuple

from ppn_tf.clips import records
from ppn_tf.clips.record_index import RecordIndex, read_index, shuffled
from ppn_tf.clips.single_frames import spread_frames
from ppn_tf.clips.training_clip import Clip, training_clip
from ppn_tf.keypoints import crops
from ppn_tf.runtime.errors import InputError

import tensorflow as tf
import tensorflow_datasets as tfds

# Sources of the boxes that a network is evaluated on, both from the ground truth.
BOXES = ("given", "joints")
# Encoded frames that single frames are drawn from at a time, about.
GROUP_BYTES = 1 << 29
# Maximum number of crops that an evaluated network processes at a time.
CHUNK = 28


def clip_lengths(builder: tfds.core.DatasetBuilder, split: str) -> Dict[str, int]:
  """Returns the number of frames of every clip of a split, by name; reads the split once."""
  index = read_index(builder, split)
  return dict(zip(index.names, index.lengths.tolist()))


def samples_per_epoch(builder: tfds.core.DatasetBuilder, split: str, num_frames: int) -> int:
  """Returns samples per epoch of `training_batches`: clips of T frames, or frames at T = 1."""
  index = read_index(builder, split)
  return int(index.labelled.sum()) if num_frames == 1 else len(index.usable(num_frames))


@tf.autograph.experimental.do_not_convert
def training_batches(
  builder: tfds.core.DatasetBuilder,
  split: str,
  *,
  batch_size: int,
  num_frames: int,
  seed: int,
  first_step: int = 0,
  part: Tuple[int, int] = (0, 1),
  turn: Tuple[int, int] = (0, 1),
  **clip_arguments: Any,
) -> tf.data.Dataset:
  """Builds a dataset of endless batches; batch n does not depend on the first batch.

  Each epoch has every clip of at least T frames and with labels once, in a new order of all
  clips. At T = 1 it has every frame with labels, in the order of `single_frames.spread_frames`.

  Args:
    builder: records of one data set.
    split: name of the split to read.
    batch_size: B.
    num_frames: T.
    seed: seed of orders, cuts and augmentations.
    first_step: number of the first batch, to resume a run.
    part: (n, N) gives the n-th of N equal parts of each batch's rows, in order. Rows
      left out here and by `turn` are not decoded.
    turn: (n, N) gives only batch `first_step + n`, and every N-th after it.
    **clip_arguments: see `training_clip`.
  Raises:
    InputError: no clip has T frames, or no clip with T frames has labels.
  """
  index = read_index(builder, split)
  usable = index.usable(num_frames)
  if not len(usable):
    raise InputError(_explain_unusable(index, split, num_frames))

  def epoch(number: tf.Tensor) -> tf.data.Dataset:
    order = number + 100003 * seed
    numbers = shuffled(usable, order)
    if num_frames > 1:
      return numbers
    clips = numbers.map(index.read, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return spread_frames(clips, len(usable), order, _group_size(index, batch_size))

  def sample(number: tf.Tensor, clip: Any) -> Clip:
    return training_clip(
      clip if num_frames == 1 else index.read(clip),
      tf.stack([tf.constant(seed, tf.int64), number]),
      num_frames=num_frames,
      **clip_arguments,
    )

  per_epoch = samples_per_epoch(builder, split, num_frames)
  first_sample = first_step * batch_size
  first_epoch = first_sample // per_epoch
  dataset = tf.data.Dataset.counter(first_epoch).flat_map(epoch)
  dataset = dataset.enumerate(first_epoch * per_epoch).skip(first_sample - first_epoch * per_epoch)
  rows = batch_size // part[1]
  if part[1] > 1:
    dataset = dataset.filter(lambda number, clip: number % batch_size // rows == part[0])
  if turn[1] > 1:
    dataset = dataset.filter(
      lambda number, clip: (number // batch_size - first_step) % turn[1] == turn[0]
    )
  dataset = dataset.map(sample, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
  return dataset.batch(rows, drop_remainder=True).prefetch(tf.data.AUTOTUNE)


def _explain_unusable(index: RecordIndex, split: str, num_frames: int) -> str:
  longest = int(index.lengths.max(initial=0))
  if longest < num_frames:
    return (
      f"{index.builder.data_dir}: no clip of split {split!r} has --num_frames={num_frames} frames "
      f"(the longest has {longest}). Lower --num_frames or add longer clips."
    )
  return (
    f"{index.builder.data_dir}: no clip of split {split!r} with --num_frames={num_frames} frames "
    "has a visible joint. Add labels."
  )


def _group_size(index: RecordIndex, batch_size: int) -> int:
  """Returns the number of clips whose frames are mixed, so that their bytes are bounded."""
  mean = int(index.sizes.mean())
  # With twice a batch, a batch rarely has the same clip twice.
  return max(2, min(max(64, 2 * batch_size), GROUP_BYTES // max(mean, 1)))


@tf.autograph.experimental.do_not_convert
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
  """Builds a dataset of windows of T consecutive frames that cover every clip.

  The last window of a clip may be short; copies of the last frame fill it, and `valid` marks them.

  Args:
    builder: records of one data set.
    split: name of the split to read.
    num_frames: T.
    image_size: (H, W) of the crops in pixels.
    box: one of BOXES: the data set's box ("given"), or that of the visible labeled joints
      ("joints"; the data set's box where no joint is visible).
    box_margin: side of the crop divided by the longer side of the box.
    steady_crops: whether to crop each window along `crops.steady_path`, as in training.
    scales: factors on the person's size, one crop each.
    leave_out: names of clips to leave out.
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
    numbers = first + tf.range(num_frames, dtype=tf.int64)
    index = tf.minimum(numbers, clip["length"] - 1)
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
      "valid": numbers < clip["length"],
    }

  examples = records.serialized_examples(builder, split)
  clips = examples.map(lambda example: records.parse(builder, example))
  if leave_out:
    known = tf.constant(sorted(leave_out))
    clips = clips.filter(lambda clip: tf.reduce_all(clip["clip"] != known))
  dataset = clips.flat_map(windows)
  return dataset.map(window, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def chunk_length(num_scales: int) -> int:
  """Returns the frames of a window that fit into memory, where windows do not restart a clip."""
  return max(1, CHUNK // num_scales)


def person_boxes(clip: Clip, box: str) -> tf.Tensor:
  """Returns boxes [N, 4] by which a clip's frames are cropped; `box` is one of BOXES."""
  if box == "given":
    return clip["boxes"]
  boxes = crops.joints_to_box(clip["keypoints"], clip["visibility"], clip["image_size"])
  has_area = tf.reduce_all(boxes[:, 2:] > boxes[:, :2], axis=-1, keepdims=True)
  return tf.where(has_area, boxes, clip["boxes"])
