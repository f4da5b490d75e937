"""Tests that every model in the list computes, learns and is restored alike in all modes."""

import numpy as np
import pytest

from ppn_tf.models.pose_net import BACKBONES
from ppn_tf.models.ppn import PPN
from ppn_tf.training import mixed_precision
from tests.conformance.built_models import (
  CLIP,
  EACH,
  FORMS,
  FRAMES,
  build,
  compute_eagerly,
  relative_error,
)
from tests.conformance.models import CASES, CELLS, JOINTS, covered_names, find_names

import tensorflow as tf

HALF = ("mixed_bfloat16", "mixed_float16")
# Both kinds for the smallest model, and alternating kinds for the others.
MIXED = [
  pytest.param(*case.values, policy, marks=case.marks, id=f"{case.id}-{policy}")
  for number, case in enumerate(FORMS)
  for policy in (HALF[number % 2 :][:1] if CASES[case.id].slow else HALF)
]
# Tolerance of bfloat16, with three digits, after a hundred random layers.
MIXED_BOUNDS = {"mixed_bfloat16": 0.5, "mixed_float16": 0.1}


def test_list_is_complete():
  assert find_names() - covered_names() == set()
  assert covered_names() - find_names() == set()


def test_model_missing_from_the_list_is_detected(monkeypatch):
  monkeypatch.setitem(BACKBONES, "vgg16", BACKBONES["resnet18"])
  assert find_names() - covered_names() == {"backbone:vgg16"}


def test_builder_missing_from_the_list_is_detected(monkeypatch):
  from ppn_tf.models.backbones import resnet

  def resnext(size: int) -> tf.keras.Model:
    raise NotImplementedError

  resnext.__module__ = resnet.__name__
  monkeypatch.setattr(resnet, "resnext", resnext, raising=False)
  assert find_names() - covered_names() == {"resnext"}


@pytest.mark.parametrize("name", EACH)
def test_eager_and_compiled_agree(name):
  expected = compute_eagerly(name)
  assert expected.final.shape == (1, FRAMES, *CELLS, JOINTS) and expected.final.dtype == tf.float32
  # No two frames have the same heatmaps.
  assert float(tf.math.reduce_std(expected.final[:, 0] - expected.final[:, 1])) > 0.1
  for maps, value in zip(tf.function(build(name).unroll, autograph=False)(CLIP), expected):
    if value is not None:
      assert relative_error(maps, value) < 1e-3


@pytest.mark.parametrize("name", FORMS)
def test_gradients_reach_all_trainable_weights(name):
  # Training changes the statistics of batch norms, so this test builds its own model.
  model = build.__wrapped__(name)

  @tf.function(autograph=False)
  def gradients(frames):
    with tf.GradientTape() as tape:
      maps = model.unroll(frames, training=True)
      loss = tf.reduce_mean(tf.square(maps.final))
      if maps.initial is not None:
        loss += tf.reduce_mean(tf.square(maps.initial))
    return tape.gradient(loss, model.trainable_variables)

  gradient_values = gradients(np.concatenate([CLIP, CLIP[:, ::-1]]))
  for variable, gradient in zip(model.trainable_variables, gradient_values):
    assert gradient is not None, variable.name
    assert np.isfinite(tf.convert_to_tensor(gradient)).all(), variable.name


@pytest.mark.parametrize("name", FORMS)
def test_saved_weights_restore_the_model(name, tmp_path):
  path = tf.train.Checkpoint(model=build(name)).write(str(tmp_path / "weights"))
  loaded = CASES[name].build()
  compute = tf.function(lambda: loaded.unroll(CLIP).final, autograph=False)
  assert np.abs(compute() - compute_eagerly(name).final).max() > 0.1
  tf.train.Checkpoint(model=loaded).read(path).assert_existing_objects_matched()
  assert relative_error(compute(), compute_eagerly(name).final) < 1e-3


@pytest.mark.parametrize(("name", "policy"), MIXED)
def test_mixed_precision_is_close_and_keeps_heatmaps_in_float32(name, policy, monkeypatch):
  monkeypatch.setattr(mixed_precision, "half_precision", lambda: policy)
  with mixed_precision.policy(True):
    mixed = CASES[name].build()
  assert tf.keras.mixed_precision.global_policy().name == "float32"
  for network, source in zip(mixed.networks, build(name).networks):
    network.set_weights(source.get_weights())
    halves = [layer for layer in network.layers if layer.compute_dtype == policy[6:]]
    assert len(halves) > 4
    assert {variable.dtype for variable in network.variables} == {tf.float32}
  if isinstance(mixed, PPN):
    for layer in mixed.ppu.layers:
      if layer.name.partition("_")[0] in ("difference", "offsets", "warp", "propagated"):
        assert layer.compute_dtype == "float32", layer.name
  maps, expected = tf.function(mixed.unroll, autograph=False)(CLIP), compute_eagerly(name)
  assert {value.dtype for value in maps if value is not None} == {tf.float32}
  assert 1e-6 < relative_error(maps.preliminary, expected.preliminary) < MIXED_BOUNDS[policy]
