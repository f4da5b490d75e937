"""Calls commands within the process of the tests, and prepares those in other processes."""

import signal
from types import ModuleType

import pytest
from absl import flags
from absl.testing import flagsaver

from ppn_tf.runtime.errors import InputError


def call_command(module: ModuleType, *arguments: object) -> None:
  """Runs a command with its own flags.

  Args:
    module: module with `define_flags` and `main`.
    *arguments: command-line arguments.
  """
  # flagsaver removes flags that are defined within the block.
  with flagsaver.flagsaver():
    module.define_flags()
    module.main(flags.FLAGS([module.__name__, *map(str, arguments)]))


def obey_signals() -> None:
  """Lets a new process obey Ctrl-C and SIGHUP, which tests under nohup or in the background ignore.

  For `preexec_fn` of subprocesses, which inherit the signals that are ignored.
  """
  for number in (signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)


def refusal(module: ModuleType, *arguments: object) -> str:
  """Returns the error message of a command that refuses its arguments."""
  with pytest.raises((InputError, flags.Error)) as error:
    call_command(module, *arguments)
  message = str(error.value)
  assert message and "\n" not in message
  return message
