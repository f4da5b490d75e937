"""Peak memory of a file's calls: `python -m export.interpreter_memory FILE RUNTIME`.

Prints the bytes in addition to those of a process with the runtime loaded. The module
runs in a separate process, because peaks are measured per process.
"""

import os
import subprocess
import sys
from typing import Union

from ppn_tf.runtime import layout


def measure(path: Union[str, os.PathLike], runtime: str) -> int:
  """Returns the peak memory in bytes of loading a file and calling its signatures on one thread."""
  done = subprocess.run(
    [sys.executable, "-m", __name__, os.fspath(path), runtime],
    env=layout.child_environment(),
    stdout=subprocess.PIPE,
    stderr=subprocess.DEVNULL,
    text=True,
    check=True,
  )
  return int(done.stdout.split()[-1])


if __name__ == "__main__":
  from ppn_tf.inference.tflite.timing import prepare_calls
  from ppn_tf.runtime.interpreter import interpreter_class, open_file
  from ppn_tf.runtime.resident_memory import peak_resident

  file, name = sys.argv[1:]
  interpreter_class(name)  # loads it
  baseline = peak_resident()
  for call in prepare_calls(open_file(file, 1, name)).values():
    call()
  print(peak_resident() - baseline)
