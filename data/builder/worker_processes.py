"""Tasks in the current process, or in several that start with their own setup."""

import concurrent.futures
import multiprocessing
from typing import Callable, Iterator, Sequence, Tuple, TypeVar

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


def run_tasks(
  run: Callable[[_Task], _Result],
  tasks: Sequence[_Task],
  num_workers: int,
  start: Callable[..., None],
  start_arguments: Tuple = (),
) -> Iterator[_Result]:
  """Runs tasks.

  Args:
    run: runs one task; a function of a module, like `start`.
    tasks: the tasks.
    num_workers: number of processes; 1 means the current one.
    start: prepares a process, called once in each.
    start_arguments: its arguments.
  Yields:
    Results of `run`, in any order.
  """
  if num_workers == 1:
    start(*start_arguments)
    yield from map(run, tasks)
    return
  # Forking a process with threads is unsafe. Unlike a Pool, an executor notices a worker that
  # was killed.
  executor = concurrent.futures.ProcessPoolExecutor(
    num_workers, multiprocessing.get_context("spawn"), start, start_arguments
  )
  try:
    for future in concurrent.futures.as_completed([executor.submit(run, task) for task in tasks]):
      yield future.result()
  finally:
    executor.shutdown(cancel_futures=True)
