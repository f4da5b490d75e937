"""Tests of loading models by name or path."""

import json

import numpy as np
import pytest

import ppn_tf
from ppn_tf.config.experiment import Experiment, build_model
from ppn_tf.inference import people
from ppn_tf.inference.load import load_model
from ppn_tf.inference.runs import load_run
from ppn_tf.inference.tensorflow_models import KerasPoseModel
from ppn_tf.keypoints.skeletons import COCO, PENN_ACTION
from ppn_tf.models import pose_net
from ppn_tf.models.ppn import Framewise
from ppn_tf.runtime.checkpoints import fingerprint, restore
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.workdir import Workdir
from tests.tiny_backbone import tiny

import tensorflow as tf


def tiny_people(num_threads=2):
  """Returns a network of one convolution, with random weights and 17 joints."""
  tf.keras.utils.set_random_seed(0)
  inputs = tf.keras.Input((32, 32, 3))
  outputs = tf.keras.layers.Conv2D(17, 4, 4, activation="sigmoid")(inputs)
  model = KerasPoseModel(Framewise(tf.keras.Model(inputs, outputs)))
  model.skeleton, model.margin, model.steady_crops = COCO, 1.5, True
  return model


def test_people_example_of_the_readme(monkeypatch):
  monkeypatch.setattr(people, "pose_model", tiny_people)
  tracker = ppn_tf.Tracker.from_preset("people")
  settings = tracker.settings
  assert (settings.margin, settings.steady_crops, tracker.skeleton) == (1.5, True, COCO)
  frames = np.random.default_rng(0).integers(0, 256, (3, 40, 50, 3), dtype=np.uint8)
  count = 0
  for pose in tracker(iter(frames), box=None):
    assert pose.keypoints.shape == (17, 2)
    assert pose.scores.shape == (17,)
    assert 0 <= pose.scores.min() <= pose.scores.max() <= 1
    assert pose.joint_names == COCO.joint_names
    assert len(pose.box) == 4
    count += 1
  assert count == 3


def test_run_is_recognized_by_its_flags(tmp_path, monkeypatch):
  monkeypatch.setitem(pose_net.BACKBONES, "mobilenet_v2", tiny)
  experiment = Experiment().replace(
    method="framewise", image_size=(64, 64), box_margin=1.4, steady_crops=True
  )
  (tmp_path / "flags.json").write_text(json.dumps(experiment.to_flags()))
  with pytest.raises(InputError, match="checkpoint"):
    load_model(tmp_path)
  network = build_model(experiment)
  tf.train.CheckpointManager(
    tf.train.Checkpoint(model=network), str(tmp_path / "checkpoints"), 1
  ).save()
  model = load_model(tmp_path)
  assert (model.skeleton, model.margin, model.image_size) == (PENN_ACTION, 1.4, (64, 64))
  assert model.steady_crops
  frame = np.random.default_rng(0).uniform(0, 255, (64, 64, 3)).astype(np.float32)
  np.testing.assert_allclose(model.start(frame), network.start(frame[None])[0].numpy(), atol=1e-5)


def test_best_checkpoint_is_loaded_on_request(tmp_path, monkeypatch):
  monkeypatch.setitem(pose_net.BACKBONES, "mobilenet_v2", tiny)
  experiment = Experiment().replace(method="framewise", image_size=(64, 64))
  (tmp_path / "flags.json").write_text(json.dumps(experiment.to_flags()))
  run, networks = Workdir(tmp_path), {}
  for number, checkpoint in enumerate(("latest", "best")):
    tf.keras.utils.set_random_seed(number)
    networks[checkpoint] = build_model(experiment)
  run.checkpoints(tf.train.Checkpoint(model=networks["latest"])).save(2)
  run.save_if_best(networks["best"], step=1, score=50.0)
  for checkpoint, network in networks.items():
    loaded = load_run(tmp_path, checkpoint)
    assert loaded.fingerprint == fingerprint(run.checkpoint(checkpoint))
    for weight, expected in zip(loaded.model.body_net.weights, network.body_net.weights):
      np.testing.assert_array_equal(weight, expected)


def test_checkpoint_deleted_while_it_is_loaded(tmp_path, monkeypatch):
  """Saves two checkpoints, of which training keeps one, right before the first is read."""
  monkeypatch.setitem(pose_net.BACKBONES, "mobilenet_v2", tiny)
  experiment = Experiment().replace(method="framewise", image_size=(64, 64))
  (tmp_path / "flags.json").write_text(json.dumps(experiment.to_flags()))
  network = build_model(experiment)
  checkpoints = Workdir(tmp_path).checkpoints(tf.train.Checkpoint(model=network), keep=1)
  checkpoints.save(checkpoint_number=1)

  def restore_after_training(tracked, path):
    if path.endswith("ckpt-1"):
      network.body_net.layers[-1].bias.assign_add(tf.ones(13))
      checkpoints.save(checkpoint_number=2)
    restore(tracked, path)

  monkeypatch.setattr("ppn_tf.inference.runs.restore", restore_after_training)
  loaded = load_run(tmp_path)
  assert loaded.fingerprint == fingerprint(str(tmp_path / "checkpoints" / "ckpt-2"))
  bias = loaded.model.body_net.layers[-1].bias
  np.testing.assert_array_equal(bias, network.body_net.layers[-1].bias)


def test_missing_model(tmp_path):
  with pytest.raises(InputError, match="gone: no such model"):
    load_model(tmp_path / "gone")
