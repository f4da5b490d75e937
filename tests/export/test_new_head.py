"""Tests of export.weights with another HeadNet."""

import numpy as np
import pytest

from export import weights
from export.weights import replace_head
from ppn_tf.inference import people, people_weights
from ppn_tf.models.build import NetworkConfig, build_network
from ppn_tf.models.ppn import Framewise
from ppn_tf.runtime.errors import InputError
from tests.command_calls import call_command
from tests.inference.test_people import SETTINGS
from tests.random_weights import randomize

BACKBONE = "mobilenet_v2_0.35"

pytestmark = pytest.mark.usefixtures("tiny_backbone")


def build(first_seed):
  model = build_network(NetworkConfig.from_flags(SETTINGS))
  for seed, network in enumerate(model.networks, first_seed):
    randomize(network, seed)
  return model


def test_head_net_is_replaced_alone(tmp_path, monkeypatch):
  trained, other = build(0), build(10)
  people_weights.write(other, SETTINGS, tmp_path / "other.npz")
  monkeypatch.setattr(people_weights, "WEIGHTS", tmp_path / "other.npz")
  changed = replace_head(trained, SETTINGS, BACKBONE, people.NAME)
  frame = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)
  expected = other.start(frame).numpy()
  # float16 keeps 11 bits of each weight.
  np.testing.assert_allclose(changed.start(frame), expected, atol=0.02 * np.abs(expected).max())
  assert np.abs(expected - trained.start(frame)).max() > 0.1 * np.abs(expected).max()
  np.testing.assert_array_equal(changed.step(frame, expected), trained.step(frame, expected))


def test_backbone_without_weights_is_refused(tmp_path):
  given = (f"--workdir={tmp_path}", f"--output={tmp_path}/a.npz", f"--new_head_backbone={BACKBONE}")
  with pytest.raises(InputError, match=f"--new_head_backbone={BACKBONE}: has no weights"):
    call_command(weights, *given)
  assert not list(tmp_path.iterdir())


def test_frame_wise_network_is_refused():
  model = Framewise(build(0).body_net)
  with pytest.raises(InputError, match="--new_head_weights: a frame-wise network has no HeadNet"):
    replace_head(model, SETTINGS, BACKBONE, people.NAME)
