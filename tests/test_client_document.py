"""Tests that the numbers in docs/client.md are those of the code."""

import inspect
import pathlib
import re
from fractions import Fraction

import pytest

from export import golden
from ppn_tf.inference import frame_times, moved_heatmaps, present_places
from ppn_tf.keypoints import dark, frame_crops
from ppn_tf.tracking import boxes, cuts, presence, search, smoothing, tracker
from ppn_tf.tracking.settings import TrackerSettings
from tests.export.golden_files import read_cases

PAGE = (pathlib.Path(__file__).parents[1] / "docs" / "client.md").read_text(encoding="utf-8")
SETTINGS = TrackerSettings()
SEARCH = inspect.signature(boxes.search_boxes).parameters
NUMBERS = {
  "period": frame_times.PERIOD,
  "min_score": SETTINGS.min_score,
  "min_joints": SETTINGS.min_joints,
  "box_scale": frame_crops.BOX_SCALE,
  "part_growth": search.PART_GROWTH,
  "min_side": boxes.MIN_SIDE,
  "box_lag": SETTINGS.box_lag,
  "restart_share": SETTINGS.lowest_confidence / SETTINGS.min_score,
  "part_score": SETTINGS.part_score,
  "visible": presence._VISIBLE,
  "min_visible": presence._MIN_VISIBLE,
  "restart_after": SETTINGS.restart_after,
  "longest_wait": tracker.LONGEST_WAIT,
  "refinements": SETTINGS.refinements,
  "search_parts": SEARCH["parts"].default,
  "max_looks": boxes.MAX_LOOKS,
  "heatmap_lag": moved_heatmaps._LAG,
  "blur_sigma": dark.BLUR_SIGMA,
  "blur_radius": dark._RADIUS,
  "reach": present_places.REACH,
  "confident": present_places._CONFIDENT,
  "place_lag": present_places._LAG,
  "moved": present_places._MOVED,
  "thumbnail": cuts.THUMBNAIL,
  "colors": cuts.COLORS,
  "changed": cuts.CHANGED,
  "min_changed": cuts.MIN_CHANGED,
  "min_recolored": cuts.MIN_RECOLORED,
  "ratio": cuts.RATIO,
  "cut_lag": cuts.LAG,
  "min_cutoff": smoothing.MIN_CUTOFF,
  "beta": smoothing.BETA,
  "derivative_cutoff": smoothing.DERIVATIVE_CUTOFF,
}
# Numbers within equations: a pattern with one group, and the name of the number.
IN_TEXT = [
  (r"v_t = v_\(t-1\) \+ a\(([\d.]+)\)", "heatmap_lag"),
  (r"standard deviation of (\d) cell, cut off", "blur_sigma"),
  (r"cut off after (\d) cells", "blur_radius"),
  (r"2 - \|column - p_x\| / (\d)", "reach"),
  (r"max\(0, height\) / ([\d.]+)\)", "confident"),
  (r"min\(1, d / ([\d.]+)\)\)", "moved"),
  (r", a = a\(([\d.]+)\),", "place_lag"),
  (r"at least (\d) scores are at least max", "min_visible"),
  (r"at least max\(([\d.]+), `min_score`\)", "visible"),
  (r"It is ([\d.]+) times their extent", "box_scale"),
  (r"new = ([\d.]+) \* start_margin", "part_growth"),
  (r"longer side is below (\d+) pixels", "min_side"),
  (r"# (\d) times, or until", "refinements"),
  (r"min\(max\(lost_for, T\), ([\d.]+)\)", "longest_wait"),
  (r"If there are (\d+) squares or more", "max_looks"),
  (r"average areas down to (\d+) x", "thumbnail"),
  (r"at least (\d) times the usual change", "ratio"),
  (r"at least ([\d.]+) of the pixels change", "min_changed"),
  (r"change by more than (\d+) levels", "changed"),
  (r"histograms \((\d) x", "colors"),
  (r"differ by at least ([\d.]+):", "min_recolored"),
  (r"u \+ a\(([\d/ ]+)\)", "cut_lag"),
  (r"share\((\d)\) \* \(\(x_t", "derivative_cutoff"),
  (r"share\((\d) \+ \d+ \|dx_t\|", "min_cutoff"),
  (r"share\(\d \+ (\d+) \|dx_t\|", "beta"),
  (r"absent: ([\d.]+) x `min_score`", "restart_share"),
]


def read_table(heading):
  """Returns the cells of the rows of the table below a heading."""
  section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
  rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| `")]
  return [[cell.strip() for cell in row] for row in rows]


def read_numbers(text):
  """Returns the numbers of "1 / 30" or "1, 0.75"."""
  return [float(Fraction(part.replace(" ", ""))) for part in text.split(",")]


def test_table_has_the_numbers_of_the_code():
  table = {name.strip("`"): read_numbers(value) for name, value, _ in read_table("Numbers")}
  assert list(table) == list(NUMBERS)
  for name, values in table.items():
    expected = NUMBERS[name] if isinstance(NUMBERS[name], tuple) else [NUMBERS[name]]
    assert values == pytest.approx(list(expected), rel=1e-12), name


@pytest.mark.parametrize(("pattern", "name"), IN_TEXT)
def test_equations_have_the_numbers_of_the_table(pattern, name):
  (value,) = re.findall(pattern, " ".join(PAGE.split("## Numbers")[0].split()))
  assert read_numbers(value) == pytest.approx([NUMBERS[name]])


def test_page_lists_all_golden_files_with_their_fields():
  rows = {row[0].strip("`"): " ".join(row[1:]) for row in read_table("Golden vectors")}
  assert set(rows) == {f"{rule}.json" for rule in golden.RULES}
  for rule in golden.RULES:
    named = set(re.findall(r"`(\w+)`", rows[f"{rule}.json"]))
    for case in read_cases(rule):
      assert set(case) - {"name"} <= named, rule


def test_page_lists_the_fields_of_descriptions():
  named = " ".join(row[0] for row in read_table("In the file"))
  for field in ("frame.size", "frame.box_margin", "frame.steady_crops", "heatmaps.size",
                "heatmaps.pixels_per_cell", "start.frame.size", "start.frame.box_margin",
                "readout", "restart_score", "skeleton"):  # fmt: skip
    assert f"`{field}`" in named
