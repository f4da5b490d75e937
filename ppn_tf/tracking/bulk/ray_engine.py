"""Runs units as tasks of a Ray cluster."""

import contextlib
import logging
import os
import time
from types import ModuleType
from typing import Any, Callable, Dict, Generator, Iterable, Iterator, Optional, Tuple

from ppn_tf.runtime.errors import InputError, first_line
from ppn_tf.tracking.bulk.local_engine import ATTEMPTS, Outcome, describe_error

# The start of a cluster fails where its processes take too long, as on a busy computer.
_STARTS = 3
_WAITING = 1.1  # tasks that are submitted, over those that can run at a time


def run_in_ray(
  function: Callable[[Any], Any],
  units: Iterable[Any],
  num_workers: Optional[int] = None,
  address: Optional[str] = None,
) -> Generator[Outcome, None, None]:
  """Calls a function for each unit in a Ray task, and yields the outcomes as they come.

  Every computer of the cluster needs ppn-tf, and the videos under the same paths. A unit whose
  worker or computer is lost is tried once more elsewhere.

  Args:
    function: takes a unit; it and its results can be pickled.
    units: taken one by one, as tasks end.
    num_workers: number of tasks at a time, at most; by default the CPUs of the cluster.
    address: address of a running cluster, or "auto"; None starts one on this computer.
  Raises:
    InputError: Ray is not installed, or there is no such cluster.
  """
  ray = import_ray()
  with _connected(ray, num_workers, address):
    limit = num_workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
    task = ray.remote(_answer).options(num_cpus=1, max_retries=ATTEMPTS - 1)
    shared = ray.put(function)
    waiting: Iterator[Any] = iter(units)
    running: Dict[Any, Any] = {}
    while True:
      while len(running) < max(limit, int(_WAITING * limit)):
        unit = next(waiting, None)
        if unit is None:
          break
        running[task.remote(shared, unit)] = unit
      if not running:
        return
      for reference in ray.wait(list(running))[0]:
        unit = running.pop(reference)
        try:
          result, reason = ray.get(reference)
        except ray.exceptions.RayTaskError as error:  # the function could not be loaded there
          result, reason = None, describe_error(error.cause or error)
        except ray.exceptions.RayError as error:
          result, reason = None, f"its worker was lost in {ATTEMPTS} attempts: {first_line(error)}"
        yield Outcome(unit, result, reason)


def import_ray() -> ModuleType:
  """Imports Ray.

  Raises:
    InputError: it is not installed.
  """
  # Ray reports how it is used to its makers unless it is told not to.
  os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
  try:
    import ray
  except ModuleNotFoundError as error:
    raise InputError(
      "engine=ray: requires Ray, which is not installed. Run pip install 'ppn-tf[ray]'."
    ) from error
  return ray


@contextlib.contextmanager
def _connected(ray: Any, num_workers: Optional[int], address: Optional[str]) -> Iterator[None]:
  """Connects to a cluster, or starts one and ends it."""
  started: Dict[str, Any] = {"num_cpus": num_workers, "include_dashboard": False}
  for attempt in range(1, _STARTS + 1):
    try:
      ray.init(
        address=address or "local",
        log_to_driver=False,
        logging_level=logging.ERROR,
        **({} if address else started),
      )
      break
    except (ConnectionError, OSError, RuntimeError, TimeoutError, ValueError) as error:
      ray.shutdown()
      if address or attempt == _STARTS:
        where = f"ray_address={address}: no cluster there" if address else "no cluster started"
        raise InputError(
          f"{where} ({first_line(error)}). Start one with ray start --head, or give engine=local."
        ) from error
      time.sleep(2.0 * attempt)
  try:
    yield
  finally:
    ray.shutdown()


def _answer(function: Callable[[Any], Any], unit: Any) -> Tuple[Any, str]:
  """Returns the result of a unit and an empty reason, or None and the reason."""
  try:
    return function(unit), ""
  except Exception as error:
    return None, describe_error(error)
