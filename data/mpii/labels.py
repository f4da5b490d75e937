"""Label file of MPII Human Pose: people in its images, with Penn Action's joints."""

import dataclasses
import pathlib
from typing import Any, Iterator, List, Optional

import numpy as np

from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.runtime.errors import InputError

from ..builder.account import ClipError
from ..builder.mat_files import load_mat

# MPII's joint for each joint of Penn Action: head top for the head, then pairs
# with the person's right first.
PENN_FROM_MPII = (9, 12, 13, 11, 14, 10, 15, 2, 3, 1, 4, 0, 5)

# MATLAB counts pixels from 1.
ORIGIN = 1.0


@dataclasses.dataclass(frozen=True)
class Person:
  """Person in a training image of MPII.

  Attributes:
    image: file name of the image.
    number: number of the person in the image, from 1.
    video: video of the image.
    action: name of the activity; empty if unknown.
    keypoints: [13, 2] float64, (x, y) in 0-based pixels, in Penn Action's order; NaN without a
      label. Hidden joints with a label are included.
    center: [2] float64, (x, y) in 0-based pixels, or None.
    scale: height of the person divided by 200 pixels, or None.
  """

  image: str
  number: int
  video: str
  action: str
  keypoints: np.ndarray
  center: Optional[np.ndarray]
  scale: Optional[float]

  @property
  def name(self) -> str:
    return f"{pathlib.PurePath(self.image).stem}_{self.number}"


@dataclasses.dataclass(frozen=True)
class MpiiLabels:
  """Content of the label file.

  Attributes:
    people: people in the training images, with or without joints.
    num_test_images: number of test images, which have no labels.
  """

  people: List[Person]
  num_test_images: int


def read_people(path: pathlib.Path) -> MpiiLabels:
  """Reads mpii_human_pose_v1_u12_1.mat, about a minute for the whole data set.

  Raises:
    InputError: the file cannot be read or has other content.
  """
  try:
    release = load_mat(path, ("RELEASE",), "MPII's", struct_as_record=False, squeeze_me=True)
  except ClipError as error:
    raise InputError(f"{error} Expected MPII's mpii_human_pose_v1_u12_1.mat.") from error
  root = release["RELEASE"]
  images = _structs(getattr(root, "annolist", None))
  in_training = np.atleast_1d(getattr(root, "img_train", np.zeros(0)))
  if not images or len(in_training) != len(images):
    raise InputError(
      f"{path}: RELEASE has {len(images)} images in annolist and {len(in_training)} in img_train; "
      "expected equal numbers above 0. Download the file again from MPII's site."
    )
  acts = _structs(getattr(root, "act", None))
  people: List[Person] = []
  for index, image in enumerate(images):
    if in_training[index] == 1:
      action = _text(getattr(acts[index], "act_name", "")) if len(acts) == len(images) else ""
      people += _read_people(image, action)
  return MpiiLabels(people, int(np.sum(in_training != 1)))


def _read_people(image: Any, action: str) -> Iterator[Person]:
  """Yields the people in an entry of annolist."""
  name = _text(getattr(getattr(image, "image", None), "name", ""))
  video = _number(getattr(image, "vididx", None))
  for number, rect in enumerate(_structs(getattr(image, "annorect", None)), start=1):
    position = getattr(rect, "objpos", None)
    x, y = _number(getattr(position, "x", None)), _number(getattr(position, "y", None))
    yield Person(
      image=name,
      number=number,
      video=name if video is None else str(int(video)),
      action=action,
      keypoints=_joints(rect),
      center=None if x is None or y is None else np.array([x, y]) - ORIGIN,
      scale=_number(getattr(rect, "scale", None)),
    )


def _joints(rect: Any) -> np.ndarray:
  """Returns a person's joints [13, 2] in Penn Action's order, NaN for missing ones."""
  mpii = np.full((16, 2), np.nan)
  for point in _structs(getattr(getattr(rect, "annopoints", None), "point", None)):
    joint, x, y = (_number(getattr(point, field, None)) for field in ("id", "x", "y"))
    if joint is not None and x is not None and y is not None and 0 <= joint < len(mpii):
      mpii[int(joint)] = [x - ORIGIN, y - ORIGIN]
  assert len(PENN_FROM_MPII) == PENN_ACTION.num_joints
  return mpii[list(PENN_FROM_MPII)]


def _structs(value: Any) -> List[Any]:
  """Returns the structs of a MATLAB array, which scipy unwraps if there is only one."""
  return [item for item in np.atleast_1d(value) if hasattr(item, "_fieldnames")]


def _number(value: Any) -> Optional[float]:
  """Returns a finite number, or None for an empty field or anything else."""
  try:
    number = float(np.asarray(value, np.float64).reshape(()))
  except (TypeError, ValueError):
    return None
  return number if np.isfinite(number) else None


def _text(value: Any) -> str:
  return str(value) if isinstance(value, str) else ""
