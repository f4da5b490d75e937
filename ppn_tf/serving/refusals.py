"""Refusals of what a client sent, with their codes in HTTP and WebSocket."""

from typing import Dict

# Close codes of WebSocket (RFC 6455, 7.4.1) by the status of the same refusal in HTTP.
_CLOSE_CODES: Dict[int, int] = {413: 1009, 415: 1003, 422: 1007}
_POLICY = 1008
GOING_AWAY = 1001
# A control frame has at most 125 bytes, two of them for the code.
_REASON_BYTES = 123


class RefusedError(Exception):
  """Request or frame that is refused.

  Attributes:
    status: status in HTTP.
    reason: one line for the client.
  """

  def __init__(self, status: int, reason: str):
    super().__init__(status, reason)
    self.status, self.reason = status, " ".join(reason.split())

  @property
  def close_code(self) -> int:
    """Returns the close code of a stream that is ended for the same reason."""
    return _CLOSE_CODES.get(self.status, _POLICY)


def fit_reason(reason: str) -> str:
  """Returns a reason that fits into the close frame of a WebSocket."""
  return reason.encode()[:_REASON_BYTES].decode(errors="ignore")
