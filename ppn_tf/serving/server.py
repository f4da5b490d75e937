"""Server process: listens, refuses slow clients, and stops without losing frames."""

import asyncio
import contextlib
import logging
import pathlib
import signal
import socket
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, Optional

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.signals import list_endings
from ppn_tf.serving.application import make_application
from ppn_tf.serving.limits import Limits
from ppn_tf.serving.pool import WorkerPool
from ppn_tf.serving.service import Service

_EARLY = b'{"error":"the header takes too long."}'
_REQUEST_TIMEOUT = (
  b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: application/json\r\n"
  b"Content-Length: %d\r\n\r\n%s" % (len(_EARLY), _EARLY)
)


def listen(host: str, port: int) -> socket.socket:
  """Returns a socket that is bound to an address.

  Raises:
    InputError: the port is in use, or the address is none of this machine.
  """
  try:
    family, kind, protocol, _, address = socket.getaddrinfo(
      host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(address)
  except OSError as error:
    raise InputError(
      f"--host={host}, --port={port}: {error.strerror}. Give another port, or 0 for any free one."
    ) from error
  return bound


async def serve(
  bound: socket.socket,
  pool: WorkerPool,
  limits: Limits,
  keys: FrozenSet[bytes] = frozenset(),
  models: Optional[Dict[str, pathlib.Path]] = None,
  started: Callable[[], None] = lambda: None,
) -> None:
  """Serves until SIGINT, SIGTERM or SIGHUP; then answers what waits, and returns.

  Args:
    bound: socket from `listen`.
    pool: workers, not started yet.
    limits: limits of clients.
    keys: digests of API keys; none lets everybody in.
    models: see `make_application`.
    started: called when the server listens.
  Raises:
    InputError: the model cannot be loaded.
  """
  await pool.start()
  try:
    service = Service(pool, limits)
    config = uvicorn.Config(
      make_application(service, keys, models),
      http=_make_protocol(limits.request_after),
      ws="websockets-sansio",
      ws_max_size=limits.frame_bytes,
      ws_per_message_deflate=False,  # pictures do not get smaller
      timeout_graceful_shutdown=max(1, round(limits.stop_after)),
      access_log=False,  # addresses of streams may have keys
      log_config=None,
      lifespan="off",
    )
    _quieten()
    server = _Server(config, service)
    await server.serve_from(bound, started)
  finally:
    await pool.stop()


class _Server(uvicorn.Server):
  """Server that ends its streams before it closes connections."""

  def __init__(self, config: uvicorn.Config, service: Service):
    super().__init__(config)
    self._service = service

  async def serve_from(self, bound: socket.socket, started: Callable[[], None]) -> None:
    """Serves a socket, and calls `started` when it listens."""
    serving = asyncio.ensure_future(self.serve(sockets=[bound]))
    while not self.started and not serving.done():
      await asyncio.sleep(0.01)
    if self.started:
      started()
    await serving

  @contextlib.contextmanager
  def capture_signals(self) -> Iterator[None]:
    """Lets signals stop the server; uvicorn would raise them again after it has stopped."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, *list_endings())
    for number in numbers:
      loop.add_signal_handler(number, self.handle_exit, number, None)
    try:
      yield
    finally:
      for number in numbers:
        loop.remove_signal_handler(number)

  async def shutdown(self, sockets: Optional[List[socket.socket]] = None) -> None:
    for server in self.servers:
      server.close()
    await self._service.stop_streams()
    await super().shutdown(sockets)


def _make_protocol(seconds: float) -> Any:
  """Returns uvicorn's protocol, with a limit of seconds for the header of each request."""

  class PatientProtocol(H11Protocol):
    _timer: Optional[asyncio.TimerHandle] = None

    def connection_made(self, transport: Any) -> None:
      super().connection_made(transport)
      self._wait_for_header()

    def data_received(self, data: bytes) -> None:
      super().data_received(data)
      if self.transport.is_closing() or self._has_request():
        self._stop_waiting()
      elif self._timer is None:
        self._wait_for_header()

    def connection_lost(self, exc: Optional[Exception]) -> None:
      self._stop_waiting()
      super().connection_lost(exc)

    def _has_request(self) -> bool:
      is_upgraded = self.transport.get_protocol() is not self
      return is_upgraded or (self.cycle is not None and not self.cycle.response_complete)

    def _wait_for_header(self) -> None:
      self._timer = self.loop.call_later(seconds, self._refuse)

    def _stop_waiting(self) -> None:
      if self._timer is not None:
        self._timer.cancel()
        self._timer = None

    def _refuse(self) -> None:
      self._timer = None
      if not self.transport.is_closing() and not self._has_request():
        self.transport.write(_REQUEST_TIMEOUT)
        self.transport.close()

  return PatientProtocol


# What uvicorn reports as its own error: text that is no UTF-8, and refused WebSockets.
_NO_ERRORS = ("Invalid UTF-8", "ASGI callable returned without completing handshake")


def _quieten() -> None:
  """Keeps what clients do wrong out of the log: it could fill a disk."""
  for name in ("uvicorn.error", "python_multipart"):
    logging.getLogger(name).setLevel(logging.ERROR)
  logging.getLogger("uvicorn.error").addFilter(
    lambda record: not record.getMessage().startswith(_NO_ERRORS)
  )
