"""Text of --help: the docstring of a command, then all its flags in groups."""

import re
import shutil
import sys
import textwrap
from typing import Any, Dict, List

from absl import flags

from ppn_tf.runtime import command_flags
from ppn_tf.runtime.command_flags import BoundedParser
from ppn_tf.runtime.settings import Bounds, ListBounds

REQUIRED = "Required"
_LIBRARIES = ("absl", "tensorflow", "tensorflow_datasets")
_MAX_WIDTH, _NAME_WIDTH = 100, 28
_LONGEST_CHOICES = 20
_FOOTER = """\
Further flags:
  --flagfile=FILE             Read flags from a file, one per line.
  --helpfull                  List the flags of the libraries as well."""


class HelpFlag(flags.BooleanFlag):
  """Prints the help of the running command and exits with code 0."""

  def __init__(self, name: str = "help", short_name: str = "h"):
    super().__init__(name, False, "Show this help.", short_name=short_name, allow_override=True)

  def parse(self, argument: Any) -> None:
    if self._parse(argument):
      print(describe_command(sys.modules["__main__"].__doc__ or ""), flush=True)
      sys.exit(0)


def list_flags(flag_values: flags.FlagValues = flags.FLAGS) -> List["flags.Flag[Any]"]:
  """Lists the flags that are not defined by libraries, in the order of their definition."""
  return [
    flag
    for module, defined in flag_values.flags_by_module_dict().items()
    if module.partition(".")[0] not in _LIBRARIES
    for flag in defined
  ]


def describe_command(docstring: str, flag_values: flags.FlagValues = flags.FLAGS) -> str:
  """Returns the text of --help.

  Args:
    docstring: a sentence, an example, and notes.
    flag_values: flags of the command and of libraries.
  """
  width = min(shutil.get_terminal_size((_MAX_WIDTH, 24)).columns, _MAX_WIDTH)
  groups: Dict[str, List[str]] = {REQUIRED: [], command_flags.OPTIONS: []}
  for flag in list_flags(flag_values):
    title = REQUIRED if command_flags.is_required(flag) else command_flags.get_group(flag)
    groups.setdefault(title, []).append(describe_flag(flag, width))
  sections = ["\n".join([f"{title}:", *lines]) for title, lines in groups.items() if lines]
  return "\n\n".join([docstring.strip(), *sections, _FOOTER])


def describe_flag(flag: "flags.Flag[Any]", width: int = _MAX_WIDTH) -> str:
  """Returns name, placeholder, help text, range and default of a flag, wrapped to a width."""
  name = f"--[no]{flag.name}" if flag.boolean else f"--{flag.name}={_get_placeholder(flag)}"
  details = [text for text in (_describe_range(flag), _describe_default(flag)) if text]
  text = _clean_help(flag) + (f" ({'; '.join(details)})" if details else "")
  lines = textwrap.wrap(text, max(width - _NAME_WIDTH - 2, 30))
  indent = " " * (_NAME_WIDTH + 2)
  if len(name) < _NAME_WIDTH and lines:
    return f"  {name:{_NAME_WIDTH}}" + f"\n{indent}".join(lines)
  return f"  {name}\n{indent}" + f"\n{indent}".join(lines)


def _clean_help(flag: "flags.Flag[Any]") -> str:
  """Returns the help text without the choices and the advice that absl adds."""
  text = re.sub(r"^<[^>]*>: ", "", flag.help or "")
  return re.sub(r";\s+repeat this option to specify a list of values$", "", text).strip()


def _get_placeholder(flag: "flags.Flag[Any]") -> str:
  choices = getattr(flag.parser, "enum_values", None)
  if choices:
    joined = "|".join(choices)
    return joined if len(joined) <= _LONGEST_CHOICES else "CHOICE"
  if not isinstance(flag.parser, BoundedParser):
    return "TEXT,..." if flag.flag_type() == "comma separated list of strings" else "TEXT"
  bounds = flag.parser.bounds
  if isinstance(bounds, Bounds):
    return "N" if bounds.whole else "X"
  letter = "N" if bounds.each.whole else "X"
  return ",".join([letter] * bounds.count) if bounds.count else f"{letter},..."


def _describe_range(flag: "flags.Flag[Any]") -> str:
  choices = getattr(flag.parser, "enum_values", None)
  if choices and _get_placeholder(flag) == "CHOICE":
    return f"one of {', '.join(choices)}"
  if not isinstance(flag.parser, BoundedParser):
    return ""
  bounds = flag.parser.bounds
  return f"each {bounds.each}" if isinstance(bounds, ListBounds) else str(bounds)


def _describe_default(flag: "flags.Flag[Any]") -> str:
  if flag.default in (None, "", [], ()):
    return ""
  if flag.boolean:
    return f"default: {'yes' if flag.default else 'no'}"
  is_list = isinstance(flag.default, (list, tuple))
  return f"default: {','.join(map(str, flag.default)) if is_list else flag.default}"
