"""Makes a data set of MPII Human Pose, for pretraining.

  python -m data.mpii --source=DIR

DIR holds images/ and mpii_human_pose_v1_u12_1.mat (or the folder mpii_human_pose_v1_u12_2
with it), as the two archives of MPII unpack. Every person of the training images becomes a
clip of one frame, the whole image, with the 13 joints of Penn Action. Test images have no
labels; a tenth of the videos is kept for validation. Images keep their JPEG bytes, once for
each person.
"""

from typing import Sequence

from absl import flags

from ppn_tf.runtime import app, command_flags

from ..builder import command
from .dataset import Mpii
from .source import MpiiSource


def define_flags() -> None:
  """Defines the flags of this command."""
  command.define_flags("Folder of MPII's images/ and mpii_human_pose_v1_u12_1.mat.")


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  options = flags.FLAGS
  command_flags.check_required()
  source = MpiiSource(options.source, strict=options.strict, progress=True)
  command.make_or_keep(Mpii, source)


if __name__ == "__main__":
  define_flags()
  app.run(main)
