"""Tests of quantized and optimized .tflite files: ops, and differences from the network."""

import json
import subprocess
import sys

import numpy as np
import pytest

from export.forms import gpu_compatibility
from ppn_tf.inference import saved_model
from ppn_tf.inference.pose_model import TFLitePoseModel
from ppn_tf.inference.tensorflow_models import KerasPoseModel
from ppn_tf.inference.tflite import convert
from ppn_tf.inference.tflite.calibration import recurrent_samples
from ppn_tf.inference.tflite.metadata import add_description, read_description
from ppn_tf.keypoints.skeletons import SKELETONS, to_dict
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.ppu import ppu
from ppn_tf.models.quantize_aware import quantize_aware, start_from
from ppn_tf.tracking.tracker import Tracker

import tensorflow as tf

SIZE, CELLS, JOINTS = (64, 64), (16, 16), 13
SKELETON = SKELETONS["penn_action"]


def network(name: str) -> tf.keras.Model:
  frames = tf.keras.Input((*SIZE, 3), name="frame")
  values = tf.keras.layers.Rescaling(1 / 127.5, offset=-1)(frames)
  values = tf.keras.layers.Conv2D(16, 5, 4, padding="same", use_bias=False)(values)
  values = tf.keras.layers.ReLU()(tf.keras.layers.BatchNormalization()(values))
  maps = tf.keras.layers.Conv2D(JOINTS, 1, name="heatmaps")(values)
  return tf.keras.Model(frames, maps, name=name)


@pytest.fixture(name="model", scope="module")
def fixture_model():
  tf.keras.utils.set_random_seed(0)
  # Propagated values decay, as in trained networks, and so do differences.
  unit = ppu(CELLS, JOINTS, num_blocks=1, dilations=(1, 3), initial_gain=0.5)
  rng = np.random.default_rng(0)
  for variable in unit.trainable_variables:
    spread = 0.002 if "warp" in variable.name else 0.05
    variable.assign_add(rng.normal(0, spread, variable.shape))
  return PPN(network("head_net"), network("body_net"), unit)


@pytest.fixture(name="clips", scope="module")
def fixture_clips():
  """Returns clips of moving coarse pictures."""
  rng = np.random.default_rng(1)
  pictures = np.kron(rng.uniform(0, 255, (3, 8, 8, 3)), np.ones((1, 8, 8, 1)))
  return [
    np.stack([np.roll(picture, t, 1) for t in range(8)]).astype(np.float32) for picture in pictures
  ]


@pytest.fixture(name="rounding", scope="module")
def fixture_rounding(model, clips):
  """Returns the quantization-aware version of the network."""
  rounding = quantize_aware(model)
  start_from(rounding, model, [tf.stack(clips)])
  return rounding


def converted(model, clips, **arguments):
  frame_type = arguments.get("frame_type", tf.float32).as_numpy_dtype
  if arguments.get("quantization") == "int8":
    arguments["samples"] = lambda: recurrent_samples(model, clips, frame_type)
  return convert.to_tflite(model, **arguments)


@pytest.mark.parametrize(
  ("arguments", "tolerance"),
  [
    ({"sampler": "exact"}, 1e-4),
    ({"sampler": "table"}, 0.8),
    ({"sampler": "exact", "quantization": "float16"}, 0.05),
    ({"sampler": "exact", "quantization": "dynamic"}, 0.1),
    ({"sampler": "exact", "quantization": "int8"}, 0.1),
    ({"sampler": "table", "quantization": "int8", "frame_type": tf.uint8}, 0.8),
  ],
)
def test_files_follow_the_network_over_a_clip(model, clips, tmp_path, arguments, tolerance):
  content = converted(model, clips, **arguments)
  (tmp_path / "net.tflite").write_bytes(content)
  ops = convert.count_ops(content)
  assert not [name for name in ops if name.startswith("custom:")]
  # Each of two dilation rates reads a table once, or a map and differences four times.
  assert ops["GATHER"] == (2 if arguments["sampler"] == "table" else 8)
  if set(arguments) == {"sampler"}:
    assert gpu_compatibility(content) == "compatible"
  exported = TFLitePoseModel(tmp_path / "net.tflite")
  clip = np.round(clips[0])
  spread = np.std(KerasPoseModel(model).start(clip[0]))
  assert saved_model.recurrent_difference(model, exported, clip) <= tolerance * spread


@pytest.mark.parametrize("sampler", ["exact", "table"])
def test_quantization_aware_network_equals_its_file(rounding, clips, tmp_path, sampler):
  """Converts with the ranges of training, and compares up to a few quantization steps.

  The network samples exactly, so the table sampler has the larger tolerance of the test above.
  """
  content = converted(rounding, clips, sampler=sampler, quantization="qat")
  (tmp_path / "net.tflite").write_bytes(content)
  exported, clip = TFLitePoseModel(tmp_path / "net.tflite"), np.round(clips[0])
  spread = np.std(KerasPoseModel(rounding).start(clip[0]))
  tolerance = 0.8 if sampler == "table" else 0.1
  assert saved_model.recurrent_difference(rounding, exported, clip) <= tolerance * spread
  with pytest.raises(ValueError, match="only those, require qat. Received: none"):
    converted(rounding, clips, sampler=sampler)


@pytest.mark.parametrize("quantization", ["int8", "qat"])
def test_only_convolutions_are_int8(model, rounding, clips, quantization):
  """Checks that sampling, sums and outputs are float32, and other convolutions int8."""
  from tensorflow.lite.python import schema_py_generated as schema

  content = converted(
    rounding if quantization == "qat" else model, clips, sampler="exact", quantization=quantization
  )
  assert len(content) < 0.5 * len(converted(model, clips))
  file = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
  float32, kinds = schema.TensorType.FLOAT32, schema.BuiltinOperator
  is_float = {}
  for graph in file.subgraphs:
    assert [graph.tensors[number].type for number in graph.outputs] == [float32]
    for operator in graph.operators:
      code = file.operatorCodes[operator.opcodeIndex]
      kind = max(code.builtinCode, code.deprecatedBuiltinCode)
      is_float.setdefault(kind, []).append(graph.tensors[operator.outputs[0]].type == float32)
  assert all(is_float[kinds.GATHER] + is_float[kinds.FLOOR] + is_float[kinds.MUL][-4:])
  # float32: the heatmaps of HeadNet and BodyNet, and the weighted sum of each rate.
  assert is_float[kinds.CONV_2D].count(True) == 2 + 2
  # int8: the first convolution of both networks, two in the block, the offsets of each rate.
  assert is_float[kinds.CONV_2D].count(False) == 2 + 2 + 2


def test_framewise_network_has_no_sampler(clips):
  model = Framewise(network("body_net"))
  assert "GATHER" not in convert.count_ops(converted(model, clips, quantization="int8"))


def test_samples_follow_the_recurrence(model, clips):
  calls = list(recurrent_samples(model, clips[:1], np.uint8))
  assert [name for name, _ in calls] == ["start"] + ["step"] * len(clips[0])
  runner = KerasPoseModel(model)
  heatmaps = runner.start(clips[0][0])
  for frame, (_, values) in zip(clips[0], calls[1:]):
    assert values["frame"].dtype == np.uint8
    np.testing.assert_array_equal(values["frame"][0], np.round(frame))
    np.testing.assert_array_equal(values["previous"][0], heatmaps)
    heatmaps = runner.step(frame, heatmaps)


def test_invalid_arguments(model):
  with pytest.raises(ValueError, match="Received: 'int4'"):
    convert.to_tflite(model, quantization="int4")
  with pytest.raises(ValueError, match="Received: qat"):
    convert.to_tflite(model, quantization="qat")
  for quantization, samples in (("int8", None), ("float16", list)):
    with pytest.raises(ValueError, match="only int8, requires samples"):
      convert.to_tflite(model, quantization=quantization, samples=samples)


def test_description(model, tmp_path):
  path = tmp_path / "net.tflite"
  path.write_bytes(convert.to_tflite(model))
  assert read_description(path) == {} and Tracker.from_preset(path).settings.margin == 1.25
  skeleton = {**to_dict(SKELETON), "name": "mine"}
  description = {"skeleton": skeleton, "frame": {"box_margin": 1.5}}
  add_description(path, description)
  assert read_description(path) == description
  # Any unzip program reads the description, and every runtime still reads the network.
  unzip = [sys.executable, "-m", "zipfile", "-e", path, tmp_path]
  subprocess.run(unzip, check=True, capture_output=True)
  assert json.loads((tmp_path / "ppn_tf.json").read_text()) == description
  assert set(tf.lite.Interpreter(str(path)).get_signature_list()) == {"start", "step"}
  tracker = Tracker.from_preset(path)
  assert (tracker.skeleton.name, tracker.settings.margin) == ("mine", 1.5)
  assert Tracker.from_preset(path, SKELETON, margin=2).skeleton is SKELETON
