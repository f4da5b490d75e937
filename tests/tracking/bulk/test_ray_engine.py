"""Tests of Ray tasks: a lost node, and the message without Ray."""

import contextlib
import functools
import importlib.util
import pathlib
import sys
import threading
import time

import pytest

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.bulk.local_engine import run_locally
from ppn_tf.tracking.bulk.ray_engine import import_ray, run_in_ray
from ppn_tf.tracking.bulk.settings import BulkSettings
from ppn_tf.tracking.bulk.track_videos import track_videos
from tests.test_track import fixture_folder  # noqa: F401
from tests.tracking.bulk.engine_functions import answer_or_hang
from tests.tracking.bulk.spot_clips import write_clip
from tests.tracking.bulk.test_track_videos import contents

ROOT = pathlib.Path(__file__).parents[3]
requires_ray = pytest.mark.skipif(
  not importlib.util.find_spec("ray"), reason="ray is not installed (extra ray)"
)


def test_missing_ray_is_named(monkeypatch):
  monkeypatch.setitem(sys.modules, "ray", None)
  with pytest.raises(InputError, match=r"pip install 'ppn-tf\[ray\]'"):
    import_ray()


@contextlib.contextmanager
def two_nodes():
  """Starts a cluster on this computer; yields it and its second node."""
  from ray.cluster_utils import Cluster

  for attempt in range(3):  # starts fail on a busy computer
    cluster = Cluster()
    try:
      cluster.add_node(num_cpus=1, include_dashboard=False)
      victim = cluster.add_node(num_cpus=1)
      break
    except Exception:
      cluster.shutdown()
      if attempt == 2:
        raise
  try:
    yield cluster, victim
  finally:
    cluster.shutdown()


@pytest.mark.slow
@requires_ray
def test_killed_node_changes_no_table(folder, tmp_path, monkeypatch):
  import_ray()
  monkeypatch.setenv("PYTHONPATH", str(ROOT))
  monkeypatch.chdir(folder)  # a task may have another working folder
  videos = [write_clip(tmp_path / f"{row}.mp4", row, num_frames=6) for row in (45, 50, 55, 60)]
  settings = BulkSettings(model="spot.tflite")
  track_videos(videos, tmp_path / "local", settings, functools.partial(run_locally, num_workers=1))
  with two_nodes() as (cluster, victim):
    (tmp_path / "victim").write_text(victim.node_id)
    killed = []

    def kill():
      while not (tmp_path / "started").exists():
        time.sleep(0.05)
      cluster.remove_node(victim, allow_graceful=False)
      killed.append(victim)

    def engine(function, units):
      return run_in_ray(
        functools.partial(answer_or_hang, tmp_path, function), units, address=cluster.address
      )

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    summary = track_videos(videos, tmp_path / "ray", settings, engine)
    killer.join(10)
  assert (tmp_path / "ray" / "failed.jsonl").read_text() == ""
  assert killed == [victim]
  assert (summary.num_tracked, summary.num_failed) == (4, 0)
  assert contents(tmp_path / "ray") == contents(tmp_path / "local")
