"""Writes Sub-JHMDB's three splits as data sets: `python -m data.sub_jhmdb --source=DIR`.

DIR holds Rename_Images/, joint_positions/, puppet_mask/ and sub_splits/, as in
JHMDB's archives. The data sets sub_jhmdb/split_1 to split_3 have the parts train
and test. Train and evaluate each one separately, and average the scores. Never
pool them: a training clip of one split is a test clip of another. The frames
keep their PNG bytes.
"""

from typing import Sequence

from absl import flags

from ppn_tf.runtime import app

from ..builder import clip_records
from .dataset import SubJhmdb, get_config_name
from .source import SPLITS, JhmdbSource


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  options = flags.FLAGS
  sources = [
    JhmdbSource(options.source, int(number), strict=options.strict, progress=True)
    for number in options.splits
  ]
  for source in sources:
    print(f"split {source.split}:")
    clip_records.make_or_keep(SubJhmdb, source, get_config_name(source))


if __name__ == "__main__":
  clip_records.define_flags("Folder of JHMDB's Rename_Images/, joint_positions/ and sub_splits/.")
  numbers = [str(number) for number in SPLITS]
  flags.DEFINE_multi_enum("splits", numbers, numbers, "Split to make; repeat the flag for several.")
  app.run(main)
