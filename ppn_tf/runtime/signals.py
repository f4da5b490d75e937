"""Ctrl-C and a polite kill, heard between two steps of a long loop."""

import signal
import types
from typing import Any, Dict, Optional

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
  """Within its `with` block SIGINT and SIGTERM are noted instead of obeyed.

  The loop asks `received` where it can stop with nothing lost. A second signal
  is obeyed as it would have been before.

  Attributes:
    received: the signal's number; None as long as there was none.
  """

  def __init__(self) -> None:
    self.received: Optional[int] = None
    self._before: Dict[int, Any] = {}

  def __enter__(self) -> "Interruption":
    self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}
    return self

  def __exit__(self, *error: object) -> None:
    self._restore()

  def _note(self, number: int, frame: Optional[types.FrameType]) -> None:
    self.received = number
    self._restore()

  def _restore(self) -> None:
    for number, handler in self._before.items():
      signal.signal(number, handler)
