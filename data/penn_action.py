"""Penn Action, from its folders to TFDS records: `python -m data.penn_action --source=DIR`.

DIR holds frames/0001/000001.jpg ... and labels/0001.mat ..., as the archive
Penn_Action.tar.gz unpacks. The frames keep their JPEG bytes. With --labels_only
the label files are checked and counted, and nothing is made; then --source may
also be the folder of the .mat files, or an archive of them.
"""

import os
import pathlib
from typing import Optional, Sequence

from absl import flags

from data import clip_records
from data.penn_label_survey import survey, verdict
from data.penn_source import PennSource
from ppn_tf import doors
from ppn_tf.keypoints.skeletons import PENN_ACTION, Skeleton


class PennAction(clip_records.ClipRecords):
  """One example a clip; splits as the labels' `train` field says."""

  MANUAL_DOWNLOAD_INSTRUCTIONS = "manual_dir holds the folders frames/ and labels/ of Penn Action."

  description = "Penn Action: 2326 clips of 15 sports actions, 13 joints in every frame."
  homepage = "http://dreamdragon.github.io/PennAction/"
  citation = "Zhang, Zhu and Derpanis. From Actemes to Action. ICCV 2013."

  def skeleton(self) -> Skeleton:
    return PENN_ACTION

  def open_source(self, folder: os.PathLike) -> PennSource:
    return PennSource(folder)


def prepare(source: PennSource, data_dir: Optional[str]) -> pathlib.Path:
  """Makes the data set below `data_dir`; see `clip_records.prepare`."""
  return clip_records.prepare(PennAction, source, data_dir)


def main(argv: Sequence[str]) -> None:
  doors.no_arguments(argv)
  options = flags.FLAGS
  if options.labels_only:
    account = survey(options.source, options.strict, progress=True)
    print(account.summary())
    print(verdict(account))
    return
  source = PennSource(options.source, strict=options.strict, progress=True)
  clip_records.make_or_keep(PennAction, source)


if __name__ == "__main__":
  clip_records.define_flags("Folder that holds Penn Action's frames/ and labels/.")
  flags.DEFINE_bool("labels_only", False, "Only check and count the label files; make nothing.")
  doors.run(main)
