"""Runs third-party pose networks on clips: MoveNet, BlazePose and EfficientPose.

Each processes single frames, in the same crops as a PPN.
"""

import dataclasses
import os
from typing import Any, Callable, Optional, Sequence, Tuple, Union

import numpy as np

from ppn_tf.evaluation.crop_networks import CropNetwork
from ppn_tf.keypoints.joint_maps import BLAZEPOSE_JOINTS, COCO_JOINTS
from ppn_tf.models.backbones import imagenet
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.interpreter import open_file

EFFICIENTPOSE_JOINTS: Tuple[str, ...] = tuple(
  (
    "head_top upper_neck right_shoulder right_elbow right_wrist thorax left_shoulder left_elbow "
    "left_wrist pelvis right_hip right_knee right_ankle left_hip left_knee left_ankle"
  ).split()
)
# 33 joints and 6 auxiliary points, each with x, y, z, visibility and presence.
BLAZEPOSE_POINTS = (39, 5)
IMAGENET_MEAN = np.array(imagenet.MEAN, np.float32)
IMAGENET_STD = np.array(imagenet.DEVIATION, np.float32)


@dataclasses.dataclass(frozen=True)
class Family:
  """Describes the input and output of a kind of network.

  Attributes:
    name: name of the networks.
    joint_names: J names.
    to_input: converts a crop [S, S, 3] float32, RGB 0..255, to the network's input.
    from_output: converts the output and S to [J, 3] float32: x, y in crop pixels, score.
  """

  name: str
  joint_names: Tuple[str, ...]
  to_input: Callable[[np.ndarray], np.ndarray]
  from_output: Callable[[np.ndarray, int], np.ndarray]


class ThirdPartyNetwork(CropNetwork):
  """Runs a third-party network on the CPU, with square crops."""

  def __init__(self, interpreter: Any, family: Family, output: int):
    self._interpreter, self._family, self._output = interpreter, family, output
    self._input = interpreter.get_input_details()[0]
    size = int(self._input["shape"][1])
    self.joint_names, self.image_size = family.joint_names, (size, size)

  def __call__(self, crop: np.ndarray, affine: np.ndarray, first: bool = True) -> np.ndarray:
    dtype = self._input["dtype"]
    image = self._family.to_input(crop)
    if np.issubdtype(dtype, np.integer):
      image = np.round(image)
    self._interpreter.set_tensor(self._input["index"], image[None].astype(dtype))
    self._interpreter.invoke()
    output = self._interpreter.get_tensor(self._output)
    return self._family.from_output(output, self.image_size[0])


def load_third_party(path: Union[str, os.PathLike], num_threads: int = 2) -> ThirdPartyNetwork:
  """Loads a third-party .tflite file, recognized by the shapes of its tensors.

  Args:
    path: MoveNet for single poses, a BlazePose landmark network, or EfficientPose.
    num_threads: number of CPU threads.
  Raises:
    InputError: If there is no such file, or it is none of these networks.
  """
  interpreter = open_file(path, num_threads)
  try:
    interpreter.allocate_tensors()
  except RuntimeError as error:
    raise InputError(f"{path}: cannot run ({str(error).splitlines()[0]}).") from error
  inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
  if len(inputs) == 1:
    for output in outputs:
      family = _recognize(inputs[0], output)
      if family is not None:
        return ThirdPartyNetwork(interpreter, family, output["index"])
  raise InputError(
    f"{path}: takes {_describe(inputs)} and gives {_describe(outputs)}, which is neither "
    "MoveNet for single poses nor BlazePose's landmarks nor EfficientPose. Give one of these, or "
    "score a folder of its predictions."
  )


def _recognize(source: dict, target: dict) -> Optional[Family]:
  """Returns the family of networks with such an input and output tensor."""
  shape, output = [list(map(int, tensor["shape"])) for tensor in (source, target)]
  size = shape[1] if len(shape) == 4 else 0
  if shape != [1, size, size, 3] or target["dtype"] != np.float32:
    return None
  if output == [1, 1, len(COCO_JOINTS), 3]:
    known = source["dtype"] in (np.int32, np.uint8, np.float32)
    return MOVENET if known else None
  if source["dtype"] != np.float32:
    return None
  if size == 256 and int(np.prod(output)) == int(np.prod(BLAZEPOSE_POINTS)):
    return BLAZEPOSE
  return EFFICIENTPOSE if output == [1, size, size, len(EFFICIENTPOSE_JOINTS)] else None


def _describe(tensors: Sequence[dict]) -> str:
  return ", ".join(
    f"{np.dtype(tensor['dtype']).name} {list(map(int, tensor['shape']))}" for tensor in tensors
  )


def _from_movenet(output: np.ndarray, size: int) -> np.ndarray:
  """Converts (y, x, score), with coordinates as a fraction of the crop from edge to edge."""
  y, x, score = output.reshape(-1, 3).T
  return np.stack([x * size - 0.5, y * size - 0.5, score], axis=-1)


def _from_blazepose(output: np.ndarray, size: int) -> np.ndarray:
  """Converts (x, y, z, visibility, presence), with coordinates in pixels from the crop's edge."""
  points = output.reshape(BLAZEPOSE_POINTS)[: len(BLAZEPOSE_JOINTS)]
  score = 0.5 + 0.5 * np.tanh(points[:, 3:].min(axis=-1) / 2.0)  # sigmoid without overflow
  return np.concatenate([points[:, :2] - 0.5, score[:, None]], axis=-1)


def _from_heatmaps(output: np.ndarray, size: int) -> np.ndarray:
  """Returns the highest pixel of each joint's map."""
  maps = output.reshape(size * size, -1)
  y, x = np.divmod(maps.argmax(axis=0), size)
  return np.stack([x, y, maps.max(axis=0)], axis=-1)


MOVENET = Family("MoveNet", COCO_JOINTS, lambda crop: crop, _from_movenet)
BLAZEPOSE = Family("BlazePose", BLAZEPOSE_JOINTS, lambda crop: crop / 255.0, _from_blazepose)
EFFICIENTPOSE = Family(
  "EfficientPose",
  EFFICIENTPOSE_JOINTS,
  lambda crop: (crop / 255.0 - IMAGENET_MEAN) / IMAGENET_STD,
  _from_heatmaps,
)
