"""Signals that end a command, deferred to the end of a step of a long loop, and lost readers."""

import contextlib
import os
import signal
import sys
import types
from typing import Any, Dict, Iterator, List, Optional


def list_endings() -> List[signal.Signals]:
  """Returns the signals that end a command after it has tidied up: SIGTERM, and mostly SIGHUP.

  A process that ignores SIGHUP, as under nohup, goes on ignoring it. Windows has no SIGHUP.
  """
  hangup = getattr(signal, "SIGHUP", None)
  if hangup is None or signal.getsignal(hangup) is signal.SIG_IGN:
    return [signal.SIGTERM]
  return [signal.SIGTERM, hangup]


@contextlib.contextmanager
def end_with_reader() -> Iterator[None]:
  """Ends the process silently if the reader of stdout is gone, as in `ppn-tf cost | head`.

  Raises:
    SystemExit: it is, with the code 141 of a process that SIGPIPE ends.
  """
  try:
    yield
    sys.stdout.flush()
  except BrokenPipeError:
    # The interpreter flushes stdout once more when it exits.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(128 + signal.SIGPIPE)


class Interruption:
  """Records SIGINT, SIGTERM and SIGHUP within its `with` block instead of obeying them.

  SIGHUP stays ignored under nohup. The loop checks `received` where it can stop without loss. A
  second signal has its usual effect.

  Attributes:
    received: number of the received signal; None without one.
  """

  def __init__(self) -> None:
    self.received: Optional[int] = None
    self._handlers: Dict[int, Any] = {}

  def __enter__(self) -> "Interruption":
    signals = (signal.SIGINT, *list_endings())
    self._handlers = {number: signal.signal(number, self._note) for number in signals}
    return self

  def __exit__(self, *error: object) -> None:
    self._restore()

  def _note(self, number: int, frame: Optional[types.FrameType]) -> None:
    self.received = number
    self._restore()

  def _restore(self) -> None:
    for number, handler in self._handlers.items():
      signal.signal(number, handler)
