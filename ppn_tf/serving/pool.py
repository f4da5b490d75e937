"""Pool of worker processes, which are restarted when they die."""

import asyncio
import concurrent.futures
import contextlib
import itertools
import logging
import multiprocessing
import os
from multiprocessing.connection import Connection
from typing import Any, AsyncIterator, List, Optional, Tuple

from ppn_tf.runtime.errors import InputError
from ppn_tf.serving import worker_process
from ppn_tf.serving.refusals import RefusedError
from ppn_tf.serving.worker_settings import WorkerSettings

# Seconds for loading a model, and for one answer, after which a process counts as hanging.
_START, _PATIENCE = 120.0, 30.0
_ATTEMPTS = 2
_LOGGER = logging.getLogger("ppn_tf.serving")


class WorkerProcess:
  """Process that answers one request at a time, in the order of their arrival.

  Attributes:
    number: number of the worker, from 0 on.
    num_clients: number of streams and requests that it serves.
    num_restarts: number of processes that died.
  """

  def __init__(self, number: int, settings: WorkerSettings):
    self.number, self._settings = number, settings
    self.num_clients = self.num_restarts = 0
    self._turn = asyncio.Lock()
    self._request_turn = asyncio.Lock()
    # One thread: an answer that nobody waits for any more is read before the next request.
    self._thread = concurrent.futures.ThreadPoolExecutor(1, f"worker {number}")
    self._process: Any = None
    self._connection: Optional[Connection] = None
    self._restarting: Optional[asyncio.Task[None]] = None
    self._stopped = False

  @property
  def pid(self) -> Optional[int]:
    """Returns the process id; None while there is no process."""
    return self._process.pid if self.is_ready else None

  @property
  def is_ready(self) -> bool:
    """Returns whether the process runs."""
    return self._process is not None and self._process.is_alive()

  async def start(self) -> None:
    """Starts the process, and waits until it has loaded the model.

    Raises:
      InputError: it cannot.
    """
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(self._thread, self._start)
    loop.add_reader(self._process.sentinel, self._note_death)

  async def call(self, name: str, *arguments: Any) -> Any:
    """Returns the answer to a request, see `worker_process.run`.

    A request whose process dies is sent once more, to the next process.

    Raises:
      RefusedError: the worker refuses it, or two processes died of it.
    """
    loop = asyncio.get_running_loop()
    async with self._turn:
      for _ in range(_ATTEMPTS):
        try:
          kind, answer = await loop.run_in_executor(self._thread, self._exchange, name, arguments)
        except (EOFError, OSError):
          await self._restart()
          continue
        if kind == worker_process.REFUSED:
          raise RefusedError(*answer)
        if kind == worker_process.FAILED:
          _LOGGER.error("worker %d, %s: %s", self.number, name, answer[0])
          _LOGGER.debug("%s", answer[1])
          raise RefusedError(422, "this data cannot be processed.")
        return answer
    raise RefusedError(422, "this data ends the process that reads it.")

  @contextlib.asynccontextmanager
  async def serving(self) -> AsyncIterator[None]:
    """Counts a client within an `async with` block."""
    self.num_clients += 1
    try:
      yield
    finally:
      self.num_clients -= 1

  @contextlib.asynccontextmanager
  async def request_turn(self) -> AsyncIterator[None]:
    """Waits for the turn of a request that is no stream, and holds it in an `async with` block.

    Since one request waits at a time, however many there are, streams get half of the turns.
    """
    async with self.serving(), self._request_turn:
      yield

  async def stop(self) -> None:
    """Ends the process."""
    self._stopped = True
    if self._restarting is not None:
      await asyncio.wait([self._restarting])
    if self._process is not None:
      asyncio.get_running_loop().remove_reader(self._process.sentinel)
    await asyncio.get_running_loop().run_in_executor(self._thread, self._end, 5.0)
    self._thread.shutdown()

  def _note_death(self) -> None:
    loop = asyncio.get_running_loop()
    loop.remove_reader(self._process.sentinel)
    if not self._stopped:
      self._restarting = loop.create_task(self._replace(self._process))

  async def _replace(self, process: Any) -> None:
    """Restarts a process that died, unless a request has noticed it before."""
    async with self._turn:
      # Its end of the pipe may close a moment before the process counts as dead.
      if self._process is process:
        await self._restart()

  async def _restart(self) -> None:
    """Replaces a process that died or hangs; tries again every second while that fails."""
    loop = asyncio.get_running_loop()
    loop.remove_reader(self._process.sentinel)
    self.num_restarts += 1
    _LOGGER.warning("worker %d ended, and is started again", self.number)
    await loop.run_in_executor(self._thread, self._end, 0.0)
    while not self._stopped:
      try:
        await self.start()
        return
      except InputError as error:
        _LOGGER.error("worker %d: %s", self.number, error)
        await asyncio.sleep(1.0)

  def _start(self) -> None:
    context = multiprocessing.get_context("spawn")
    self._connection, other = context.Pipe()
    self._process = context.Process(
      target=worker_process.run,
      args=(other, self._settings),
      name=f"worker {self.number}",
      daemon=True,
    )
    self._process.start()
    other.close()
    try:
      kind, reason = self._receive(_START)
    except (EOFError, OSError) as error:
      raise InputError("a worker process ended at its start. Run with --workers=1.") from error
    if kind == worker_process.FAILED:
      raise InputError(reason)

  def _exchange(self, name: str, arguments: Tuple[Any, ...]) -> Any:
    assert self._connection is not None
    self._connection.send((name, arguments))
    return self._receive(_PATIENCE)

  def _receive(self, patience: float) -> Any:
    assert self._connection is not None
    if not self._connection.poll(patience):
      raise TimeoutError
    return self._connection.recv()

  def _end(self, patience: float) -> None:
    """Ends the process: by closing its pipe, and by force after `patience` seconds."""
    if self._connection is not None:
      self._connection.close()
    if self._process is not None:
      self._process.join(patience)
      if self._process.is_alive():
        self._process.kill()
        self._process.join()


class WorkerPool:
  """Workers of a server, one for each core by default.

  Attributes:
    workers: the workers.
  """

  def __init__(self, num_workers: int, settings: WorkerSettings, pin: bool = True):
    """Creates workers without processes; call `start` within the event loop.

    Args:
      num_workers: number of processes.
      settings: settings of each.
      pin: whether each runs on a core of its own, where the system supports it.
    """
    cores: List[Optional[int]] = [None]
    if pin and hasattr(os, "sched_getaffinity"):
      cores = list(sorted(os.sched_getaffinity(0)))
    self.workers = [
      WorkerProcess(
        number,
        WorkerSettings(
          settings.model,
          settings.max_pixels,
          settings.max_video_frames,
          cores[number % len(cores)],
        ),
      )
      for number in range(num_workers)
    ]
    self._turns = itertools.count()

  @property
  def is_ready(self) -> bool:
    """Returns whether a worker can answer."""
    return any(member.is_ready for member in self.workers)

  async def start(self) -> None:
    """Starts all processes.

    Raises:
      InputError: the model cannot be loaded.
    """
    results = await asyncio.gather(
      *(member.start() for member in self.workers), return_exceptions=True
    )
    for result in results:
      if isinstance(result, BaseException):
        await self.stop()
        raise result

  async def stop(self) -> None:
    """Ends all processes."""
    await asyncio.gather(*(member.stop() for member in self.workers))

  def choose(self) -> WorkerProcess:
    """Returns the worker with the fewest streams and requests; among equals, each in turn."""
    turn, count = next(self._turns), len(self.workers)
    return min(
      self.workers, key=lambda member: (member.num_clients, (member.number - turn) % count)
    )
