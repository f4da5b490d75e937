"""Articulated body: bone lengths, joint limits and forward kinematics.

Units are body heights (about 1 from sole to crown) and degrees. In body axes, x
points to the person's left, y up and z forward. A person with yaw 0 faces the
camera, which looks along -z.
"""

import dataclasses
from typing import Dict, Mapping, Tuple

import numpy as np

Pose = Mapping[str, np.ndarray]

SIDES = ("right", "left")
_SIDE_SIGN = {"right": -1.0, "left": 1.0}

# Degrees. Angles of both sides have the same sign: flexion is positive forward (the
# knee's backward), abduction outward, and twist where it turns a bent forearm upward
# while the arm points sideways.
_SIDED_LIMITS = {
  "shoulder_flex": (-70.0, 185.0),
  "shoulder_abduct": (-35.0, 178.0),
  "shoulder_twist": (-90.0, 95.0),
  "elbow": (3.0, 145.0),
  "hip_flex": (-40.0, 125.0),
  "hip_abduct": (-18.0, 65.0),
  "knee": (2.0, 140.0),
}
LIMITS: Dict[str, Tuple[float, float]] = {
  "yaw": (-np.inf, np.inf),
  "pitch": (-30.0, 95.0),
  "roll": (-30.0, 30.0),
  "spine_bend": (-25.0, 75.0),
  "spine_twist": (-45.0, 45.0),
  "spine_side": (-30.0, 30.0),
  "head_pitch": (-40.0, 45.0),
  "head_yaw": (-65.0, 65.0),
  **{f"{side}_{name}": limits for side in SIDES for name, limits in _SIDED_LIMITS.items()},
}
# Body heights: position on the ground, and height above it.
TRAVEL = ("x", "z", "lift")
CHANNELS = tuple(LIMITS) + TRAVEL

POINTS = ("pelvis", "waist", "neck", "head") + tuple(
  f"{side}_{name}"
  for name in ("shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "toe")
  for side in SIDES
)
POINT_ID = {name: i for i, name in enumerate(POINTS)}


@dataclasses.dataclass(frozen=True)
class Proportions:
  """Bone lengths of a person in body heights; `girth` is a factor of all widths."""

  thigh: float
  shank: float
  foot: float
  ankle_height: float
  loin: float
  trunk: float
  neck: float
  upper_arm: float
  forearm: float
  hand: float
  shoulder_half_width: float
  hip_half_width: float
  head_size: float
  girth: float


@dataclasses.dataclass(frozen=True)
class Figure:
  """Posed body.

  Attributes:
    points: [N, len(POINTS), 3] in body heights, world axes.
    pelvis, chest, head: [N, 3, 3] rotations from part to world axes.
  """

  points: np.ndarray
  pelvis: np.ndarray
  chest: np.ndarray
  head: np.ndarray


def sample_proportions(rng: np.random.Generator) -> Proportions:
  """Draws a person's bone lengths around anthropometric means."""

  def around(mean: float, spread: float = 0.05) -> float:
    return float(mean * np.clip(rng.normal(1.0, spread), 1 - 2 * spread, 1 + 2 * spread))

  legs, arms = around(1.0, 0.03), around(1.0, 0.04)
  return Proportions(
    thigh=around(0.243, 0.02) * legs,
    shank=around(0.243, 0.02) * legs,
    foot=around(0.11),
    ankle_height=0.04,
    loin=around(0.10),
    trunk=around(0.195),
    neck=around(0.108, 0.04),
    upper_arm=around(0.172, 0.03) * arms,
    forearm=around(0.150, 0.03) * arms,
    hand=around(0.085),
    shoulder_half_width=around(0.112, 0.07),
    hip_half_width=around(0.056, 0.08),
    head_size=around(1.0, 0.07),
    girth=around(1.0, 0.12),
  )


def _turn(axis: int, degrees: np.ndarray) -> np.ndarray:
  """Returns right-handed rotations [N, 3, 3] about coordinate axis 0, 1 or 2."""
  radians = np.deg2rad(degrees)
  cos, sin = np.cos(radians), np.sin(radians)
  matrix = np.zeros((len(radians), 3, 3))
  i, j = (axis + 1) % 3, (axis + 2) % 3
  matrix[:, axis, axis] = 1.0
  matrix[:, i, i] = matrix[:, j, j] = cos
  matrix[:, i, j], matrix[:, j, i] = -sin, sin
  return matrix


def clip_to_limits(pose: Pose) -> Dict[str, np.ndarray]:
  """Returns the pose with all angles clipped to their limits."""
  return {
    name: np.clip(values, *LIMITS[name]) if name in LIMITS else values
    for name, values in pose.items()
  }


def stand(pose: Pose, proportions: Proportions) -> Figure:
  """Computes forward kinematics; the lower foot stands on the ground, raised by `lift`.

  Args:
    pose: [N] values for each name in CHANNELS.
    proportions: bone lengths of the person.

  Returns:
    Figure of N poses; the ground is y = 0.
  """
  body, angles = proportions, clip_to_limits(pose)
  count = len(angles["yaw"])
  points = np.zeros((count, len(POINTS), 3))

  def put(name: str, parent: str, rotation: np.ndarray, offset: Tuple[float, float, float]) -> None:
    points[:, POINT_ID[name]] = points[:, POINT_ID[parent]] + rotation @ np.array(offset)

  pelvis = _turn(1, angles["yaw"]) @ _turn(0, angles["pitch"]) @ _turn(2, angles["roll"])
  chest = (
    pelvis
    @ _turn(0, angles["spine_bend"])
    @ _turn(1, angles["spine_twist"])
    @ _turn(2, angles["spine_side"])
  )
  head = chest @ _turn(1, angles["head_yaw"]) @ _turn(0, angles["head_pitch"])
  put("waist", "pelvis", pelvis, (0, body.loin, 0))
  put("neck", "waist", chest, (0, body.trunk, 0))
  put("head", "neck", head, (0, body.neck, 0.012))
  for side in SIDES:
    sign = _SIDE_SIGN[side]
    angle = {name: angles[f"{side}_{name}"] for name in _SIDED_LIMITS}
    arm = (
      chest
      @ _turn(2, sign * angle["shoulder_abduct"])
      @ _turn(0, -angle["shoulder_flex"])
      @ _turn(1, sign * angle["shoulder_twist"])
    )
    forearm = arm @ _turn(0, -angle["elbow"])
    put(f"{side}_shoulder", "neck", chest, (sign * body.shoulder_half_width, -0.028, 0))
    put(f"{side}_elbow", f"{side}_shoulder", arm, (0, -body.upper_arm, 0))
    put(f"{side}_wrist", f"{side}_elbow", forearm, (0, -body.forearm, 0))
    put(f"{side}_hand", f"{side}_wrist", forearm, (0, -body.hand, 0))
    thigh = pelvis @ _turn(2, sign * angle["hip_abduct"]) @ _turn(0, -angle["hip_flex"])
    shank = thigh @ _turn(0, angle["knee"])
    put(f"{side}_hip", "pelvis", pelvis, (sign * body.hip_half_width, 0, 0))
    put(f"{side}_knee", f"{side}_hip", thigh, (0, -body.thigh, 0))
    put(f"{side}_ankle", f"{side}_knee", shank, (0, -body.shank, 0))
    # The ankle compensates most of the shank's tilt, so feet are nearly level.
    toes = shank @ np.array([sign * 0.2, 0.0, 1.0]) * np.array([1.0, 0.4, 1.0])
    toes[:, 1] -= 0.25
    toes *= body.foot / np.linalg.norm(toes, axis=-1, keepdims=True)
    points[:, POINT_ID[f"{side}_toe"]] = points[:, POINT_ID[f"{side}_ankle"]] + toes
  clearance = {"ankle": body.ankle_height, "toe": 0.016}
  feet = [(POINT_ID[f"{side}_{name}"], clearance[name]) for side in SIDES for name in clearance]
  soles = np.stack([points[:, i, 1] - height for i, height in feet], axis=-1)
  # A hard minimum would jerk the body when the standing foot changes.
  lowest = -0.012 * np.log(np.sum(np.exp(-soles / 0.012), axis=-1))
  shift = np.stack([angles["x"], angles["lift"] - lowest, angles["z"]], axis=-1)
  return Figure(points + shift[:, None], pelvis, chest, head)
