"""What an exported network offers: the signatures `start` and `step`.

start(frame) gives the heatmaps that begin a clip; step(frame, previous) those
of a frame, given the ones before. Clients start with frame 1 and then step
through all frames, frame 1 included. Frames are [B, H, W, 3] float32, 0..255;
heatmaps [B, H/S, W/S, K] float32.
"""

import collections
import contextlib
import os
import pathlib
import tempfile
from typing import Dict, Iterator, Optional, Union

import numpy as np

from ppn_tf.models.ppn import Framewise, check_steps_alone
from ppn_tf.outputs import complete_or_absent
from ppn_tf.tracking.pose_models import KerasPoseModel, PoseModel

import tensorflow as tf

Path = Union[str, os.PathLike]


class Served(tf.Module):
  """A network behind its two signatures.

  It holds the variables and the two graphs alone: were the Keras models
  attributes, saving would trace each of their layers as well, several times.

  Attributes:
    functions: concrete functions by name.

  Raises:
    InputError: its poses are propagated from the first frame, not from the last.
  """

  def __init__(self, model: Framewise, batch_size: Optional[int] = None):
    super().__init__(name="served")
    check_steps_alone(model)
    self._weights = [v for network in model.networks for v in network.variables]
    frame = tf.TensorSpec([batch_size, *model.image_size, 3], tf.float32, "frame")
    previous = tf.TensorSpec(
      [batch_size, *model.heatmap_size, model.num_joints], tf.float32, "previous"
    )

    @tf.function(input_signature=[frame])
    def start(frame: tf.Tensor) -> Dict[str, tf.Tensor]:
      return {"heatmaps": model.start(frame)}

    @tf.function(input_signature=[frame, previous])
    def step(frame: tf.Tensor, previous: tf.Tensor) -> Dict[str, tf.Tensor]:
      return {"heatmaps": model.step(frame, previous)}

    self.functions = {
      "start": start.get_concrete_function(),
      "step": step.get_concrete_function(),
    }


def write_saved_model(model: Framewise, path: Path, batch_size: Optional[int] = None) -> None:
  """Writes a SavedModel folder that loads without this package.

  Args:
    model: the network.
    path: the folder; it appears when it is complete.
    batch_size: B, or None to leave it open.
  """
  served = Served(model, batch_size)
  with complete_or_absent(path) as partial:
    tf.saved_model.save(served, os.fspath(partial), signatures=served.functions)


def to_tflite(model: Framewise) -> bytes:
  """Converts a network to a float32 .tflite of batch 1, in builtin ops only.

  Both signatures are in the one file and share their weights.
  """
  with tempfile.TemporaryDirectory() as folder:
    write_saved_model(model, pathlib.Path(folder) / "model", batch_size=1)
    converter = tf.lite.TFLiteConverter.from_saved_model(
      os.path.join(folder, "model"), signature_keys=["start", "step"]
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    with _silent_converter():
      return converter.convert()


@contextlib.contextmanager
def _silent_converter() -> Iterator[None]:
  """Keeps the converter's statistics, which C++ prints, off the terminal.

  Should it fail, its exception has the reasons.
  """
  saved = os.dup(2)
  with open(os.devnull, "w") as nowhere:
    os.dup2(nowhere.fileno(), 2)
    try:
      yield
    finally:
      os.dup2(saved, 2)
      os.close(saved)


def tflite_ops(content: bytes) -> Dict[str, int]:
  """How often each op occurs in a .tflite, over all its subgraphs.

  A custom or Flex op, which needs more than the plain runtime, stands there
  under its own name with the prefix "custom:".
  """
  from tensorflow.lite.python import schema_py_generated as schema

  names = {
    code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")
  }
  file = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
  counts: Dict[str, int] = collections.Counter()
  for graph in file.subgraphs:
    for operator in graph.operators:
      code = file.operatorCodes[operator.opcodeIndex]
      if code.customCode:
        counts[f"custom:{code.customCode.decode()}"] += 1
      else:
        counts[names[max(code.builtinCode, code.deprecatedBuiltinCode)]] += 1
  return dict(counts)


def recurrent_difference(model: Framewise, other: PoseModel, frames: np.ndarray) -> float:
  """The largest difference of two networks' heatmaps over a clip, each fed its own.

  Args:
    model: the network.
    other: the same network in another form.
    frames: [T, H, W, 3] float32, 0..255.
  """
  reference = KerasPoseModel(model)
  largest, states = 0.0, None
  for frame in frames:
    if states is None:
      states = [one.start(frame) for one in (reference, other)]
      largest = float(np.max(np.abs(states[0] - states[1])))
    states = [one.step(frame, state) for one, state in zip((reference, other), states)]
    largest = max(largest, float(np.max(np.abs(states[0] - states[1]))))
  return largest
