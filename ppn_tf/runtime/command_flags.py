"""Flags of commands: numbers within bounds, groups for --help, and required flags."""

import contextlib
import dataclasses
from typing import Any, Dict, Iterator, Optional, Sequence, Union

from absl import flags

from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.settings import Bounds, ListBounds, Number

flags.disclaim_key_flags()
FLAGS = flags.FLAGS
OPTIONS = "Options"
_GROUP, _REQUIRED = "ppn_tf_group", "ppn_tf_required"


class BoundedParser(flags.ArgumentParser):
  """Parses numbers, or lists of numbers, within bounds; refuses NaN and infinity."""

  def __init__(self, bounds: Union[Bounds, ListBounds]):
    super().__init__()
    self.bounds = bounds
    self.syntactic_help = str(bounds)

  def parse(self, argument: Any) -> Any:
    return self.bounds.parse(argument)

  def flag_type(self) -> str:
    return "numbers" if isinstance(self.bounds, ListBounds) else "number"


@contextlib.contextmanager
def group(title: str, flag_values: flags.FlagValues = FLAGS) -> Iterator[None]:
  """Puts the flags that are defined inside into a group of --help."""
  defined = set(flag_values)
  try:
    yield
  finally:
    for name in set(flag_values) - defined:
      if not hasattr(flag_values[name], _GROUP):
        setattr(flag_values[name], _GROUP, title)


def get_group(flag: "flags.Flag[Any]") -> str:
  """Returns the title of a flag's group."""
  return str(getattr(flag, _GROUP, OPTIONS))


def mark_required(*names: str) -> None:
  """Lists flags in --help as required; `check_required` checks that they are given."""
  for name in names:
    setattr(FLAGS[name], _REQUIRED, True)


def is_required(flag: "flags.Flag[Any]") -> bool:
  """Returns whether `mark_required` was called for a flag."""
  return hasattr(flag, _REQUIRED)


def check_required() -> None:
  """Checks that the flags of `mark_required` are given, in the order of their definition.

  Raises:
    InputError: one is missing or empty.
  """
  for name in FLAGS:
    if is_required(FLAGS[name]):
      required(name)


def define(
  parser: flags.ArgumentParser,
  name: str,
  default: Any,
  help_text: str,
  flag_values: flags.FlagValues = FLAGS,
) -> None:
  """Defines a flag with a parser."""
  is_list = parser.flag_type() == "numbers"
  serializer = flags.CsvListSerializer(",") if is_list else flags.ArgumentSerializer()
  flags.DEFINE(parser, name, default, help_text, flag_values, serializer=serializer)


def define_integer(
  name: str,
  default: Optional[int],
  help_text: str,
  low: int,
  high: int,
  flag_values: flags.FlagValues = FLAGS,
) -> None:
  """Defines a flag for a whole number from `low` to `high`."""
  define(BoundedParser(Bounds(low, high, whole=True)), name, default, help_text, flag_values)


def define_float(
  name: str,
  default: Optional[float],
  help_text: str,
  low: Number,
  high: Number,
  flag_values: flags.FlagValues = FLAGS,
) -> None:
  """Defines a flag for a finite number from `low` to `high`."""
  define(BoundedParser(Bounds(low, high)), name, default, help_text, flag_values)


def define_numbers(
  name: str, default: Optional[Sequence[Number]], help_text: str, bounds: Bounds, count: int = 0
) -> None:
  """Defines a flag for numbers separated by commas, as many as `count` if given."""
  define(BoundedParser(ListBounds(bounds, count)), name, default, help_text)


def define_checkpoint(flag_values: flags.FlagValues = FLAGS) -> None:
  """Defines --checkpoint, see `Workdir.checkpoint`."""
  flags.DEFINE_enum(
    "checkpoint",
    "latest",
    ["latest", "best"],
    "Checkpoint of a run: the latest, or the best by --validation_split of its training.",
    flag_values=flag_values,
  )


def define_field(
  field: "dataclasses.Field[Any]",
  default: Any = None,
  help_text: str = "",
  flag_values: flags.FlagValues = FLAGS,
) -> None:
  """Defines the flag of a field of `Settings`.

  Args:
    field: name, default, help text and bounds.
    default: another default.
    help_text: another help text.
    flag_values: where the flag is defined.
  """
  name, help_text = field.name, help_text or field.metadata["help"]
  default = field.default if default is None else default
  if "bounds" in field.metadata:
    define(BoundedParser(field.metadata["bounds"]), name, default, help_text, flag_values)
    return
  if "choices" in field.metadata:
    choices = list(field.metadata["choices"])
    flags.DEFINE_enum(name, default, choices, help_text, flag_values=flag_values)
  elif isinstance(field.default, bool):
    flags.DEFINE_bool(name, default, help_text, flag_values=flag_values)
  elif isinstance(field.default, tuple):
    flags.DEFINE_list(name, list(default), help_text, flag_values=flag_values)
  else:
    flags.DEFINE_string(name, default, help_text, flag_values=flag_values)


def required(name: str) -> Any:
  """Returns the value of a flag that must be given.

  Raises:
    InputError: it is missing or empty.
  """
  if not FLAGS[name].value:
    raise InputError(f"--{name} is missing. {FLAGS[name].help}")
  return FLAGS[name].value


def values(names: Sequence[str]) -> Dict[str, Any]:
  """Returns the values of flags by name."""
  return {name: FLAGS[name].value for name in names}


def given(names: Sequence[str]) -> Dict[str, Any]:
  """Returns the values of those flags that the command line or a flagfile gives."""
  return {name: FLAGS[name].value for name in names if FLAGS[name].present}
