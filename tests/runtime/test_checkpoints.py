"""Tests of runs that come from other people: their lists of checkpoints and their links."""

import pytest

from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.workdir import Workdir

import tensorflow as tf

FLAGS = {"method": "ppn"}


@pytest.fixture(name="run")
def fixture_run(tmp_path):
  """Makes a run with one checkpoint."""
  run = Workdir(tmp_path / "run")
  run.claim(FLAGS)
  run.checkpoints(tf.train.Checkpoint(step=tf.Variable(1))).save(checkpoint_number=1)
  return run


@pytest.fixture(name="victim")
def fixture_victim(tmp_path):
  """Writes a checkpoint that belongs to somebody else."""
  path = tf.train.Checkpoint(step=tf.Variable(2)).write(str(tmp_path / "victim" / "ckpt-7"))
  return tmp_path / "victim", path


def list_checkpoints(run, *paths):
  lines = [f'model_checkpoint_path: "{paths[-1]}"']
  lines += [f'all_model_checkpoint_paths: "{path}"' for path in paths]
  (run.checkpoints_path / "checkpoint").write_text("\n".join(lines) + "\n")


def test_own_checkpoints_are_accepted(run):
  run.claim(FLAGS)
  assert run.latest_checkpoint().endswith("ckpt-1")


def test_run_can_be_moved(run, tmp_path):
  run.path.rename(tmp_path / "moved")
  moved = Workdir(tmp_path / "moved")
  moved.claim(FLAGS)
  assert moved.latest_checkpoint() == str(tmp_path / "moved" / "checkpoints" / "ckpt-1")


@pytest.mark.parametrize("form", ["absolute", "relative"])
def test_checkpoints_elsewhere_are_refused_and_kept(run, victim, form):
  folder, path = victim
  list_checkpoints(run, path if form == "absolute" else "../../victim/ckpt-7", "ckpt-1")
  before = sorted(folder.iterdir())
  for call in (lambda: run.claim(FLAGS), run.latest_checkpoint):
    with pytest.raises(InputError, match="victim/ckpt-7, which is not in this folder"):
      call()
  assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("name", ["lock", "metrics.jsonl", "checkpoints/ckpt-2.index", "best"])
def test_links_are_refused(run, tmp_path, name):
  (tmp_path / "precious").write_text("precious")
  (run.path / name).symlink_to(tmp_path / "precious")
  with pytest.raises(InputError, match=f"{name}: a symbolic link to .*precious"):
    run.claim(FLAGS)
  assert (tmp_path / "precious").read_text() == "precious"


def test_workdir_itself_may_be_a_link(run, tmp_path):
  (tmp_path / "link").symlink_to(run.path)
  Workdir(tmp_path / "link").claim(FLAGS)


def test_damaged_list_is_refused(run):
  (run.checkpoints_path / "checkpoint").write_bytes(b"\xff\xfe\x00")
  with pytest.raises(InputError, match="checkpoint"):
    run.latest_checkpoint()
