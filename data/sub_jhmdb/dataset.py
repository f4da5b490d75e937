"""TFDS builder of Sub-JHMDB."""

import os
import pathlib
from typing import Optional

from ppn_tf.keypoints.skeletons import SUB_JHMDB, Skeleton

import tensorflow_datasets as tfds

from ..builder import clip_records
from .source import SPLITS, JhmdbSource


class SubJhmdb(clip_records.ClipRecords):
  """Builder of one example per clip; each of the three splits has a config."""

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


def get_config_name(source: JhmdbSource) -> str:
  """Returns the name of the TFDS config for a source's split."""
  return f"split_{source.split}"


def prepare(source: JhmdbSource, data_dir: Optional[str]) -> pathlib.Path:
  """Writes the data set of the source's split to `data_dir`; see `clip_records.prepare`."""
  return clip_records.prepare(SubJhmdb, source, data_dir, get_config_name(source))
