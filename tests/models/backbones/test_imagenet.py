"""Tests of loading ImageNet weights from the download caches of Keras."""

import json
import pathlib
import urllib.request

import numpy as np
import pytest

from ppn_tf.models.backbones.imagenet import load_imagenet
from ppn_tf.models.pose_net import BACKBONES
from ppn_tf.runtime.errors import InputError
from tests.random_weights import randomize

import tensorflow as tf

FRAMES = np.random.default_rng(1).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)


@pytest.fixture(name="cache", autouse=True)
def fixture_cache(tmp_path, monkeypatch) -> pathlib.Path:
  """Returns a home folder with empty caches; every connection is refused."""
  monkeypatch.setenv("HOME", str(tmp_path))
  monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kagglehub"))
  (tmp_path / ".keras" / "models").mkdir(parents=True)  # Without it, Keras uses another folder.
  for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
    monkeypatch.setenv(name, "http://127.0.0.1:9")  # the discard port, which has no listener
  for name in ("no_proxy", "NO_PROXY"):
    monkeypatch.delenv(name, raising=False)
  # urlopen keeps the proxies of its first call.
  monkeypatch.setattr(urllib.request, "_opener", None)
  return tmp_path


def features(backbone: str) -> np.ndarray:
  network = tf.keras.Model(*BACKBONES[backbone]((64, 64)))
  # Every backbone layer with weights is loaded.
  assert load_imagenet(network, backbone) == [layer for layer in network.layers if layer.weights]
  return network(FRAMES, training=False).numpy()


def mobilenet_file(cache: pathlib.Path, alpha: str) -> pathlib.Path:
  name = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_224_no_top.h5"
  return cache / ".keras" / "models" / name


@pytest.mark.parametrize(
  ("backbone", "alpha"),
  [
    ("mobilenet_v2_0.35", "0.35"),
    pytest.param("mobilenet_v2_0.5", "0.5", marks=pytest.mark.slow),
    pytest.param("mobilenet_v2", "1.0", marks=pytest.mark.slow),
  ],
)
def test_mobilenet(backbone, alpha, cache):
  published = tf.keras.applications.MobileNetV2(
    input_shape=(64, 64, 3), alpha=float(alpha), include_top=False, weights=None
  )
  randomize(published)
  published.save_weights(mobilenet_file(cache, alpha))
  without_last = tf.keras.Model(published.input, published.get_layer("block_16_project_BN").output)
  pixels = tf.keras.applications.mobilenet_v2.preprocess_input(FRAMES.copy())
  expected = without_last(pixels, training=False).numpy()
  assert expected.std() > 0.1
  np.testing.assert_allclose(features(backbone), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_resnet50(cache):
  import keras_cv

  published = keras_cv.models.ResNetBackbone(
    stackwise_filters=[64, 128, 256, 512],
    stackwise_blocks=[3, 4, 6, 3],
    stackwise_strides=[1, 2, 2, 2],
    block_type="block",
    include_rescaling=True,
  )
  randomize(published)
  variant = cache / "kagglehub" / "models" / "keras" / "resnetv1" / "keras" / "resnet50_imagenet"
  (variant / "2").mkdir(parents=True)
  (variant / ".complete" / "2").mkdir(parents=True)
  config = tf.keras.saving.serialize_keras_object(published)
  config.pop("build_config", None)
  (variant / "2" / "config.json").write_text(json.dumps({**config, "weights": "model.weights.h5"}))
  published.save_weights(variant / "2" / "model.weights.h5")
  for name in ("config.json", "model.weights.h5"):
    (variant / ".complete" / "2" / f"{name}.complete").touch()
  expected = published(FRAMES, training=False).numpy()
  assert expected.std() > 0.1
  np.testing.assert_allclose(features("resnet50"), expected, rtol=1e-4, atol=1e-4)


@pytest.fixture(name="network", scope="module")
def fixture_network() -> tf.keras.Model:
  """Returns a network that is never loaded."""
  frames = tf.keras.Input((64, 64, 3))
  return tf.keras.Model(frames, frames)


@pytest.mark.parametrize(
  ("backbone", "reason"),
  [("mobilenet_v2_0.35", "URL fetch failure.*refused"), ("resnet50", "Max retries exceeded")],
)
def test_failed_download_is_reported_in_one_line(network, backbone, reason):
  with pytest.raises(InputError, match=reason) as error:
    load_imagenet(network, backbone)
  message = str(error.value)
  assert "\n" not in message and backbone in message and ".npz" in message


def test_damaged_download_is_reported_in_one_line(network, cache):
  mobilenet_file(cache, "0.35").write_bytes(b"half a file")
  with pytest.raises(InputError, match="mobilenet_v2_0.35.*cache") as error:
    load_imagenet(network, "mobilenet_v2_0.35")
  assert "\n" not in str(error.value)


@pytest.mark.parametrize("backbone", ["hrnet_w48", "resnet18", "resnet34", "resnet101"])
def test_error_lists_backbones_with_imagenet_weights(network, backbone):
  names = "mobilenet_v2, mobilenet_v2_0.35, mobilenet_v2_0.5, resnet50"
  with pytest.raises(InputError, match=f"{backbone}, only for {names}.*npz") as error:
    load_imagenet(network, backbone)
  assert "\n" not in str(error.value)
