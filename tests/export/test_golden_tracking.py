"""Tests of the golden vectors of tracking against equations, and results worked out by hand."""

import math
import statistics

import numpy as np
import pytest

from tests.export.golden_files import find_case, read_cases

CUTS, SMOOTHED = read_cases("cuts"), read_cases("smoothing")


def names(cases):
  return [case["name"] for case in cases]


def test_evidence():
  cases = read_cases("evidence")
  signs = {case["name"]: case["evidence"] >= 0 for case in cases}
  assert signs == {
    "whole person": True,
    "nobody": False,
    "head and shoulders": True,
    "four visible joints": False,
    "mediocre joints": False,
    "high min_score": True,
    "low visible joints": True,
  }
  for case in cases:
    visible = [score for score in case["scores"] if score >= max(0.3, case["min_score"])]
    candidates = [statistics.mean(case["scores"]) - case["whole_score"]]
    if len(visible) >= 5:
      candidates.append(statistics.mean(visible) - case["part_score"])
    assert case["evidence"] == pytest.approx(max(candidates), abs=1e-9)


def test_joints_boxes():
  """The joints extend from (28, 20.25) to (55.75, 80); 1.2 times that is 33.3 x 71.7 pixels."""
  boxes = {case["name"]: case["box"] for case in read_cases("joints_box")}
  person = [25.225, 14.275, 58.525, 85.975]
  assert boxes["whole person"] == pytest.approx(person, abs=1e-4)
  assert boxes["clipped to the frame"] == pytest.approx([85.225, 74.275, 99, 119], abs=1e-4)
  assert boxes["as many joints as necessary"] == pytest.approx(person, abs=1e-4)
  # Three joints from (28, 20.25) to (55.75, 41.5).
  assert boxes["three joints are enough"] == pytest.approx(
    [25.225, 18.125, 58.525, 43.625], abs=1e-4
  )
  assert [name for name, box in boxes.items() if box is None] == [
    "too few joints", "joints in one place", "none is confident", "outside the frame",
  ]  # fmt: skip


@pytest.mark.parametrize("case", read_cases("search_boxes"), ids=names(read_cases("search_boxes")))
def test_search_boxes(case):
  height, width = case["frame_size"]
  boxes = np.array(case["boxes"])
  centers, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, case["margin"] * np.ptp(boxes[:, ::2], axis=1)
  np.testing.assert_allclose(centers[0], [(width - 1) / 2, (height - 1) / 2], rtol=1e-6)
  assert case["margin"] * (boxes[0, 2:] - boxes[0, :2]) == pytest.approx([width, height], rel=1e-5)
  assert len(boxes) <= 64
  allowed = {round(part * min(height, width), 3) for part in case["parts"]}
  assert {round(float(side), 3) for side in sides[1:]} <= allowed
  assert sides[1:].min(initial=math.inf) >= 16


def test_search_boxes_of_a_frame_by_hand():
  """Squares of 72 and 54 pixels in a frame of 96 x 72, at most half a side apart."""
  boxes = np.array(find_case("search_boxes", "landscape")["boxes"])
  centers = (boxes[1:, :2] + boxes[1:, 2:]) / 2
  expected = [(36, 36), (60, 36), *((x, y) for y in (27, 45) for x in (27, 48, 69))]
  np.testing.assert_allclose(centers, expected, atol=1e-4)


def overlaps(length):
  """Returns the shares [32, length] of pixels in each of 32 equal parts of a line of pixels."""
  ends = np.linspace(0, length, 33)[:, None]
  pixels = np.arange(length)
  shared = np.minimum(ends[1:], pixels + 1) - np.maximum(ends[:-1], pixels)
  return np.maximum(shared, 0) * 32 / length


@pytest.mark.parametrize("case", CUTS, ids=names(CUTS))
def test_thumbnails_are_averages_over_areas(case):
  step = max(1, min(case["frames"].shape[1:3]) // 128)
  for frame, thumbnail in zip(case["frames"], case["thumbnails"]):
    sparse = frame[::step, ::step].astype(float)
    rows, columns = (overlaps(length) for length in sparse.shape[:2])
    expected = np.einsum("yh,xw,hwc->yxc", rows, columns, sparse)
    assert np.abs(expected - thumbnail).max() <= case["thumbnail_tolerance"]


@pytest.mark.parametrize("case", CUTS, ids=names(CUTS))
def test_cuts_have_a_margin(case):
  """Follows the rule with thresholds a tenth lower and higher, so that rounding does not matter."""
  for factor in (0.9, 1, 1.1):
    usual, previous, cuts = 0.0, None, []
    for thumbnail in case["thumbnails"].astype(int):
      bins = np.bincount((thumbnail // 32 @ [64, 8, 1]).ravel(), minlength=512)
      cut = False
      if previous is not None:
        change = np.abs(thumbnail - previous[0])
        recolored = np.abs(bins - previous[1]).sum() / 2048
        changed = (change.max(axis=-1) > 16 * factor).mean()
        mean = change.mean()
        cut = bool(mean >= 3 * factor * usual and changed >= 0.6 * factor and recolored >= 0.2)
        share = case["period"] / (case["period"] + 7 / 90)
        usual = 0.0 if cut else usual + share * (mean - usual)
      cuts.append(cut)
      previous = thumbnail, bins
    assert cuts == case["is_cut"]


def test_cuts_are_found_and_motion_is_not():
  cuts = {case["name"]: np.flatnonzero(case["is_cut"]).tolist() for case in CUTS}
  assert (cuts["cut"], cuts["two cuts"], cuts["cut after a pan"]) == ([3], [1, 2], [6])
  assert cuts["pan"] == cuts["somebody walks"] == cuts["fade"] == []
  assert cuts["every second pixel of large frames"] == [2]


class OneEuro:
  """One-Euro filter of one number (Casiez et al., CHI 2012, Algorithm 1)."""

  def __init__(self, min_cutoff, beta):
    self.min_cutoff, self.beta = min_cutoff, beta
    self.last = None

  def filter(self, value, time, unit):
    if self.last is None or time <= self.last[2]:
      self.last = value, 0.0, time
      return value
    previous, speed, last_time = self.last
    period = time - last_time
    speed = low_pass((value - previous) / period, speed, 1.0, period)
    result = low_pass(value, previous, self.min_cutoff + self.beta * abs(speed) / unit, period)
    self.last = result, speed, time
    return result


def low_pass(value, previous, cutoff, period):
  share = 1 / (1 + 1 / (2 * math.pi * cutoff * period))
  return share * value + (1 - share) * previous


@pytest.mark.parametrize("case", SMOOTHED, ids=names(SMOOTHED))
def test_smoothing_filters_each_number(case):
  filters = {}
  for pose, time, smoothed in zip(case["poses"], case["times"], case["keypoints"]):
    if not pose["found"] or pose["restarted"]:
      filters = {}
    expected = np.array(pose["keypoints"])
    x1, y1, x2, y2 = pose["box"]
    for joint, score in enumerate(pose["scores"]):
      for axis in range(2):
        if pose["found"] and score >= case["min_score"]:
          one = filters.setdefault((joint, axis), OneEuro(case["min_cutoff"], case["beta"]))
          value = expected[joint, axis]
          expected[joint, axis] = one.filter(value, time, max(x2 - x1, y2 - y1, 1))
    np.testing.assert_allclose(smoothed, expected, atol=1e-4)


def test_smoothing_reduces_jitter():
  case = find_case("smoothing", "strong")
  rest = np.array([pose["keypoints"] for pose in case["poses"]])[14:, 0]
  smoothed = np.array(case["keypoints"])[14:, 0]
  assert np.diff(smoothed, axis=0).std() < 0.5 * np.diff(rest, axis=0).std()
