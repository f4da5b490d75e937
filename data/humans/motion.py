"""Takes of motion capture: rotations relative to the actor's T-pose, at any times."""

import dataclasses
import pathlib
from typing import Dict, Tuple

import numpy as np
from scipy.spatial.transform import Rotation

from ppn_tf.runtime.errors import InputError

from . import rotations
from .bvh import Capture, compute_poses, read_capture

SIDES = ("left", "right")
TRUNK = ("waist", "chest", "upper_chest", "neck", "head")
ARM = ("collar", "upper_arm", "forearm", "hand", "finger")
LEG = ("thigh", "shank", "foot", "toe")
_MAX_RATE = 60.0  # frames per second that are kept of a recording
_FLOOR_PERCENTILE = 3
# The skeleton of iClone's recordings has no useful zero pose; this one starts with a T-pose.
_ICLONE_T_POSE = "007_05"

# Names of joints in recordings: {s} is L or Left, R or Right.
_ICLONE = {
  "hips": "CC_Base_Hip",
  "waist": "CC_Base_Waist",
  "chest": "CC_Base_Spine01",
  "upper_chest": "CC_Base_Spine02",
  "neck": "CC_Base_NeckTwist01",
  "head": "CC_Base_Head",
  "collar": "CC_Base_{0}_Clavicle",
  "upper_arm": "CC_Base_{0}_Upperarm",
  "forearm": "CC_Base_{0}_Forearm",
  "hand": "CC_Base_{0}_Hand",
  "finger": "CC_Base_{0}_Mid1",
  "thigh": "CC_Base_{0}_Thigh",
  "shank": "CC_Base_{0}_Calf",
  "foot": "CC_Base_{0}_Foot",
  "toe": "CC_Base_{0}_ToeBase",
}
_CGSPEED = {
  "hips": "Hips",
  "waist": "lowerback",
  "chest": "Chest",
  "upper_chest": "Chest2",
  "neck": "Neck",
  "head": "Head",
  "collar": "{1}Collar",
  "upper_arm": "{1}Shoulder",
  "forearm": "{1}Elbow",
  "hand": "{1}Wrist",
  "finger": "{0}Fingers",
  "thigh": "{1}Hip",
  "shank": "{1}Knee",
  "foot": "{1}Ankle",
  "toe": "{1}Toe",
}
_LETTERS = {"left": ("L", "Left"), "right": ("R", "Right")}


def _name_joints(layout: Dict[str, str]) -> Dict[str, str]:
  """Returns the names of a layout's joints by part: "hips", "left_thigh"."""
  names = {}
  for part, name in layout.items():
    if "{" in name:
      names.update({f"{side}_{part}": name.format(*_LETTERS[side]) for side in SIDES})
    else:
      names[part] = name
  return names


@dataclasses.dataclass
class Take:
  """Motion of one clip.

  Attributes:
    times: [N] in seconds.
    turns: [N, 3, 3] by part, rotation relative to the T-pose.
    path: [N, 3], midpoint of the thighs' joints in the recording's units.
    lowest: [N], height of the lower foot over the recording's floor.
    rest: [3] by part, positions in the T-pose.
  """

  times: np.ndarray
  turns: Dict[str, np.ndarray]
  path: np.ndarray
  lowest: np.ndarray
  rest: Dict[str, np.ndarray]

  def take_trunk_and_arms(self, source: "Take") -> None:
    """Replaces the motion above the hips by that of a take of the same length."""
    change = self.turns["hips"] @ rotations.invert(source.turns["hips"])
    for part in (*TRUNK, *(f"{side}_{part}" for side in SIDES for part in ARM)):
      self.turns[part] = change @ source.turns[part]

  def sway(self, rng: np.random.Generator, amplitude: float) -> None:
    """Adds slow random turns to shoulders, elbows, hips and the head; `amplitude` in radians."""
    for side in SIDES:
      for parts, share in ((ARM[1:], 1.0), (LEG, 0.4), (ARM[2:], 0.5)):
        turn = self._draw_turn(rng, share * amplitude)
        for part in parts:
          self.turns[f"{side}_{part}"] = turn @ self.turns[f"{side}_{part}"]
    self.turns["head"] = self._draw_turn(rng, 0.3 * amplitude) @ self.turns["head"]

  def turn_over(self, rotation: np.ndarray) -> None:
    """Turns the whole body about its hips by a rotation [3, 3]."""
    self.turns = {part: rotation @ turn for part, turn in self.turns.items()}
    self.path = (self.path - self.path.mean(axis=0)) @ rotation.T

  def _draw_turn(self, rng: np.random.Generator, amplitude: float) -> np.ndarray:
    c = rng.normal(0, amplitude, (4, 3))
    t = self.times[:, None]
    vectors = 1.5 * c[0] + c[1] * np.sin(2.1 * t) + 0.5 * c[2] * np.cos(3.7 * t)
    return Rotation.from_rotvec(vectors + 0.3 * c[3] * np.sin(5.3 * t)).as_matrix()


class Recording:
  """Recording of one actor.

  Attributes:
    duration: in seconds.
  """

  def __init__(self, path: pathlib.Path):
    """Loads a recording of CMU's actors on the skeleton of iClone or of cgspeed.

    Raises:
      InputError: the skeleton is another one, or the recording is empty.
    """
    capture = read_capture(path)
    is_iclone = any(name.startswith("CC_Base") for name in capture.names)
    parts = _name_joints(_ICLONE if is_iclone else _CGSPEED)
    lacking = [name for name in parts.values() if name not in capture.names]
    if lacking:
      raise InputError(f"{path}: has no joint {lacking[0]}. Use CMU's motion of docs/data.md.")
    self._joints = {part: capture.names.index(name) for part, name in parts.items()}
    stride = max(1, round(1 / capture.step / _MAX_RATE))
    # The first frames hold the pose of calibration.
    values = capture.values[3 if is_iclone else 1 :: stride]
    if len(values) < 2:
      raise InputError(f"{path}: has {len(capture.values)} frames. Remove it.")
    self._capture, self._values, self._step = capture, values, capture.step * stride
    turns, places = _read_t_pose(path, capture, is_iclone)
    self._rest_turns = turns
    self._rest = {part: places[joint] for part, joint in self._joints.items()}
    _, positions = compute_poses(capture, values[::4])
    self._floor = float(np.percentile(self._find_lowest(positions), _FLOOR_PERCENTILE))
    self.duration = (len(values) - 1) * self._step
    change = np.abs(np.diff(values, axis=0))
    self._speed = np.minimum(change, 360 - change % 360).clip(0, 60).sum(axis=1)

  def find_start(self, rng: np.random.Generator, length: float, tries: int) -> float:
    """Draws the start of a window in seconds; of several tries, the fastest window counts."""
    starts = rng.uniform(0, max(0.0, self.duration - length), tries)
    first = (starts / self._step).astype(int)
    count = max(1, int(length / self._step))
    return float(starts[np.argmax([self._speed[i : i + count].mean() for i in first])])

  def sample(self, times: np.ndarray) -> Take:
    """Interpolates the motion.

    Args:
      times: [N] in seconds from the start; after the end, the motion goes back and forth.
    """
    period = 2 * self.duration
    folded = np.abs((times + self.duration) % period - self.duration) / self._step
    first, last = int(folded.min()), min(int(folded.max()) + 2, len(self._values))
    turns, places = compute_poses(self._capture, self._values[first:last])
    row = (folded - first).astype(int).clip(0, max(0, last - first - 2))
    share = (folded - first - row)[:, None, None]
    following = np.minimum(row + 1, last - first - 1)
    places = places[row] * (1 - share) + places[following] * share
    share = share[..., None]
    turns = turns[row] * (1 - share) + turns[following] * share
    hips = (places[:, self._joints["left_thigh"]] + places[:, self._joints["right_thigh"]]) / 2
    return Take(
      times=times - times.min(),
      turns={
        part: turns[:, joint] @ rotations.invert(self._rest_turns[joint])
        for part, joint in self._joints.items()
      },
      path=hips,
      lowest=self._find_lowest(places) - self._floor,
      rest=self._rest,
    )

  def _find_lowest(self, places: np.ndarray) -> np.ndarray:
    feet = [self._joints["left_foot"], self._joints["right_foot"]]
    return np.asarray(places[:, feet, 1].min(axis=1))


def _read_t_pose(
  path: pathlib.Path, capture: Capture, is_iclone: bool
) -> Tuple[np.ndarray, np.ndarray]:
  """Returns global rotations [J, 3, 3] and positions [J, 3] of the T-pose.

  Raises:
    InputError: the recording with the T-pose is missing.
  """
  if not is_iclone:
    turns, places = compute_poses(capture, np.zeros_like(capture.values[:1]))
    return turns[0], places[0]
  source = path.with_name(f"{_ICLONE_T_POSE}{path.suffix}")
  if not source.is_file():
    raise InputError(f"{source}: no such file, but its first frame is the T-pose of {path.name}.")
  rest = read_capture(source)
  turns, places = compute_poses(rest, rest.values[:1])
  number = {name: joint for joint, name in enumerate(rest.names)}
  order = [number.get(name, 0) for name in capture.names]
  return turns[0, order], places[0, order]


def leg_length(rest: Dict[str, np.ndarray]) -> float:
  """Returns the length of thigh and shank in the T-pose."""
  hip, knee, ankle = (rest[f"left_{part}"] for part in ("thigh", "shank", "foot"))
  return float(np.linalg.norm(hip - knee) + np.linalg.norm(knee - ankle))
