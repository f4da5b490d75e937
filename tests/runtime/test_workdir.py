"""Tests of run folders: flags, metrics and checkpoints."""

import json
import pathlib
import subprocess
import sys

import pytest
from absl import flags
from tensorboard.backend.event_processing import event_accumulator

from ppn_tf.runtime.checkpoints import fingerprint, restore
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.workdir import Workdir

import tensorflow as tf

ROOT = pathlib.Path(__file__).parents[2]
FLAGS = {"method": "ppn", "num_frames": 5, "image_size": ["64", "64"]}


def one_line(error) -> str:
  message = str(error.value)
  assert "\n" not in message
  return message


def test_claim_is_repeatable(tmp_path):
  run = Workdir(tmp_path / "runs" / "a")
  run.claim(FLAGS)
  assert run.read_flags() == FLAGS
  # JSON stores a tuple as a list.
  Workdir(run.path).claim({**FLAGS, "image_size": ("64", "64")})


def test_changed_flags_are_refused_and_named(tmp_path):
  run = Workdir(tmp_path)
  run.claim(FLAGS)
  with pytest.raises(InputError) as error:
    run.claim({**FLAGS, "num_frames": 3})
  assert "--num_frames=5 there, 3 now" in one_line(error) and "--method" not in str(error.value)
  assert run.read_flags() == FLAGS
  run.check_flags({"method": "ppn"})


def test_flags_missing_in_an_older_run_have_their_defaults(tmp_path):
  Workdir(tmp_path).claim(FLAGS)
  current = {**FLAGS, "clip_norm": 0.0}
  with pytest.raises(InputError, match="--clip_norm=None there"):
    Workdir(tmp_path).claim(current)
  run = Workdir(tmp_path, defaults={"clip_norm": 0.0, "num_frames": 7})
  run.claim(current)
  assert run.read_flags() == current
  with pytest.raises(InputError, match="--clip_norm=0.0 there, 1.0 now"):
    run.claim({**FLAGS, "clip_norm": 1.0})


def test_folder_is_locked_by_a_process(tmp_path):
  """Refuses a second process until the first one ends, even by kill -9."""
  program = f"""
import sys, time
from ppn_tf.runtime.workdir import Workdir
with Workdir({str(tmp_path)!r}).locked():
  print("locked", flush=True)
  time.sleep(60)
"""
  run = Workdir(tmp_path)
  with subprocess.Popen(
    [sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT
  ) as process:
    assert process.stdout.readline() == b"locked\n"
    with pytest.raises(InputError) as error, run.locked():
      pass
    assert f"{tmp_path}: another process is training there" in one_line(error)
    process.kill()
  with run.locked():
    pass
  with run.locked():
    pass


@pytest.mark.parametrize("content", [None, "{half", "[1]"])
def test_folder_without_a_run_is_refused(tmp_path, content):
  if content is not None:
    (tmp_path / "flags.json").write_text(content)
  with pytest.raises(InputError) as error:
    Workdir(tmp_path).read_flags()
  assert str(tmp_path) in one_line(error)


def test_truncated_line_of_metrics_is_dropped(tmp_path):
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


def test_newest_of_the_kept_checkpoints_is_restored(tmp_path):
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


def test_truncated_checkpoint_is_never_chosen(tmp_path):
  """A process killed while saving leaves files, but the state names the previous checkpoint."""
  run = Workdir(tmp_path)
  tracked = tf.train.Checkpoint(value=tf.Variable(3.0))
  path = run.checkpoints(tracked).save(checkpoint_number=3)
  whole = pathlib.Path(f"{path}.data-00000-of-00001").read_bytes()
  for name in ("ckpt-4.data-00000-of-00001", "ckpt-4_temp/part-00000-of-00001.data-00000-of-00001"):
    (run.checkpoints_path / name).parent.mkdir(exist_ok=True)
    (run.checkpoints_path / name).write_bytes(whole[: len(whole) // 2])
  assert run.latest_checkpoint() == path
  fresh = tf.train.Checkpoint(value=tf.Variable(0.0))
  restore(fresh, run.latest_checkpoint())
  assert float(fresh.value) == 3.0
  # The next run overwrites the leftovers.
  assert run.checkpoints(tracked).save(checkpoint_number=4) == run.latest_checkpoint()
  restore(fresh, run.latest_checkpoint())


def test_best_model_is_kept_separately(tmp_path):
  run = Workdir(tmp_path)
  with pytest.raises(InputError, match="--checkpoint=latest"):
    run.best_checkpoint()
  model = tf.Module()
  model.value = tf.Variable(0.0)
  kept = []
  nan = float("nan")
  for step, score in ((5, nan), (10, 50.0), (20, 70.0), (25, nan), (30, 60.0), (40, 70.0)):
    model.value.assign(step)
    kept.append(run.save_if_best(model, step, score))
  assert kept == [False, True, True, False, False, False]
  restore(tf.train.Checkpoint(model=model), run.best_checkpoint())
  assert float(model.value) == 20.0
  assert len(list(run.best_path.glob("*.index"))) == 1


def test_full_disk_is_reported_before_a_run_starts(tmp_path):
  run = Workdir(tmp_path / "not" / "yet")
  run.check_space(1)
  with pytest.raises(InputError, match="are free on its disk, and the checkpoints need"):
    run.check_space(10**18)
  assert not run.path.exists()


def test_flags_are_saved_as_a_flagfile_with_their_origin(tmp_path):
  values = {"num_steps": 7, "dilations": ["1", "3"], "skip_connection": False, "name": ""}
  Workdir(tmp_path).claim(values)
  parsed = flags.FlagValues()
  flags.DEFINE_integer("num_steps", 1, "", flag_values=parsed)
  flags.DEFINE_list("dilations", [], "", flag_values=parsed)
  flags.DEFINE_bool("skip_connection", True, "", flag_values=parsed)
  flags.DEFINE_string("name", "x", "", flag_values=parsed)
  parsed(["program", f"--flagfile={tmp_path / 'flags.cfg'}"])
  assert parsed.flag_values_dict() == values
  made_by = json.loads((tmp_path / "made_by.json").read_text())
  assert made_by["tensorflow"] == tf.__version__ and made_by["command"]


def test_fingerprint_depends_on_the_values_of_a_checkpoint(tmp_path):
  fingerprints = []
  for folder, value in (("a", 1.0), ("b", 1.0), ("c", 2.0)):
    run = Workdir(tmp_path / folder)
    run.checkpoints(tf.train.Checkpoint(value=tf.Variable(value))).save(checkpoint_number=7)
    fingerprints.append(fingerprint(run.latest_checkpoint()))
  assert fingerprints[0] == fingerprints[1] != fingerprints[2]
  assert all(text.startswith("ckpt-7 ") for text in fingerprints)


@pytest.mark.parametrize("defect", ["shape", "missing variable", "truncated", "emptied"])
def test_mismatched_checkpoint_is_refused_in_one_line(tmp_path, defect):
  saved = tf.train.Checkpoint(value=tf.Variable(tf.ones([4, 4])))
  run = Workdir(tmp_path)
  path = run.checkpoints(saved).save()
  target = tf.train.Checkpoint(value=tf.Variable(tf.ones([4, 4])))
  if defect == "shape":
    target = tf.train.Checkpoint(value=tf.Variable(tf.ones([4, 5])))
  elif defect == "missing variable":
    target = tf.train.Checkpoint(value=tf.Variable(tf.ones([4, 4])), other=tf.Variable(1.0))
  else:
    (data,) = run.checkpoints_path.glob("ckpt-*.data-*")
    data.write_bytes(data.read_bytes()[:10] if defect == "truncated" else b"")
  with pytest.raises(InputError) as error:
    restore(target, path)
  assert "does not fit the network" in one_line(error) and path in str(error.value)


def test_tensorboard_forgets_steps_after_the_checkpoint(tmp_path):
  run = Workdir(tmp_path)
  with tf.summary.create_file_writer(str(run.tensorboard_path)).as_default():
    for step in (1, 2, 3):
      tf.summary.scalar("loss", 0.5 * step, step)
  (path,) = run.tensorboard_path.iterdir()
  path.write_bytes(path.read_bytes()[:-3])  # the process was killed while it wrote step 3
  run.forget_metrics_after(1)
  with tf.summary.create_file_writer(str(run.tensorboard_path)).as_default():
    tf.summary.scalar("loss", 5.0, 2)
  events = event_accumulator.EventAccumulator(str(run.tensorboard_path))
  events.Reload()
  losses = {e.step: float(tf.make_ndarray(e.tensor_proto)) for e in events.Tensors("loss")}
  assert losses == {1: 0.5, 2: 5.0} and len(events.Tensors("loss")) == 2
