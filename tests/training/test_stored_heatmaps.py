"""Tests of training on stored heatmaps of a HeadNet and a BodyNet that stay fixed."""

import contextlib
import json
import os
import shutil
import signal

import numpy as np
import pytest

from ppn_tf import train
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.models.ppn import PPN
from ppn_tf.models.training_step import TrainingStep
from ppn_tf.runtime.errors import InputError
from ppn_tf.training import progress
from ppn_tf.training.stored_heatmaps import StoredHeatmaps, mirror_clips
from ppn_tf.training.trainer import Trainer
from tests.command_calls import call_command as call
from tests.command_calls import refusal

import tensorflow as tf

SIZE = 8
NUM_STEPS = 7
# Joint 0 has no partner; 1 and 2 are left and right.
SKELETON = Skeleton(
  name="three",
  joint_names=("nose", "left_hip", "right_hip"),
  flip_pairs=((1, 2),),
  limbs=(),
  torso=(0, 1),
  groups=(),
)
NETWORK = [
  "--head_backbone=mobilenet_v2_0.35",
  "--body_backbone=mobilenet_v2_0.35",
  "--image_size=64,64",
  "--ppu_blocks=1",
  "--dilations=1",
  "--num_frames=3",
  "--batch_size=2",
]


def ppn(unit_bias: float, networks=()) -> PPN:
  """Returns a PPN whose PPU adds a constant to the mean of its inputs."""

  def network(seed):
    frames = tf.keras.Input((SIZE, SIZE, 3))
    initializer = tf.keras.initializers.RandomNormal(stddev=0.01, seed=seed)
    maps = tf.keras.layers.Conv2D(3, 2, 2, kernel_initializer=initializer, trainable=False)(frames)
    return tf.keras.Model(frames, maps)

  maps = [tf.keras.Input((SIZE // 2, SIZE // 2, 3)) for _ in range(2)]
  mean = tf.keras.layers.Average()(maps)
  unit = tf.keras.Model(maps, tf.keras.layers.Conv2D(3, 1, kernel_initializer="ones")(mean))
  unit.layers[-1].bias.assign(tf.fill([3], unit_bias))
  head, body = networks or (network(1), network(2))
  return PPN(head, body, unit)


def draw_batch(seed: int = 0):
  """Returns a batch of two clips of three frames."""
  rng = np.random.default_rng(seed)
  return {
    "clip": tf.constant(["a", "b"]),
    "frames": tf.constant(rng.uniform(0, 255, (2, 3, SIZE, SIZE, 3)), tf.float32),
    "keypoints": tf.constant(rng.uniform(0, SIZE - 1, (2, 3, 3, 2)), tf.float32),
    "weights": tf.constant(rng.integers(0, 2, (2, 3, 3)), tf.float32),
    "torso": tf.fill([2, 3], 4.0),
  }


@pytest.mark.parametrize("teaches", [False, True])
def test_heatmaps_in_place_of_frames_train_alike(teaches):
  """Loss and update equal those of frames, but for the rounding to float16."""
  batch, results = draw_batch(), []
  for replaces in (False, True):
    student = ppn(0.0)
    teacher = ppn(0.5, student.networks[:2]) if teaches else None
    trainer = Trainer(student, num_steps=4, learning_rate=0.01, teacher=teacher)
    given = trainer.training_step.replace_frames(batch) if replaces else batch
    assert ("frames" in given) is not replaces
    trainer.train_step(given)
    results.append(
      (trainer.read_means(), np.concatenate(list(map(np.ravel, student.ppu.get_weights()))))
    )
  (means, weights), (expected_means, expected_weights) = results[1], results[0]
  assert means == pytest.approx(expected_means, rel=2e-3) and means["loss_final"] > 0
  np.testing.assert_allclose(weights, expected_weights, rtol=1e-3, atol=1e-5)


def test_mirrored_heatmaps_are_those_of_mirrored_keypoints():
  rng = np.random.default_rng(0)
  maps = rng.normal(size=(2, 3, 4, 4, 3)).astype(np.float16)
  batch = {**draw_batch(), "initial": tf.constant(maps[:, 0]), "preliminary": tf.constant(maps)}
  del batch["frames"]
  mirrored = mirror_clips(batch, tf.constant([False, True]), SKELETON, (SIZE, SIZE))
  assert mirrored.keys() == batch.keys()
  for name, value in batch.items():
    np.testing.assert_array_equal(mirrored[name][0], value[0], err_msg=name)
  np.testing.assert_array_equal(mirrored["preliminary"][1], maps[1, :, :, ::-1][..., [0, 2, 1]])
  np.testing.assert_array_equal(mirrored["initial"][1], maps[1, 0, :, ::-1][..., [0, 2, 1]])
  np.testing.assert_array_equal(mirrored["weights"][1], batch["weights"][1].numpy()[:, [0, 2, 1]])
  points = batch["keypoints"][1].numpy()[:, [0, 2, 1]]
  np.testing.assert_allclose(mirrored["keypoints"][1], [SIZE - 1, 0] + points * [-1, 1], atol=1e-6)


@pytest.fixture(name="step")
def fixture_step():
  return TrainingStep(ppn(0.0), tf.keras.optimizers.Adam())


def read(dataset, count):
  """Returns the first heatmaps of BodyNet, [count, B, T, h, w, K]."""
  return np.stack([batch["preliminary"].numpy() for batch in dataset.take(count)])


def drawn_at_random() -> tf.data.Dataset:
  """Returns endless batches that differ each time they are drawn."""
  batch = draw_batch()

  def draw(_):
    return {**batch, "frames": tf.random.uniform(batch["frames"].shape, 0.0, 255.0)}

  return tf.data.Dataset.counter().map(draw)


def is_same_or_mirrored(maps, others) -> bool:
  """Returns whether each clip equals the other one or its mirror image."""
  mirrored = others[..., ::-1, :][..., [0, 2, 1]]
  same = [np.all(maps == given, axis=(-4, -3, -2, -1)) for given in (others, mirrored)]
  return bool(np.all(same[0] | same[1]))


def test_heatmaps_are_computed_once_and_repeated(step, tmp_path):
  store = StoredHeatmaps(tmp_path / "heatmaps", 3, step, SKELETON)
  maps = read(store.batches(drawn_at_random()), 12)
  passes = maps.reshape(4, 3, *maps.shape[1:])
  assert not is_same_or_mirrored(maps[0], maps[1])
  for later in passes[1:]:
    assert is_same_or_mirrored(later, passes[0])
  # Clips are mirrored by chance: 18 of these 24 would differ from the first pass by 9 on average.
  differing = np.any(passes[1:] != passes[:1], axis=(-4, -3, -2, -1)).sum()
  assert 2 <= differing <= 16
  # A run that resumes reads them again, from any step on.
  resumed = StoredHeatmaps(tmp_path / "heatmaps", 3, step, SKELETON)
  np.testing.assert_array_equal(read(resumed.batches(drawn_at_random(), 4), 8), maps[4:])
  store.remove()
  assert not (tmp_path / "heatmaps").exists()


def test_first_pass_that_was_killed_starts_again(step, tmp_path):
  folder = tmp_path / "heatmaps"
  folder.mkdir()
  (folder / "clips_0.lockfile").write_text("Created by a process that was killed.\n")
  store = StoredHeatmaps(folder, 2, step, SKELETON)
  maps = read(store.batches(drawn_at_random(), 1), 5)
  assert is_same_or_mirrored(maps[1:3], maps[3:])


def test_full_disk_is_refused_before_anything_is_computed(step, tmp_path, monkeypatch):
  """Two batches of two clips have 1 + 3 heatmaps of 4 x 4 cells and 3 joints: 1,536 bytes."""
  usage = shutil.disk_usage(tmp_path)
  store = StoredHeatmaps(tmp_path / "heatmaps", 2, step, SKELETON)
  for free, message in ((1535, "heatmaps: 0.0 GB are free .* Lower --stored_clips"), (1536, None)):
    monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage._replace(free=free))
    with pytest.raises(InputError, match=message) if message else contextlib.nullcontext():
      store.batches(drawn_at_random())


@pytest.mark.slow
def test_stopped_run_resumes_with_the_same_losses(
  tiny_backbone, tiny_dataset, tmp_path, monkeypatch
):
  """Stops in the first and in the second pass over five stored batches."""
  common = [*NETWORK, f"--dataset={tiny_dataset}", "--log_every=1"]
  call(train, *common, "--num_steps=1", f"--workdir={tmp_path / 'first'}")
  parts = [f"--{part}_weights={tmp_path / 'first'}" for part in ("head", "body")]
  common += [*parts, "--trainable_from=none", "--stored_clips=9", f"--num_steps={NUM_STEPS}"]

  def losses(name):
    rows = map(json.loads, (tmp_path / name / "metrics.jsonl").read_text().splitlines())
    return {row["step"]: row["loss"] for row in rows}

  call(train, *common, f"--workdir={tmp_path / 'whole'}")
  assert not (tmp_path / "whole" / "heatmaps").exists()
  update = progress.Progress.update
  for stop in (2, 4):  # the latter after six steps in all
    steps = []

    def kill(self, stop=stop, steps=steps):
      update(self)
      steps.append(1)
      if len(steps) == stop:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(progress.Progress, "update", kill)
    with pytest.raises(SystemExit):
      call(train, *common, f"--workdir={tmp_path / 'stopped'}")
  assert (tmp_path / "stopped" / "heatmaps").exists()
  monkeypatch.setattr(progress.Progress, "update", update)
  call(train, *common, f"--workdir={tmp_path / 'stopped'}")
  assert losses("stopped") == pytest.approx(losses("whole"), rel=1e-5)
  assert len(losses("whole")) == NUM_STEPS

  trained = [flag for flag in common if flag != "--trainable_from=none"]
  message = refusal(train, *trained, f"--workdir={tmp_path / 'trained'}")
  assert message.startswith("--stored_clips: HeadNet and BodyNet must stay fixed. Add --trainable_")
  message = refusal(train, *common, "--method=framewise", f"--workdir={tmp_path / 'framewise'}")
  assert "a frame-wise network has no PPU" in message
