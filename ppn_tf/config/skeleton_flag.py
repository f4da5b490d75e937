"""Values of --skeleton."""

import os

from absl import flags

from ppn_tf.keypoints import skeletons
from ppn_tf.runtime.errors import InputError


class SkeletonParser(flags.ArgumentParser):
  """Parses the name of a known skeleton, or the folder of a data set with its own.

  The value is text for `skeletons.find_skeleton`, so that a run knows its joints
  without the data set. Flagfiles of runs hold such text.
  """

  syntactic_help = "a known skeleton's name, or a data set's folder"

  def parse(self, argument: str) -> str:
    is_text = argument in skeletons.SKELETONS or argument.lstrip().startswith("{")
    # os.path.isdir is False for text that cannot be a path, such as a long one.
    if not is_text and os.path.isdir(os.path.expanduser(argument)):
      from ppn_tf.clips import records  # imports take seconds

      try:
        return skeletons.to_text(records.read_skeleton(records.open_records(argument)))
      except InputError as error:
        raise ValueError(str(error)) from error
    return skeletons.to_text(skeletons.find_skeleton(argument))
