"""Runs units in worker processes of this computer."""

import contextlib
import dataclasses
import multiprocessing
import multiprocessing.connection
import signal
from collections import deque
from typing import Any, Callable, Deque, Dict, Generator, Iterable, Iterator, Optional, Tuple

from ppn_tf.runtime.cores import count_cores
from ppn_tf.runtime.errors import InputError, first_line

ATTEMPTS = 2  # of a unit whose worker was killed


@dataclasses.dataclass(frozen=True)
class Outcome:
  """End of a unit.

  Attributes:
    unit: the unit.
    result: what the function returned; None if it failed.
    reason: one line, why it failed; else empty.
  """

  unit: Any
  result: Any = None
  reason: str = ""


def describe_error(error: BaseException) -> str:
  """Returns one line about an exception, with its class unless it is an InputError."""
  line = first_line(error)
  name = type(error).__name__
  return line if isinstance(error, InputError) or line == name else f"{name}: {line}"


def run_locally(
  function: Callable[[Any], Any], units: Iterable[Any], num_workers: Optional[int] = None
) -> Generator[Outcome, None, None]:
  """Calls a function for each unit in spawned processes, and yields the outcomes as they come.

  A unit whose worker is killed, as the system does when memory is short, is tried once more in a
  new worker. Closing the generator ends the workers at once.

  Args:
    function: takes a unit; it and its results can be pickled.
    units: taken one by one when a worker is free.
    num_workers: number of processes, at most; by default one for each CPU core.
  """
  num_workers = num_workers or count_cores()
  waiting: Iterator[Any] = iter(units)
  again: Deque[Tuple[Any, int]] = deque()
  workers: Dict[Any, _Worker] = {}

  def take() -> Optional[Tuple[Any, int]]:
    if again:
      return again.popleft()
    return next(((unit, 1) for unit in waiting), None)

  try:
    while True:
      idle = [worker for worker in workers.values() if worker.task is None]
      while len(workers) < num_workers or idle:
        task = take()
        if task is None:
          break
        if not idle:
          worker = _Worker(function)
          workers[worker.connection] = worker
          idle = [worker]
        idle.pop().start(task)
      busy = [worker.connection for worker in workers.values() if worker.task is not None]
      if not busy:
        return
      for connection in multiprocessing.connection.wait(busy):
        worker = workers[connection]
        assert worker.task is not None
        unit, attempt = worker.task
        try:
          result, reason = worker.connection.recv()
          worker.task = None
        except (EOFError, OSError):
          del workers[connection]
          end = worker.stop(patience=1.0)
          if attempt < ATTEMPTS:
            again.append((unit, attempt + 1))
            continue
          result, reason = None, f"its worker {end}, in {ATTEMPTS} attempts"
        yield Outcome(unit, result, reason)
  finally:
    for worker in workers.values():
      worker.stop()


class _Worker:
  """Process that calls the function for one unit after the other.

  Attributes:
    connection: answers arrive there.
    task: unit that it works on, and number of the attempt; None while it is idle.
  """

  def __init__(self, function: Callable[[Any], Any]):
    context = multiprocessing.get_context("spawn")
    self.connection, far = context.Pipe()
    self.task: Optional[Tuple[Any, int]] = None
    self._process = context.Process(target=_work, args=(far, function), daemon=True)
    self._process.start()
    far.close()  # so that the end of the process ends the connection

  def start(self, task: Tuple[Any, int]) -> None:
    """Sends a unit."""
    self.task = task
    with contextlib.suppress(OSError):  # the process has ended, as reading will tell
      self.connection.send(task[0])

  def stop(self, patience: float = 0.0) -> str:
    """Ends the process; returns how it ended, for a message.

    Args:
      patience: seconds in which it may end by itself.
    """
    self._process.join(patience)
    if self._process.exitcode is None:
      self._process.kill()
      self._process.join()
    self.connection.close()
    code = self._process.exitcode or 0
    if code < 0:
      return f"was killed by signal {-code} ({_name(-code)}), perhaps for want of memory"
    return f"ended with exit code {code}"


def _name(number: int) -> str:
  try:
    return signal.Signals(number).name
  except ValueError:
    return "unknown"


def _work(connection: Any, function: Callable[[Any], Any]) -> None:
  """Answers each unit from a connection until its other end is closed."""
  signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the first process, which ends this
  with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
    while True:
      unit = connection.recv()
      try:
        answer = function(unit), ""
      except Exception as error:
        answer = None, describe_error(error)
      connection.send(answer)
