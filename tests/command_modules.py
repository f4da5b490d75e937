"""Finds and imports the modules of all commands."""

import contextlib
import importlib
import pathlib
from types import ModuleType
from typing import Any, Iterator, List

from absl import flags
from absl.testing import flagsaver

from ppn_tf.runtime.command_help import list_flags

ROOT = pathlib.Path(__file__).parents[1]
_FOLDERS = ("ppn_tf", "data", "export", "benchmarks")


def find_command_modules() -> List[str]:
  """Returns the sorted names of all command modules."""
  names = []
  for path in (path for folder in _FOLDERS for path in (ROOT / folder).rglob("*.py")):
    if "\n  app.run(main)\n" in path.read_text():
      parts = path.relative_to(ROOT).with_suffix("").parts
      names.append(".".join(parts[:-1] if parts[-1] == "__main__" else parts))
  return sorted(names)


def import_command(name: str) -> ModuleType:
  """Imports the module of a command, such as "ppn_tf.train" or "data.clips"."""
  is_package = (ROOT / name.replace(".", "/")).is_dir()
  return importlib.import_module(f"{name}.__main__" if is_package else name)


@contextlib.contextmanager
def define_command_flags(name: str) -> Iterator[List["flags.Flag[Any]"]]:
  """Defines the flags of a command within a context, and yields them."""
  module = import_command(name)
  # flagsaver removes flags that are defined within the block.
  with flagsaver.flagsaver():
    foreign = {id(flag) for flag in list_flags()}
    module.define_flags()
    yield [flag for flag in list_flags() if id(flag) not in foreign]
