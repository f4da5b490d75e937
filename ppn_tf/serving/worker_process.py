"""Loop of a worker process, which takes requests from the server through a pipe."""

import os
import signal
import traceback
from multiprocessing.connection import Connection
from typing import Any, Callable, Tuple

from ppn_tf.runtime.errors import InputError, first_line
from ppn_tf.serving.refusals import RefusedError
from ppn_tf.serving.worker_settings import WorkerSettings

READY, DONE, REFUSED, FAILED = "ready", "done", "refused", "failed"


def run(connection: Connection, settings: WorkerSettings) -> None:
  """Answers requests until the other end of the connection is closed.

  The first message is (READY, None), or (FAILED, reason) if the model cannot be loaded. A request
  is the name of a method of `Worker` and its arguments. Its answer is (DONE, result), or (REFUSED,
  (status, reason)).

  Args:
    connection: end of a pipe.
    settings: settings of this process.
  """
  # The server ends its workers, after they have answered what waits.
  for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
  if settings.core is not None and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {settings.core})
  try:
    worker = _load(settings)
  except Exception as error:
    reason = str(error) if isinstance(error, InputError) else first_line(error)
    connection.send((FAILED, reason))
    return
  try:
    connection.send((READY, None))
    while True:
      name, arguments = connection.recv()
      connection.send(_answer(getattr(worker, name), arguments))
  except (EOFError, OSError):
    return  # the server has ended


def _load(settings: WorkerSettings) -> Any:
  """Returns the `Worker` of this process. The server itself imports none of what it needs."""
  import cv2

  from ppn_tf.serving.worker import Worker

  cv2.setNumThreads(1)
  # Decoders print a line for each damaged picture.
  os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
  return Worker(settings)


def _answer(method: Callable[..., Any], arguments: Tuple[Any, ...]) -> Tuple[str, Any]:
  try:
    return DONE, method(*arguments)
  except RefusedError as refusal:
    return REFUSED, (refusal.status, refusal.reason)
  except InputError as error:
    return REFUSED, (422, str(error))
  except Exception as error:  # one client's data must not end the sessions of others
    return FAILED, (first_line(error), traceback.format_exc())
