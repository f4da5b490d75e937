"""The moving average of weights, against NumPy, and as a run keeps it."""

import numpy as np
import pytest

from ppn_tf.config.experiment import Experiment, RunConfig
from ppn_tf.models.ppn import Framewise
from ppn_tf.runtime.workdir import Workdir, restore
from ppn_tf.training.ema import WeightAverage
from ppn_tf.training.loop import TrainingLoop
from ppn_tf.training.trainer import Trainer

import tensorflow as tf

SIZE, JOINTS, NUM_STEPS = 16, 2, 4


def framewise(seed) -> Framewise:
  """A convolution, a batch norm that starts anywhere, and a frozen one."""
  frames = tf.keras.Input((SIZE, SIZE, 3))
  initializer = tf.keras.initializers.RandomNormal(stddev=0.01, seed=seed)
  values = tf.keras.layers.Conv2D(JOINTS, 4, 4, use_bias=False, kernel_initializer=initializer)(
    frames
  )
  values = tf.keras.layers.BatchNormalization()(values)
  heatmaps = tf.keras.layers.BatchNormalization(trainable=False)(values)
  return Framewise(tf.keras.Model(frames, heatmaps))


def batches(first_step):
  """Endless; each batch is of its number."""

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


def values_of(model):
  return [value.copy() for value in model.body_net.get_weights()]


def assert_equal(found, expected):
  for one, other in zip(found, expected):
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_the_average_is_what_its_formula_says():
  model, averaged = framewise(1), framewise(2)
  trainer = Trainer(model, num_steps=NUM_STEPS, learning_rate=0.1)
  average = WeightAverage(model, averaged, 0.3)
  expected = values_of(model)
  assert_equal(values_of(averaged), expected)
  for step, batch in enumerate(batches(0).take(NUM_STEPS), 1):
    trainer.train_step(batch)
    average.update(trainer.step)
    # 2/11 and 3/12, and then no more than 0.3.
    momentum = {1: 2 / 11, 2: 0.25, 3: 0.3, 4: 0.3}[step]
    expected = [
      momentum * one + (1 - momentum) * new for one, new in zip(expected, values_of(model))
    ]
  assert_equal(values_of(averaged), expected)
  # Training has moved the kernel, and all four of the batch norm's that is not frozen.
  moved = [np.abs(a - b).max() for a, b in zip(expected, values_of(model))]
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


def test_a_run_keeps_the_average_and_goes_on_with_the_weights(tmp_path, capsys):
  scored = []

  def validation(model):
    def validate():
      scored.append(values_of(model))
      return float(len(scored))

    validate.split = "test"
    return validate

  model, averaged = train(tmp_path / "unbroken", NUM_STEPS, validation)
  train(tmp_path / "broken", 2)
  again, averaged_again = train(tmp_path / "broken", NUM_STEPS)
  assert_equal(values_of(again), values_of(model))
  assert_equal(values_of(averaged_again), values_of(averaged))
  # What is scored, kept as the best, and found by whoever looks at the run is the average.
  assert len(scored) == 2
  assert_equal(scored[1], values_of(averaged))
  run = Workdir(tmp_path / "unbroken")
  for path in (run.latest_checkpoint(), run.best_checkpoint()):
    found = framewise(3)
    restore(tf.train.Checkpoint(model=found), path)
    assert_equal(values_of(found), values_of(averaged))
  assert np.abs(values_of(averaged)[0] - values_of(model)[0]).max() > 1e-3


def test_without_an_average_a_checkpoint_has_each_weight_once(tmp_path):
  model = framewise(1)
  trainer = Trainer(model, num_steps=1)
  experiment = Experiment().replace(num_steps=1)
  TrainingLoop(Workdir(tmp_path), trainer, batches, experiment, RunConfig()).train()
  reader = tf.train.load_checkpoint(Workdir(tmp_path).latest_checkpoint())
  kernels = [shape for shape in reader.get_variable_to_shape_map().values() if len(shape) == 4]
  # The kernel and Adam's two moments of it.
  assert len(kernels) == 3
  with pytest.raises(tf.errors.NotFoundError):
    reader.get_tensor("trainer/model/body_net/layer_with_weights-0/kernel/.ATTRIBUTES/VALUE")
