"""Common interface of pose networks, and networks as TensorFlow Lite files.

Each of them computes the heatmaps of a first frame (`start`), and those of a frame given the
previous ones (`step`). `tensorflow_models` has the forms that run in TensorFlow.
"""

import abc
import os
import threading
from typing import Any, Dict, Mapping, Optional, Tuple, Union

import numpy as np

from ppn_tf.inference.tflite.metadata import parse_tracker_fields, read_description
from ppn_tf.keypoints.skeletons import Skeleton, find_skeleton
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.interpreter import interpreter_class

SIGNATURES = {"start": {"frame"}, "step": {"frame", "previous"}}


class PoseModel(abc.ABC):
  """Pose network for single frames.

  Attributes:
    image_size: (H, W) of the frames of `step` in pixels.
    heatmap_size: (h, w) of all heatmaps in cells.
    num_joints: K.
    skeleton: names and limbs of the joints; None if they are not stored with the model.
    margin: side of the crops for `step` over the longer side of the box, as in training; None if
      unknown.
    start_margin: as `margin`, for `start`; None if it is the same.
    steady_crops: whether the previous heatmaps must move along with the crop, see
      `moved_heatmaps`.
    restart_score: mean score below which a person is lost; None if unknown.
    refresh_after: seconds since HeadNet's last look at which its heatmaps refresh the previous
      ones; 0: never.
  """

  image_size: Tuple[int, int]
  heatmap_size: Tuple[int, int]
  num_joints: int
  skeleton: Optional[Skeleton] = None
  margin: Optional[float] = None
  start_margin: Optional[float] = None
  steady_crops: bool = False
  restart_score: Optional[float] = None
  refresh_after: float = 0.0
  _start_size: Optional[Tuple[int, int]] = None

  @property
  def start_size(self) -> Tuple[int, int]:
    """Returns (H, W) of the frames of `start` in pixels."""
    return self._start_size or self.image_size

  @property
  def stride(self) -> int:
    """Returns S, the pixels of a frame of `step` per heatmap cell."""
    return self.image_size[0] // self.heatmap_size[0]

  @property
  def start_stride(self) -> int:
    """Returns the pixels of a frame of `start` per heatmap cell."""
    return self.start_size[0] // self.heatmap_size[0]

  @abc.abstractmethod
  def start(self, frame: np.ndarray) -> np.ndarray:
    """Returns the initial heatmaps [h, w, K] of a frame [*start_size, 3] float32, 0..255."""

  @abc.abstractmethod
  def step(self, frame: np.ndarray, previous: np.ndarray) -> np.ndarray:
    """Returns the heatmaps [h, w, K] of a frame, given the previous ones [h, w, K]."""

  def final_and_preliminary(
    self, frame: np.ndarray, previous: np.ndarray
  ) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """Returns the heatmaps of `step`, and the preliminary ones if joints are read from both."""
    return self.step(frame, previous), None

  def take_flags(self, flags: Mapping[str, Any]) -> None:
    """Sets skeleton, margin and steady_crops from the flags of a training run."""
    self.skeleton = find_skeleton(flags["skeleton"])
    self.margin = flags["box_margin"]
    self.steady_crops = flags.get("steady_crops", False)  # missing in older runs

  def _set_sizes(self, frame_shape: Any, heatmaps_shape: Any) -> None:
    """Sets the sizes from shapes [B, H, W, 3] and [B, h, w, K]."""
    height, width, _ = (int(size) for size in frame_shape[1:])
    rows, columns, joints = (int(size) for size in heatmaps_shape[1:])
    self.image_size, self.heatmap_size = (height, width), (rows, columns)
    self.num_joints = joints


class ExportedPoseModel(PoseModel):
  """Exported network with the signatures `start` and `step`."""

  _readout: Optional[str] = None  # one of metadata.READOUTS, if known

  def start(self, frame: np.ndarray) -> np.ndarray:
    return self._run("start", frame=frame)["heatmaps"]

  def step(self, frame: np.ndarray, previous: np.ndarray) -> np.ndarray:
    return self.final_and_preliminary(frame, previous)[0]

  def final_and_preliminary(
    self, frame: np.ndarray, previous: np.ndarray
  ) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    outputs = self._run("step", frame=frame, previous=previous)
    is_present = self._readout != "answer"
    return outputs["heatmaps"], outputs.get("preliminary") if is_present else None

  def _set_start_size(self, path: Union[str, os.PathLike], frame_shape: Any) -> None:
    """Sets the size of the frames of `start` from their shape [B, H, W, 3]."""
    size = self._start_size = int(frame_shape[1]), int(frame_shape[2])
    if size != tuple(self.start_stride * length for length in self.heatmap_size):
      raise InputError(
        f"{path}: its signature 'start' takes frames of {size}, which {self.heatmap_size} cells do "
        "not divide. Export HeadNet with another size."
      )

  @abc.abstractmethod
  def _run(self, signature: str, **inputs: np.ndarray) -> Dict[str, np.ndarray]:
    """Runs a signature; inputs and outputs, by name, have no batch axis."""


class TFLitePoseModel(ExportedPoseModel):
  """TensorFlow Lite file with the signatures `start` and `step`, run on the CPU.

  Threads may share a model; they take turns, because an interpreter runs one input at a time.
  """

  def __init__(self, path: Union[str, os.PathLike], num_threads: int = 2, runtime: str = ""):
    """Loads a file.

    Args:
      path: a .tflite file.
      num_threads: CPU threads.
      runtime: one of `runtime.interpreter.RUNTIMES`; by default the first one installed.
    Raises:
      InputError: not an exported pose network.
    """
    try:
      self._interpreter = interpreter_class(runtime)(model_path=str(path), num_threads=num_threads)
      signatures = self._interpreter.get_signature_list()
    except (ValueError, RuntimeError) as error:
      raise InputError(
        f"{path}: not a TensorFlow Lite model. Give a file written by `{command('export tflite')}`."
      ) from error
    check_signatures(path, {name: set(parts["inputs"]) for name, parts in signatures.items()})
    self._lock = threading.Lock()
    self._runners = {name: self._interpreter.get_signature_runner(name) for name in SIGNATURES}
    step = self._runners["step"]
    outputs = step.get_output_details()
    if "heatmaps" not in outputs:
      raise InputError(
        f"{path}: its signature 'step' returns {sorted(outputs)} instead of 'heatmaps'. "
        f"Export it again with `{command('export tflite')}`."
      )
    self._set_sizes(step.get_input_details()["frame"]["shape"], outputs["heatmaps"]["shape"])
    self._set_start_size(path, self._runners["start"].get_input_details()["frame"]["shape"])
    description = read_description(path)
    if description:
      fields = parse_tracker_fields(path, description)
      self.skeleton, self.margin, self.steady_crops = fields[:3]
      self.start_margin, self.restart_score = fields.start_margin, fields.restart_score
      self.refresh_after = fields.refresh_after
      self._readout = fields.readout

  def _run(self, signature: str, **inputs: np.ndarray) -> Dict[str, np.ndarray]:
    runner = self._runners[signature]
    details = runner.get_input_details()
    feeds = {name: _to_tensor(value[None], details[name]) for name, value in inputs.items()}
    details = runner.get_output_details()
    with self._lock:
      outputs = runner(**feeds)
    return {name: _from_tensor(value, details[name])[0] for name, value in outputs.items()}


def check_signatures(path: Union[str, os.PathLike], inputs: Mapping[str, set]) -> None:
  """Checks that an exported network has the signatures `start` and `step`.

  Args:
    path: the network, for the error message.
    inputs: names of the inputs by signature.
  Raises:
    InputError: it has not.
  """
  for name, expected in SIGNATURES.items():
    if inputs.get(name) != expected:
      received = {key: sorted(value) for key, value in inputs.items()}
      raise InputError(
        f"{path}: no signature '{name}' with inputs {sorted(expected)}. Received: {received}. "
        f"Give a model written by `{command('export tflite')}` or `export saved_model`."
      )


def _to_tensor(value: np.ndarray, details: dict) -> np.ndarray:
  """Converts float values to the dtype of a model's input, quantizing them for integers."""
  dtype = details["dtype"]
  if np.issubdtype(dtype, np.floating):
    return value.astype(dtype)
  scale, zero_point = details["quantization"]
  limits = np.iinfo(dtype)
  quantized = np.round(value / (scale or 1.0)) + zero_point
  return np.clip(quantized, limits.min, limits.max).astype(dtype)


def _from_tensor(value: np.ndarray, details: dict) -> np.ndarray:
  """Converts an output of a model to float32."""
  if np.issubdtype(value.dtype, np.floating):
    return value.astype(np.float32)
  scale, zero_point = details["quantization"]
  return ((value.astype(np.float32) - zero_point) * (scale or 1.0)).astype(np.float32)
