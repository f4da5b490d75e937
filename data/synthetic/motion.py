"""Smooth motions of several kinds, as angles over time in frames."""

from typing import Callable, Dict, List, Sequence, Tuple

import numpy as np
from scipy.interpolate import CubicSpline

from . import body

Channels = Dict[str, np.ndarray]
_MIRRORED = ("yaw", "roll", "spine_twist", "spine_side", "head_yaw", "x")


def _keyframes(phase: np.ndarray, times: Sequence[float], **values: Sequence[float]) -> Channels:
  """Evaluates periodic cubic splines through keyframes.

  Args:
    phase: [N] in radians; a cycle is 2 pi.
    times: M increasing fractions of the cycle, starting with 0.
    **values: M keyframe values by channel.
  """
  knots = np.append(times, 1.0)
  table = np.array([list(row) + [row[0]] for row in values.values()], float).T
  spline = CubicSpline(knots, table, bc_type="periodic")
  return dict(zip(values, spline(phase / (2 * np.pi) % 1.0).T))


def _pulse(phase: np.ndarray) -> np.ndarray:
  return 0.5 - 0.5 * np.cos(phase)


def _gait(rng: np.random.Generator, phase: np.ndarray, run: bool) -> Channels:
  swing = rng.uniform(34, 48) if run else rng.uniform(22, 32)
  knee = rng.uniform(75, 105) if run else rng.uniform(42, 60)
  elbow = rng.uniform(70, 105) if run else rng.uniform(12, 35)
  arms = rng.uniform(0.8, 1.3)
  channels: Channels = {
    "pitch": np.full_like(phase, rng.uniform(3, 14) if run else rng.uniform(0, 5)),
    "spine_twist": 8 * np.sin(phase),
    "lift": (0.03 if run else 0.0) * _pulse(2 * phase),
  }
  for side, shift in (("right", 0.0), ("left", np.pi)):
    step = phase + shift
    channels[f"{side}_hip_flex"] = swing * np.sin(step) + (14 if run else 6)
    channels[f"{side}_knee"] = 10 + knee * (0.5 + 0.5 * np.cos(step + 0.45)) ** 2
    channels[f"{side}_shoulder_flex"] = -arms * swing * np.sin(step)
    channels[f"{side}_elbow"] = elbow - 18 * np.sin(step)
    channels[f"{side}_shoulder_abduct"] = np.full_like(phase, rng.uniform(6, 16))
  return channels


def _walk(rng: np.random.Generator, phase: np.ndarray) -> Channels:
  return _gait(rng, phase, run=False)


def _run(rng: np.random.Generator, phase: np.ndarray) -> Channels:
  return _gait(rng, phase, run=True)


def _jumping_jacks(rng: np.random.Generator, phase: np.ndarray) -> Channels:
  open_ = _pulse(phase)
  channels: Channels = {"lift": 0.05 * np.sin(phase) ** 2}
  top, legs = rng.uniform(120, 165), rng.uniform(18, 32)
  for side in body.SIDES:
    channels[f"{side}_shoulder_abduct"] = 10 + top * open_
    channels[f"{side}_elbow"] = 12 + 25 * _pulse(phase + 0.6)
    channels[f"{side}_shoulder_twist"] = 60 * open_
    channels[f"{side}_hip_abduct"] = 3 + legs * open_
    channels[f"{side}_knee"] = 8 + 14 * (1 - open_)
    channels[f"{side}_hip_flex"] = 4 + 7 * (1 - open_)
  return channels


def _squat(rng: np.random.Generator, phase: np.ndarray) -> Channels:
  depth = _pulse(phase) * rng.uniform(0.75, 1.1)
  stance, reach = rng.uniform(8, 22), rng.uniform(60, 95)
  overhead = 75 * float(rng.random() < 0.3)
  channels: Channels = {"pitch": 22 * depth, "spine_bend": 12 * depth}
  for side in body.SIDES:
    channels[f"{side}_hip_flex"] = 100 * depth
    channels[f"{side}_knee"] = 6 + 106 * depth
    channels[f"{side}_hip_abduct"] = np.full_like(phase, stance)
    channels[f"{side}_shoulder_flex"] = 5 + reach * depth + overhead
    channels[f"{side}_shoulder_abduct"] = np.full_like(phase, rng.uniform(4, 14))
    channels[f"{side}_elbow"] = 12 + rng.uniform(0, 40) * (1 - depth)
  return channels


def _wave(rng: np.random.Generator, phase: np.ndarray) -> Channels:
  channels = _free(rng, phase, arms=0.35, legs=0.15)
  for side in body.SIDES[: rng.integers(1, 3)]:
    shift = rng.uniform(0, np.pi)
    channels[f"{side}_shoulder_abduct"] = rng.uniform(75, 125) + 14 * np.sin(phase + shift)
    channels[f"{side}_shoulder_flex"] = np.full_like(phase, rng.uniform(-5, 20))
    channels[f"{side}_shoulder_twist"] = 75 + 18 * np.sin(phase + shift)
    channels[f"{side}_elbow"] = rng.uniform(50, 75) + 45 * np.sin(phase + shift + 0.5)
  channels["spine_side"] = 6 * np.sin(phase)
  return channels


def _free(
  rng: np.random.Generator, phase: np.ndarray, arms: float = 1.0, legs: float = 0.35
) -> Channels:
  """Draws keyframes of reaching: large ones for arms and trunk, smaller ones for legs."""
  times = (0.0, 0.25, 0.5, 0.75)

  def keys(low: float, high: float, amount: float, neutral: float) -> List[float]:
    return list(neutral + amount * (rng.uniform(low, high, 4) - neutral))

  values = {
    "spine_twist": keys(-30, 30, arms, 0),
    "spine_side": keys(-16, 16, arms, 0),
    "spine_bend": keys(-8, 25, arms, 3),
    "head_yaw": keys(-35, 35, arms, 0),
  }
  for side in body.SIDES:
    values[f"{side}_shoulder_flex"] = keys(-25, 120, arms, 5)
    values[f"{side}_shoulder_abduct"] = keys(0, 120, arms, 10)
    values[f"{side}_shoulder_twist"] = keys(-30, 80, arms, 0)
    values[f"{side}_elbow"] = keys(5, 110, arms, 18)
    values[f"{side}_hip_flex"] = keys(-20, 70, legs, 3)
    values[f"{side}_hip_abduct"] = keys(0, 40, legs, 6)
    values[f"{side}_knee"] = keys(5, 85, legs, 8)
  return _keyframes(phase, times, **values)


def _bowl(rng: np.random.Generator, phase: np.ndarray) -> Channels:
  depth, back = rng.uniform(0.8, 1.15), rng.uniform(-65, -45)
  return _keyframes(
    phase,
    (0.0, 0.3, 0.5, 0.68, 0.85),
    right_shoulder_flex=(35, 30, back, 75, 125),
    right_elbow=(80, 60, 6, 8, 35),
    right_shoulder_abduct=(5, 8, 12, 6, 4),
    left_shoulder_flex=(35, 30, 5, -15, 5),
    left_shoulder_abduct=(5, 15, 60, 70, 40),
    left_elbow=(80, 60, 18, 20, 20),
    pitch=(6, 14, 34 * depth, 36 * depth, 20),
    spine_bend=(5, 8, 16, 18, 8),
    spine_twist=(0, 5, 22, -10, -12),
    left_hip_flex=(10, 35, 70 * depth, 95 * depth, 70),
    left_knee=(10, 30, 50 * depth, 72 * depth, 50),
    right_hip_flex=(10, 10, 5, -8, 5),
    right_knee=(10, 30, 35, 30, 25),
    right_hip_abduct=(3, 5, 0, -10, -6),
    head_pitch=(-5, -10, -25, -28, -15),
  )


def _throw(rng: np.random.Generator, phase: np.ndarray) -> Channels:
  height = rng.uniform(0.85, 1.15)
  return _keyframes(
    phase,
    (0.0, 0.25, 0.45, 0.6, 0.75),
    right_shoulder_abduct=(15, 80 * height, 95 * height, 90, 30),
    right_shoulder_flex=(10, -15, -10, 70, 60),
    right_shoulder_twist=(0, 40, 90, 20, -20),
    right_elbow=(60, 95, 100, 25, 30),
    left_shoulder_flex=(20, 55, 85, 20, 0),
    left_shoulder_abduct=(10, 30, 20, 15, 12),
    left_elbow=(70, 35, 15, 60, 45),
    spine_twist=(0, -30, -35, 28, 25),
    spine_bend=(3, -6, -10, 25, 22),
    pitch=(0, 0, 2, 20, 14),
    left_hip_flex=(5, 65, 50, 45, 25),
    left_knee=(8, 85, 35, 30, 18),
    right_hip_flex=(5, 8, 0, -15, 0),
    right_knee=(8, 18, 22, 25, 30),
  )


def _bend(rng: np.random.Generator, phase: np.ndarray) -> Channels:
  down = _pulse(phase) * rng.uniform(0.7, 1.1)
  side = rng.uniform(-14, 14)
  channels: Channels = {
    "pitch": 55 * down,
    "spine_bend": 48 * down,
    "spine_side": side * np.sin(phase),
    "spine_twist": 2 * side * down,
  }
  knees, rise = rng.uniform(0, 30), rng.uniform(20, 150)
  for name in body.SIDES:
    channels[f"{name}_hip_flex"] = (55 + 0.6 * knees) * down + 2
    channels[f"{name}_knee"] = 5 + knees * down
    channels[f"{name}_shoulder_flex"] = 80 * down + rise * (1 - down)
    channels[f"{name}_shoulder_abduct"] = np.full_like(phase, rng.uniform(3, 22))
    channels[f"{name}_elbow"] = np.full_like(phase, rng.uniform(8, 30))
    channels[f"{name}_hip_abduct"] = np.full_like(phase, rng.uniform(2, 18))
  return channels


def _kick(rng: np.random.Generator, phase: np.ndarray) -> Channels:
  top = rng.uniform(65, 105)
  return _keyframes(
    phase,
    (0.0, 0.3, 0.5, 0.7),
    right_hip_flex=(5, -32, top, 40),
    right_knee=(10, 85, 12, 40),
    right_hip_abduct=(3, 10, 6, 4),
    left_knee=(8, 18, 14, 10),
    left_hip_flex=(4, 8, 2, 4),
    left_shoulder_flex=(10, -20, 65, 30),
    left_shoulder_abduct=(10, 45, 40, 18),
    right_shoulder_flex=(10, 40, -45, 0),
    right_shoulder_abduct=(10, 30, 40, 18),
    left_elbow=(25, 35, 40, 30),
    right_elbow=(25, 55, 25, 30),
    pitch=(2, 6, -10, 0),
    spine_twist=(0, -18, 22, 5),
  )


# kind -> (channels, range of frames per cycle, share of frontal views turned to the side)
KINDS: Dict[str, Tuple[Callable, Tuple[float, float], float]] = {
  "walk": (_walk, (14.0, 24.0), 0.5),
  "run": (_run, (11.0, 18.0), 0.5),
  "jumping_jacks": (_jumping_jacks, (13.0, 22.0), 0.0),
  "squat": (_squat, (13.0, 22.0), 0.3),
  "wave": (_wave, (9.0, 15.0), 0.0),
  "reach": (_free, (22.0, 34.0), 0.1),
  "bowl": (_bowl, (20.0, 30.0), 0.5),
  "throw": (_throw, (18.0, 28.0), 0.3),
  "bend": (_bend, (18.0, 30.0), 0.4),
  "kick": (_kick, (16.0, 26.0), 0.4),
}


def _sway(rng: np.random.Generator, times: np.ndarray, amount: float) -> np.ndarray:
  """Draws a slow drift [N]: two sinusoids of random period and phase."""
  periods, phases = rng.uniform(14, 60, 2), rng.uniform(0, 2 * np.pi, 2)
  return amount * np.sin(2 * np.pi * times[:, None] / periods + phases).mean(axis=-1)


def _facing(rng: np.random.Generator, kind: str, times: np.ndarray, hard: float) -> np.ndarray:
  """Draws yaw [N] in degrees: mostly front to three-quarter, sometimes side, rarely back."""
  chance = rng.random()
  side_share = KINDS[kind][2] * (0.3 + 0.9 * hard)
  if chance < 0.16 * hard:
    start = 180 + rng.normal(0, 30)
  elif rng.random() < side_share:
    start = rng.choice((-1, 1)) * rng.uniform(55, 95)
  else:
    start = rng.uniform(-1, 1) * (30 + 35 * hard)
  turning = rng.uniform(-1, 1) * 2.5 * hard * float(rng.random() < 0.4)
  return start + turning * (times - times.mean()) + _sway(rng, times, 6)


def sample_motion(
  rng: np.random.Generator, times: np.ndarray, difficulty: float
) -> Tuple[str, Channels]:
  """Draws a kind of motion and its parameters.

  Args:
    rng: source of all random choices, which do not depend on `times`.
    times: [N], fractional frames.
    difficulty: 0..1; higher means faster, and more side and back views.

  Returns:
    Kind of motion, and [N] values for each name in body.CHANNELS; body.stand clips them to the
    limits.
  """
  kind = str(rng.choice(list(KINDS)))
  make, (shortest, longest), _ = KINDS[kind]
  period = rng.uniform(shortest, longest) * (1.15 - 0.35 * difficulty)
  phase = rng.uniform(0, 2 * np.pi) + 2 * np.pi * times / period
  channels: Channels = {name: np.zeros_like(times) for name in body.CHANNELS}
  for side in body.SIDES:
    channels[f"{side}_shoulder_abduct"] += 8
    channels[f"{side}_hip_abduct"] += 3
  channels.update(make(rng, phase))
  for name in body.LIMITS:
    if name != "yaw":
      channels[name] = channels[name] + _sway(rng, times, 7 if "shoulder" in name else 4)
  channels["yaw"] = _facing(rng, kind, times, difficulty)
  if kind in ("walk", "run") and rng.random() < 0.8:
    speed = (1.3 if kind == "run" else 0.75) / period
    heading = np.deg2rad(channels["yaw"])
    channels["x"] = speed * np.sin(heading) * (times + period)
    channels["z"] = speed * np.cos(heading) * (times + period)
  if rng.random() < 0.5:
    channels = _mirror(channels)
  return kind, channels


def _mirror(channels: Channels) -> Channels:
  swapped = {}
  for name, values in channels.items():
    side, _, part = name.partition("_")
    partner = {"right": f"left_{part}", "left": f"right_{part}"}.get(side, name)
    swapped[partner] = -values if name in _MIRRORED else values
  return swapped
