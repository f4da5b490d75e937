"""Tests of loading trained networks by preset name or workdir."""

import json

import numpy as np
import pytest

import ppn_tf
from ppn_tf.config.experiment import Experiment, build_model
from ppn_tf.models import pose_net
from ppn_tf.models.ppn import Framewise
from ppn_tf.runtime.errors import InputError
from tests.random_weights import randomize
from tests.tiny_backbone import tiny

import tensorflow as tf

CLIP = np.random.default_rng(0).integers(0, 256, (1, 2, 64, 64, 3), dtype=np.uint8)


@pytest.fixture(name="tiny_backbone", autouse=True)
def fixture_tiny_backbone(monkeypatch):
  monkeypatch.setitem(pose_net.BACKBONES, "mobilenet_v2_0.35", tiny)


def write_run(folder, method):
  """Writes a run with random weights and checkpoints latest and best; returns both models."""
  experiment = Experiment().replace(
    method=method,
    image_size=(64, 64),
    head_backbone="mobilenet_v2_0.35",
    body_backbone="mobilenet_v2_0.35",
    ppu_blocks=1,
    dilations=(1,),
  )
  folder.mkdir()
  (folder / "flags.json").write_text(json.dumps(experiment.to_flags()))
  models = []
  for seed, name in enumerate(("checkpoints", "best")):
    model = build_model(experiment)
    for network in model.networks:
      randomize(network, seed)
    tf.train.CheckpointManager(tf.train.Checkpoint(model=model), str(folder / name), 1).save()
    models.append(model)
  return models


def test_run_is_loaded_from_its_workdir(tmp_path):
  workdir = tmp_path / "run"
  latest, best = write_run(workdir, "ppn")
  for model, expected in (
    (ppn_tf.PPN.from_preset(workdir), latest),
    (ppn_tf.PPN.from_preset(str(workdir), checkpoint="best"), best),
  ):
    np.testing.assert_array_equal(model(CLIP), expected(CLIP))
    assert model.ppu.get_weights()
  with pytest.raises(InputError, match="holds a PPN, not a Framewise. Load it with PPN"):
    Framewise.from_preset(workdir)
  with pytest.raises(ValueError, match='"latest" or "best". Received: \'newest\''):
    ppn_tf.PPN.from_preset(workdir, checkpoint="newest")


def test_framewise_run(tmp_path):
  latest, _ = write_run(tmp_path / "run", "framewise")
  model = Framewise.from_preset(tmp_path / "run")
  np.testing.assert_array_equal(model(CLIP), latest(CLIP))
  with pytest.raises(InputError, match="Load it with Framewise.from_preset"):
    ppn_tf.PPN.from_preset(tmp_path / "run")


def test_unknown_preset_is_refused(tmp_path):
  with pytest.raises(InputError, match='neither "people" nor the workdir of a training run'):
    ppn_tf.PPN.from_preset(tmp_path)


@pytest.mark.slow
def test_people_is_prepared_for_training():
  model = ppn_tf.PPN.from_preset("people")
  assert (model.image_size, model.num_joints) == ((192, 192), 17)
  lines = []
  model.summary(print_fn=lines.append)
  assert any(line.startswith("Total params: 3840060") for line in lines)
  norms = [
    layer
    for network in model.networks
    for layer in network.layers
    if isinstance(layer, tf.keras.layers.BatchNormalization)
  ]
  assert norms and not any(norm.trainable for norm in norms)
  assert len(model.trainable_variables) > 100
