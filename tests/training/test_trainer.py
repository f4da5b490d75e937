"""Tests of training steps against Adam and its gradient in NumPy."""

from unittest import mock

import numpy as np
import pytest

from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.training_step import StepSettings, TrainingStep
from ppn_tf.training import mixed_precision
from ppn_tf.training.trainer import Trainer, clips_not_finite

import tensorflow as tf

SIZE, JOINTS = 16, 2
# Decay is large, so that it outweighs some gradients.
RATE, DECAY = 0.01, 3.0


def network(name="body") -> tf.keras.Model:
  """Returns a network whose 4 x 4 cells are linear maps of 4 x 4 patches of the frame."""
  frames = tf.keras.Input((SIZE, SIZE, 3))
  initializer = tf.keras.initializers.RandomNormal(stddev=0.01, seed=len(name))
  patches = tf.keras.layers.Conv2D(
    JOINTS, 4, 4, use_bias=False, kernel_initializer=initializer, name=f"{name}_patches"
  )
  heatmaps = tf.keras.layers.Activation("linear", dtype="float32")(patches(frames))
  return tf.keras.Model(frames, heatmaps, name=name)


@pytest.fixture(name="batch")
def fixture_batch():
  rng = np.random.default_rng(0)
  keypoints = rng.uniform(0, 15, (2, 3, JOINTS, 2)).astype(np.float32)
  weights = np.ones((2, 3, JOINTS), np.float32)
  weights[0, 1, 0] = 0
  batch = {
    "frames": rng.uniform(0, 1, (2, 3, SIZE, SIZE, 3)).astype(np.float32),
    "keypoints": keypoints,
    "weights": weights,
    "torso": np.full((2, 3), 20, np.float32),
  }
  return {name: tf.constant(value) for name, value in batch.items()}


def loss_and_gradient(kernel, batch, sigma):
  """Computes Eq. 1 of the frame-wise network and its gradient in NumPy."""
  values = {name: value.numpy().astype(np.float64) for name, value in batch.items()}
  frames = values["frames"].reshape(2, 3, 4, 4, 4, 4, 3).transpose(0, 1, 2, 4, 3, 5, 6)
  patches = frames.reshape(2, 3, 4, 4, 48)
  flat = kernel.astype(np.float64).reshape(48, JOINTS)
  y, x = np.mgrid[:4, :4][..., None]
  cells = (values["keypoints"][:, :, None, None] - 1.5) / 4
  squared = (x - cells[..., 0]) ** 2 + (y - cells[..., 1]) ** 2
  error = patches @ flat - np.exp(-squared / (2 * sigma**2))
  # A frame's loss is the mean over its 16 cells and its counted joints.
  counted = values["weights"][:, :, None, None]
  share = counted / (16 * values["weights"].sum(axis=(0, 2))[None, :, None, None, None])
  loss = (share * error**2).sum()
  gradient = np.einsum("btyxp,btyxk->pk", patches, 2 * share * error)
  return loss, gradient.reshape(kernel.shape)


def test_student_learns_heatmaps_of_the_teacher_for_all_joints(batch):
  """HeadNet learns from the teacher's HeadNet, and all frames from its final heatmaps."""

  def ppn(offset):
    maps = [tf.keras.Input((4, 4, JOINTS)) for _ in range(2)]
    unit = tf.keras.Model(maps, tf.keras.layers.Average()(maps))
    model = PPN(network("head"), network("body"), unit)
    for part in model.networks:
      for variable in part.trainable_variables:
        variable.assign_add(tf.fill(variable.shape, offset))
    return model

  def compute_heatmaps(model):
    """Returns HeadNet's heatmaps and those of all frames, h_t = B_t + (h_(t-1) + B_t) / 2."""
    frames = batch["frames"].numpy()
    first = state = model.head_net(frames[:, 0]).numpy()
    final_maps = []
    for t in range(3):
      body = model.body_net(frames[:, t]).numpy()
      state = body + (state + body) / 2
      final_maps.append(state)
    return first, np.stack(final_maps, axis=1)

  student, teacher = ppn(0.0), ppn(0.01)
  (first, final), (target_first, target_final) = (
    compute_heatmaps(student),
    compute_heatmaps(teacher),
  )
  original = [variable.numpy() for variable in teacher.trainable_variables]
  trainer = Trainer(student, num_steps=4, teacher=teacher)
  trainer.train_step(batch)
  means = trainer.read_means()
  assert means["loss_first"] == pytest.approx(((first - target_first) ** 2).mean(), rel=1e-4)
  expected = sum(((final - target_final)[:, t] ** 2).mean() for t in range(3))
  assert means["loss_final"] == pytest.approx(expected, rel=1e-4)
  assert len(trainer.model.trainable_variables) == 2  # without those of the teacher
  for variable, value in zip(teacher.trainable_variables, original):
    np.testing.assert_array_equal(variable, value)


def test_teacher_with_the_fixed_networks_of_the_student_runs_them_once(batch):
  """Loss and update equal those with a copy of the networks."""

  def ppn(unit_bias, head=None, body=None):
    maps = [tf.keras.Input((4, 4, JOINTS)) for _ in range(2)]
    mean = tf.keras.layers.Average()(maps)
    scaled = tf.keras.layers.Conv2D(JOINTS, 1, kernel_initializer="ones")(mean)
    unit = tf.keras.Model(maps, scaled)
    unit.layers[-1].bias.assign(tf.fill([JOINTS], unit_bias))
    return PPN(head or network("head"), body or network("body"), unit)

  results = []
  for shares in (True, False):
    student = ppn(0.0)
    for part in student.networks[:2]:
      part.trainable = False
    head, body = student.networks[:2]
    teacher = ppn(0.1, head, body) if shares else ppn(0.1)
    trainer = Trainer(student, num_steps=4, teacher=teacher)
    with mock.patch.object(
      type(teacher), "unroll", autospec=True, side_effect=PPN.unroll
    ) as unroll:
      trainer.train_step(batch)
    calls = [call.args[0] for call in unroll.call_args_list]
    assert (teacher in calls) is not shares
    results.append((trainer.read_means(), [value.numpy() for value in student.ppu.weights]))
  (means, weights), (expected_means, expected_weights) = results
  assert means == pytest.approx(expected_means, rel=1e-5) and means["loss_final"] > 0
  for value, expected in zip(weights, expected_weights):
    np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-7)


def test_two_steps_equal_adam_with_weight_decay_in_the_gradient(batch):
  model = Framewise(network())
  settings = StepSettings(weight_decay=DECAY, sigma=1.5)
  trainer = Trainer(model, num_steps=4, learning_rate=RATE, settings=settings)
  (kernel,) = (variable.numpy().astype(np.float64) for variable in model.trainable_variables)
  first, second, losses = 0.0, 0.0, []
  for step in range(2):
    loss, gradient = loss_and_gradient(kernel, batch, sigma=1.5)
    gradient = gradient + DECAY * kernel
    # Kingma and Ba, algorithm 1, at a rate that falls linearly from step to step.
    first = 0.9 * first + 0.1 * gradient
    second = 0.999 * second + 0.001 * gradient**2
    corrected = first / (1 - 0.9 ** (step + 1)), second / (1 - 0.999 ** (step + 1))
    kernel = kernel - RATE * (1 - step / 4) * corrected[0] / (np.sqrt(corrected[1]) + 1e-7)
    losses.append(loss)
    trainer.train_step(batch)
  np.testing.assert_allclose(model.trainable_variables[0], kernel, atol=2e-5)
  means = trainer.read_means()
  assert means["loss"] == means["loss_final"] == pytest.approx(np.mean(losses), rel=1e-4)
  assert means["loss_first"] == 0.0


def test_learning_rate_falls_linearly_to_zero():
  schedule = Trainer(Framewise(network()), num_steps=10, learning_rate=RATE).schedule
  rates = [float(schedule(step)) for step in (0, 5, 9, 10)]
  assert rates == pytest.approx([RATE, RATE / 2, RATE / 10, 0.0], abs=1e-8)


def test_learning_rate_warms_up():
  trainer = Trainer(Framewise(network()), num_steps=10, learning_rate=RATE, warmup_steps=4)
  rates = [float(trainer.schedule(step)) for step in (0, 1, 3, 4, 10)]
  line = [1.0, 0.9, 0.7, 0.6, 0.0]
  warmup = [0.25, 0.5, 1.0, 1.0, 1.0]
  assert rates == pytest.approx([RATE * a * b for a, b in zip(line, warmup)], abs=1e-9)


def test_learning_rate_drops_to_a_tenth():
  trainer = Trainer(Framewise(network()), num_steps=10, learning_rate=RATE, drops=[4, 7])
  rates = [float(trainer.schedule(step)) for step in (0, 3, 4, 6, 7, 10)]
  assert rates == pytest.approx([RATE * f for f in (1, 1, 0.1, 0.1, 0.01, 0.01)], rel=1e-5)
  assert float(trainer.optimizer.learning_rate) == pytest.approx(RATE)
  trainer = Trainer(
    Framewise(network()), num_steps=10, learning_rate=RATE, drops=[4], warmup_steps=2
  )
  rates = [float(trainer.schedule(step)) for step in (0, 1, 4)]
  assert rates == pytest.approx([RATE / 2, RATE, RATE / 10], rel=1e-5)


def test_accumulated_gradients_equal_those_of_the_batch(batch):
  """A clip has a joint of weight 0, so the mean of the losses of both parts would differ."""
  results = []
  for accumulation in (1, 2):
    model = Framewise(network())
    settings = StepSettings(weight_decay=0.0, sigma=1.5, accumulation=accumulation)
    trainer = Trainer(model, num_steps=4, learning_rate=RATE, settings=settings)
    kernel = model.trainable_variables[0].numpy()
    loss, _ = loss_and_gradient(kernel, batch, sigma=1.5)
    trainer.train_step({**batch, "clip": tf.constant(["a", "b"])})
    means = trainer.read_means()
    assert means["loss"] == pytest.approx(loss, rel=1e-5)
    results.append((model.trainable_variables[0].numpy(), means["pck"]))
  np.testing.assert_allclose(results[0][0], results[1][0], atol=1e-6)
  assert results[0][1] == pytest.approx(results[1][1])


def test_long_gradients_are_clipped_to_the_norm(batch):
  model = Framewise(network())
  (kernel,) = (variable.numpy().astype(np.float64) for variable in model.trainable_variables)
  _, gradient = loss_and_gradient(kernel, batch, sigma=1.5)
  norm = float(np.linalg.norm(gradient))
  optimizer = tf.keras.optimizers.SGD(1.0)
  settings = StepSettings(weight_decay=0.0, sigma=1.5, clip_norm=norm / 8)
  step = TrainingStep(model, optimizer, settings)
  step.train(batch)
  np.testing.assert_allclose(model.trainable_variables[0], kernel - gradient / 8, atol=1e-6)


def test_non_finite_loss_changes_nothing_and_names_the_clip(batch):
  model = Framewise(network())
  trainer = Trainer(model, num_steps=4)
  original = model.trainable_variables[0].numpy()
  keypoints = batch["keypoints"].numpy()
  keypoints[1, 2, 0] = np.nan
  broken = {**batch, "keypoints": tf.constant(keypoints)}
  with pytest.raises(tf.errors.InvalidArgumentError, match="not finite"):
    trainer.train_step(broken)
  np.testing.assert_array_equal(model.trainable_variables[0], original)
  assert int(trainer.step) == 0
  assert clips_not_finite(model, broken) == [False, True]
  assert clips_not_finite(model, batch) == [False, False]


class RootOfZero(tf.keras.layers.Layer):
  """Adds sqrt(0), whose value is 0 and whose gradient is infinite."""

  def build(self, shape):
    self.added = self.add_weight("added", (), initializer="zeros")

  def call(self, inputs):
    return inputs + tf.sqrt(tf.abs(self.added))


def test_infinite_gradient_of_a_finite_loss_changes_nothing(batch):
  body_net = network()
  model = Framewise(tf.keras.Model(body_net.input, RootOfZero(name="heatmaps")(body_net.output)))
  trainer = Trainer(model, num_steps=4)
  original = [variable.numpy() for variable in model.trainable_variables]
  with pytest.raises(tf.errors.InvalidArgumentError, match="the gradient is not finite"):
    trainer.train_step(batch)
  for variable, value in zip(model.trainable_variables, original):
    np.testing.assert_array_equal(variable, value)
  assert int(trainer.step) == 0 and int(trainer.optimizer.iterations) == 0


def test_epsilon_of_adam(batch):
  """Computes a step of Adam by hand, for gradients about as small as epsilon."""
  model = Framewise(network())
  (kernel,) = (variable.numpy().astype(np.float64) for variable in model.trainable_variables)
  _, gradient = loss_and_gradient(kernel, batch, sigma=1.5)
  epsilon = float(np.abs(gradient).max())
  settings = StepSettings(weight_decay=0.0, sigma=1.5)
  trainer = Trainer(
    model, num_steps=10**9, learning_rate=RATE, adam_epsilon=epsilon, settings=settings
  )
  trainer.train_step(batch)
  # m = 0.1 g, v = 0.001 g^2, and the factor sqrt(1 - 0.999) / (1 - 0.9) corrects both.
  change = RATE * np.sqrt(0.001) * gradient / (np.sqrt(0.001) * np.abs(gradient) + epsilon)
  np.testing.assert_allclose(model.trainable_variables[0], kernel - change, rtol=1e-4, atol=1e-7)


def test_reading_resets_the_means(batch):
  trainer = Trainer(Framewise(network()), num_steps=10, learning_rate=RATE)
  trainer.train_step(batch)
  first = trainer.read_means()
  assert first["learning_rate"] == pytest.approx(0.9 * RATE)
  trainer.train_step(batch)
  trainer.train_step(batch)
  second = trainer.read_means()
  assert 0 < second["loss"] < first["loss"]
  assert trainer.read_means()["loss"] == 0.0


def test_pck_of_the_heatmaps(batch):
  # Every argmax is inside the frame of 16 x 16 pixels, so 0.2 * 200 accepts all, and 0 none.
  trainer = Trainer(Framewise(network()), num_steps=10)
  for torso, expected in ((200.0, 100.0), (0.0, 0.0)):
    trainer.train_step({**batch, "torso": tf.fill([2, 3], torso)})
    assert trainer.read_means()["pck"] == expected


def test_joint_of_weight_0_has_no_effect(batch):
  moved = batch["keypoints"].numpy()
  moved[0, 1, 0] += 7.0
  results = []
  for keypoints in (batch["keypoints"], tf.constant(moved)):
    model = Framewise(network())
    trainer = Trainer(model, num_steps=4)
    trainer.train_step({**batch, "keypoints": keypoints})
    results.append(model.trainable_variables[0].numpy())
  np.testing.assert_array_equal(*results)


def test_ppn_trains_its_three_networks_and_reports_both_parts(batch):
  shape = (4, 4, JOINTS)
  inputs = [tf.keras.Input(shape), tf.keras.Input(shape)]
  mixed = tf.keras.layers.Conv2D(JOINTS, 1)(tf.keras.layers.Concatenate()(inputs))
  model = PPN(network("head"), network("body"), tf.keras.Model(inputs, mixed))
  original = [variable.numpy() for variable in model.trainable_variables]
  trainer = Trainer(model, num_steps=4, learning_rate=RATE)
  trainer.train_step(batch)
  for old, new in zip(original, model.trainable_variables):
    assert np.abs(old - new).max() > 0
  means = trainer.read_means()
  assert means["loss"] == pytest.approx(means["loss_first"] + means["loss_final"], rel=1e-5)
  assert means["loss_first"] > 0


def test_checkpoints_have_the_names_of_version_0_1_0(batch, tmp_path):
  maps = [tf.keras.Input((4, 4, JOINTS)) for _ in range(2)]
  mixed = tf.keras.layers.Conv2D(JOINTS, 1)(tf.keras.layers.Concatenate()(maps))
  model = PPN(network("head"), network("body"), tf.keras.Model(maps, mixed))
  trainer = Trainer(model, num_steps=4)
  trainer.train_step(batch)
  path = tf.train.Checkpoint(model=model, trainer=trainer).save(str(tmp_path / "ckpt"))
  names = {name.split("/.ATTRIBUTES")[0] for name, _ in tf.train.list_variables(path)}
  layers = {f"model/{part}_net/layer_with_weights-0/kernel" for part in ("head", "body")}
  layers |= {f"model/ppu/layer_with_weights-0/{name}" for name in ("kernel", "bias")}
  means = {
    f"trainer/means/{mean}/{part}"
    for mean in ("loss", "loss_first", "loss_final", "pck")
    for part in ("total", "count")
  }
  # Two moments of Adam for each of the four variables.
  optimizer = {f"trainer/optimizer/_variables/{number}" for number in range(1, 9)}
  optimizer |= {f"trainer/optimizer/{name}" for name in ("_iterations", "_current_learning_rate")}
  others = {"_CHECKPOINTABLE_OBJECT_GRAPH", "save_counter", "trainer/step"}
  assert names == layers | means | optimizer | others
  # Adam's moments have the order of these variables.
  variables = [v.ref() for part in model.networks for v in part.trainable_variables]
  assert [variable.ref() for variable in model.trainable_variables] == variables


@pytest.mark.parametrize(("policy", "scales"), [("mixed_float16", True), ("mixed_bfloat16", False)])
def test_half_precision_follows_single_precision(batch, monkeypatch, policy, scales):
  """Trains the same network for nine steps; only float16 scales its loss."""
  monkeypatch.setattr(mixed_precision, "half_precision", lambda: policy)
  histories = {}
  for mixed in (False, True):
    with mixed_precision.policy(mixed):
      model = Framewise(network())
    trainer = Trainer(model, num_steps=10, learning_rate=RATE)
    assert trainer.training_step.scales_loss == (mixed and scales)
    history = []
    for _ in range(9):
      trainer.train_step(batch)
      history.append(trainer.read_means()["loss"])
    histories[mixed] = history
    assert all(variable.dtype == tf.float32 for variable in model.trainable_variables)
  assert histories[False][-1] < 0.9 * histories[False][0]
  np.testing.assert_allclose(histories[True], histories[False], rtol=0.02)
