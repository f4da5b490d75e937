"""Peak memory of a file's calls: `python -m export.interpreter_memory FILE RUNTIME`.

Prints the bytes above those of a process that has loaded the runtime. A module
to run in a process of its own, for a peak is a process's.
"""

import os
import pathlib
import re
import subprocess
import sys
from typing import Union


def measure(path: Union[str, os.PathLike], runtime: str) -> int:
  """Bytes at the peak of loading a file and calling its signatures, on one thread."""
  done = subprocess.run(
    [sys.executable, "-m", "export.interpreter_memory", os.fspath(path), runtime],
    stdout=subprocess.PIPE,
    stderr=subprocess.DEVNULL,
    text=True,
    check=True,
  )
  return int(done.stdout.split()[-1])


def _peak() -> int:
  """This process's, in bytes (Linux). getrusage has also what the one that started it had."""
  status = pathlib.Path("/proc/self/status").read_text()
  (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
  return 1024 * int(peak)


if __name__ == "__main__":
  from export import runners
  from ppn_tf.interpreters import interpreter_class

  file, name = sys.argv[1:]
  interpreter_class(name)  # loads it
  before = _peak()
  for one in runners.calls(runners.load(file, name, 1)).values():
    one()
  print(_peak() - before)
