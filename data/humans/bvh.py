"""Motion capture in Biovision's BVH format: reading, and forward kinematics."""

import pathlib
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ppn_tf.runtime.errors import InputError

_AXES = "XYZ"


class Capture(NamedTuple):
  """Skeleton and recorded channels.

  Attributes:
    names: names of J joints, parents first.
    parents: numbers of the parents; -1 for a root.
    offsets: [J, 3], positions relative to the parents.
    channels: names of each joint's channels, in the order of the columns of `values`.
    values: [N, C], positions, and angles in degrees.
    step: seconds between frames.
  """

  names: Tuple[str, ...]
  parents: Tuple[int, ...]
  offsets: np.ndarray
  channels: Tuple[Tuple[str, ...], ...]
  values: np.ndarray
  step: float


def read_capture(path: pathlib.Path) -> Capture:
  """Reads a .bvh file, or an .npz file with the fields of `Capture`.

  Raises:
    InputError: the file has another format.
  """
  try:
    return _read_npz(path) if path.suffix == ".npz" else _read_bvh(path)
  except (OSError, ValueError, KeyError, IndexError) as error:
    raise InputError(f"{path}: is no motion in BVH format ({error}). Remove it.") from error


def _read_npz(path: pathlib.Path) -> Capture:
  with np.load(path) as fields:
    return Capture(
      tuple(map(str, fields["names"])),
      tuple(map(int, fields["parents"])),
      fields["offsets"].astype(np.float64),
      tuple(tuple(str(text).split()) for text in fields["channels"]),
      fields["data"].astype(np.float64),
      float(fields["dt"]),
    )


def _read_bvh(path: pathlib.Path) -> Capture:
  hierarchy, motion = path.read_text(encoding="utf-8", errors="ignore").split("MOTION")
  names: List[str] = []
  parents: List[int] = []
  offsets: List[List[float]] = []
  channels: List[Tuple[str, ...]] = []
  stack: List[int] = []  # open joints; -1 for the end of a limb, which has no channels
  joint = -1
  for line in hierarchy.splitlines():
    words = line.split()
    key = words[0] if words else ""
    if key in ("ROOT", "JOINT"):
      joint = len(names)
      names.append(words[1])
      parents.append(stack[-1] if stack else -1)
      offsets.append([0.0, 0.0, 0.0])
      channels.append(())
    elif key == "End":
      joint = -1
    elif key == "{":
      stack.append(joint)
    elif key == "}":
      stack.pop()
    elif key == "OFFSET" and joint >= 0:
      offsets[joint] = [float(word) for word in words[1:4]]
    elif key == "CHANNELS" and joint >= 0:
      channels[joint] = tuple(words[2:])
  lines = motion.strip().splitlines()
  count = sum(map(len, channels))
  if not count:
    raise ValueError("no channels")
  values = np.array(" ".join(lines[2:]).split(), np.float64)
  rows = values[: len(values) // count * count].reshape(-1, count)
  step = float(lines[1].split(":")[1])
  return Capture(tuple(names), tuple(parents), np.array(offsets), tuple(channels), rows, step)


def rotate_axis(axis: str, degrees: np.ndarray) -> np.ndarray:
  """Computes rotations [N, 3, 3] about "X", "Y" or "Z" by angles [N]."""
  angle = np.deg2rad(degrees)
  rotations = np.zeros((len(angle), 3, 3))
  i = _AXES.index(axis)
  j, k = (i + 1) % 3, (i + 2) % 3
  rotations[:, i, i] = 1
  rotations[:, j, j] = rotations[:, k, k] = np.cos(angle)
  rotations[:, k, j] = np.sin(angle)
  rotations[:, j, k] = -rotations[:, k, j]
  return rotations


def compute_poses(capture: Capture, values: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
  """Computes forward kinematics: a joint's rotation follows its parent's.

  Args:
    capture: the skeleton.
    values: [N, C], channels of N frames.
  Returns:
    Global rotations [N, J, 3, 3] and global positions [N, J, 3].
  """
  count, joints = len(values), len(capture.names)
  rotations, positions = np.zeros((count, joints, 3, 3)), np.zeros((count, joints, 3))
  column = 0
  for joint in range(joints):
    names = capture.channels[joint]
    rotation, place = _read_channels(names, values[:, column : column + len(names)])
    column += len(names)
    if place is None:
      place = np.broadcast_to(capture.offsets[joint], (count, 3))
    parent = capture.parents[joint]
    if parent < 0:
      rotations[:, joint], positions[:, joint] = rotation, place
    else:
      rotations[:, joint] = rotations[:, parent] @ rotation
      moved = np.einsum("nab,nb->na", rotations[:, parent], place)
      positions[:, joint] = positions[:, parent] + moved
  return rotations, positions


def _read_channels(
  names: Sequence[str], values: np.ndarray
) -> Tuple[np.ndarray, Optional[np.ndarray]]:
  """Returns local rotations [N, 3, 3], and positions [N, 3] or None without such channels."""
  rotation = np.broadcast_to(np.eye(3), (len(values), 3, 3))
  place: Optional[np.ndarray] = None
  for name, column in zip(names, values.T):
    if name.endswith("position"):
      if place is None:
        place = np.zeros((len(values), 3))
      place[:, _AXES.index(name[0])] = column
    else:
      rotation = rotation @ rotate_axis(name[0], column)
  return rotation, place
