"""Tests of the fused Adam against its equations and the Adam of Keras."""

import numpy as np

from ppn_tf.training.optimizer import FusedAdam

import tensorflow as tf

START = np.array([1.0, -2.0, 0.5], np.float32)


def gradients():
  return np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


def train(optimizer):
  variable = tf.Variable(START)
  optimizer.build([variable])

  @tf.function(autograph=False)
  def step(gradient):
    optimizer.apply_gradients([(gradient, variable)])

  for gradient in gradients():
    step(tf.constant(gradient))
  return variable.numpy(), optimizer


def test_equations():
  """Computes algorithm 1 of Kingma and Ba in double precision."""
  rate, beta_1, beta_2, epsilon = 0.1, 0.9, 0.999, 1e-7
  value, first, second = START.astype(np.float64), np.zeros(3), np.zeros(3)
  for t, gradient in enumerate(gradients().astype(np.float64), 1):
    first = beta_1 * first + (1 - beta_1) * gradient
    second = beta_2 * second + (1 - beta_2) * gradient**2
    mean, variance = first / (1 - beta_1**t), second / (1 - beta_2**t)
    value -= rate * mean / (np.sqrt(variance) + epsilon)
  values, optimizer = train(FusedAdam(rate))
  np.testing.assert_allclose(values, value, rtol=1e-5)
  assert int(optimizer.iterations) == 5


def test_equals_keras_adam_and_reads_its_checkpoint(tmp_path):
  def schedule():
    return tf.keras.optimizers.schedules.PolynomialDecay(0.1, 10, 0.0)

  values, optimizer = train(FusedAdam(schedule()))
  expected, keras_adam = train(tf.keras.optimizers.Adam(schedule()))
  np.testing.assert_allclose(values, expected, rtol=1e-5)
  path = tf.train.Checkpoint(optimizer=keras_adam).write(str(tmp_path / "adam"))
  tf.train.Checkpoint(optimizer=optimizer).read(path).assert_consumed()
  for value, target in zip(optimizer.variables, keras_adam.variables):
    np.testing.assert_array_equal(value, target)


def test_under_a_strategy():
  """Moments are mirrored variables in a strategy."""
  strategy = tf.distribute.MirroredStrategy(["CPU:0"])
  with strategy.scope():
    variable, optimizer = tf.Variable(START), FusedAdam(0.1)
    optimizer.build([variable])

  @tf.function(autograph=False)
  def step(gradient):
    strategy.run(lambda: optimizer.apply_gradients([(gradient, variable)]))

  for gradient in gradients():
    step(tf.constant(gradient))
  np.testing.assert_allclose(variable, train(FusedAdam(0.1))[0], rtol=1e-6)


def test_slow_variables_use_a_fraction_of_the_learning_rate(tmp_path):
  """Adam's update is its learning rate times a function of the gradients."""
  usual, slow = tf.Variable(START), tf.Variable(START)
  optimizer = FusedAdam(0.1)
  optimizer.slow_down([slow], 0.125)
  optimizer.build([usual, slow])
  for gradient in gradients():
    optimizer.apply_gradients([(tf.constant(gradient), variable) for variable in (usual, slow)])
  np.testing.assert_allclose(slow - START, 0.125 * (usual - START), rtol=1e-5, atol=1e-7)
  # A checkpoint does not contain the fraction.
  path = tf.train.Checkpoint(optimizer=optimizer).write(str(tmp_path / "adam"))
  restored = FusedAdam(0.1)
  restored.build([usual, slow])
  tf.train.Checkpoint(optimizer=restored).read(path).assert_consumed()
