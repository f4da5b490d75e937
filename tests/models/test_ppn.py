"""Tests of the recurrence on networks small enough to compute in NumPy."""

import numpy as np
import pytest

from ppn_tf.models.ppn import PPN, Framewise, check_steps_alone
from ppn_tf.runtime.errors import InputError

import tensorflow as tf

SIZE, CELLS, JOINTS = (8, 12), (4, 6), 2
HEAD, BODY = 0.01, -0.02


@tf.keras.utils.register_keras_serializable("tests")
class Mix(tf.keras.layers.Layer):
  """Nonlinear layer that is not symmetric in its two inputs."""

  def call(self, inputs):
    previous, preliminary = inputs
    return 0.5 * previous + 0.1 * tf.square(preliminary)


def network(factor: float, name: str) -> tf.keras.Model:
  """Returns a network with heatmap k = channel k * factor * (k + 1), and cells of 2 x 2 pixels."""
  frames = tf.keras.Input((*SIZE, 3))
  pooled = tf.keras.layers.AveragePooling2D(2)(frames)
  kernel = np.zeros((1, 1, 3, JOINTS), np.float32)
  kernel[0, 0, 0, 0], kernel[0, 0, 1, 1] = factor, 2 * factor
  weigh = tf.keras.layers.Conv2D(
    JOINTS, 1, use_bias=False, kernel_initializer=tf.keras.initializers.Constant(kernel)
  )
  return tf.keras.Model(frames, weigh(pooled), name=name)


def unit() -> tf.keras.Model:
  shape = (*CELLS, JOINTS)
  inputs = [tf.keras.Input(shape), tf.keras.Input(shape)]
  return tf.keras.Model(inputs, Mix()(inputs), name="ppu")


def compute_heatmaps(factor: float, frame: np.ndarray) -> np.ndarray:
  """Computes the heatmaps of `network` for [B, H, W, 3] frames in NumPy."""
  pooled = frame.reshape(len(frame), CELLS[0], 2, CELLS[1], 2, 3).mean((2, 4))
  return pooled[..., :JOINTS] * factor * np.array([1, 2])


@pytest.fixture(name="clips", scope="module")
def fixture_clips():
  return np.random.default_rng(0).uniform(0, 255, (2, 4, *SIZE, 3)).astype(np.float32)


@pytest.mark.parametrize("skip", [True, False])
def test_first_frame_passes_twice_and_each_frame_follows_the_previous(clips, skip):
  model = PPN(network(HEAD, "head"), network(BODY, "body"), unit(), skip)
  initial, preliminaries, propagated, final, state, previous_maps = model.unroll(clips)
  previous = compute_heatmaps(HEAD, clips[:, 0])
  np.testing.assert_allclose(initial, previous, rtol=1e-5)
  for t in range(4):
    preliminary = compute_heatmaps(BODY, clips[:, t])
    warped = 0.5 * previous + 0.1 * preliminary**2
    np.testing.assert_allclose(previous_maps[:, t], previous, rtol=1e-4, atol=1e-5)
    previous = (preliminary if skip else 0) + warped
    for maps, expected in ((preliminaries, preliminary), (propagated, warped), (final, previous)):
      np.testing.assert_allclose(maps[:, t], expected, rtol=1e-4, atol=1e-5)
  np.testing.assert_array_equal(state, final[:, -1])


def test_from_first_propagates_the_initial_heatmaps(clips):
  model = PPN(network(HEAD, "head"), network(BODY, "body"), unit(), propagation="from_first")
  initial, _, _, final, state, previous = model.unroll(clips)
  first = compute_heatmaps(HEAD, clips[:, 0])
  for t in range(4):
    preliminary = compute_heatmaps(BODY, clips[:, t])
    expected = preliminary + 0.5 * first + 0.1 * preliminary**2
    np.testing.assert_allclose(final[:, t], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(previous[:, t], initial)
  np.testing.assert_array_equal(state, initial)
  resumed = model.unroll(clips[:, 2:], state)
  np.testing.assert_allclose(resumed.final, final[:, 2:], rtol=1e-5, atol=1e-5)
  with pytest.raises(InputError, match="--propagation=chained"):
    check_steps_alone(model)


def test_unknown_propagation_is_refused():
  with pytest.raises(ValueError, match="Received: 'backward'"):
    PPN(network(HEAD, "head"), network(BODY, "body"), unit(), propagation="backward")


@pytest.mark.parametrize("kind", ["ppn", "framewise"])
def test_unroll_equals_start_and_steps_and_can_be_resumed(clips, kind):
  body = network(BODY, "body")
  model = PPN(network(HEAD, "head"), body, unit()) if kind == "ppn" else Framewise(body)
  initial, _, _, final, *_ = model.unroll(clips)
  state = model.start(clips[:, 0])
  if initial is not None:
    np.testing.assert_allclose(state, initial, rtol=1e-6)
  for t in range(4):
    state = model.step(clips[:, t], state)
    np.testing.assert_allclose(state, final[:, t], rtol=1e-5, atol=1e-5)
  resumed = model.unroll(clips[:, 2:], model.unroll(clips[:, :2]).state)
  assert resumed.initial is None
  np.testing.assert_allclose(resumed.final, final[:, 2:], rtol=1e-5, atol=1e-5)


def test_framewise_uses_only_the_current_frame(clips):
  model = Framewise(network(BODY, "body"))
  initial, preliminary, propagated, final, _, previous = model.unroll(clips)
  assert initial is propagated is previous is None and preliminary is final
  for t in range(4):
    np.testing.assert_allclose(final[:, t], compute_heatmaps(BODY, clips[:, t]), rtol=1e-5)
  wild = np.full((2, *CELLS, JOINTS), 1e6, np.float32)
  np.testing.assert_allclose(model.step(clips[:, 1], wild), final[:, 1], rtol=1e-6)


@pytest.mark.parametrize("kind", ["ppn", "framewise"])
def test_sizes(kind):
  body = network(BODY, "body")
  model = PPN(network(HEAD, "head"), body, unit()) if kind == "ppn" else Framewise(body)
  sizes = (model.image_size, model.heatmap_size, model.num_joints, model.stride)
  assert sizes == (SIZE, CELLS, JOINTS, 2)
  assert model.name == kind


def test_frozen_layers_are_not_trained():
  head, body = network(HEAD, "head"), network(BODY, "body")
  model = PPN(head, body, unit())
  assert [v.ref() for v in model.trainable_variables] == [
    head.weights[0].ref(),
    body.weights[0].ref(),
  ]
  body.layers[-1].trainable = False
  assert [v.ref() for v in model.trainable_variables] == [head.weights[0].ref()]


def test_networks_of_different_sizes_are_refused():
  wide = tf.keras.Sequential([tf.keras.layers.Conv2D(JOINTS, 1, input_shape=(*SIZE, 3))])
  with pytest.raises(ValueError, match="one size. Received: .*8, 12, 2.*4, 6, 2"):
    PPN(wide, network(BODY, "body"), unit())
