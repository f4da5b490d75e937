"""Tests of the moving average of weights, against NumPy and in a run."""

import numpy as np
import pytest

from ppn_tf.config.experiment import Experiment, RunConfig
from ppn_tf.models.ppn import Framewise
from ppn_tf.runtime.checkpoints import restore
from ppn_tf.runtime.workdir import Workdir
from ppn_tf.training.ema import WeightAverage
from ppn_tf.training.loop import TrainingLoop
from ppn_tf.training.trainer import Trainer

import tensorflow as tf

SIZE, JOINTS, NUM_STEPS = 16, 2, 4


def framewise(seed) -> Framewise:
  """Returns a network of a convolution, a trainable batch norm and a frozen batch norm."""
  frames = tf.keras.Input((SIZE, SIZE, 3))
  initializer = tf.keras.initializers.RandomNormal(stddev=0.01, seed=seed)
  values = tf.keras.layers.Conv2D(JOINTS, 4, 4, use_bias=False, kernel_initializer=initializer)(
    frames
  )
  values = tf.keras.layers.BatchNormalization()(values)
  heatmaps = tf.keras.layers.BatchNormalization(trainable=False)(values)
  return Framewise(tf.keras.Model(frames, heatmaps))


def batches(first_step):
  """Returns endless batches, each determined by its number."""

  def batch(number):
    def values(shape, high, salt):
      return tf.random.stateless_uniform(shape, tf.stack([number, salt]), 0.0, high)

    return {
      "clip": tf.constant(["a", "b"]),
      "frames": values([2, 1, SIZE, SIZE, 3], 255.0, 0),
      "keypoints": values([2, 1, JOINTS, 2], 15.0, 1),
      "weights": tf.ones([2, 1, JOINTS]),
      "torso": tf.fill([2, 1], 20.0),
    }

  return tf.data.Dataset.counter(first_step).map(batch)


def get_values(model):
  return [value.copy() for value in model.body_net.get_weights()]


def assert_equal(actual, expected):
  for value, target in zip(actual, expected):
    np.testing.assert_allclose(value, target, rtol=1e-5, atol=1e-6)


def test_average_follows_its_formula():
  model, averaged = framewise(1), framewise(2)
  trainer = Trainer(model, num_steps=NUM_STEPS, learning_rate=0.1)
  average = WeightAverage(model, averaged, 0.3)
  expected = get_values(model)
  assert_equal(get_values(averaged), expected)
  for step, batch in enumerate(batches(0).take(NUM_STEPS), 1):
    trainer.train_step(batch)
    average.update(trainer.step)
    # The momentum is 2/11, then 3/12, then at most 0.3.
    momentum = {1: 2 / 11, 2: 0.25, 3: 0.3, 4: 0.3}[step]
    expected = [
      momentum * old + (1 - momentum) * new for old, new in zip(expected, get_values(model))
    ]
  assert_equal(get_values(averaged), expected)
  # Training changes the kernel and all four arrays of the trainable batch norm.
  moved = [np.abs(a - b).max() for a, b in zip(expected, get_values(model))]
  assert sum(distance > 1e-4 for distance in moved) == 5


def train(workdir, last_step, validate=None):
  """Trains a new network, or resumes a run, until the batches end after a step."""

  def first_batches(first_step):
    return batches(first_step).take(last_step - first_step)

  model, averaged = framewise(1), framewise(2)
  trainer = Trainer(model, num_steps=NUM_STEPS, learning_rate=0.1)
  experiment = Experiment().replace(num_steps=NUM_STEPS)
  config = RunConfig(log_every=1, checkpoint_every=2, keep_checkpoints=1)
  training_loop = TrainingLoop(Workdir(workdir), trainer, first_batches, experiment, config)
  training_loop.average = WeightAverage(model, averaged, 0.3)
  training_loop.validation = validate and validate(averaged)
  training_loop.train()
  return model, averaged


def test_run_saves_the_average_and_resumes_with_the_weights(tmp_path, capsys):
  scored = []

  def validation(model):
    def validate():
      scored.append(get_values(model))
      return float(len(scored))

    validate.split = "test"
    return validate

  model, averaged = train(tmp_path / "unbroken", NUM_STEPS, validation)
  train(tmp_path / "broken", 2)
  resumed, resumed_average = train(tmp_path / "broken", NUM_STEPS)
  assert_equal(get_values(resumed), get_values(model))
  assert_equal(get_values(resumed_average), get_values(averaged))
  # The average is scored, saved as the best model, and restored from checkpoints.
  assert len(scored) == 2
  assert_equal(scored[1], get_values(averaged))
  run = Workdir(tmp_path / "unbroken")
  for path in (run.latest_checkpoint(), run.best_checkpoint()):
    restored = framewise(3)
    restore(tf.train.Checkpoint(model=restored), path)
    assert_equal(get_values(restored), get_values(averaged))
  assert np.abs(get_values(averaged)[0] - get_values(model)[0]).max() > 1e-3


def test_without_an_average_a_checkpoint_has_each_weight_once(tmp_path):
  model = framewise(1)
  trainer = Trainer(model, num_steps=1)
  experiment = Experiment().replace(num_steps=1)
  TrainingLoop(Workdir(tmp_path), trainer, batches, experiment, RunConfig()).train()
  reader = tf.train.load_checkpoint(Workdir(tmp_path).latest_checkpoint())
  kernels = [shape for shape in reader.get_variable_to_shape_map().values() if len(shape) == 4]
  # The kernel and its two moments in Adam.
  assert len(kernels) == 3
  with pytest.raises(tf.errors.NotFoundError):
    reader.get_tensor("trainer/model/body_net/layer_with_weights-0/kernel/.ATTRIBUTES/VALUE")
