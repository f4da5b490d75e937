"""What the requests and streams of one server share."""

import asyncio
import contextlib
import itertools
import time
from typing import Any, AsyncIterator, Dict, List, Optional, Protocol, Set, Tuple

from ppn_tf.serving.limits import Limits
from ppn_tf.serving.metrics import Metrics
from ppn_tf.serving.pool import WorkerPool
from ppn_tf.serving.refusals import RefusedError


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
    self._num_requests = 0
    self._keys = itertools.count()
    self._no_stream = asyncio.Event()
    self._no_stream.set()

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
  def opened(self, stream: Stoppable) -> Any:
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

  @contextlib.asynccontextmanager
  async def requested(self) -> AsyncIterator[None]:
    """Counts a request within an `async with` block.

    Raises:
      RefusedError: there are too many already.
    """
    if self._num_requests >= self.limits.max_requests:
      raise RefusedError(429, f"{self.limits.max_requests} requests wait. Try again later.")
    self._num_requests += 1
    try:
      yield
    finally:
      self._num_requests -= 1

  async def track_video(
    self, content: bytes, max_people: int, smooth: bool
  ) -> List[Dict[str, Any]]:
    """Returns the fields of all frames of a video, see `tables.frame_fields`.

    Its worker goes on with its streams in between.

    Args:
      content: a video file.
      max_people: number of people tracked at a time, at most.
      smooth: whether the joints are smoothed.
    Raises:
      RefusedError: the video cannot be used.
    """
    begin = time.perf_counter()
    member, key = self.pool.choose(), self.new_key()
    rows: List[Dict[str, Any]] = []
    member.num_streams += 1
    try:
      await member.call("open_video", key, content, max_people, smooth)
      while True:
        part = await member.call("read_video", key)
        rows += part
        if not part:
          break
    finally:
      member.num_streams -= 1
      await member.call("forget", key)
    self.metrics.count("video", time.perf_counter() - begin, iter(rows))
    return rows
