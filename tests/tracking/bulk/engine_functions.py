"""Functions that worker processes of the tests call."""

import os
import pathlib
import signal
import time


def work(unit):
  """Doubles a number; a text names something that goes wrong."""
  if isinstance(unit, int):
    return 2 * unit
  kind, _, argument = unit.partition(" ")
  if kind == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
  if kind == "kill_once" and not pathlib.Path(argument).exists():
    pathlib.Path(argument).touch()
    os.kill(os.getpid(), signal.SIGKILL)
  if kind == "leave":
    os._exit(3)
  if kind == "raise":
    raise ValueError("bad\nsecond line")
  if kind == "sleep":
    pathlib.Path(argument).write_text(str(os.getpid()))
    time.sleep(60)
  return unit


def list_imports(unit):
  """Tracks a unit, and returns which heavy libraries the process has imported."""
  import sys

  from ppn_tf.tracking.bulk.units import track_unit

  result = track_unit(*unit)
  return result.num_frames, sorted({"tensorflow", "keras", "pyarrow"} & set(sys.modules))


def answer_or_hang(folder, function, unit):
  """Calls a function in a Ray task; on the node that `victim` names, notes it and never ends.

  The other nodes wait for that note.
  """
  import ray

  node, folder = ray.get_runtime_context().get_node_id(), pathlib.Path(folder)
  if (folder / "victim").read_text() == node:
    (folder / "started").touch()
    time.sleep(600)
  deadline = time.monotonic() + 90
  while not (folder / "started").exists() and time.monotonic() < deadline:
    time.sleep(0.05)
  return function(unit)
