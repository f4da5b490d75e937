"""Tests of files on a GPU alone; some are skipped without Vulkan, which Debian's chromium has."""

import numpy as np
import pytest

from export import gpu_compile
from export.forms import describe_compiled, gpu_compatibility
from ppn_tf.inference.tflite import convert
from ppn_tf.models.ppn import PPN
from ppn_tf.models.ppu import ppu
from tests.inference.tflite.test_convert import CELLS, JOINTS, network

import tensorflow as tf


@pytest.fixture(name="model", scope="module")
def fixture_model():
  """Builds a PPN with more than two dilation rates, and offsets of some cells."""
  tf.keras.utils.set_random_seed(0)
  unit = ppu(CELLS, JOINTS, num_blocks=1, dilations=(1, 2, 3), initial_gain=0.5)
  rng = np.random.default_rng(0)
  for layer in unit.layers:
    if layer.name.startswith("offsets_"):
      layer.kernel.assign(rng.normal(0, 0.3, layer.kernel.shape))
  return PPN(network("head_net"), network("body_net"), unit)


@pytest.mark.parametrize("sampler", ["exact", "table"])
@pytest.mark.parametrize("quantization", ["none", "float16"])
def test_gpu_runs_the_whole_file(model, tmp_path, sampler, quantization):
  path = tmp_path / "net.tflite"
  path.write_bytes(convert.to_tflite(model, sampler, quantization))
  if quantization == "none":
    assert gpu_compatibility(path.read_bytes()) == "compatible"
  compiled = gpu_compile.compile_strictly(path)
  if compiled is None:
    pytest.skip("no Vulkan here")
  assert compiled.reason == ""
  # With the table, a tap halfway between two cells may be rounded either way.
  assert compiled.difference < (1e-4 if sampler == "exact" else 0.05)


def test_unsupported_ops_are_named(tmp_path):
  """Converts sums of three maps, which GPUs do not support."""
  maps = tf.TensorSpec([1, 8, 8, 3], tf.float32, "frame")

  class Steps(tf.Module):
    @tf.function(input_signature=[maps])
    def start(self, frame):
      return {"heatmaps": tf.add_n([frame, 2 * frame, frame * frame])}

    @tf.function(input_signature=[maps, maps])
    def step(self, frame, previous):
      return {"heatmaps": tf.add_n([frame, previous, frame * previous])}

  steps, folder = Steps(), str(tmp_path / "saved")
  tf.saved_model.save(steps, folder, {"start": steps.start, "step": steps.step})
  path = tmp_path / "net.tflite"
  path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(folder).convert())
  compiled = gpu_compile.compile_strictly(path)
  if compiled is None:
    pytest.skip("no Vulkan here")
  assert "ADD_N" in compiled.reason


def test_without_vulkan_there_is_no_result(monkeypatch, tmp_path):
  monkeypatch.delenv("VK_ICD_FILENAMES", raising=False)
  monkeypatch.setattr(gpu_compile, "_DRIVERS", ())
  monkeypatch.setattr(gpu_compile, "_SWIFTSHADER", tmp_path / "no.json")
  assert gpu_compile.compile_strictly(tmp_path / "net.tflite") is None
  assert describe_compiled(None) == "no Vulkan here"


def test_swiftshader_is_found_without_a_driver(monkeypatch, tmp_path):
  monkeypatch.delenv("VK_ICD_FILENAMES", raising=False)
  monkeypatch.setenv("LD_LIBRARY_PATH", "/a")
  monkeypatch.setattr(gpu_compile, "_DRIVERS", (tmp_path / "icd.d",))
  icd = tmp_path / "swift.json"
  icd.write_text("{}")
  monkeypatch.setattr(gpu_compile, "_SWIFTSHADER", icd)
  variables = gpu_compile.find_vulkan()
  assert (variables["VK_ICD_FILENAMES"], variables["LD_LIBRARY_PATH"]) == (
    str(icd),
    f"{tmp_path}:/a",
  )
  (tmp_path / "icd.d").mkdir()
  (tmp_path / "icd.d" / "gpu.json").write_text("{}")
  assert "VK_ICD_FILENAMES" not in gpu_compile.find_vulkan()


def test_reasons_are_the_ops_that_litert_names():
  gather = "GATHER: Only support 1D indices"
  log = f"INFO: hello\n{gather}\n{gather}\nlast words\n"
  assert gpu_compile._find_reason(log) == gather
  assert gpu_compile._find_reason("INFO: hello\nlast words\n") == "last words"
  assert describe_compiled(gpu_compile.Compiled("", 2.4e-7)) == "all of it, 2e-07 off"
