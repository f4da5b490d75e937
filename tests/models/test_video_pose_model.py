"""Tests of PPN as a Keras model: fit, evaluate, predict and weights, on ten drawn clips."""

import numpy as np
import pytest

import ppn_tf
from data.synthetic import clip
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.ppu import ppu
from ppn_tf.models.training_step import StepSettings
from ppn_tf.training.trainer import Trainer
from tests.random_weights import randomize

import tensorflow as tf

SIZE, CELLS, JOINTS = (64, 64), (16, 16), 13
NUM_CLIPS, NUM_FRAMES, BATCH = 10, 3, 2
RATE, SIGMA, DECAY = 1e-3, 1.5, 1e-4
ENTRIES = ("frames", "keypoints", "visibility")


def network(seed, joints=JOINTS, size=SIZE, channels=3):
  """Returns a network of two convolutions and a batch norm, with heatmaps at stride 4."""
  layers, initializer = tf.keras.layers, tf.keras.initializers.GlorotUniform
  frames = tf.keras.Input((*size, channels))
  features = layers.Rescaling(1.0 / 127.5, offset=-1.0)(frames)
  features = layers.Conv2D(
    8, 7, 4, padding="same", use_bias=False, kernel_initializer=initializer(seed)
  )(features)
  features = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(features))
  outputs = layers.Conv2D(joints, 3, padding="same", kernel_initializer=initializer(seed + 1))
  return tf.keras.Model(frames, outputs(features))


def build():
  """Returns a PPN whose weights are the same in every call."""
  tf.keras.utils.set_random_seed(0)
  return PPN(network(1), network(3), ppu(CELLS, JOINTS, num_blocks=1, dilations=(1,)))


@pytest.fixture(name="clips", scope="module")
def fixture_clips():
  """Returns ten drawn clips as arrays, with frames in uint8."""
  settings = clip.Settings(
    seed=1, num_frames=NUM_FRAMES, height=SIZE[0], width=SIZE[1], difficulty=0.0
  )
  drawn = [clip.make_clip(number + 1, settings) for number in range(NUM_CLIPS)]
  arrays = {name: np.stack([getattr(made, name) for made in drawn]) for name in ENTRIES[1:]}
  images = [[tf.io.decode_jpeg(jpeg).numpy() for jpeg in made.frames] for made in drawn]
  arrays["frames"] = np.asarray(images)
  assert arrays["frames"].dtype == np.uint8 and arrays["frames"].std() > 10
  return arrays


def dataset(clips, **entries):
  return tf.data.Dataset.from_tensor_slices({**clips, **entries}).batch(BATCH)


def torso(clips):
  """Returns lengths [N, T] from the left shoulder to the right hip, in pixels."""
  return np.linalg.norm(clips["keypoints"][..., 1, :] - clips["keypoints"][..., 8, :], axis=-1)


def schedule(num_steps):
  return tf.keras.optimizers.schedules.PolynomialDecay(RATE, num_steps, 0.0)


def test_fit_lowers_the_loss(clips):
  model = ppn_tf.PPN(*build().networks)
  model.compile(tf.keras.optimizers.Adam(5 * RATE))
  history = model.fit(dataset(clips), epochs=4, verbose=0).history
  assert set(history) == {"loss", "loss_first", "loss_final"}
  assert history["loss"][-1] < 0.6 * history["loss"][0]


def test_fit_equals_the_trainer(clips):
  batches = dataset(clips, torso=torso(clips))
  num_steps = 2 * len(batches)
  expected, model = build(), build()
  settings = StepSettings(sigma=SIGMA, weight_decay=DECAY)
  trainer = Trainer(expected, num_steps=num_steps, learning_rate=RATE, settings=settings)
  first = [variable.numpy() for variable in model.trainable_variables]
  means = []
  for _ in range(2):
    for batch in batches:
      batch = {name: tf.cast(value, tf.float32) for name, value in batch.items()}
      trainer.train_step({**batch, "weights": batch.pop("visibility")})
    means.append(trainer.read_means())
  optimizer = tf.keras.optimizers.Adam(schedule(num_steps))
  model.compile(optimizer, sigma=SIGMA, weight_decay=DECAY)
  history = model.fit(batches, epochs=2, shuffle=False, verbose=0).history
  for name in ("loss", "loss_first", "loss_final", "pck"):
    np.testing.assert_allclose(history[name], [mean[name] for mean in means], rtol=1e-5)
  for variable, target in zip(model.variables, expected.variables):
    np.testing.assert_allclose(variable, target, atol=1e-5)
  moved = [np.abs(v - start).max() for v, start in zip(model.trainable_variables, first)]
  assert min(moved) > 1e-3


def test_evaluate_returns_the_loss_of_the_heatmaps(clips):
  """Sums the MSE over all cells of the frames and the initial heatmaps of the first frame."""
  model = build()
  model.compile(sigma=SIGMA)
  batch = {name: value[:BATCH] for name, value in clips.items()}
  batch["visibility"] = np.ones_like(batch["visibility"])
  original = [variable.numpy() for variable in model.variables]
  scores = model.evaluate(batch, verbose=0, return_dict=True)
  y, x = np.mgrid[: CELLS[0], : CELLS[1]][..., None]
  cells = (batch["keypoints"][:, :, None, None] - 1.5) / 4
  target = np.exp(-((x - cells[..., 0]) ** 2 + (y - cells[..., 1]) ** 2) / (2 * SIGMA**2))
  maps = model.unroll(tf.cast(batch["frames"], tf.float32))
  final = sum(((maps.final - target)[:, t] ** 2).numpy().mean() for t in range(NUM_FRAMES))
  first = ((maps.initial - target[:, 0]) ** 2).numpy().mean()
  assert scores["loss_final"] == pytest.approx(final, rel=1e-4)
  assert scores["loss_first"] == pytest.approx(first, rel=1e-4)
  assert scores["loss"] == pytest.approx(first + final, rel=1e-4)
  for variable, value in zip(model.variables, original):
    np.testing.assert_array_equal(variable, value)


def test_pck_requires_a_torso(clips):
  model = build()
  model.compile()
  # All positions are inside the crop, so 0.2 * 1000 pixels accept all, and 0 pixels none.
  for length, expected in ((1000.0, 100.0), (0.0, 0.0)):
    batches = dataset(clips, torso=np.full((NUM_CLIPS, NUM_FRAMES), length, np.float32))
    assert model.evaluate(batches, verbose=0, return_dict=True)["pck"] == expected
  assert "pck" not in model.evaluate(dataset(clips), verbose=0, return_dict=True)


def test_invisible_joints_do_not_count(clips):
  model = build()
  model.compile()
  visibility = np.ones_like(clips["visibility"])
  visibility[:, :, 4] = 0
  scores = []
  for joint in (None, 4, 5):
    moved = clips["keypoints"].copy()
    if joint is not None:
      moved[:, :, joint] += 9.0
    batches = dataset({**clips, "keypoints": moved, "visibility": visibility})
    scores.append(model.evaluate(batches, verbose=0, return_dict=True)["loss"])
  assert scores[0] == scores[1] != scores[2]


def test_predict_returns_positions_of_maxima(clips):
  model = build()
  predictions = model.predict(dataset(clips), verbose=0)
  assert predictions["keypoints"].shape == (NUM_CLIPS, NUM_FRAMES, JOINTS, 2)
  maps = model(clips["frames"]).numpy()
  np.testing.assert_allclose(predictions["scores"], maps.max(axis=(2, 3)), rtol=1e-4, atol=1e-5)
  flat = maps.reshape(NUM_CLIPS, NUM_FRAMES, -1, JOINTS).argmax(axis=2)
  cells = np.stack([flat % CELLS[1], flat // CELLS[1]], axis=-1)
  # A position is refined by at most a cell of 4 pixels.
  assert np.abs(predictions["keypoints"] - (4.0 * cells + 1.5)).max() <= 4.0


@pytest.mark.parametrize("name", ["weights", "weights.h5"])
@pytest.mark.parametrize("make", [build, lambda: Framewise(network(7))], ids=["ppn", "framewise"])
def test_weights_are_saved_and_loaded(clips, tmp_path, make, name):
  model, loaded = make(), make()
  for part in model.networks:
    randomize(part)
  expected = model(clips["frames"])
  model.save_weights(tmp_path / name)
  assert np.abs(loaded(clips["frames"]) - expected).max() > 1e-3
  loaded.load_weights(tmp_path / name)
  np.testing.assert_array_equal(loaded(clips["frames"]), expected)


@pytest.mark.parametrize("kind", [PPN, Framewise])
def test_models_are_saved_and_loaded(clips, tmp_path, kind):
  model = build() if kind is PPN else Framewise(network(7))
  if kind is PPN:
    model = PPN(*model.networks, skip_connection=False, propagation="from_first")
  for part in model.networks:
    randomize(part)
  model.compile(sigma=SIGMA)
  model.save(tmp_path / "model.keras")
  loaded = tf.keras.models.load_model(tmp_path / "model.keras")
  assert type(loaded) is kind
  np.testing.assert_array_equal(loaded(clips["frames"]), model(clips["frames"]))
  with pytest.raises(RuntimeError, match="compile"):
    loaded.fit(dataset(clips))


def test_summary_counts_the_three_networks():
  model, lines = build(), []
  model.summary(print_fn=lines.append)
  text = "\n".join(lines)
  for part in (model.head_net, model.body_net, model.ppu):
    assert f"{part.count_params()}" in text
  assert f"{sum(part.count_params() for part in model.networks)}" in text


@pytest.mark.parametrize(
  ("changes", "message"),
  [
    ({"visibility": None}, "batches lack visibility"),
    ({"frames": None, "keypoints": None}, "batches lack frames, keypoints"),
    ({"keypoints": np.zeros((NUM_CLIPS, NUM_FRAMES, 12, 2))}, "keypoints must be .* 13 joints"),
    ({"visibility": np.ones((NUM_CLIPS, 2, JOINTS))}, "visibility must be of 3 frames"),
    ({"frames": np.zeros((NUM_CLIPS, NUM_FRAMES, 32, 64, 3))}, "frames must be .*64, 64"),
    ({"frames": np.zeros((NUM_CLIPS, *SIZE, 3))}, "frames must be .*64, 64"),
  ],
)
def test_mismatched_datasets_are_refused(clips, changes, message):
  entries = {name: value for name, value in {**clips, **changes}.items() if value is not None}
  model = build()
  model.compile()
  with pytest.raises(ValueError, match=message):
    model.fit(dataset(entries), verbose=0)


@pytest.mark.parametrize(
  ("arguments", "message"),
  [
    ({"loss": "mse"}, "loss cannot be chosen"),
    ({"metrics": ["mae"]}, "metrics cannot be chosen"),
    ({"sigma": 0.0}, "sigma must be a positive number"),
    ({"sigma": float("nan")}, "sigma must be a positive number"),
    ({"weight_decay": -1.0}, "weight_decay must be a number of at least 0"),
    ({"clip_norm": float("inf")}, "clip_norm must be a number of at least 0"),
    ({"accumulation": 0}, "accumulation must be at least 1"),
    ({"optimizer": tf.keras.optimizers.legacy.SGD()}, "not a legacy one"),
  ],
)
def test_invalid_settings_are_refused(arguments, message):
  with pytest.raises(ValueError, match=message):
    build().compile(**arguments)


@pytest.mark.parametrize(
  ("parts", "message"),
  [
    ((network(1), network(1), ppu(CELLS, 12, num_blocks=1)), r"ppu must map .*16, 16, 13\).*12\)"),
    ((network(1), network(1), ppu((8, 8), 13, num_blocks=1)), r"ppu must map .*\(8, 8, 13\)"),
    ((network(1), network(1), network(1)), "ppu must map two"),
    ((network(1), network(1, 12), ppu(CELLS, 12, num_blocks=1)), "heatmaps of one size"),
    ((network(1, size=(32, 64)), network(1), ppu(CELLS, 13, num_blocks=1)), "frames of one size"),
    ((network(1), network(1, channels=1), ppu(CELLS, 13, num_blocks=1)), r"body_net must map .* 3"),
    ((network(1), network(1), tf.keras.layers.Average()), "ppu must be a functional Keras model"),
    ((tf.keras.Sequential(), network(1), network(1)), "head_net must be a functional"),
  ],
)
def test_mismatched_parts_are_refused(parts, message):
  with pytest.raises(ValueError, match=message) as error:
    PPN(*parts)
  assert "\n" not in str(error.value)
