"""Flag --config=NAME: a configuration of configs/ by its name, wherever the package is.

Acts as --flagfile of that file at the same place of the command line: flags after it win.
"""

import difflib
import pathlib
from typing import Any, List, Tuple

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


def _split(argument: str, flag_values: flags.FlagValues) -> Tuple[str, str]:
  """Returns name and text of a line such as `--a=1`, `--a` or `--noa`."""
  name, separator, text = argument.lstrip("-").partition("=")
  if separator:
    return name, text
  return (name, "true") if name in flag_values else (name[len("no") :], "false")


class _ConfigFlag(flags.Flag):
  """Sets the flags of a configuration while it is parsed, as if they stood in its place."""

  def __init__(self, flag_values: flags.FlagValues, *arguments: Any):
    self._flag_values = flag_values
    super().__init__(*arguments)

  def parse(self, argument: str) -> None:
    super().parse(argument)
    path = configs_folder() / f"{self.value}.cfg"
    for line in self._flag_values.read_flags_from_files([f"--flagfile={path}"]):
      name, text = _split(line, self._flag_values)
      flag = self._flag_values[name]
      flag.parse(text)
      flag.using_default_value = False


def define(flag_values: flags.FlagValues = FLAGS) -> None:
  """Defines --config; other flags that configurations contain must be defined, too."""
  flags.DEFINE_flag(
    _ConfigFlag(
      flag_values,
      _NameParser(),
      flags.ArgumentSerializer(),
      "config",
      None,
      "Configuration that comes with the package, such as ppn_swift; an unknown name lists them "
      "all. Flags after it win. --flagfile reads a file of your own.",
    ),
    flag_values,
  )
