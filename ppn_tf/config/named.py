"""The flag --config=NAME: a configuration of configs/ by its name, wherever the package is.

Acts as --flagfile of that file at the same place of the command line: flags after it win.
"""

import difflib
import pathlib
from typing import List, Tuple

from absl import flags

from ppn_tf.runtime import layout

FLAGS = flags.FLAGS


def configs_folder() -> pathlib.Path:
  """Returns the folder of the configurations that come with the package."""
  return layout.find_folder("configs")


def list_configs() -> List[str]:
  """Returns the names of the configurations, sorted."""
  return sorted(path.stem for path in configs_folder().glob("*.cfg"))


class _NameParser(flags.ArgumentParser):
  """Takes the name of a configuration."""

  syntactic_help = "the name of a configuration"

  def parse(self, argument: str) -> str:
    names = list_configs()
    if argument in names:
      return argument
    close = difflib.get_close_matches(argument, names, n=1)
    hint = f"Did you mean {close[0]}? " if close else ""
    raise ValueError(
      f"no such configuration. {hint}There are: {', '.join(names)}. "
      "For a file of your own give --flagfile=FILE."
    )


def _split(argument: str) -> Tuple[str, str]:
  """Returns name and text of a line such as `--a=1`, `--a` or `--noa`."""
  name, separator, text = argument.lstrip("-").partition("=")
  if separator:
    return name, text
  return (name, "true") if name in FLAGS else (name[len("no") :], "false")


class _ConfigFlag(flags.Flag):
  """Sets the flags of a configuration while it is parsed, as if they stood in its place."""

  def parse(self, argument: str) -> None:
    super().parse(argument)
    path = configs_folder() / f"{self.value}.cfg"
    for line in FLAGS.read_flags_from_files([f"--flagfile={path}"]):
      name, text = _split(line)
      flag = FLAGS[name]
      flag.parse(text)
      flag.using_default_value = False


flags.DEFINE_flag(
  _ConfigFlag(
    _NameParser(),
    flags.ArgumentSerializer(),
    "config",
    None,
    "Configuration that comes with the package, such as ppn_swift; an unknown name lists them all. "
    "Flags after it win. --flagfile reads a file of your own.",
  )
)
