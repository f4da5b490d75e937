"""Sub-JHMDB, from JHMDB's folders to TFDS records: `python -m data.sub_jhmdb --source=DIR`.

DIR holds Rename_Images/, joint_positions/, puppet_mask/ and sub_splits/, as
JHMDB's archives unpack. Each of the three splits becomes a data set of its own,
sub_jhmdb/split_1 to split_3 with train and test: to be trained and evaluated
apart and averaged. What is a training clip in one is a test clip in another, so
pooling them would test on what was learned. The frames keep their PNG bytes.
"""

from typing import Sequence

from absl import flags

from ppn_tf.runtime import app

from ..builder import clip_records
from .dataset import SubJhmdb, config_of
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
    clip_records.make_or_keep(SubJhmdb, source, config_of(source))


if __name__ == "__main__":
  clip_records.define_flags("Folder of JHMDB's Rename_Images/, joint_positions/ and sub_splits/.")
  numbers = [str(number) for number in SPLITS]
  flags.DEFINE_multi_enum(
    "splits", numbers, numbers, "Which splits to make; give it once for each."
  )
  app.run(main)
