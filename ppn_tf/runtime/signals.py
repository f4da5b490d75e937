"""SIGINT, SIGTERM and SIGHUP, deferred to the end of a step of a long loop."""

import signal
import types
from typing import Any, Dict, Optional

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
  """Records SIGINT, SIGTERM and SIGHUP within its `with` block instead of obeying them.

  A signal that is ignored, as SIGHUP is under nohup, stays so.
  The loop checks `received` where it can stop without loss. A second signal has its usual effect.

  Attributes:
    received: number of the received signal; None without one.
  """

  def __init__(self) -> None:
    self.received: Optional[int] = None
    self._handlers: Dict[int, Any] = {}

  def __enter__(self) -> "Interruption":
    obeyed = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    self._handlers = {number: signal.signal(number, self._note) for number in obeyed}
    return self

  def __exit__(self, *error: object) -> None:
    self._restore()

  def _note(self, number: int, frame: Optional[types.FrameType]) -> None:
    self.received = number
    self._restore()

  def _restore(self) -> None:
    for number, handler in self._handlers.items():
      signal.signal(number, handler)
