"""Sub-JHMDB, from JHMDB's folders to TFDS records: `python -m data.sub_jhmdb --source=DIR`.

DIR holds Rename_Images/, joint_positions/, puppet_mask/ and sub_splits/, as
JHMDB's archives unpack. Each of the three splits becomes a data set of its own,
sub_jhmdb/split_1 to split_3 with train and test: to be trained and evaluated
apart and averaged. What is a training clip in one is a test clip in another, so
pooling them would test on what was learned. The frames keep their PNG bytes.
"""

import os
import pathlib
from typing import Optional, Sequence

from absl import flags

from data import clip_records
from data.jhmdb_source import SPLITS, JhmdbSource
from ppn_tf import doors
from ppn_tf.keypoints.skeletons import SUB_JHMDB, Skeleton

import tensorflow_datasets as tfds


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


def main(argv: Sequence[str]) -> None:
  doors.no_arguments(argv)
  options = flags.FLAGS
  sources = [
    JhmdbSource(options.source, int(number), strict=options.strict, progress=True)
    for number in options.splits
  ]
  for source in sources:
    print(f"split {source.split}:")
    clip_records.make_or_keep(SubJhmdb, source, config_of(source))


if __name__ == "__main__":
  clip_records.define_flags("Folder of JHMDB's Rename_Images/, joint_positions/ and sub_splits/.")
  numbers = [str(number) for number in SPLITS]
  flags.DEFINE_multi_enum(
    "splits", numbers, numbers, "Which splits to make; give it once for each."
  )
  doors.run(main)
