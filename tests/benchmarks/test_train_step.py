"""Tests of the benchmark of the training step and of its PyTorch twin."""

import os
import subprocess

import numpy as np
import pytest

from benchmarks import train_step
from benchmarks.twin_process import TwinProcess, check_torch, hand_over
from ppn_tf.config import flags as experiment_flags
from ppn_tf.config.experiment import build_model
from ppn_tf.keypoints import heatmaps, losses
from ppn_tf.runtime.errors import InputError
from tests.random_weights import randomize

import tensorflow as tf

PYTHON = os.environ.get("PPN_TF_PYTORCH_PYTHON", "")
SMALL = ["--image_size=64,64", "--ppu_blocks=2", "--dilations=1,3"]
NETWORKS = {
  "demo": ["--head_backbone=mobilenet_v2_0.35", "--body_backbone=mobilenet_v2_0.35"],
  "swift": ["--head_backbone=hrnet_w48", "--body_backbone=mobilenet_v2", "--ppu_width=16"],
  "stable": ["--head_backbone=resnet18", "--body_backbone=resnet18"],
}
MEASURED = {
  **{"batch_size": 2, "num_frames": 5, "image_size": ["128", "96"], "parameters": 1_250_000},
  **{"seconds": 0.5, "seconds_real": 0.8, "seconds_waiting": 0.2, "bytes": 300e6},
}
TWINS = {
  **{"twin_seconds": 0.75, "speed": 1.5, "twin_bytes": 450e6},
  **{"twin_way": "channels_last, plain Adam", "twin_version": "2.13.0"},
}


@pytest.fixture(name="pytorch", scope="module")
def fixture_pytorch():
  """Returns a Python with PyTorch."""
  if not PYTHON:
    pytest.skip("PPN_TF_PYTORCH_PYTHON names no Python with PyTorch")
  if subprocess.run([PYTHON, "-c", "import torch"], capture_output=True).returncode:
    pytest.skip(f"PPN_TF_PYTORCH_PYTHON={PYTHON} cannot import torch")
  return PYTHON


def random_batch(model, num_frames):
  rng = np.random.default_rng(0)
  height, width = model.image_size
  shape = (2, num_frames, model.num_joints)
  batch = {
    "frames": rng.uniform(0, 255, (2, num_frames, height, width, 3)),
    "keypoints": rng.uniform(0, (width, height), (*shape, 2)),
    "weights": rng.integers(0, 2, shape),
    "torso": np.full((2, num_frames), 40.0),
  }
  return {name: tf.constant(value, tf.float32) for name, value in batch.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_twin_computes_the_same_heatmaps_and_loss(pytorch, name, tmp_path):
  experiment = experiment_flags.parse([*SMALL, *NETWORKS[name]])
  model = build_model(experiment)
  for network in model.networks:
    randomize(network)
  batch = random_batch(model, num_frames=3)
  hand_over(model, batch, experiment.to_flags(), tmp_path)
  with TwinProcess(pytorch, tmp_path) as twin:
    twin_results = twin.heatmaps(tmp_path / "found.npz")
    parameters = twin.parameters
  assert parameters == sum(network.count_params() for network in model.networks)

  @tf.function(autograph=False)
  def compute():
    targets = heatmaps.encode(batch["keypoints"], model.heatmap_size, model.stride, 2.0)
    with tf.GradientTape() as tape:
      maps = model.unroll(batch["frames"], training=True)
      loss = sum(losses.clip_loss(maps.initial, maps.final, targets, batch["weights"]))
    gradients = tape.gradient(loss, model.trainable_variables)
    return maps.initial, maps.final, loss, tf.linalg.global_norm(gradients)

  initial, final, loss, gradient_norm = compute()
  np.testing.assert_allclose(twin_results["initial"], initial, atol=1e-4 * np.abs(initial).max())
  np.testing.assert_allclose(twin_results["final"], final, atol=1e-4 * np.abs(final).max())
  np.testing.assert_allclose(twin_results["loss"], loss, rtol=1e-4)
  # Less exact, because ReLUs, sampling and batch norms of eight cells amplify rounding.
  np.testing.assert_allclose(twin_results["gradient_norm"], gradient_norm, rtol=1e-2)
  assert np.ptp(twin_results["initial"]) > 0.1 and np.ptp(twin_results["final"]) > 0.1


def test_row_with_a_measured_twin():
  cells = train_step.row("demo", {**MEASURED, **TWINS})
  # 2 clips of 5 frames in 0.5 s; 0.2 of 0.8 s spent waiting.
  assert cells == [
    *("demo", "500 ms", "20.0", "12.5", "200.0 ms = 25.0%", "300 MB"),
    *("13.3", "450 MB", "1.50x"),
  ]
  assert len(cells) == len(train_step.HEADER)


def test_row_without_a_twin_is_not_measured():
  assert train_step.row("demo", MEASURED)[-3:] == ["not measured"] * 3


def test_description_names_the_configuration():
  text = train_step.description("swift", {**MEASURED, **TWINS})
  assert "ppn_swift.cfg with 2 clips of T = 5 at 128x96 pixels, 1.25 million parameters" in text
  assert "PyTorch 2.13.0" in text and "channels_last, plain Adam" in text


@pytest.mark.parametrize("python", ["/no/such/python", "false"])
def test_python_without_torch_is_refused(python):
  with pytest.raises(InputError, match=python):
    check_torch(python)
