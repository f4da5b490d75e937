"""Tests that all forms of every model in the list give equal results."""

import functools

import numpy as np
import pytest

from ppn_tf.inference import saved_model
from ppn_tf.inference.pose_model import SavedModelPoseModel, TFLitePoseModel
from ppn_tf.inference.tflite import convert
from ppn_tf.models.pose_net import BACKBONES
from ppn_tf.models.ppn import PPN
from ppn_tf.runtime.errors import InputError
from ppn_tf.training import mixed_precision
from tests.conformance.models import (
  CASES,
  CELLS,
  JOINTS,
  SIZE,
  covered_names,
  find_names,
  randomise,
)

import tensorflow as tf

EACH = [
  pytest.param(name, marks=pytest.mark.slow if case.slow else (), id=name)
  for name, case in CASES.items()
]
FORMS = [case for case in EACH if not CASES[case.id].repeats]
EXPORTED = [case for case in FORMS if case.id != "ppn_from_first"]
HALF = ("mixed_bfloat16", "mixed_float16")
# Both kinds for the smallest model, and alternating kinds for the others.
MIXED = [
  pytest.param(*case.values, policy, marks=case.marks, id=f"{case.id}-{policy}")
  for number, case in enumerate(FORMS)
  for policy in (HALF[number % 2 :][:1] if CASES[case.id].slow else HALF)
]
# Tolerance of bfloat16, with three digits, after a hundred random layers.
MIXED_BOUNDS = {"mixed_bfloat16": 0.5, "mixed_float16": 0.1}
FRAMES = 2


@functools.lru_cache(maxsize=4)
def build(name: str, seed: int = 1):
  """Returns a model with random weights, shared by all tests, which do not change it."""
  tf.keras.utils.set_random_seed(seed)
  model = CASES[name].build()
  randomise(model, seed)
  return model


@functools.lru_cache(maxsize=4)
def compute_eagerly(name: str):
  """Returns the heatmaps of the clip, computed op by op."""
  return build(name).unroll(CLIP)


def relative_error(heatmaps, expected) -> float:
  """Returns the root mean square error over the spread of the expected heatmaps.

  Unrelated heatmaps have an error of 1.4, and zeros an error of 1. A bound on single cells would
  depend on the processor, whose order of additions differs.
  """
  error = tf.sqrt(tf.reduce_mean(tf.square(heatmaps - expected)))
  return float(error / tf.math.reduce_std(expected))


# [1, T, H, W, 3], all frames different.
CLIP = np.random.default_rng(9).uniform(0, 255, (1, FRAMES, *SIZE, 3)).astype(np.float32)


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


@pytest.mark.parametrize("name", EXPORTED)
def test_exports_agree(name, tmp_path):
  model, clip = build(name), CLIP
  saved_model.write_saved_model(model, tmp_path / "saved")
  content = convert.to_tflite(model)
  (tmp_path / "model.tflite").write_bytes(content)
  assert not [op for op in convert.count_ops(content) if op.startswith("custom:")]
  for form in (
    SavedModelPoseModel(tmp_path / "saved"),
    TFLitePoseModel(tmp_path / "model.tflite"),
  ):
    assert (form.image_size, form.num_joints, form.stride) == (SIZE, JOINTS, 4)
    states = [form.start(clip[0, 0]), model.start(clip[:, 0])]
    assert relative_error(states[0], states[1][0]) < 2e-3
    for frame in clip[0]:
      states = [form.step(frame, states[0]), model.step(frame[None], states[1])]
      assert relative_error(states[0], states[1][0]) < 2e-3


def test_from_first_is_not_exported():
  with pytest.raises(InputError, match="--propagation=chained"):
    convert.to_tflite(build("ppn_from_first"))


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
