"""Shot boundaries: made-up cuts, and motion that is none."""

import pathlib

import cv2
import numpy as np
import pytest

from ppn_tf.tracking.cuts import CutDetector
from ppn_tf.tracking.video.reader import open_video

VIDEOS = pathlib.Path(__file__).parents[3] / "shared" / "data" / "videos" / "permissive"


def scene(seed, size=(240, 320)):
  """A place: patches of a few colours of its own."""
  generator = np.random.default_rng(seed)
  palette = generator.integers(0, 256, (6, 3))
  patches = palette[generator.integers(0, 6, (6, 16))].astype(np.uint8)
  return cv2.resize(patches, (3 * size[1], size[0]), interpolation=cv2.INTER_NEAREST)


def look(place, shift, size=(240, 320)):
  """What a camera sees of a place, with a little noise."""
  seen = place[:, shift : shift + size[1]].astype(int)
  return np.clip(seen + np.random.default_rng(shift).normal(0, 3, seen.shape), 0, 255).astype(
    np.uint8
  )


def cuts_of(frames):
  detector = CutDetector()
  return [index for index, frame in enumerate(frames) if detector.is_cut(frame)]


def test_cuts_between_scenes():
  places = [scene(seed) for seed in range(4)]
  frames = [look(place, 100 + t) for place in places for t in range(8)]
  assert cuts_of(frames) == [8, 16, 24]


def test_a_cut_during_a_slow_pan():
  frames = [look(scene(5), 4 * t) for t in range(12)] + [look(scene(6), 4 * t) for t in range(12)]
  assert cuts_of(frames) == [12]


@pytest.mark.parametrize("speed", [5, 20, 60])
def test_a_pan_is_none(speed):
  assert cuts_of([look(scene(7), speed * t) for t in range(600 // speed)]) == []


def test_a_large_thing_that_darts_about_is_none():
  generator = np.random.default_rng(0)
  frames = []
  for t in range(30):
    frame = look(scene(8), 200)
    if t >= 3:
      x, y = generator.integers(0, (200, 120))
      frame[y : y + 120, x : x + 120] = (240, 40, 40)
    frames.append(frame)
  assert cuts_of(frames) == []


def test_light_that_comes_on_slowly_is_none():
  place = look(scene(9), 0)
  frames = [(place * (0.2 + 0.04 * t)).astype(np.uint8) for t in range(20)]
  assert cuts_of(frames) == []


def test_a_video_begins_without_a_cut():
  detector = CutDetector()
  assert not detector.is_cut(look(scene(1), 0))
  detector.reset()
  assert not detector.is_cut(look(scene(2), 0))


@pytest.mark.parametrize("size", [(1, 1), (30, 50), (2160, 3840)])
def test_sizes(size):
  dark, light = (np.full((*size, 3), level, np.uint8) for level in (20, 220))
  assert cuts_of([dark, dark, light, light]) == [2]


def test_real_shots_have_none_and_splices_have_one():
  files = sorted(VIDEOS.glob("*.mp4"))
  if len(files) < 2:
    pytest.skip(f"no videos in {VIDEOS}")
  parts = []
  for file in files[:3]:
    frames = [frame.image for frame, _ in zip(open_video(file), range(30))]
    assert cuts_of(frames) == []
    parts.append([cv2.resize(frame, (320, 240)) for frame in frames])
  assert cuts_of(sum(parts, [])) == [30, 60]
