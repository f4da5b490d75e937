"""Every backbone in every form that the project promises, and all forms alike."""

import numpy as np
import pytest

from ppn_tf import serving
from ppn_tf.models.pose_net import BACKBONES, pose_net
from ppn_tf.models.ppn import Framewise
from ppn_tf.tracking.pose_models import SavedModelPoseModel, TFLitePoseModel

import tensorflow as tf

LIGHT = ["mobilenet_v2", "mobilenet_v2_0.5", "mobilenet_v2_0.35", "resnet18"]
HEAVY = ["resnet34", "resnet50", "resnet101", "hrnet_w48"]
EACH = LIGHT + [pytest.param(name, marks=pytest.mark.slow) for name in HEAVY]
SIZE, JOINTS = (64, 64), 3


def network(backbone: str, seed: int) -> tf.keras.Model:
  """A network whose heatmaps spread by 1 on noise."""
  tf.keras.utils.set_random_seed(seed)
  model = pose_net(backbone, SIZE, JOINTS)
  heatmaps = model.get_layer("heatmaps")
  noise = np.random.default_rng(seed).uniform(0, 255, (1, *SIZE, 3)).astype(np.float32)
  spread = float(tf.math.reduce_std(model(noise, training=False)))
  kernel, bias = heatmaps.get_weights()
  heatmaps.set_weights([kernel / spread, bias])
  return model


@pytest.fixture(name="frames", scope="module")
def fixture_frames():
  return np.random.default_rng(0).uniform(0, 255, (1, *SIZE, 3)).astype(np.float32)


def test_every_backbone_is_here():
  assert sorted(LIGHT + HEAVY) == sorted(BACKBONES)


@pytest.mark.parametrize("backbone", EACH)
def test_eager_compiled_and_saved_weights_agree(backbone, frames, tmp_path):
  model = network(backbone, seed=1)
  expected = model(frames, training=False)
  assert expected.shape == (1, 16, 16, JOINTS) and expected.dtype == tf.float32
  assert float(tf.math.reduce_std(expected)) > 0.1
  compiled = tf.function(model)(frames, training=False)
  np.testing.assert_allclose(compiled, expected, atol=1e-4)

  model.save_weights(tmp_path / "network.h5")
  other = network(backbone, seed=2)
  assert np.abs(other(frames, training=False) - expected).max() > 0.1
  other.load_weights(tmp_path / "network.h5")
  np.testing.assert_allclose(other(frames, training=False), expected, atol=1e-5)


@pytest.mark.parametrize("backbone", EACH)
def test_exports_agree(backbone, frames, tmp_path):
  model = Framewise(network(backbone, seed=1))
  expected = model.start(frames)[0]
  serving.write_saved_model(model, tmp_path / "saved")
  content = serving.to_tflite(model)
  (tmp_path / "network.tflite").write_bytes(content)
  assert not [name for name in serving.tflite_ops(content) if name.startswith("custom:")]
  for form in (
    SavedModelPoseModel(tmp_path / "saved"),
    TFLitePoseModel(tmp_path / "network.tflite"),
  ):
    assert (form.image_size, form.num_joints, form.stride) == (SIZE, JOINTS, 4)
    start = form.start(frames[0])
    np.testing.assert_allclose(start, expected, atol=1e-4)
    # Its step has both inputs, so that clients need not know which network it is.
    np.testing.assert_allclose(form.step(frames[0], start + 9), expected, atol=1e-4)
