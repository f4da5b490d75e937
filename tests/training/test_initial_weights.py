"""Tests of networks initialized from another run, and of errors for invalid sources."""

import functools

import numpy as np
import pytest

from ppn_tf.config import flags as experiment_flags
from ppn_tf.config.experiment import build_model
from ppn_tf.models.pose_net import BACKBONES, pose_net
from ppn_tf.models.ppu import ppu
from ppn_tf.models.weight_files import write_backbone
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.workdir import Workdir
from ppn_tf.training.initial_model import load_teacher, prepare_model
from ppn_tf.training.initial_weights import load_weights
from tests.random_weights import randomize
from tests.tiny_backbone import tiny

import tensorflow as tf

# Both are replaced by tiny ones, of layers conv_8 and conv_4.
SMALL, LARGE = "mobilenet_v2_0.35", "mobilenet_v2_0.5"
NETWORK = [
  f"--head_backbone={LARGE}",
  f"--body_backbone={SMALL}",
  "--image_size=64,64",
  "--ppu_blocks=1",
  "--dilations=1",
]


@pytest.fixture(name="tiny_backbones", scope="module", autouse=True)
def fixture_tiny_backbones(tiny_backbone):
  with pytest.MonkeyPatch.context() as patch:
    patch.setitem(BACKBONES, LARGE, functools.partial(tiny, width=24))
    yield


@pytest.fixture(name="runs", scope="module")
def fixture_runs(tiny_backbones, tmp_path_factory):
  """Returns the workdir and the random network of a PPN run and a frame-wise run, by method."""
  runs = {}
  for seed, method in enumerate(("ppn", "framewise")):
    workdir = tmp_path_factory.mktemp(method)
    experiment = experiment_flags.parse([*NETWORK, f"--method={method}"])
    model = build_model(experiment)
    Workdir(workdir).claim(experiment.to_flags())
    for network in model.networks:
      randomize(network, seed)
    Workdir(workdir).checkpoints(tf.train.Checkpoint(model=model)).save(1)
    runs[method] = workdir, model
  return runs


def prepare(*arguments):
  """Returns a network as training starts it, and its layers with initial weights."""
  return prepare_model(experiment_flags.parse([*NETWORK, *arguments]))


def assert_same_weights(network, expected):
  layers = [layer for layer in network.layers if layer.weights]
  assert layers
  for layer in layers:
    for value, target in zip(layer.get_weights(), expected.get_layer(layer.name).get_weights()):
      np.testing.assert_array_equal(value, target, err_msg=layer.name)


def refusal(network, part, backbone, source) -> str:
  with pytest.raises(InputError) as error:
    load_weights(network, part, backbone, str(source))
  assert "\n" not in str(error.value)
  return str(error.value)


def test_each_part_is_initialized_from_the_same_part_of_a_ppn(runs):
  workdir, model = runs["ppn"]
  for part, backbone, expected in (
    ("head", LARGE, model.head_net),
    ("body", SMALL, model.body_net),
  ):
    network = pose_net(backbone, (64, 64), 13)
    load_weights(network, part, backbone, str(workdir))
    assert_same_weights(network, expected)


def test_head_is_never_initialized_from_the_body_of_a_ppn(runs):
  """Refuses it although BodyNet has the same architecture."""
  message = refusal(pose_net(SMALL, (64, 64), 13), "head", SMALL, runs["ppn"][0])
  assert "--head_weights takes the run's head_net" in message
  assert "does not fit the network" in message and str(runs["ppn"][0]) in message


def test_framewise_run_initializes_both_parts_of_a_ppn(runs):
  workdir, trained = runs["framewise"]
  weights = [f"--{part}_weights={workdir}" for part in ("head", "body")]
  model, _ = prepare(f"--head_backbone={SMALL}", *weights)
  assert_same_weights(model.head_net, trained.body_net)
  assert_same_weights(model.body_net, trained.body_net)


def test_each_flag_initializes_its_own_part(runs, tmp_path):
  workdir, trained = runs["ppn"]
  file = tmp_path / "weights.npz"
  write_backbone(trained.body_net, file)
  model, _ = prepare(f"--head_weights={workdir}", f"--body_weights={file}")
  assert_same_weights(model.head_net, trained.head_net)
  frames = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)
  expected = trained.body_net(frames).numpy()
  np.testing.assert_allclose(model.body_net(frames), expected, atol=1e-4 * np.abs(expected).max())


def test_ppu_is_initialized_from_that_of_a_ppn(runs):
  workdir, trained = runs["ppn"]
  weights = [f"--{part}_weights={workdir}" for part in ("body", "ppu")]
  model, loaded = prepare(*weights, "--initial_gain=0.5", "--freeze_batch_norm=loaded")
  assert_same_weights(model.ppu, trained.ppu)
  # With a loaded PPU, the heatmaps of BodyNet are not scaled.
  assert_same_weights(model.body_net, trained.body_net)
  assert set(map(id, (layer for layer in model.ppu.layers if layer.weights))) <= set(
    map(id, loaded)
  )
  norms = [
    layer for layer in model.ppu.layers if isinstance(layer, tf.keras.layers.BatchNormalization)
  ]
  assert norms and not any(layer.trainable for layer in norms)


def test_invalid_sources_of_a_ppu_are_refused(runs, tmp_path):
  unit = runs["ppn"][1].ppu
  message = refusal(unit, "ppu", "", runs["framewise"][0])
  assert message.endswith("is a frame-wise run. Give a PPN's workdir.")
  message = f"--ppu_weights={tmp_path}: is neither `people` nor a run's workdir."
  assert refusal(unit, "ppu", "", tmp_path) == message
  deeper = ppu((16, 16), 13, num_blocks=2, dilations=(1,))
  assert "--ppu_weights takes the run's ppu" in refusal(deeper, "ppu", "", runs["ppn"][0])


def test_movenet_backbone_refuses_a_run_with_other_joints(runs):
  """The run has 13 joints, so the layers that find people would stay uninitialized."""
  network = pose_net("movenet", (64, 64), 17)
  message = refusal(network, "body", "movenet", runs["framewise"][0])
  assert message.startswith(f"--body_weights={runs['framewise'][0]}: has other joints than")
  assert message.endswith("Choose mobilenet_v2_fpn.")


def test_loaded_layers_are_returned_and_can_be_frozen(runs):
  workdir, _ = runs["framewise"]
  arguments = [f"--head_backbone={SMALL}", f"--body_weights={workdir}"]
  model, loaded = prepare(*arguments, "--trainable_from=conv_4")
  assert set(map(id, loaded)) == {id(layer) for layer in model.body_net.layers if layer.weights}
  trained = {layer.name for layer in model.body_net.layers if layer.trainable_weights}
  assert "conv_8" not in trained and "bn_8" not in trained
  assert {"conv_4", "bn_4", "heatmaps"} <= trained
  assert model.head_net.get_layer("conv_8").trainable_weights
  with pytest.raises(InputError, match="--trainable_from=block_99: body_net has no such layer"):
    prepare(*arguments, "--trainable_from=block_99")


def test_teacher_shares_networks_that_stay_as_they_are(runs):
  workdir, _ = runs["ppn"]
  weights = [f"--{part}_weights={workdir}" for part in ("head", "body", "ppu")]
  model, _ = prepare(*weights, "--trainable_from=none")
  assert model.trainable_variables == model.ppu.trainable_variables
  teacher = load_teacher(str(workdir), model)
  assert teacher.head_net is model.head_net and teacher.body_net is model.body_net
  assert_same_weights(teacher.ppu, model.ppu)
  assert teacher.ppu is not model.ppu
  trained, _ = prepare(*weights)
  assert load_teacher(str(workdir), trained).body_net is not trained.body_net
  other, _ = prepare(f"--head_weights={workdir}", f"--ppu_weights={workdir}")
  other.body_net.trainable = False
  assert load_teacher(str(workdir), other).body_net is not other.body_net


def test_run_with_other_joints_initializes_all_but_the_last_layer(runs):
  workdir, trained = runs["framewise"]
  network = pose_net(SMALL, (64, 64), 16)
  original = network.get_layer("heatmaps").get_weights()
  load_weights(network, "body", SMALL, str(workdir))
  inner = tf.keras.Model(network.input, network.layers[-2].output)
  assert_same_weights(inner, trained.body_net)
  for value, target in zip(network.get_layer("heatmaps").get_weights(), original):
    np.testing.assert_array_equal(value, target)


def test_invalid_runs_are_refused(tmp_path):
  network = pose_net(SMALL, (64, 64), 13)
  for source in (tmp_path / "absent", tmp_path, tmp_path / "weights.h5"):
    message = refusal(network, "body", SMALL, source)
    assert message.startswith(f"--body_weights={source}: is neither")
  (tmp_path / "flags.json").write_text('{"method": "ppn", "skeleton": "penn_action"}')
  assert "no checkpoint there" in refusal(network, "body", SMALL, tmp_path)


def test_imagenet_is_a_source():
  with pytest.raises(InputError, match="imagenet: .* resnet18, only for mobilenet_v2"):
    prepare("--body_backbone=resnet18", "--body_weights=imagenet")


@pytest.mark.parametrize("part", ["head", "body"])
def test_packaged_network_initializes_all_but_heatmaps_of_other_joints(part):
  network = pose_net("mobilenet_v2_fpn", (64, 64), 13)
  loaded = load_weights(network, part, "mobilenet_v2_fpn", "people")
  unset = {layer.name for layer in network.layers if layer.weights} - {x.name for x in loaded}
  assert unset == {"heatmaps", "scaled_heatmaps"}
  people = pose_net("mobilenet_v2_fpn", (64, 64), 17)
  load_weights(people, part, "mobilenet_v2_fpn", "people")
  frames = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 3)).astype(np.float32)
  features, expected = (
    tf.keras.Model(model.input, model.get_layer("heatmaps").input)(frames)
    for model in (network, people)
  )
  np.testing.assert_array_equal(features, expected)
  # Lin et al. 2017, "Focal Loss for Dense Object Detection", section 4.1.
  np.testing.assert_allclose(network(frames), 0.01, rtol=0.1)


def test_packaged_network_refuses_other_joints_where_it_selects_a_person():
  message = refusal(pose_net("movenet", (64, 64), 13), "body", "movenet", "people")
  assert message.startswith("--body_weights=people: places/kernel is (1, 1, 96, 34) but the")
  assert "For other joints, choose --body_backbone=mobilenet_v2_fpn" in message
