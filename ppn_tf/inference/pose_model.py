"""One interface to a pose network, whichever form it comes in.

Every form answers two questions: the heatmaps of a first frame (`start`) and
the heatmaps of a frame given those before it (`step`).
"""

import abc
import os
import pathlib
from typing import Any, Dict, Mapping, Optional, Tuple, Union

import numpy as np

from ppn_tf.inference.tflite.metadata import read_description
from ppn_tf.keypoints.skeletons import Skeleton, find_skeleton, from_dict
from ppn_tf.models.ppn import Framewise, check_steps_alone
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.interpreter import interpreter_class

import tensorflow as tf

SIGNATURES = {"start": {"frame"}, "step": {"frame", "previous"}}
# How joints are read: from the network's answer, as the paper does, or where the present frame
# alone says that the answer's peaks are, see `present_places`.
READOUTS = ("answer", "present")


class PoseModel(abc.ABC):
  """A pose network on single frames.

  Attributes:
    image_size: (H, W) of its frames in pixels.
    heatmap_size: (h, w) of its heatmaps in cells.
    num_joints: K.
    skeleton: the joints, where the form says so itself.
    margin: of the crops that it was trained on, where it says so: their side
      over the box's longer side.
    steady_crops: whether it wants its previous heatmaps moved along with the crop, see
      `moved_heatmaps`.
    restart_score: mean score below which it has lost a person, where it is known.
  """

  image_size: Tuple[int, int]
  heatmap_size: Tuple[int, int]
  num_joints: int
  skeleton: Optional[Skeleton] = None
  margin: Optional[float] = None
  steady_crops: bool = False
  restart_score: Optional[float] = None

  @property
  def stride(self) -> int:
    """S: pixels per heatmap cell."""
    return self.image_size[0] // self.heatmap_size[0]

  @abc.abstractmethod
  def start(self, frame: np.ndarray) -> np.ndarray:
    """Initial heatmaps [h, w, K] of a frame [H, W, 3] float32, 0..255."""

  @abc.abstractmethod
  def step(self, frame: np.ndarray, previous: np.ndarray) -> np.ndarray:
    """Heatmaps [h, w, K] of a frame, given the previous ones [h, w, K]."""

  def final_and_preliminary(
    self, frame: np.ndarray, previous: np.ndarray
  ) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    """`step`'s heatmaps and, where joints are to be read by the present frame, BodyNet's."""
    return self.step(frame, previous), None

  def take_flags(self, flags: Mapping[str, Any]) -> None:
    """Takes the joints and the crops from the flags of the run that trained the network."""
    self.skeleton = find_skeleton(flags["skeleton"])
    self.margin = flags["box_margin"]
    self.steady_crops = flags.get("steady_crops", False)  # runs of before had none

  def _set_sizes(self, frame_shape: Any, heatmaps_shape: Any) -> None:
    """Takes the sizes from [B, H, W, 3] and [B, h, w, K], B open or not."""
    height, width, _ = (int(size) for size in frame_shape[1:])
    rows, columns, joints = (int(size) for size in heatmaps_shape[1:])
    self.image_size, self.heatmap_size = (height, width), (rows, columns)
    self.num_joints = joints


class _ExportedPoseModel(PoseModel):
  """A file or folder with the signatures `start` and `step`."""

  def start(self, frame: np.ndarray) -> np.ndarray:
    return self._run("start", frame=frame)["heatmaps"]

  def step(self, frame: np.ndarray, previous: np.ndarray) -> np.ndarray:
    return self.final_and_preliminary(frame, previous)[0]

  def final_and_preliminary(
    self, frame: np.ndarray, previous: np.ndarray
  ) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    found = self._run("step", frame=frame, previous=previous)
    return found["heatmaps"], found.get("preliminary")

  @abc.abstractmethod
  def _run(self, signature: str, **inputs: np.ndarray) -> Dict[str, np.ndarray]:
    """A signature's outputs by name; all without the batch's axis."""


class TFLitePoseModel(_ExportedPoseModel):
  """A .tflite file with the signatures `start` and `step`, on the CPU."""

  def __init__(self, path: Union[str, os.PathLike], num_threads: int = 2, runtime: str = ""):
    """Loads a file into a runtime, of interpreters.RUNTIMES; by default the first there is."""
    try:
      self._interpreter = interpreter_class(runtime)(model_path=str(path), num_threads=num_threads)
      signatures = self._interpreter.get_signature_list()
    except (ValueError, RuntimeError) as error:
      raise InputError(
        f"{path}: not a TensorFlow Lite model. Give a file written by `{command('export tflite')}`."
      ) from error
    _check_signatures(path, {name: set(parts["inputs"]) for name, parts in signatures.items()})
    self._runners = {name: self._interpreter.get_signature_runner(name) for name in SIGNATURES}
    step = self._runners["step"]
    outputs = step.get_output_details()
    if "heatmaps" not in outputs:
      raise InputError(
        f"{path}: its signature 'step' gives {sorted(outputs)} where 'heatmaps' was expected. "
        f"Export it anew with `{command('export tflite')}`."
      )
    self._set_sizes(step.get_input_details()["frame"]["shape"], outputs["heatmaps"]["shape"])
    description = read_description(path)
    if description:
      self.skeleton = from_dict(description["skeleton"])
      self.margin = description["frame"]["box_margin"]
      self.steady_crops = description["frame"].get("steady_crops", False)

  def _run(self, signature: str, **inputs: np.ndarray) -> Dict[str, np.ndarray]:
    runner = self._runners[signature]
    details = runner.get_input_details()
    feeds = {name: _to_tensor(value[None], details[name]) for name, value in inputs.items()}
    details = runner.get_output_details()
    return {name: _from_tensor(value, details[name])[0] for name, value in runner(**feeds).items()}


class SavedModelPoseModel(_ExportedPoseModel):
  """A SavedModel folder with the signatures `start` and `step`, or one of its versions."""

  def __init__(self, path: Union[str, os.PathLike]):
    try:
      self._loaded = tf.saved_model.load(str(_newest_version(pathlib.Path(path))))
    except (OSError, ValueError) as error:
      raise InputError(
        f"{path}: not a SavedModel. Give a folder written by `{command('export saved_model')}`."
      ) from error
    self._signatures = dict(self._loaded.signatures)
    inputs = {
      name: set(function.structured_input_signature[1])
      for name, function in self._signatures.items()
    }
    _check_signatures(path, inputs)
    step = self._signatures["step"]
    frame = step.structured_input_signature[1]["frame"]
    self._set_sizes(frame.shape, step.structured_outputs["heatmaps"].shape)

  def _run(self, signature: str, **inputs: np.ndarray) -> Dict[str, np.ndarray]:
    feeds = {name: tf.constant(value[None], tf.float32) for name, value in inputs.items()}
    found = self._signatures[signature](**feeds)
    return {name: value[0].numpy() for name, value in found.items()}


class KerasPoseModel(PoseModel):
  """A PPN or Framewise as it is in memory, compiled once."""

  def __init__(self, model: Framewise, readout: str = "answer"):
    """Takes a network, and how its joints are to be read, of READOUTS."""
    check_steps_alone(model)
    self._model = model
    frame = tf.TensorSpec([1, *model.image_size, 3], tf.float32)
    heatmaps = tf.TensorSpec([1, *model.heatmap_size, model.num_joints], tf.float32)
    self._set_sizes(frame.shape, heatmaps.shape)
    self._start = tf.function(lambda frame: model.start(frame), input_signature=[frame])

    def step(frame: tf.Tensor, previous: tf.Tensor) -> Tuple[tf.Tensor, Optional[tf.Tensor]]:
      if readout == "answer":
        return model.step(frame, previous), None
      return model.final_and_preliminary(frame, previous)

    self._step = tf.function(step, input_signature=[frame, heatmaps])

  def start(self, frame: np.ndarray) -> np.ndarray:
    return self._start(tf.constant(frame[None], tf.float32))[0].numpy()

  def step(self, frame: np.ndarray, previous: np.ndarray) -> np.ndarray:
    return self.final_and_preliminary(frame, previous)[0]

  def final_and_preliminary(
    self, frame: np.ndarray, previous: np.ndarray
  ) -> Tuple[np.ndarray, Optional[np.ndarray]]:
    feeds = tf.constant(frame[None], tf.float32), tf.constant(previous[None], tf.float32)
    final, preliminary = self._step(*feeds)
    return final[0].numpy(), None if preliminary is None else preliminary[0].numpy()


def load_pose_model(path: Union[str, os.PathLike], num_threads: int = 2) -> PoseModel:
  """Loads a .tflite file or a SavedModel folder.

  Args:
    path: the file or folder.
    num_threads: CPU threads of a .tflite model.
  Raises:
    InputError: nothing is there, or it is no exported pose network.
  """
  path = pathlib.Path(path)
  if path.is_dir():
    return SavedModelPoseModel(path)
  if not path.exists():
    raise InputError(f"{path}: no such model. Give a .tflite file or a SavedModel folder.")
  return TFLitePoseModel(path, num_threads)


def _newest_version(path: pathlib.Path) -> pathlib.Path:
  """The folder itself, or the one in it with the highest number."""
  versions = [one for one in path.iterdir() if one.is_dir() and one.name.isdigit()]
  return max(versions, key=lambda one: int(one.name), default=path)


def _check_signatures(path: Union[str, os.PathLike], inputs: dict) -> None:
  for name, expected in SIGNATURES.items():
    if inputs.get(name) != expected:
      received = {key: sorted(value) for key, value in inputs.items()}
      raise InputError(
        f"{path}: needs a signature '{name}' with inputs {sorted(expected)}, has {received}. "
        "Give a model written by this project's export."
      )


def _to_tensor(value: np.ndarray, details: dict) -> np.ndarray:
  """Float values as a model's input wants them: float32, or quantized integers."""
  dtype = details["dtype"]
  if np.issubdtype(dtype, np.floating):
    return value.astype(dtype)
  scale, zero_point = details["quantization"]
  limits = np.iinfo(dtype)
  quantized = np.round(value / (scale or 1.0)) + zero_point
  return np.clip(quantized, limits.min, limits.max).astype(dtype)


def _from_tensor(value: np.ndarray, details: dict) -> np.ndarray:
  """A model's output as float32."""
  if np.issubdtype(value.dtype, np.floating):
    return value.astype(np.float32)
  scale, zero_point = details["quantization"]
  return ((value.astype(np.float32) - zero_point) * (scale or 1.0)).astype(np.float32)
