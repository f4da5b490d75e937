"""MPII Human Pose for pretraining, as TFDS records: `python -m data.mpii --source=DIR`.

DIR holds images/ and mpii_human_pose_v1_u12_1.mat (or the folder
mpii_human_pose_v1_u12_2 with it), as MPII's two archives unpack. Every person
of the training images becomes a clip of one frame, the whole image, with Penn
Action's 13 joints. The test images have no labels; a tenth of the videos is
kept for validation. The images keep their JPEG bytes, once for each person.
"""

import os
import pathlib
from typing import Optional, Sequence

from absl import flags

from data import clip_records
from data.mpii_source import MpiiSource
from ppn_tf import doors
from ppn_tf.keypoints.skeletons import PENN_ACTION, Skeleton


class Mpii(clip_records.ClipRecords):
  """One example a person; splits train and validation."""

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
  """Makes the data set below `data_dir`; see `clip_records.prepare`."""
  return clip_records.prepare(Mpii, source, data_dir)


def main(argv: Sequence[str]) -> None:
  doors.no_arguments(argv)
  options = flags.FLAGS
  source = MpiiSource(options.source, strict=options.strict, progress=True)
  clip_records.make_or_keep(Mpii, source)


if __name__ == "__main__":
  clip_records.define_flags("Folder of MPII's images/ and mpii_human_pose_v1_u12_1.mat.")
  doors.run(main)
