"""What the requests and streams of one server share."""

import asyncio
import contextlib
import itertools
import time
from typing import (
  Any,
  Awaitable,
  Callable,
  Dict,
  Iterator,
  List,
  Optional,
  Protocol,
  Set,
  Tuple,
)

from ppn_tf.serving.limits import Limits
from ppn_tf.serving.metrics import Metrics
from ppn_tf.serving.pool import WorkerPool
from ppn_tf.serving.refusals import RefusedError

Wanted = Callable[[], Awaitable[bool]]


class Stoppable(Protocol):
  """Stream that can be told that the server stops."""

  def stop(self) -> None:
    """Makes the stream answer what waits, and end."""


class Service:
  """Workers, limits and metrics of a server, and its open streams.

  Attributes:
    pool: the workers.
    limits: the limits.
    metrics: the metrics.
    stopping: whether the server takes no new streams.
  """

  def __init__(self, pool: WorkerPool, limits: Limits):
    self.pool, self.limits = pool, limits
    self.metrics = Metrics(pool)
    self.stopping = False
    self._streams: Set[Stoppable] = set()
    self._keys = itertools.count()
    self._no_stream = asyncio.Event()
    self._no_stream.set()
    self._joints: Dict[str, Any] = {}

  @property
  def is_ready(self) -> bool:
    """Returns whether the server takes requests and streams."""
    return self.pool.is_ready and not self.stopping

  def new_key(self) -> int:
    """Returns a number for a stream or a video."""
    return next(self._keys)

  def refuse_stream(self) -> Optional[Tuple[int, str]]:
    """Returns status and reason if a further stream is refused, else None."""
    if self.stopping:
      return 503, "the server is stopping."
    if len(self._streams) >= self.limits.max_streams:
      return 429, f"{self.limits.max_streams} streams are open. Try again later."
    return None

  @contextlib.contextmanager
  def opened(self, stream: Stoppable) -> Iterator[None]:
    """Counts a stream as open within a `with` block."""
    self._streams.add(stream)
    self._no_stream.clear()
    self.metrics.streams.inc()
    try:
      yield
    finally:
      self._streams.discard(stream)
      self.metrics.streams.dec()
      if not self._streams:
        self._no_stream.set()

  async def stop_streams(self) -> None:
    """Makes all streams answer what waits, and end; waits until they have, or `stop_after`."""
    self.stopping = True
    for stream in list(self._streams):
      stream.stop()
    with contextlib.suppress(asyncio.TimeoutError):
      await asyncio.wait_for(self._no_stream.wait(), self.limits.stop_after)

  async def describe_joints(self) -> Dict[str, Any]:
    """Returns the names and the limbs of the joints in all answers."""
    if not self._joints:
      self._joints = await self.pool.choose().call("describe_joints")
    return self._joints

  async def call(self, wanted: Wanted, kind: str, name: str, *arguments: Any) -> Any:
    """Returns the answer of a worker to a request that is no stream.

    Args:
      wanted: returns whether the client still waits.
      kind: kind of the request in the metrics.
      name: name of the request, see `worker_process.run`.
      *arguments: its arguments.
    Raises:
      RefusedError: the client is gone, or the worker refuses the request.
    """
    member = self.pool.choose()
    with self._timed(kind):
      async with member.request_turn():
        await _check_wanted(wanted)
        return await member.call(name, *arguments)

  async def track_video(
    self, wanted: Wanted, content: bytes, max_people: int, smooth: bool
  ) -> List[Dict[str, Any]]:
    """Returns the fields of all frames of a video, see `tables.frame_fields`.

    Its worker goes on with its streams and other requests in between.

    Args:
      wanted: returns whether the client still waits.
      content: a video file.
      max_people: number of people tracked at a time, at most.
      smooth: whether the joints are smoothed.
    Raises:
      RefusedError: the client is gone, or the video cannot be used.
    """
    member, key = self.pool.choose(), self.new_key()
    rows: List[Dict[str, Any]] = []
    with self._timed("video"):
      async with member.serving():
        try:
          async with member.request_turn():
            await _check_wanted(wanted)
            await member.call("open_video", key, content, max_people, smooth)
          while True:
            async with member.request_turn():
              await _check_wanted(wanted)
              part = await member.call("read_video", key)
            rows += part
            if not part:
              return rows
        finally:
          await member.call("forget", key)

  @contextlib.contextmanager
  def _timed(self, kind: str) -> Iterator[None]:
    """Times a request within a `with` block, if it is not refused."""
    begin = time.perf_counter()
    yield
    self.metrics.seconds.labels(kind).observe(time.perf_counter() - begin)


async def _check_wanted(wanted: Wanted) -> None:
  if not await wanted():
    raise RefusedError(499, "the client is gone.")
