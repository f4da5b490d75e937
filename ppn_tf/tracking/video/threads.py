"""Work in a thread beside the main one: reading ahead, and writing behind.

Decoding, encoding and a network's runtime leave Python's lock free, so a second
core has something to do.
"""

import contextlib
import queue
import threading
from typing import Any, Callable, Generic, Iterable, Iterator, Optional, Tuple, TypeVar

T = TypeVar("T")

_PATIENCE = 0.1  # seconds between looks whether to stop
_END = object()


class ReadAhead(Generic[T]):
  """Iterates over something whose items a thread gets ahead of their use.

  Use it as a context, at whose end the thread is told to stop.
  """

  def __init__(
    self,
    items: Iterable[T],
    ahead: int = 3,
    newest: bool = False,
    stop: Callable[[], bool] = lambda: False,
  ):
    """Creates it; the thread starts with the context.

    Args:
      items: what to iterate over, once.
      ahead: items that wait at most.
      newest: where too many wait the oldest is forgotten, as suits a camera.
      stop: ends the iteration early; asked before each item and while waiting for one.
    """
    self._items, self._newest, self._stop = items, newest, stop
    self._queue: queue.Queue[Tuple[Any, Optional[BaseException]]] = queue.Queue(ahead)
    self._closed = threading.Event()
    self._thread = threading.Thread(target=self._read, daemon=True)

  def __enter__(self) -> "ReadAhead[T]":
    self._thread.start()
    return self

  def __exit__(self, *error: object) -> None:
    self._closed.set()
    # A camera may keep the thread waiting for ever; it is a daemon.
    self._thread.join(timeout=2.0)

  def __iter__(self) -> Iterator[T]:
    while not self._stop():
      try:
        item, error = self._queue.get(timeout=_PATIENCE)
      except queue.Empty:
        continue
      if error is not None:
        raise error
      if item is _END:
        return
      yield item

  def _read(self) -> None:
    last: Tuple[Any, Optional[BaseException]] = (_END, None)
    iterator = iter(self._items)
    try:
      for item in iterator:
        if not self._put((item, None), self._newest):
          break
    except BaseException as error:
      last = (_END, error)
    finally:
      if hasattr(iterator, "close"):
        iterator.close()
    self._put(last)

  def _put(self, entry: Tuple[Any, Optional[BaseException]], make_room: bool = False) -> bool:
    """False when nobody wants it any more."""
    while not self._closed.is_set():
      if make_room and self._queue.full():
        with contextlib.suppress(queue.Empty):
          self._queue.get_nowait()
      try:
        self._queue.put(entry, timeout=_PATIENCE)
        return True
      except queue.Full:
        continue
    return False


class WriteBehind:
  """Calls a function in a thread, in the order of the calls.

  Use it as a context: its end waits for all calls. What a call raises is raised
  by the next one, or by the end.
  """

  def __init__(self, function: Callable[..., None], behind: int = 3):
    """Creates it; at most `behind` calls wait."""
    self._function = function
    self._queue: queue.Queue[Optional[Tuple[Any, ...]]] = queue.Queue(behind)
    self._error: Optional[BaseException] = None
    self._thread = threading.Thread(target=self._work, daemon=True)

  def __enter__(self) -> "WriteBehind":
    self._thread.start()
    return self

  def __call__(self, *arguments: Any) -> None:
    """Has the function called with these arguments."""
    if self._error is not None:
      raise self._error
    self._queue.put(arguments)

  def __exit__(self, kind: Optional[type], *error: object) -> None:
    if kind is not None:  # what waits is of no use
      with contextlib.suppress(queue.Empty):
        while True:
          self._queue.get_nowait()
    self._queue.put(None)
    self._thread.join()
    if self._error is not None and kind is None:
      raise self._error

  def _work(self) -> None:
    # After an error calls are taken and forgotten, so that nobody waits for room.
    while True:
      arguments = self._queue.get()
      if arguments is None:
        return
      if self._error is None:
        try:
          self._function(*arguments)
        except BaseException as error:
          self._error = error
