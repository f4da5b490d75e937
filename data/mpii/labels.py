"""MPII Human Pose's one label file: the people of its images, as Penn Action's joints."""

import dataclasses
import pathlib
from typing import Any, Iterator, List, Optional

import numpy as np

from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.runtime.errors import InputError

from ..builder.account import ClipError
from ..builder.mat_files import load_mat

# MPII's joint for each of Penn Action's: its head top for the head, then the
# pairs with the person's right first.
PENN_FROM_MPII = (9, 12, 13, 11, 14, 10, 15, 2, 3, 1, 4, 0, 5)

# MATLAB counts pixels from 1.
ORIGIN = 1.0


@dataclasses.dataclass(frozen=True)
class Person:
  """A person in an image of MPII's training part.

  Attributes:
    image: the image's file name.
    number: the person's among the image's, from 1.
    video: the video from which the image was taken.
    action: the activity's name; empty if unknown.
    keypoints: [13, 2] float64 in Penn Action's order, 0-based; NaN where there
      is no label. Joints that are hidden but labelled are there.
    center: [2] float64, 0-based, or None.
    scale: the person's height over 200 pixels, or None.
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
  """What the label file holds.

  Attributes:
    people: those of the training part, with or without joints.
    num_test_images: images of the test part, which have no labels.
  """

  people: List[Person]
  num_test_images: int


def read_people(path: pathlib.Path) -> MpiiLabels:
  """Reads mpii_human_pose_v1_u12_1.mat; takes about a minute for the whole set.

  Raises:
    InputError: the file cannot be read or holds something else.
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
      "expected as many, and some. Get the file anew from MPII's site."
    )
  acts = _structs(getattr(root, "act", None))
  people: List[Person] = []
  for index, image in enumerate(images):
    if in_training[index] == 1:
      action = _text(getattr(acts[index], "act_name", "")) if len(acts) == len(images) else ""
      people += _people_of(image, action)
  return MpiiLabels(people, int(np.sum(in_training != 1)))


def _people_of(image: Any, action: str) -> Iterator[Person]:
  """Yields the people of an entry of annolist."""
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
  """[13, 2]: a person's joints in Penn Action's order, NaN for those that are not there."""
  mpii = np.full((16, 2), np.nan)
  for point in _structs(getattr(getattr(rect, "annopoints", None), "point", None)):
    joint, x, y = (_number(getattr(point, field, None)) for field in ("id", "x", "y"))
    if joint is not None and x is not None and y is not None and 0 <= joint < len(mpii):
      mpii[int(joint)] = [x - ORIGIN, y - ORIGIN]
  assert len(PENN_FROM_MPII) == PENN_ACTION.num_joints
  return mpii[list(PENN_FROM_MPII)]


def _structs(value: Any) -> List[Any]:
  """The structs of a MATLAB struct array, which scipy unwraps if there is but one."""
  return [one for one in np.atleast_1d(value) if hasattr(one, "_fieldnames")]


def _number(value: Any) -> Optional[float]:
  """A finite number; None of an empty field or of anything else."""
  try:
    number = float(np.asarray(value, np.float64).reshape(()))
  except (TypeError, ValueError):
    return None
  return number if np.isfinite(number) else None


def _text(value: Any) -> str:
  return str(value) if isinstance(value, str) else ""
