"""Golden cases of tracking: evidence, boxes, cuts and smoothing."""

import dataclasses
from typing import Any, Dict, Iterator, List

import numpy as np

from ppn_tf.keypoints.poses import Pose
from ppn_tf.tracking import boxes, cuts, presence, smoothing
from ppn_tf.tracking.search import PersonSearch
from ppn_tf.tracking.settings import TrackerSettings

from .reference_model import ReferenceModel

_NAMES = ("head", "left_hand", "right_hand", "left_foot", "right_foot", "hip")


def evidence() -> Iterator[Dict[str, Any]]:
  """Yields scores, and the evidence for a person in them."""
  for name, scores, whole_score, part_score, min_score in (
    ("whole person", [0.9, 0.8, 0.7, 0.85, 0.6, 0.75, 0.5], 0.42, 0.65, 0.2),
    ("nobody", [0.1, 0.2, 0.05, 0.12, 0.2, 0.0, 0.1], 0.42, 0.65, 0.2),
    ("head and shoulders", [0.9, 0.8, 0.85, 0.9, 0.7, *[0.02] * 8], 0.42, 0.65, 0.2),
    ("four visible joints", [0.9, 0.8, 0.85, 0.9, *[0.02] * 9], 0.42, 0.65, 0.2),
    ("mediocre joints", [0.35] * 13, 0.42, 0.65, 0.2),
    ("high min_score", [0.45, 0.48, 0.7, 0.8, 0.75, 0.9, 0.72, 0.1], 0.6, 0.7, 0.5),
    ("low visible joints", [0.31, 0.32, 0.33, 0.34, 0.35, 0.29, 0.1], 0.15, 0.3, 0.1),
  ):
    found = presence.evidence(np.array(scores), whole_score, part_score, min_score)
    yield {
      "name": name,
      "scores": scores,
      "whole_score": whole_score,
      "part_score": part_score,
      "min_score": min_score,
      "evidence": found,
    }


def joints_box() -> Iterator[Dict[str, Any]]:
  """Yields joints, and the box about the confident ones; null without a box."""
  person = np.array(
    [[40.5, 20.25], [28.0, 41.5], [55.75, 40.0], [35.5, 80.0], [47.0, 79.5], [41.0, 50.0]],
    np.float32,
  )
  high = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], np.float32)
  few = np.array([0.9, 0.8, 0.7, 0.1, 0.15, 0.19], np.float32)
  exact = np.array([0.9, 0.8, 0.2, 0.2, 0.1, 0.0], np.float32)
  for name, keypoints, scores, min_joints, frame_size in (
    ("whole person", person, high, 4, (120, 160)),
    ("clipped to the frame", person + np.float32(60), high, 4, (120, 100)),
    ("too few joints", person, few, 4, (120, 160)),
    ("as many joints as necessary", person, exact, 4, (120, 160)),
    ("three joints are enough", person, few, 3, (120, 160)),
    ("joints in one place", person / np.float32(10), high, 4, (120, 160)),
    ("none is confident", person, 0 * high, 0, (120, 160)),
    ("outside the frame", person + np.float32(500), high, 4, (120, 160)),
  ):
    search = PersonSearch(ReferenceModel(), TrackerSettings(min_score=0.2, min_joints=min_joints))
    yield {
      "name": name,
      "keypoints": keypoints,
      "scores": scores,
      "min_score": 0.2,
      "min_joints": min_joints,
      "frame_size": list(frame_size),
      "box": search.joints_box(keypoints, scores, np.zeros((*frame_size, 3), np.uint8)),
    }


def search_boxes() -> Iterator[Dict[str, Any]]:
  """Yields sizes of frames, and the boxes in which a person is searched for."""
  for name, size, margin, parts, edge in (
    ("landscape", (72, 96), 1.25, (1.0, 0.75), 0.5),
    ("portrait", (640, 360), 1.25, (1.0, 0.75), 0.5),
    ("square", (96, 96), 1.6, (1.0, 0.75), 0.5),
    ("wide video", (720, 1280), 1.25, (1.0, 0.75), 0.5),
    ("newcomers", (300, 480), 1.25, (1.0, 0.75, 0.5), 0.25),
    ("long strip", (40, 3000), 1.25, (1.0, 0.75), 0.5),
    ("high strip, newcomers", (5000, 60), 1.25, (1.0, 0.75, 0.5), 0.25),
    ("small frame", (20, 24), 1.25, (1.0, 0.75), 0.5),
    ("tiny frame", (10, 12), 1.25, (1.0, 0.75), 0.5),
  ):
    frame = np.zeros((*size, 3), np.uint8)
    yield {
      "name": name,
      "frame_size": list(size),
      "margin": margin,
      "parts": list(parts),
      "edge": edge,
      "boxes": np.array(boxes.search_boxes(frame, margin, parts, edge)),
    }


def _scene(seed: int, size: int = 0) -> np.ndarray:
  """Returns a picture of blocks, [60, 80, 3] uint8, or with `size` times as many pixels a side."""
  blocks = np.random.default_rng(seed).integers(0, 256, (6, 8, 3)).astype(np.uint8)
  pixels = 10 * (size or 1)
  return np.repeat(np.repeat(blocks, pixels, axis=0), pixels, axis=1)


def _cut_clips() -> Iterator[Dict[str, Any]]:
  """Yields clips with and without cuts: name, frames and period."""
  still, other = _scene(1), _scene(2)
  yield {"name": "cut", "frames": [still] * 3 + [other] * 3, "period": 1 / 30}
  pan = [np.roll(still, t, axis=1) for t in range(10)]
  yield {"name": "pan", "frames": pan, "period": 1 / 30}
  yield {"name": "cut after a pan", "frames": pan[:6] + [other] * 2, "period": 1 / 30}
  walk = []
  for t in range(8):
    walk.append(still.copy())
    walk[-1][20:50, 8 * t : 8 * t + 14] = 255
  yield {"name": "somebody walks", "frames": walk, "period": 1 / 30}
  fade = [(still * (1 - t / 9) + other * (t / 9)).astype(np.uint8) for t in range(10)]
  yield {"name": "fade", "frames": fade, "period": 0.1}
  yield {"name": "two cuts", "frames": [still, other, still, still], "period": 0.1}
  brighter = [np.clip(still.astype(int) + 40 * (t > 2), 0, 255).astype(np.uint8) for t in range(5)]
  yield {"name": "light is switched on", "frames": brighter, "period": 1 / 30}
  large = [_scene(3, 5), _scene(3, 5), _scene(4, 5)]
  yield {"name": "every second pixel of large frames", "frames": large, "period": 1 / 30}


def cut_detection() -> Iterator[Dict[str, Any]]:
  """Yields frames, their thumbnails [T, 32, 32, 3], and which of them begin a shot."""
  for clip in _cut_clips():
    detector = cuts.CutDetector()
    yield {
      "name": clip["name"],
      "frames": np.stack(clip["frames"]),
      "period": clip["period"],
      "thumbnails": np.stack([cuts.make_thumbnail(frame) for frame in clip["frames"]]),
      "thumbnail_tolerance": 1,
      "is_cut": [bool(detector.is_cut(frame, clip["period"])) for frame in clip["frames"]],
    }


def _moving_poses(frames: int) -> List[Pose]:
  """Returns poses that move, rest and jitter; one joint is uncertain at times."""
  generator = np.random.default_rng(8)
  shape = generator.uniform(0, 80, (len(_NAMES), 2))
  poses = []
  for t in range(frames):
    place = np.array([40 + 3.5 * min(t, frames // 2), 60.0])
    keypoints = (shape + place + generator.normal(0, 0.6, shape.shape)).astype(np.float32)
    scores = np.full(len(_NAMES), 0.8, np.float32)
    scores[1] = 0.1 if 4 <= t < 9 else 0.7
    x, y = (float(value) for value in place)
    poses.append(Pose(keypoints, scores, _NAMES, box=(x, y, x + 80.0, y + 90.0)))
  return poses


def smoothed_poses() -> Iterator[Dict[str, Any]]:
  """Yields poses, and their keypoints after the One-Euro filter."""
  poses = _moving_poses(24)
  lost = list(poses)
  for t in range(10, 14):
    lost[t] = dataclasses.replace(poses[t], found=False)
  restarted = [dataclasses.replace(pose, restarted=t == 9) for t, pose in enumerate(poses)]
  even = [t / 30 for t in range(len(poses))]
  uneven = [0.04 * t + 0.01 * (t % 3) for t in range(len(poses))]
  uneven[7] = uneven[6]
  for name, clip, times, min_cutoff, beta in (
    ("30 frames per second", poses, even, smoothing.MIN_CUTOFF, smoothing.BETA),
    ("a repeated time", poses, uneven, smoothing.MIN_CUTOFF, smoothing.BETA),
    ("lost and found", lost, even, smoothing.MIN_CUTOFF, smoothing.BETA),
    ("restarted", restarted, even, smoothing.MIN_CUTOFF, smoothing.BETA),
    ("strong", poses, even, 0.3, 5.0),
  ):
    smoother = smoothing.PoseSmoother(min_cutoff, beta)
    yield {
      "name": name,
      "poses": [
        {
          "keypoints": pose.keypoints,
          "scores": pose.scores,
          "box": list(pose.box),
          "found": pose.found,
          "restarted": pose.restarted,
        }
        for pose in clip
      ],
      "times": times,
      "min_cutoff": min_cutoff,
      "beta": beta,
      "min_score": 0.2,
      "keypoints": [smoother(pose, time).keypoints for pose, time in zip(clip, times)],
    }
