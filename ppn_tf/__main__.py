"""Starts a command by its name: `ppn-tf track VIDEO`, or `python -m ppn_tf track VIDEO`."""

import difflib
import pathlib
import runpy
import sys
from typing import List, NoReturn, Sequence

import ppn_tf
from ppn_tf.runtime import command_names, layout
from ppn_tf.runtime.command_names import COMMANDS, GROUPS
from ppn_tf.runtime.signals import end_with_reader

_HELP = ("-h", "-help", "--help", "--helpfull", "help")


def describe_commands(program: str, group: str = "") -> str:
  """Returns the commands with one line each; of all groups, or of one."""
  names = [name for name in COMMANDS if not group or name.startswith(f"{group} ")]
  width = max(map(len, names))
  lines = [f"  {name:{width}}  {COMMANDS[name]}" for name in names]
  title = GROUPS[group] if group else "PosePropagationNet: human pose in video."
  usage = f"{program} {group or 'COMMAND'}{' NAME' if group else ''} [--flag=value ...]"
  example = names[0]
  return "\n".join(
    [title, "", f"Usage: {usage}", "", *lines, "", f"All flags: {program} {example} --help"]
  )


def _fail(message: str) -> NoReturn:
  print(f"error: {message}", file=sys.stderr)
  sys.exit(1)


def _suggest(name: str) -> str:
  """Returns a question that names the command closest to a misspelt one; empty without any."""
  by_last_word = {candidate.split()[-1]: candidate for candidate in COMMANDS}
  candidates = {**{candidate: candidate for candidate in (*COMMANDS, *GROUPS)}, **by_last_word}
  close = difflib.get_close_matches(name, candidates, n=1)
  return f" Did you mean '{candidates[close[0]]}'?" if close else ""


def _run(name: str, arguments: Sequence[str]) -> None:
  module = command_names.get_module(name)
  sys.argv[1:] = arguments
  try:
    runpy.run_module(
      layout.find_module(module) if " " in name else module, run_name="__main__", alter_sys=True
    )
  except ModuleNotFoundError as error:
    package = (error.name or "ppn_tf").partition(".")[0]
    if package in ("ppn_tf", "data", "export"):
      raise
    _fail(f"this requires {package}, which is not installed. Install ppn-tf with its requirements.")


@end_with_reader()
def main() -> None:
  """Lists the commands, or runs one without importing anything for the others."""
  program = (
    "python -m ppn_tf" if pathlib.Path(sys.argv[0]).name == "__main__.py" else command_names.CONSOLE
  )
  command_names.start_as(program)
  arguments: List[str] = sys.argv[1:]
  if not arguments or arguments[0] in _HELP:
    print(describe_commands(program))
  elif arguments[0] == "--version":
    print(f"{command_names.CONSOLE} {ppn_tf.__version__}")
  elif arguments[0] in GROUPS and (len(arguments) == 1 or arguments[1] in _HELP):
    print(describe_commands(program, arguments[0]))
  else:
    length = 2 if arguments[0] in GROUPS else 1
    name = " ".join(arguments[:length])
    if name not in COMMANDS:
      _fail(f"unknown command '{name}'.{_suggest(name)} See {program} --help.")
    _run(name, arguments[length:])


if __name__ == "__main__":
  main()
