"""Tests of ppn_tf.tracking.cuts on drawn cuts, and on motion without cuts."""

import pathlib

import cv2
import numpy as np
import pytest

from ppn_tf.tracking.cuts import CutDetector
from ppn_tf.tracking.video.reader import open_video

VIDEOS = pathlib.Path(__file__).parents[3] / "shared" / "data" / "videos" / "permissive"


def scene(seed, size=(240, 320)):
  """Draws a scene: patches in a few colors."""
  generator = np.random.default_rng(seed)
  palette = generator.integers(0, 256, (6, 3))
  patches = palette[generator.integers(0, 6, (6, 16))].astype(np.uint8)
  return cv2.resize(patches, (3 * size[1], size[0]), interpolation=cv2.INTER_NEAREST)


def look(place, shift, size=(240, 320)):
  """Returns the view of a camera on a scene, with some noise."""
  view = place[:, shift : shift + size[1]].astype(int)
  return np.clip(view + np.random.default_rng(shift).normal(0, 3, view.shape), 0, 255).astype(
    np.uint8
  )


def find_cuts(frames):
  detector = CutDetector()
  return [index for index, frame in enumerate(frames) if detector.is_cut(frame)]


def test_cuts_between_scenes():
  places = [scene(seed) for seed in range(4)]
  frames = [look(place, 100 + t) for place in places for t in range(8)]
  assert find_cuts(frames) == [8, 16, 24]


def test_cut_during_a_slow_pan():
  frames = [look(scene(5), 4 * t) for t in range(12)] + [look(scene(6), 4 * t) for t in range(12)]
  assert find_cuts(frames) == [12]


@pytest.mark.parametrize("speed", [5, 20, 60])
def test_pan_is_not_a_cut(speed):
  assert find_cuts([look(scene(7), speed * t) for t in range(600 // speed)]) == []


def test_fast_large_object_is_not_a_cut():
  generator = np.random.default_rng(0)
  frames = []
  for t in range(30):
    frame = look(scene(8), 200)
    if t >= 3:
      x, y = generator.integers(0, (200, 120))
      frame[y : y + 120, x : x + 120] = (240, 40, 40)
    frames.append(frame)
  assert find_cuts(frames) == []


def test_slowly_rising_light_is_not_a_cut():
  place = look(scene(9), 0)
  frames = [(place * (0.2 + 0.04 * t)).astype(np.uint8) for t in range(20)]
  assert find_cuts(frames) == []


def test_first_frame_is_not_a_cut():
  detector = CutDetector()
  assert not detector.is_cut(look(scene(1), 0))
  detector.reset()
  assert not detector.is_cut(look(scene(2), 0))


@pytest.mark.parametrize("size", [(1, 1), (30, 50), (2160, 3840)])
def test_frame_sizes(size):
  dark, light = (np.full((*size, 3), level, np.uint8) for level in (20, 220))
  assert find_cuts([dark, dark, light, light]) == [2]


def test_real_shots_have_no_cut_and_splices_have_one():
  files = sorted(VIDEOS.glob("*.mp4"))
  if len(files) < 2:
    pytest.skip(f"no videos in {VIDEOS}")
  parts = []
  for file in files[:3]:
    frames = [frame.image for frame, _ in zip(open_video(file), range(30))]
    assert find_cuts(frames) == []
    parts.append([cv2.resize(frame, (320, 240)) for frame in frames])
  assert find_cuts(sum(parts, [])) == [30, 60]
