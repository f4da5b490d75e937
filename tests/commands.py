"""Runs commands in processes that start with TensorFlow already imported.

A server process imports the libraries once. Each command is a fork of it, with its own
arguments, working folder, flags, signals and exit code.
"""

import dataclasses
import multiprocessing
import os
import pathlib
import runpy
import sys
import tempfile
from typing import Dict, Optional

ROOT = pathlib.Path(__file__).parents[1]
# Only libraries: a module that defines the flags of a command must be imported by that command.
_PRELOADED = ("ppn_tf.training.trainer", "ppn_tf.inference.tflite.convert", "tensorflow_datasets")


@dataclasses.dataclass(frozen=True)
class Finished:
  """Exit code and output of a command."""

  returncode: int
  stdout: str
  stderr: str


def run_command(
  module: str,
  *arguments: object,
  cwd: pathlib.Path = ROOT,
  environment: Optional[Dict[str, str]] = None,
  timeout: float = 300,
) -> Finished:
  """Runs `python -m MODULE ARGUMENTS...` and waits until it ends.

  Args:
    module: a command, such as "ppn_tf.train".
    *arguments: command-line arguments.
    cwd: working folder.
    environment: environment variables in addition to those of the tests.
    timeout: seconds until the command is killed.
  Raises:
    TimeoutError: the command did not end within `timeout`.
  """
  context = multiprocessing.get_context("forkserver")
  context.set_forkserver_preload(list(_PRELOADED))
  with tempfile.TemporaryDirectory() as folder:
    outputs = [pathlib.Path(folder) / name for name in ("stdout", "stderr")]
    process = context.Process(
      target=_run,
      args=(module, tuple(map(str, arguments)), os.fspath(cwd), environment or {}, outputs),
    )
    process.start()
    process.join(timeout)
    if process.exitcode is None:
      process.kill()
      process.join()
      raise TimeoutError(f"{module} {arguments}: more than {timeout} s")
    stdout, stderr = (path.read_text() if path.exists() else "" for path in outputs)
    return Finished(process.exitcode, stdout, stderr)


def _run(
  module: str, arguments: tuple, cwd: str, environment: Dict[str, str], outputs: list
) -> None:
  for descriptor, path in zip((1, 2), outputs):
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    os.dup2(file, descriptor)
    os.close(file)
  null_input = os.open(os.devnull, os.O_RDONLY)
  os.dup2(null_input, 0)
  os.environ.update(environment)
  os.chdir(cwd)
  # `python -m` puts the working folder first; the libraries are already imported.
  sys.path.insert(0, cwd)
  sys.argv = [module, *arguments]
  sys.stdout = os.fdopen(1, "w")
  sys.stderr = os.fdopen(2, "w", buffering=1)
  try:
    runpy.run_module(module, run_name="__main__", alter_sys=True)
  finally:
    sys.stdout.flush()
    sys.stderr.flush()
