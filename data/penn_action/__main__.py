"""Makes a data set of Penn Action.

  python -m data.penn_action --source=DIR

DIR holds frames/0001/000001.jpg ... and labels/0001.mat ..., as the archive
Penn_Action.tar.gz unpacks. Frames keep their JPEG bytes. --labels_only checks and counts the
label files, and makes nothing; --source may then also be the folder of the .mat files, or an
archive of them.
"""

from typing import Sequence

from absl import flags

from ppn_tf.runtime import app, command_flags

from ..builder import command
from .dataset import PennAction
from .label_survey import describe_coverage, survey
from .source import PennSource


def define_flags() -> None:
  """Defines the flags of this command."""
  command.define_flags("Folder of Penn Action's frames/ and labels/.")
  flags.DEFINE_bool("labels_only", False, "Only check and count the label files.")


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  options = flags.FLAGS
  command_flags.check_required()
  if options.labels_only:
    account = survey(options.source, options.strict, progress=True)
    print(account.summarize())
    print(describe_coverage(account))
    return
  source = PennSource(options.source, strict=options.strict, progress=True)
  command.make_or_keep(PennAction, source)


if __name__ == "__main__":
  define_flags()
  app.run(main)
