"""Memory of this process: peak so far, and peak of a call, measured by a second thread."""

import os
import threading
from typing import Callable, Dict, Union

# Environment of a process whose allocator returns freed memory at once. Otherwise freed memory
# stays resident, and the difference cannot be measured.
GIVE_BACK: Dict[str, str] = {
  "MALLOC_MMAP_THRESHOLD_": "65536",
  "MALLOC_TRIM_THRESHOLD_": "65536",
}
_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident(pid: Union[int, str] = "self") -> int:
  """Returns resident bytes of this process, or of another one (Linux).

  Raises:
    OSError: there is no such process.
  """
  with open(f"/proc/{pid}/statm") as file:
    return int(file.read().split()[1]) * _PAGE


def peak_resident() -> int:
  """Returns peak resident bytes of this process (Linux).

  getrusage would also count the process image before exec.
  """
  with open("/proc/self/status") as file:
    (line,) = (line for line in file if line.startswith("VmHWM"))
  return 1024 * int(line.split()[1])


def measure_peak(call: Callable[[], object], repeats: int = 5) -> int:
  """Measures peak bytes of a call above those at its start, after two calls as warm-up.

  The process must have been started with GIVE_BACK in its environment.
  """
  for _ in range(2):
    call()
  start, peak, done = resident(), 0, threading.Event()

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
  return max(peak, resident()) - start
