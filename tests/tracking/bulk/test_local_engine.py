"""Tests of worker processes: outcomes, lost workers, ends."""

import contextlib
import importlib.util
import os
import pathlib
import time

import pytest

from ppn_tf.inference import people
from ppn_tf.tracking.bulk.local_engine import Outcome, run_locally
from ppn_tf.tracking.bulk.settings import BulkSettings
from ppn_tf.tracking.bulk.units import Unit
from tests.tracking.bulk.engine_functions import list_imports, work
from tests.tracking.bulk.spot_clips import write_clip


def outcomes(units, num_workers=2):
  found = list(run_locally(work, units, num_workers))
  return sorted(found, key=lambda outcome: str(outcome.unit))


def test_every_unit_has_an_outcome():
  assert outcomes(range(5)) == [Outcome(unit, 2 * unit) for unit in range(5)]
  assert outcomes([]) == []


def test_units_are_taken_when_workers_are_free():
  taken = []

  def units():
    for unit in range(6):
      taken.append(unit)
      yield unit

  with contextlib.closing(run_locally(work, units(), 2)) as running:
    next(running)
    assert len(taken) <= 3


def test_killed_worker_costs_only_its_unit(tmp_path):
  mark = tmp_path / "mark"
  once, killed, left, raised = f"kill_once {mark}", "kill", "leave", "raise"
  found = {outcome.unit: outcome for outcome in outcomes([1, killed, once, left, raised, 2, 3])}
  assert [found[unit].result for unit in (1, 2, 3)] == [2, 4, 6]
  assert found[once] == Outcome(once, once)
  assert found[killed].reason == (
    "its worker was killed by signal 9 (SIGKILL), perhaps for want of memory, in 2 attempts"
  )
  assert found[left].reason == "its worker ended with exit code 3, in 2 attempts"
  assert found[raised].reason == "ValueError: bad"


def is_alive(pid):
  try:
    return pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
  except OSError:
    return False


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="there is no /proc")
def test_closing_ends_the_workers(tmp_path):
  mark = tmp_path / "pid"
  running = run_locally(work, [1, f"sleep {mark}"], 2)
  assert next(running).result == 2
  while not (mark.exists() and mark.read_text()):
    time.sleep(0.01)
  pid = int(mark.read_text())
  assert is_alive(pid)
  running.close()
  assert not is_alive(pid)


@pytest.mark.skipif(
  not importlib.util.find_spec("ai_edge_litert"), reason="ai-edge-litert is not installed"
)
def test_worker_does_not_import_tensorflow(tmp_path):
  video = write_clip(tmp_path / "clip.mp4", num_frames=2)
  unit = BulkSettings(model=people.FILE), Unit(str(video), "hash")
  assert [outcome.result for outcome in run_locally(list_imports, [unit], 1)] == [(2, [])]
