"""PyTorch twin of the training step, in a separate process with a line protocol."""

import json
import os
import pathlib
import subprocess
from typing import Any, Dict, Mapping, Optional

import numpy as np

from ppn_tf.keypoints import skeletons
from ppn_tf.models.pose_net import upsampling_widths
from ppn_tf.models.ppn import Framewise
from ppn_tf.models.quantize_aware import weights_by_name
from ppn_tf.runtime.errors import InputError

import tensorflow as tf

# Flags that the twin reads unchanged.
_SHARED = (
  *("head_backbone", "body_backbone", "ppu_width", "ppu_blocks", "batch_norm_momentum"),
  *("sigma", "learning_rate", "num_steps", "weight_decay"),
)
ROOT = pathlib.Path(__file__).parents[1]


def hand_over(
  model: Framewise,
  batch: Mapping[str, tf.Tensor],
  settings: Mapping[str, Any],
  folder: pathlib.Path,
) -> None:
  """Writes the input files of `pytorch_twin.serve`.

  Args:
    model: a PPN with DUC, mean over dilation rates, skip connection and chained propagation.
    batch: a batch of `pipeline.training_batches`.
    settings: values by flag name, as in flags.json.
    folder: folder to write to.
  """
  arrays = {
    f"{network.name}/{layer.name}/{name}": variable.numpy()
    for network in model.networks
    for layer in network.layers
    for name, variable in weights_by_name(layer).items()
  }
  np.savez(folder / "weights.npz", **arrays)
  np.savez(folder / "batch.npz", **{k: v.numpy() for k, v in batch.items() if k != "clip"})
  widths = {
    f"{part}_widths": upsampling_widths(settings[f"{part}_backbone"], "duc")
    for part in ("head", "body")
  }
  twins = {
    **{name: settings[name] for name in _SHARED},
    **widths,
    "num_joints": skeletons.find_skeleton(settings["skeleton"]).num_joints,
    "dilations": [int(rate) for rate in settings["dilations"]],
    "threads": len(os.sched_getaffinity(0)),
  }
  (folder / "settings.json").write_text(json.dumps(twins))


def check_torch(python: str) -> None:
  """Checks that a Python has PyTorch.

  Raises:
    InputError: `python` cannot be run, or cannot import torch.
  """
  try:
    completed = subprocess.run([python, "-c", "import torch"], capture_output=True, text=True)
  except OSError as error:
    raise InputError(f"{python}: cannot be run ({error.strerror}). Name a Python.") from error
  if completed.returncode:
    raise InputError(
      f"{python}: cannot import torch. Install benchmarks/pytorch_twin/requirements.txt as it says."
    )


class TwinProcess:
  """Process of the twin, started from the files of `hand_over`; a context that ends it.

  Attributes:
    parameters: number of parameters, including moving statistics.
    version: version of PyTorch.
    threads: number of CPU threads.
  """

  def __init__(
    self, python: str, folder: pathlib.Path, environment: Optional[Mapping[str, str]] = None
  ):
    self._folder = folder
    self._process = subprocess.Popen(
      [python, "-m", "benchmarks.pytorch_twin.serve", str(folder)],
      cwd=ROOT,
      env={**os.environ, **(environment or {})},
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      text=True,
    )
    try:
      about = self._ask("about")
    except BaseException:
      self.close()
      raise
    self.parameters, self.version, self.threads = (
      about[name] for name in ("parameters", "version", "threads")
    )

  def __enter__(self) -> "TwinProcess":
    return self

  def __exit__(self, *error: object) -> None:
    self.close()

  def close(self) -> None:
    self._process.kill()
    self._process.communicate()

  def _ask(self, *question: str) -> Dict[str, Any]:
    assert self._process.stdin and self._process.stdout
    self._process.stdin.write(" ".join(question) + "\n")
    self._process.stdin.flush()
    line = self._process.stdout.readline()
    if not line:
      raise RuntimeError(f"the PyTorch twin ended, with code {self._process.wait()}")
    return json.loads(line)

  def choose_fastest(self) -> str:
    """Chooses the fastest settings, also for later twins; returns their description."""
    way = memory_format, fused = self._ask("fastest")["way"]
    path = self._folder / "settings.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "way": way}))
    return f"{memory_format}, {'fused' if fused else 'plain'} Adam"

  def step(self) -> Dict[str, float]:
    """Runs a training step; returns its `seconds` and `loss`."""
    return self._ask("step")

  def memory(self) -> int:
    """Measures the peak memory of a step, in bytes above that before it."""
    return int(self._ask("memory")["bytes"])

  def heatmaps(self, path: pathlib.Path) -> Dict[str, np.ndarray]:
    """Returns loss, gradient_norm, initial [B, h, w, K] and final [B, T, h, w, K]."""
    self._ask("heatmaps", str(path))
    with np.load(path) as arrays:
      return dict(arrays)
