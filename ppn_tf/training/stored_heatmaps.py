"""Heatmaps of a HeadNet and a BodyNet that stay fixed, computed once for many steps."""

import os
import pathlib
import shutil
from typing import Mapping, Tuple

from ppn_tf.keypoints import heatmaps
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.training_step import Batch, TrainingStep
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import check_space

import tensorflow as tf


class StoredHeatmaps:
  """Stores batches in a folder as heatmaps, and repeats them, randomly mirrored.

  Attributes:
    folder: holds the heatmaps as a cache of tf.data.
    num_batches: batches that are stored.
  """

  def __init__(
    self,
    folder: os.PathLike,
    num_batches: int,
    step: TrainingStep,
    skeleton: Skeleton,
    seed: int = 0,
  ):
    """Creates an empty store, or opens the one of a run that resumes.

    Args:
      folder: folder of the heatmaps; it is created.
      num_batches: batches to store.
      step: computes heatmaps from frames, see `TrainingStep.replace_frames`.
      skeleton: joints, with the pairs that a mirrored image exchanges.
      seed: seed of the mirroring.
    """
    self.folder, self.num_batches = pathlib.Path(folder), num_batches
    self._step, self._skeleton, self._seed = step, skeleton, seed

  def batches(self, drawn: tf.data.Dataset, first_step: int = 0) -> tf.data.Dataset:
    """Returns endless batches of heatmaps; batch n does not depend on the first batch.

    Heatmaps that are not stored yet are computed.

    Args:
      drawn: batches of `pipeline.training_batches`, from its first on.
      first_step: number of the first batch, to resume a run.
    Raises:
      InputError: the disk has no room for the heatmaps.
    """
    path = self.folder / "clips"
    computed = drawn.take(self.num_batches).map(self._step.replace_frames)
    if not path.with_suffix(".index").exists():
      # tf.data refuses what a killed process has left.
      self.remove()
      self.folder.mkdir(parents=True)
      self._check_space(computed.element_spec)
    stored = computed.cache(os.fspath(path))
    batches = stored.skip(first_step % self.num_batches).concatenate(stored.repeat())
    return batches.enumerate(first_step).map(self._mirror_some).prefetch(2)

  def remove(self) -> None:
    """Removes the folder."""
    shutil.rmtree(self.folder, ignore_errors=True)

  def _check_space(self, batch: Mapping[str, tf.TensorSpec]) -> None:
    sizes = [batch[name] for name in TrainingStep.HEATMAPS if name in batch]
    num_bytes = self.num_batches * sum(s.shape.num_elements() * s.dtype.size for s in sizes)
    fix = "Lower --stored_clips or give another --workdir."
    check_space(self.folder, num_bytes, "heatmaps", fix)

  def _mirror_some(self, number: tf.Tensor, batch: Batch) -> Batch:
    """Mirrors each clip of a batch with a probability of a half, the same ones for each number."""
    seed = tf.stack([tf.constant(self._seed, tf.int64), number])
    draws = tf.random.stateless_uniform(tf.shape(batch["torso"])[:1], seed)
    return mirror_clips(batch, draws < 0.5, self._skeleton, self._step.image_size)


def mirror_clips(
  batch: Batch, is_mirrored: tf.Tensor, skeleton: Skeleton, image_size: Tuple[int, int]
) -> Batch:
  """Mirrors some clips of a batch of heatmaps left to right, and exchanges paired joints.

  Args:
    batch: batch of `TrainingStep.replace_frames`.
    is_mirrored: [B] bool.
    skeleton: joints.
    image_size: (H, W) of the frames in pixels.
  """
  order = list(skeleton.flip_order)

  def choose(name: str, mirrored: tf.Tensor) -> tf.Tensor:
    value = batch[name]
    shape = [-1] + [1] * (value.shape.rank - 1)
    return tf.where(tf.reshape(is_mirrored, shape), mirrored, value)

  mirrored = dict(batch)
  for name in TrainingStep.HEATMAPS:
    if name in batch:
      mirrored[name] = choose(name, heatmaps.mirror(batch[name], order))
  # A cell's center is half a cell from its border, and a pixel's half a pixel.
  points = tf.gather(batch["keypoints"], order, axis=2)
  points = tf.stack([image_size[1] - 1 - points[..., 0], points[..., 1]], axis=-1)
  mirrored["keypoints"] = choose("keypoints", points)
  mirrored["weights"] = choose("weights", tf.gather(batch["weights"], order, axis=2))
  return mirrored


def check_fixed(model: Framewise) -> None:
  """Checks that heatmaps of HeadNet and BodyNet do not change in training.

  Raises:
    InputError: the network is no PPN, or trains more than its PPU.
  """
  if not isinstance(model, PPN):
    raise InputError("--stored_clips: a frame-wise network has no PPU to train. Leave it out.")
  if model.head_net.trainable_variables or model.body_net.trainable_variables:
    raise InputError(
      "--stored_clips: HeadNet and BodyNet must stay fixed. Add --trainable_from=none, "
      "--head_weights and --body_weights."
    )
