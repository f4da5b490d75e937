"""A run's folder: whose it is, its metrics, its checkpoints."""

import json

import pytest

from ppn_tf.errors import InputError
from ppn_tf.workdir import Workdir, restore

import tensorflow as tf

FLAGS = {"method": "ppn", "num_frames": 5, "image_size": ["64", "64"]}


def one_line(error) -> str:
  message = str(error.value)
  assert "\n" not in message
  return message


def test_claim_and_claim_again(tmp_path):
  run = Workdir(tmp_path / "runs" / "a")
  run.claim(FLAGS)
  assert run.read_flags() == FLAGS
  # A tuple is a list to JSON.
  Workdir(run.path).claim({**FLAGS, "image_size": ("64", "64")})


def test_another_configuration_is_refused_and_named(tmp_path):
  run = Workdir(tmp_path)
  run.claim(FLAGS)
  with pytest.raises(InputError) as error:
    run.claim({**FLAGS, "num_frames": 3})
  assert "--num_frames=5 there, 3 now" in one_line(error) and "--method" not in str(error.value)
  assert run.read_flags() == FLAGS
  run.check_flags({"method": "ppn"})


@pytest.mark.parametrize("content", [None, "{half"])
def test_a_folder_without_a_run_is_refused(tmp_path, content):
  if content is not None:
    (tmp_path / "flags.json").write_text(content)
  with pytest.raises(InputError) as error:
    Workdir(tmp_path).read_flags()
  assert str(tmp_path) in one_line(error)


def test_metrics_survive_a_kill_in_the_middle_of_a_line(tmp_path):
  run = Workdir(tmp_path)
  assert run.read_metrics() == []
  for step in (1, 2, 3):
    run.append_metrics({"step": step, "loss": 0.5 / step})
  with open(run.metrics_path, "a") as file:
    file.write('{"step": 4, "lo')
  assert [row["step"] for row in run.read_metrics()] == [1, 2, 3]
  run.forget_metrics_after(2)
  run.append_metrics({"step": 3, "loss": 0.1})
  lines = [json.loads(line) for line in run.metrics_path.read_text().splitlines()]
  assert [row["step"] for row in lines] == [1, 2, 3] and lines[-1]["loss"] == 0.1


def test_restore_the_newest_of_the_last_checkpoints(tmp_path):
  run = Workdir(tmp_path)
  with pytest.raises(InputError) as error:
    run.latest_checkpoint()
  assert "no checkpoint" in one_line(error)
  tracked = tf.train.Checkpoint(value=tf.Variable(0.0))
  manager = run.checkpoints(tracked, keep=2)
  for step in (1, 2, 3):
    tracked.value.assign(step)
    manager.save(checkpoint_number=step)
  assert len(list(run.checkpoints_path.glob("ckpt-*.index"))) == 2
  fresh = tf.train.Checkpoint(value=tf.Variable(0.0))
  restore(fresh, run.latest_checkpoint())
  assert float(fresh.value) == 3.0


def test_a_checkpoint_is_known_by_what_is_in_it(tmp_path):
  prints = []
  for folder, value in (("a", 1.0), ("b", 1.0), ("c", 2.0)):
    run = Workdir(tmp_path / folder)
    run.checkpoints(tf.train.Checkpoint(value=tf.Variable(value))).save(checkpoint_number=7)
    prints.append(run.checkpoint_fingerprint())
  assert prints[0] == prints[1] != prints[2]
  assert all(one.startswith("ckpt-7 ") for one in prints)


@pytest.mark.parametrize("defect", ["shape", "missing variable", "truncated", "emptied"])
def test_a_checkpoint_that_does_not_fit_is_refused_in_one_line(tmp_path, defect):
  saved = tf.train.Checkpoint(value=tf.Variable(tf.ones([4, 4])))
  run = Workdir(tmp_path)
  path = run.checkpoints(saved).save()
  wanted = tf.train.Checkpoint(value=tf.Variable(tf.ones([4, 4])))
  if defect == "shape":
    wanted = tf.train.Checkpoint(value=tf.Variable(tf.ones([4, 5])))
  elif defect == "missing variable":
    wanted = tf.train.Checkpoint(value=tf.Variable(tf.ones([4, 4])), other=tf.Variable(1.0))
  else:
    (data,) = run.checkpoints_path.glob("ckpt-*.data-*")
    data.write_bytes(data.read_bytes()[:10] if defect == "truncated" else b"")
  with pytest.raises(InputError) as error:
    restore(wanted, path)
  assert "does not fit the network" in one_line(error) and path in str(error.value)
