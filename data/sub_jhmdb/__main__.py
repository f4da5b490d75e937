"""Makes the three splits of Sub-JHMDB.

  python -m data.sub_jhmdb --source=DIR

DIR holds Rename_Images/, joint_positions/, puppet_mask/ and sub_splits/, as the archives of
JHMDB unpack. Each split becomes a data set of its own, sub_jhmdb/split_1 to split_3, with
train and test. Train and evaluate on each separately, and average the scores: training clips
of one split are test clips of another. Frames keep their PNG bytes.
"""

from typing import Sequence

from absl import flags

from ppn_tf.runtime import app, command_flags

from ..builder import command
from .dataset import SubJhmdb, get_config_name
from .source import SPLITS, JhmdbSource


def define_flags() -> None:
  """Defines the flags of this command."""
  command.define_flags("Folder of JHMDB's Rename_Images/, joint_positions/ and sub_splits/.")
  numbers = [str(number) for number in SPLITS]
  flags.DEFINE_multi_enum("splits", numbers, numbers, "Split to make. Repeat for more.")


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  options = flags.FLAGS
  command_flags.check_required()
  sources = [
    JhmdbSource(options.source, int(number), strict=options.strict, progress=True)
    for number in options.splits
  ]
  for source in sources:
    print(f"split {source.split}:")
    command.make_or_keep(SubJhmdb, source, get_config_name(source))


if __name__ == "__main__":
  define_flags()
  app.run(main)
