"""Places of data/, export/ and configs/: in a wheel inside the package, else next to it."""

import os
import pathlib
import sys
from typing import Dict

_PACKAGE = pathlib.Path(__file__).parents[1]


def is_installed() -> bool:
  """Returns whether this is an installed wheel, rather than a checkout or an editable install."""
  return (_PACKAGE / "configs").is_dir()


def find_folder(name: str) -> pathlib.Path:
  """Returns the folder "configs", "data" or "export"."""
  return (_PACKAGE if is_installed() else _PACKAGE.parent) / name


def find_module(name: str) -> str:
  """Returns the name under which a module of data/ or export/ can be imported here.

  The repository's root goes in front of sys.path, since its modules are next to this package.

  Args:
    name: the module's name in the repository, such as "export.tflite".
  """
  if is_installed():
    return f"{_PACKAGE.name}.{name}"
  root = os.fspath(_PACKAGE.parent)
  if root not in sys.path:
    sys.path.insert(0, root)
  return name


def child_environment() -> Dict[str, str]:
  """Returns the environment in which a child process imports the modules of this one."""
  return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
