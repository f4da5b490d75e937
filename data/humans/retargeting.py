"""Transfer of motion capture to MakeHuman's rig.

A bone turns as the actor's joint does since the T-pose, after the smallest rotation that takes
the bone's direction in the rest pose to the actor's limb in the T-pose. Twist of a limb is spread
along it, which keeps the skin from collapsing.
"""

from typing import Dict, NamedTuple, Optional

import numpy as np

from .motion import Take, leg_length
from .rig import Rig
from .rotations import interpolate, invert, measure_twist, rotate_about, rotate_between

_MAX_TWIST = 1.6
_SUFFIX = {"left": ".L", "right": ".R"}
_UP = np.array([0.0, 1.0, 0.0])


class Frame(NamedTuple):
  """Bones of a body in the rest pose.

  Attributes:
    rig: the bones.
    heads, tails: [B, 3] in dm.
  """

  rig: Rig
  heads: np.ndarray
  tails: np.ndarray

  def head(self, name: str) -> np.ndarray:
    """Returns the head [3] of a bone."""
    return np.asarray(self.heads[self.rig.number[name]])

  def span(self, start: str, end: str) -> np.ndarray:
    """Returns the way [3] from one bone's head to another's."""
    return self.head(end) - self.head(start)


class Poses(NamedTuple):
  """Poses of a rig at N times.

  Attributes:
    rotations: [N, B, 3, 3], global.
    heads: [N, B, 3] in dm.
  """

  rotations: np.ndarray
  heads: np.ndarray


def retarget(frame: Frame, take: Take, rng: np.random.Generator) -> Poses:
  """Moves a body like an actor.

  Args:
    frame: bones of the body.
    take: motion.
    rng: draws the curl of the fingers.
  Returns:
    Poses in which the midpoint of the hips follows the actor's path, scaled by the legs' length.
  """
  turns = _turn_trunk(take)
  for side in _SUFFIX:
    turns.update(_turn_leg(frame, take, side))
    arm = _turn_arm(frame, take, side)
    turns.update(arm)
    turns.update(_curl_fingers(frame, arm[f"wrist{_SUFFIX[side]}"], side, rng))
  rig, count = frame.rig, len(take.times)
  rotations = np.empty((count, len(rig.names), 3, 3))
  heads = np.zeros((count, len(rig.names), 3))
  for bone, name in enumerate(rig.names):
    parent = rig.parents[bone]
    turn: Optional[np.ndarray] = turns.get(name)
    rotations[:, bone] = rotations[:, parent] if turn is None else turn
    if parent >= 0:
      offset = frame.heads[bone] - frame.heads[parent]
      heads[:, bone] = heads[:, parent] + rotations[:, parent] @ offset
  hips = [rig.number[f"upperleg01{suffix}"] for suffix in _SUFFIX.values()]
  scale = measure_scale(frame, take)
  shift = scale * take.path - heads[:, hips].mean(axis=1)
  return Poses(rotations, heads + shift[:, None])


def measure_scale(frame: Frame, take: Take) -> float:
  """Returns the length of the body's legs divided by the actor's."""
  thigh = np.linalg.norm(frame.span("upperleg01.L", "lowerleg01.L"))
  shank = np.linalg.norm(frame.span("lowerleg01.L", "foot.L"))
  return float(thigh + shank) / leg_length(take.rest)


def _turn_trunk(take: Take) -> Dict[str, np.ndarray]:
  hips, waist, chest, upper, neck, head = (
    take.turns[part] for part in ("hips", "waist", "chest", "upper_chest", "neck", "head")
  )
  return {
    "root": hips,
    "pelvis.L": hips,
    "pelvis.R": hips,
    "spine05": interpolate(hips, waist),
    "spine04": waist,
    "spine03": interpolate(waist, chest),
    "spine02": chest,
    "spine01": upper,
    "neck01": interpolate(upper, neck),
    "neck02": neck,
    "neck03": interpolate(neck, head),
    "head": head,
  }


def _align(frame: Frame, take: Take, bones: tuple, parts: tuple) -> np.ndarray:
  """Returns the rotation [3, 3] from a bone's direction to a limb's in the T-pose."""
  return rotate_between(frame.span(*bones), take.rest[parts[1]] - take.rest[parts[0]])


def _turn_leg(frame: Frame, take: Take, side: str) -> Dict[str, np.ndarray]:
  suffix = _SUFFIX[side]
  upper, lower, foot = (f"{name}{suffix}" for name in ("upperleg01", "lowerleg01", "foot"))
  thigh, shank, ankle, toe = (f"{side}_{part}" for part in ("thigh", "shank", "foot", "toe"))
  up = take.turns[thigh] @ _align(frame, take, (upper, lower), (thigh, shank))
  low = take.turns[shank] @ _align(frame, take, (lower, foot), (shank, ankle))
  axis = frame.span(upper, lower)
  axis = axis / np.linalg.norm(axis)
  twist = measure_twist(invert(take.turns["hips"]) @ up, axis)
  # Only the heading, so that soles stay flat.
  target = take.rest[toe] - take.rest[ankle]
  bone = frame.rig.number[foot]
  own = frame.tails[bone] - frame.heads[bone]
  heading = np.arctan2(target[0], target[2]) - np.arctan2(own[0], own[2])
  return {
    upper: up @ rotate_about(axis, -0.5 * twist),
    f"upperleg02{suffix}": up,
    lower: low,
    f"lowerleg02{suffix}": low,
    foot: take.turns[ankle] @ rotate_about(_UP, heading),
  }


def _turn_arm(frame: Frame, take: Take, side: str) -> Dict[str, np.ndarray]:
  suffix = _SUFFIX[side]
  upper, lower, wrist = (f"{name}{suffix}" for name in ("upperarm01", "lowerarm01", "wrist"))
  parts = tuple(f"{side}_{part}" for part in ("upper_arm", "forearm", "hand", "finger"))
  collar = take.turns[f"{side}_collar"]
  up = take.turns[parts[0]] @ _align(frame, take, (upper, lower), parts[:2])
  low = take.turns[parts[1]] @ _align(frame, take, (lower, wrist), parts[1:3])
  hand = take.turns[parts[2]] @ _align(frame, take, (wrist, f"finger3-1{suffix}"), parts[2:])
  axis = frame.span(upper, lower)
  axis = axis / np.linalg.norm(axis)
  twist = measure_twist(invert(collar) @ up, axis).clip(-2, 2)
  turns = {
    f"clavicle{suffix}": collar,
    f"shoulder01{suffix}": collar,
    upper: up @ rotate_about(axis, -0.6 * twist),
    f"upperarm02{suffix}": up @ rotate_about(axis, -0.2 * twist),
  }
  axis = frame.span(lower, wrist)
  axis = axis / np.linalg.norm(axis)
  twist = measure_twist(invert(low) @ hand, axis).clip(-_MAX_TWIST, _MAX_TWIST)
  turns[lower] = low @ rotate_about(axis, 0.25 * twist)
  turns[f"lowerarm02{suffix}"] = low @ rotate_about(axis, 0.7 * twist)
  turns[wrist] = hand
  return turns


def _curl_fingers(
  frame: Frame, hand: np.ndarray, side: str, rng: np.random.Generator
) -> Dict[str, np.ndarray]:
  """Bends the fingers [N, 3, 3] by a constant angle about the knuckles."""
  suffix = _SUFFIX[side]
  axis = frame.span(f"finger5-1{suffix}", f"finger2-1{suffix}")
  axis = axis / np.linalg.norm(axis)
  normal = np.cross(axis, frame.span(f"wrist{suffix}", f"finger3-1{suffix}"))
  curl = rng.uniform(0.1, 0.6) * (1 if normal[1] > 0 else -1)
  turns = {}
  for finger in "2345":
    turn = hand
    for joint in "123":
      turn = turn @ rotate_about(axis, curl * rng.uniform(0.8, 1.2))
      turns[f"finger{finger}-{joint}{suffix}"] = turn
  return turns
