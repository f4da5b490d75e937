"""Sub-JHMDB's TFDS data sets, one for each of its three splits."""

import os
import pathlib
from typing import Optional

from ppn_tf.keypoints.skeletons import SUB_JHMDB, Skeleton

import tensorflow_datasets as tfds

from ..builder import clip_records
from .source import SPLITS, JhmdbSource


class SubJhmdb(clip_records.ClipRecords):
  """One example a clip; a config for each of the three splits."""

  BUILDER_CONFIGS = [
    tfds.core.BuilderConfig(name=f"split_{number}", description=f"Split {number} of three.")
    for number in SPLITS
  ]
  MANUAL_DOWNLOAD_INSTRUCTIONS = (
    "manual_dir holds Rename_Images/, joint_positions/, puppet_mask/ and sub_splits/ of JHMDB."
  )

  description = "Sub-JHMDB: the 316 clips of JHMDB that show the whole body, 15 joints."
  homepage = "http://jhmdb.is.tue.mpg.de/"
  citation = "Jhuang et al. Towards Understanding Action Recognition. ICCV 2013."

  def skeleton(self) -> Skeleton:
    return SUB_JHMDB

  def open_source(self, folder: os.PathLike) -> JhmdbSource:
    return JhmdbSource(folder, int(self.builder_config.name[-1]))


def config_of(source: JhmdbSource) -> str:
  """The name of the TFDS config that holds a source's split."""
  return f"split_{source.split}"


def prepare(source: JhmdbSource, data_dir: Optional[str]) -> pathlib.Path:
  """Makes the data set of the source's split below `data_dir`; see `clip_records.prepare`."""
  return clip_records.prepare(SubJhmdb, source, data_dir, config_of(source))
