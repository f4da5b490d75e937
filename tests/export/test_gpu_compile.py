"""Tests of .tflite files run only on a GPU; some require Vulkan, which Debian's chromium has."""

import subprocess

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
  """Builds a PPN with more than two dilation rates, and offsets of several cells."""
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


def test_no_result_without_vulkan(monkeypatch, tmp_path):
  monkeypatch.delenv("VK_ICD_FILENAMES", raising=False)
  monkeypatch.setattr(gpu_compile, "_DRIVERS", ())
  monkeypatch.setattr(gpu_compile, "_SWIFTSHADER", tmp_path / "no.json")
  assert gpu_compile.compile_strictly(tmp_path / "net.tflite") is None
  assert describe_compiled(None) == "no Vulkan here"


@pytest.fixture(name="drivers")
def fixture_drivers(monkeypatch, tmp_path):
  """Provides an empty folder of system drivers, and a description of SwiftShader."""
  monkeypatch.delenv("VK_ICD_FILENAMES", raising=False)
  monkeypatch.setenv("LD_LIBRARY_PATH", "/a")
  folder = tmp_path / "icd.d"
  folder.mkdir()
  monkeypatch.setattr(gpu_compile, "_DRIVERS", (folder,))
  (tmp_path / "swift.json").write_text("{}")
  monkeypatch.setattr(gpu_compile, "_SWIFTSHADER", tmp_path / "swift.json")
  return folder


def test_swiftshader_is_tried_after_system_drivers(drivers, monkeypatch):
  swiftshader = {
    "VK_ICD_FILENAMES": f"{drivers.parent}/swift.json",
    "LD_LIBRARY_PATH": f"{drivers.parent}:/a",
  }
  assert gpu_compile.find_drivers() == [swiftshader]
  (drivers / "gpu.json").write_text("{}")
  assert gpu_compile.find_drivers() == [{}, swiftshader]
  monkeypatch.setenv("VK_ICD_FILENAMES", "own.json")
  assert gpu_compile.find_drivers() == [{}]


# LiteRT 2.3.0's log with Mesa's drivers on a machine without a GPU, shortened.
NO_ADAPTER = """\
error: XDG_RUNTIME_DIR is invalid or not set in the environment.
ERROR: [delegate_webgpu.cc:359] Failed to initialize WebGPU environment: INTERNAL: No adapters found
RuntimeError: ERROR: [./litert/cc/litert_compiled_model.h:1961]
INFO: [accelerator_registry.cc:43] DestroyAccelerator: ptr=0x55fc018d5310, name=CpuAccelerator
"""
FAILED = NO_ADAPTER.replace("Failed to initialize WebGPU environment", "Failed to build kernels")


@pytest.mark.parametrize(
  ("logs", "expected"),
  [
    ([NO_ADAPTER, '{"difference": 0.5}'], gpu_compile.Compiled("", 0.5)),
    ([NO_ADAPTER, NO_ADAPTER], None),
    ([FAILED], gpu_compile.Compiled("Failed to build kernels: INTERNAL: No adapters found")),
    (
      [NO_ADAPTER, FAILED],
      gpu_compile.Compiled("Failed to build kernels: INTERNAL: No adapters found"),
    ),
  ],
)
def test_driver_without_a_device_is_left_out(drivers, monkeypatch, logs, expected):
  (drivers / "gpu.json").write_text("{}")
  remaining = list(logs)

  def run(command, **options):
    log = remaining.pop(0)
    works = log.startswith("{")
    return subprocess.CompletedProcess(command, int(not works), log * works, log * (not works))

  monkeypatch.setattr(subprocess, "run", run)
  assert gpu_compile.compile_strictly("net.tflite") == expected
  assert not remaining


def test_reason_is_the_op_named_by_litert():
  gather = "GATHER: Only support 1D indices"
  log = f"INFO: hello\n{gather}\n{gather}\nlast words\n"
  assert gpu_compile._find_reason(log) == gather
  assert gpu_compile._find_reason("INFO: hello\nlast words\n") == "last words"
  assert describe_compiled(gpu_compile.Compiled("", 2.4e-7)) == "all of it, 2e-07 off"
