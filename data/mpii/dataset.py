"""TFDS builder of MPII Human Pose."""

import os
import pathlib
from typing import Optional

from ppn_tf.keypoints.skeletons import PENN_ACTION, Skeleton

from ..builder import clip_records
from .source import MpiiSource


class Mpii(clip_records.ClipRecords):
  """Builder of one example per person; splits are train and validation."""

  MANUAL_DOWNLOAD_INSTRUCTIONS = (
    "manual_dir holds images/ and mpii_human_pose_v1_u12_1.mat of MPII Human Pose."
  )

  description = "MPII Human Pose: the people of its training images with Penn Action's joints."
  homepage = "http://human-pose.mpi-inf.mpg.de/"
  citation = "Andriluka et al. 2D Human Pose Estimation: New Benchmark. CVPR 2014."

  def skeleton(self) -> Skeleton:
    return PENN_ACTION

  def open_source(self, folder: os.PathLike) -> MpiiSource:
    return MpiiSource(folder)


def prepare(source: MpiiSource, data_dir: Optional[str]) -> pathlib.Path:
  """Writes the data set to `data_dir`; see `clip_records.prepare`."""
  return clip_records.prepare(Mpii, source, data_dir)
