"""Tests of ppn_tf.inference.people: the packaged weights, and files in their format."""

import configparser
import json

import numpy as np
import pytest

from ppn_tf.inference import people, people_weights
from ppn_tf.inference.tensorflow_models import KerasPoseModel
from ppn_tf.keypoints.skeletons import COCO
from ppn_tf.models.build import NetworkConfig, build_network
from ppn_tf.models.ppn import PPN
from ppn_tf.runtime.errors import InputError
from ppn_tf.training.initial_weights import load_weights
from tests.random_weights import randomize

pytestmark = pytest.mark.usefixtures("tiny_backbone")

SETTINGS = {
  "method": "ppn",
  "head_backbone": "mobilenet_v2_0.35",
  "body_backbone": "mobilenet_v2_0.35",
  "head_upsampling": "duc",
  "body_upsampling": "duc",
  "num_upsamplings": 3,
  "ppu_width": 0,
  "ppu_blocks": 2,
  "dilations": ["1", "3"],
  "ppu_reduction": "mean",
  "initial_gain": 0.5,
  "offset_steps": 0,
  "skip_connection": True,
  "propagation": "chained",
  "image_size": ["64", "64"],
  "skeleton": "coco",
  "box_margin": 1.1,
  "steady_crops": True,
  "readout": "present",
}


def heatmaps(model, seed=0):
  """Returns the initial and final heatmaps of three random frames."""
  frames = np.random.default_rng(seed).uniform(0, 255, (3, 1, 64, 64, 3)).astype(np.float32)
  state = model.start(frames[0])
  states = [state]
  for frame in frames:
    state = model.step(frame, state)
    states.append(state)
  return np.stack(states)


@pytest.fixture(name="model", scope="module")
def fixture_model(tiny_backbone):
  model = build_network(NetworkConfig.from_flags(SETTINGS))
  for seed, network in enumerate(model.networks):
    randomize(network, seed)
  return model


def test_written_network_is_read_back(model, tmp_path):
  people_weights.write(model, SETTINGS, tmp_path / "weights.npz")
  loaded, settings = people_weights.read(tmp_path / "weights.npz")
  assert settings == SETTINGS and isinstance(loaded, PPN)
  expected = heatmaps(model)
  # float16 keeps 11 bits of each weight.
  np.testing.assert_allclose(heatmaps(loaded), expected, atol=0.02 * np.abs(expected).max())
  assert np.abs(expected).max() > 0


def test_weights_shared_by_both_networks_are_stored_once(model, tmp_path):
  people_weights.write(model, SETTINGS, tmp_path / "apart.npz")
  twins = build_network(NetworkConfig.from_flags(SETTINGS))
  for network, source in zip(twins.networks, model.networks):
    network.set_weights(source.get_weights())
  twins.head_net.set_weights(model.body_net.get_weights())
  people_weights.write(twins, SETTINGS, tmp_path / "shared.npz")
  sizes = [(tmp_path / f"{name}.npz").stat().st_size for name in ("apart", "shared")]
  assert sizes[1] < 0.65 * sizes[0]
  loaded, _ = people_weights.read(tmp_path / "shared.npz")
  expected = heatmaps(twins)
  np.testing.assert_allclose(heatmaps(loaded), expected, atol=0.02 * np.abs(expected).max())


def test_networks_start_from_packaged_parts(model, tmp_path, monkeypatch):
  people_weights.write(model, SETTINGS, tmp_path / "weights.npz")
  monkeypatch.setattr(people_weights, "WEIGHTS", tmp_path / "weights.npz")
  fresh = build_network(NetworkConfig.from_flags(SETTINGS))
  parts = {"head": fresh.head_net, "body": fresh.body_net, "ppu": fresh.ppu}
  for part, network in parts.items():
    loaded = load_weights(network, part, "mobilenet_v2_0.35", people.NAME)
    assert {layer.name for layer in loaded} == {
      layer.name for layer in network.layers if layer.weights
    }
  expected = heatmaps(model)
  np.testing.assert_allclose(heatmaps(fresh), expected, atol=0.02 * np.abs(expected).max())
  wide = build_network(NetworkConfig.from_flags({**SETTINGS, "ppu_width": 8}))
  with pytest.raises(InputError, match=r"--ppu_weights=people: .* Build the network as configs"):
    load_weights(wide.ppu, "ppu", "", people.NAME)


def test_files_without_a_network(tmp_path):
  (tmp_path / "text.npz").write_text("no weights")
  np.savez(tmp_path / "bare.npz", numbers=np.zeros(3))
  np.savez(tmp_path / "empty.npz", settings=np.array(json.dumps(SETTINGS)))
  messages = {"absent": "not readable as .npz", "text": "not readable as .npz"}
  for name in ("absent", "text", "bare", "empty"):
    message = messages.get(name, "no weights of a network")
    with pytest.raises(InputError, match=f"{name}.npz: {message}"):
      people_weights.read(tmp_path / f"{name}.npz")


@pytest.mark.slow
def test_packaged_file_has_the_packaged_weights():
  """Compares the .tflite file, which trackers run, with the weights that it was made from."""
  sizes = [path.stat().st_size for path in (people.FILE, people_weights.WEIGHTS)]
  assert sum(sizes) <= 20_000_000 and sizes[1] <= 12_000_000
  model = people.pose_model()
  network, settings = people_weights.read()
  original = KerasPoseModel(network, settings["readout"])
  original.take_flags(settings)
  for name in ("image_size", "heatmap_size", "skeleton", "margin", "steady_crops"):
    assert getattr(model, name) == getattr(original, name)
  assert (model.skeleton, model.margin, model.image_size) == (COCO, 1.05, (192, 192))
  assert (model.num_joints, model.stride) == (17, 4)
  assert model.restart_score == people_weights.RESTART_SCORE
  assert model.start_margin == people_weights.START_MARGIN
  frame = np.random.default_rng(0).uniform(0, 255, (192, 192, 3)).astype(np.float32)
  initial = model.start(frame)
  np.testing.assert_allclose(initial, original.start(frame), atol=2e-3)
  expected = original.final_and_preliminary(frame, initial)
  for actual, exact in zip(model.final_and_preliminary(frame, initial), expected):
    assert np.abs(exact).max() > 0.05
    # The last bits of an offset can decide to which quarter of a cell it is rounded.
    np.testing.assert_allclose(actual, exact, atol=0.01)
    assert np.abs(actual - exact).mean() < 1e-4


@pytest.mark.parametrize("path", [people.FILE, people_weights.WEIGHTS])
def test_wheel_contains_the_network(path):
  setup = configparser.ConfigParser()
  setup.read(path.parents[3] / "setup.cfg")
  patterns = setup["options.package_data"]["*"].split()
  assert any(path.relative_to(path.parents[1]).match(pattern) for pattern in patterns)
