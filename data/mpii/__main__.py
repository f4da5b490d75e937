"""Writes MPII Human Pose as a data set for pretraining: `python -m data.mpii --source=DIR`.

DIR holds images/ and mpii_human_pose_v1_u12_1.mat, or the folder
mpii_human_pose_v1_u12_2 with that file, as in MPII's two archives. Each person
in the training images becomes a clip of one frame, the whole image, with the 13
joints of Penn Action. The test images have no labels; a tenth of the videos is
held out for validation. Each person's record holds the JPEG bytes of the image.
"""

from typing import Sequence

from absl import flags

from ppn_tf.runtime import app

from ..builder import clip_records
from .dataset import Mpii
from .source import MpiiSource


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  options = flags.FLAGS
  source = MpiiSource(options.source, strict=options.strict, progress=True)
  clip_records.make_or_keep(Mpii, source)


if __name__ == "__main__":
  clip_records.define_flags("Folder of MPII's images/ and mpii_human_pose_v1_u12_1.mat.")
  app.run(main)
