"""Access to a server: API keys, and limits on the bodies of requests."""

import asyncio
import contextlib
import hashlib
import pathlib
import urllib.parse
from typing import Any, Awaitable, Callable, Dict, FrozenSet, Mapping, MutableMapping, Optional

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket

from ppn_tf.runtime.errors import InputError
from ppn_tf.serving.limits import Limits
from ppn_tf.serving.metrics import Metrics

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

VIDEO_PATH = "/v1/video"
# Paths that need a key. The page and its files, /healthz and /readyz do not.
_FRAMES, _METRICS = "/v1/", "/metrics"
# Parts of a form besides the file: names, boundaries, short fields, and a state.
_FORM_BYTES = 2_000_000
_MIN_KEY = 16  # characters
# Bodies of up to this many times the limit are read before they are refused.
_DISCARDED = 4


def read_keys(path: pathlib.Path) -> FrozenSet[bytes]:
  """Reads API keys, one per line; empty lines and lines with # in front do not count.

  Returns:
    digests of the keys, see `digest_key`.
  Raises:
    InputError: the file cannot be read, has no key, or a key is too short.
  """
  try:
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
  except (OSError, UnicodeDecodeError) as error:
    raise InputError(f"--api_keys={path}: cannot be read. Give a text file.") from error
  keys = [line for line in lines if line and not line.startswith("#")]
  if not keys:
    raise InputError(f"--api_keys={path}: no key in it. Write one per line.")
  short = [number for number, key in enumerate(keys, 1) if len(key) < _MIN_KEY]
  if short:
    raise InputError(
      f"--api_keys={path}: key {short[0]} has fewer than {_MIN_KEY} characters. Make one with "
      "`openssl rand -hex 16`."
    )
  return frozenset(map(digest_key, keys))


def digest_key(key: str) -> bytes:
  """Returns the digest by which keys are compared, so that no time depends on their text."""
  return hashlib.sha256(key.encode("utf-8", "replace")).digest()


class Gate:
  """ASGI application in front of another one.

  Refuses requests without a key with 401, too many at a time with 429, bodies that are too large
  with 413, and bodies that come too slowly with 408.
  """

  def __init__(
    self, application: Application, limits: Limits, metrics: Metrics, keys: FrozenSet[bytes]
  ):
    """Wraps an application.

    Args:
      application: what answers the requests that pass.
      limits: limits of bodies.
      metrics: where refusals are counted.
      keys: digests from `read_keys`; none lets everybody in.
    """
    self._application, self._limits = application, limits
    self._metrics, self._keys = metrics, keys
    self._num_requests = 0

  async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] not in ("http", "websocket"):
      await self._application(scope, receive, send)
      return
    if not self._has_key(scope):
      response = refuse(401, "no valid API key. Send Authorization: Bearer KEY.")
      await self._send(scope, receive, send, response)
      return
    if scope["type"] == "websocket" or not scope["path"].startswith(_FRAMES):
      await self._application(scope, receive, send)
      return
    if self._num_requests >= self._limits.max_requests:
      reason = f"{self._limits.max_requests} requests are at work. Try again later."
      await self._send(scope, receive, send, refuse(429, reason))
      return
    self._num_requests += 1
    try:
      await self._take(scope, receive, send)
    finally:
      self._num_requests -= 1

  async def _take(self, scope: Message, receive: Receive, send: Send) -> None:
    """Passes a request with pictures on, with limits for its body."""
    is_video = scope["path"] == VIDEO_PATH
    limit = (self._limits.video_bytes if is_video else self._limits.frame_bytes) + _FORM_BYTES
    length = dict(scope["headers"]).get(b"content-length", b"0")
    if int(length) > limit:  # the protocol accepts digits only
      if int(length) <= _DISCARDED * limit:
        await self._discard(_LimitedBody(receive, int(length), self._limits.request_after))
      await self._send(scope, receive, send, refuse(413, _too_large(limit)))
      return
    body = _LimitedBody(receive, limit, self._limits.request_after)
    await self._application(scope, body, self._counted(send))

  async def _discard(self, body: Receive) -> None:
    """Takes a body to its end: a client that still sends may not read why it is refused."""
    with contextlib.suppress(HTTPException):
      while (await body()).get("more_body", False):
        pass

  def _has_key(self, scope: Message) -> bool:
    if not self._keys or not scope["path"].startswith((_FRAMES, _METRICS)):
      return True
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    key = headers.get(b"x-api-key", "")
    kind, _, credentials = headers.get(b"authorization", "").partition(" ")
    if kind.lower() == "bearer":
      key = credentials.strip()
    if not key and scope["type"] == "websocket":  # browsers cannot add headers to these
      query = urllib.parse.parse_qs(scope["query_string"].decode("latin-1"))
      key = query.get("key", [""])[0]
    return digest_key(key) in self._keys

  async def _send(self, scope: Message, receive: Receive, send: Send, response: Response) -> None:
    if scope["type"] == "http":
      await response(scope, receive, self._counted(send))
      return
    self._metrics.refused.labels(str(response.status_code)).inc()
    await WebSocket(scope, receive, send).send_denial_response(response)

  def _counted(self, send: Send) -> Send:
    """Returns a `send` that counts refusals."""

    async def counted(message: Message) -> None:
      if message["type"] == "http.response.start" and message["status"] >= 400:
        self._metrics.refused.labels(str(message["status"])).inc()
      await send(message)

    return counted


class _LimitedBody:
  """Body of a request, up to a number of bytes and of seconds."""

  def __init__(self, receive: Receive, limit: int, seconds: float):
    self._receive, self._limit, self._seconds = receive, limit, seconds
    self._left = limit
    self._deadline: Optional[float] = None
    self._complete = False

  async def __call__(self) -> Message:
    if self._complete:
      return await self._receive()  # waits for the end of the connection
    now = asyncio.get_running_loop().time()
    if self._deadline is None:
      self._deadline = now + self._seconds
    try:
      message = await asyncio.wait_for(self._receive(), max(self._deadline - now, 0.0))
    except asyncio.TimeoutError as error:
      raise HTTPException(408, "the body takes too long.", _CLOSE) from error
    self._left -= len(message.get("body", b""))
    if self._left < 0:
      raise HTTPException(413, _too_large(self._limit), _CLOSE)
    self._complete = not message.get("more_body", False)
    return message


_CLOSE: Dict[str, str] = {"Connection": "close"}


def refuse(status: int, reason: str, headers: Optional[Mapping[str, str]] = None) -> Response:
  """Returns the answer to a refused request, after which the connection is closed."""
  extra = {"Retry-After": "1"} if status in (429, 503) else {}
  if status == 401:
    extra["WWW-Authenticate"] = "Bearer"
  return JSONResponse({"error": reason}, status, {**_CLOSE, **extra, **(headers or {})})


def _too_large(limit: int) -> str:
  return f"a body of more than {limit:,} bytes."
