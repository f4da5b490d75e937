"""The memory of this process: at its peak so far, and of a call, watched from a second thread."""

import os
import threading
from typing import Callable, Dict

# The environment of a process whose allocator gives freed memory back at once: else it keeps it,
# and nothing can be seen from outside.
GIVE_BACK: Dict[str, str] = {
  "MALLOC_MMAP_THRESHOLD_": "65536",
  "MALLOC_TRIM_THRESHOLD_": "65536",
}
_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
  """Bytes of this process in memory (Linux)."""
  with open("/proc/self/statm") as file:
    return int(file.read().split()[1]) * _PAGE


def peak_resident() -> int:
  """The most bytes that this process has had in memory (Linux).

  getrusage would also count what the process was before it became this program.
  """
  with open("/proc/self/status") as file:
    (line,) = (line for line in file if line.startswith("VmHWM"))
  return 1024 * int(line.split()[1])


def peak_of(call: Callable[[], object], repeats: int = 5) -> int:
  """Peak bytes of a call above those before it, after two calls that compile and warm up.

  The process must have been started with GIVE_BACK in its environment.
  """
  for _ in range(2):
    call()
  before, peak, done = resident(), 0, threading.Event()

  def watch() -> None:
    nonlocal peak
    while not done.is_set():
      peak = max(peak, resident())

  watcher = threading.Thread(target=watch)
  watcher.start()
  try:
    for _ in range(repeats):
      call()
  finally:
    done.set()
    watcher.join()
  return max(peak, resident()) - before
