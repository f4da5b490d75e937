"""Threads for reading ahead and writing behind.

Decoding, encoding and the runtimes of networks release the global interpreter lock, so threads
use further cores.
"""

import contextlib
import queue
import threading
from typing import Any, Callable, Generic, Iterable, Iterator, Optional, Tuple, TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.1  # time between checks of `stop`
_END = object()


class ReadAhead(Generic[T]):
  """Iterates over items that a thread reads ahead.

  Use it as a context manager, which stops the thread at the end.
  """

  def __init__(
    self,
    items: Iterable[T],
    ahead: int = 3,
    newest: bool = False,
    stop: Callable[[], bool] = lambda: False,
  ):
    """Creates a reader, whose thread starts with the context.

    Args:
      items: items to iterate over, once.
      ahead: number of items that wait, at most.
      newest: whether to drop the oldest waiting item for a new one, as suits a camera; else the
        thread waits.
      stop: called before each item and while waiting; True ends the iteration.
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
    # A silent camera may block the thread forever; it is a daemon.
    self._thread.join(timeout=2.0)

  def __iter__(self) -> Iterator[T]:
    while not self._stop():
      try:
        item, error = self._queue.get(timeout=_POLL_SECONDS)
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
    """Queues an entry; returns False if the context has ended."""
    while not self._closed.is_set():
      if make_room and self._queue.full():
        with contextlib.suppress(queue.Empty):
          self._queue.get_nowait()
      try:
        self._queue.put(entry, timeout=_POLL_SECONDS)
        return True
      except queue.Full:
        continue
    return False


class WriteBehind:
  """Calls a function in a thread, in the order of the calls.

  Use it as a context manager, which waits for all calls at the end. An exception of a call is
  raised by the next call, or at the end.
  """

  def __init__(self, function: Callable[..., None], behind: int = 3):
    """Creates a caller of `function`, with at most `behind` waiting calls."""
    self._function = function
    self._queue: queue.Queue[Optional[Tuple[Any, ...]]] = queue.Queue(behind)
    self._error: Optional[BaseException] = None
    self._thread = threading.Thread(target=self._work, daemon=True)

  def __enter__(self) -> "WriteBehind":
    self._thread.start()
    return self

  def __call__(self, *arguments: Any) -> None:
    """Queues a call of the function with these arguments."""
    if self._error is not None:
      raise self._error
    self._queue.put(arguments)

  def __exit__(self, kind: Optional[type], *error: object) -> None:
    if kind is not None:  # the waiting calls are of no use
      with contextlib.suppress(queue.Empty):
        while True:
          self._queue.get_nowait()
    self._queue.put(None)
    self._thread.join()
    if self._error is not None and kind is None:
      raise self._error

  def _work(self) -> None:
    # After an error, calls are discarded, so that the caller never blocks.
    while True:
      arguments = self._queue.get()
      if arguments is None:
        return
      if self._error is None:
        try:
          self._function(*arguments)
        except BaseException as error:
          self._error = error
