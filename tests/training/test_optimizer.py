"""The fused Adam against its equations, and against Keras' own."""

import numpy as np

from ppn_tf.training.optimizer import FusedAdam

import tensorflow as tf

START = np.array([1.0, -2.0, 0.5], np.float32)


def gradients():
  return np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


def trained(optimizer):
  variable = tf.Variable(START)
  optimizer.build([variable])

  @tf.function
  def step(gradient):
    optimizer.apply_gradients([(gradient, variable)])

  for gradient in gradients():
    step(tf.constant(gradient))
  return variable.numpy(), optimizer


def test_the_equations():
  """Kingma and Ba's algorithm 1, in double precision."""
  rate, beta_1, beta_2, epsilon = 0.1, 0.9, 0.999, 1e-7
  value, first, second = START.astype(np.float64), np.zeros(3), np.zeros(3)
  for t, gradient in enumerate(gradients().astype(np.float64), 1):
    first = beta_1 * first + (1 - beta_1) * gradient
    second = beta_2 * second + (1 - beta_2) * gradient**2
    mean, variance = first / (1 - beta_1**t), second / (1 - beta_2**t)
    value -= rate * mean / (np.sqrt(variance) + epsilon)
  found, optimizer = trained(FusedAdam(rate))
  np.testing.assert_allclose(found, value, rtol=1e-5)
  assert int(optimizer.iterations) == 5


def test_it_is_keras_adam_and_keeps_its_checkpoint(tmp_path):
  def schedule():
    return tf.keras.optimizers.schedules.PolynomialDecay(0.1, 10, 0.0)

  found, optimizer = trained(FusedAdam(schedule()))
  expected, other = trained(tf.keras.optimizers.Adam(schedule()))
  np.testing.assert_allclose(found, expected, rtol=1e-5)
  path = tf.train.Checkpoint(optimizer=other).write(str(tmp_path / "adam"))
  tf.train.Checkpoint(optimizer=optimizer).read(path).assert_consumed()
  for one, its in zip(optimizer.variables, other.variables):
    np.testing.assert_array_equal(one, its)


def test_under_a_strategy():
  """Its moments are mirrored variables there."""
  strategy = tf.distribute.MirroredStrategy(["CPU:0"])
  with strategy.scope():
    variable, optimizer = tf.Variable(START), FusedAdam(0.1)
    optimizer.build([variable])

  @tf.function
  def step(gradient):
    strategy.run(lambda: optimizer.apply_gradients([(gradient, variable)]))

  for gradient in gradients():
    step(tf.constant(gradient))
  np.testing.assert_allclose(variable, trained(FusedAdam(0.1))[0], rtol=1e-6)


def test_slow_variables_move_by_a_part_of_the_rate(tmp_path):
  """Adam's update is its learning rate times what the gradients alone decide."""
  usual, slow = tf.Variable(START), tf.Variable(START)
  optimizer = FusedAdam(0.1)
  optimizer.slow_down([slow], 0.125)
  optimizer.build([usual, slow])
  for gradient in gradients():
    optimizer.apply_gradients([(tf.constant(gradient), one) for one in (usual, slow)])
  np.testing.assert_allclose(slow - START, 0.125 * (usual - START), rtol=1e-5, atol=1e-7)
  # A checkpoint does not know of it.
  path = tf.train.Checkpoint(optimizer=optimizer).write(str(tmp_path / "adam"))
  other = FusedAdam(0.1)
  other.build([usual, slow])
  tf.train.Checkpoint(optimizer=other).read(path).assert_consumed()
