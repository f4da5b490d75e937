"""Tests of ppn_tf.evaluation.reporting.along_clip: PCK by frame index."""

import pytest

from ppn_tf.evaluation.reporting import along_clip, graphs
from tests.evaluation.reporting.conftest import evaluation, full_evaluation


def windows(values, counts):
  scores = full_evaluation(90, 70)
  scores["per_frame_index"] = {"num_frames": counts, "pck_torso": values}
  return scores


def test_indices_with_few_frames_are_faint_or_omitted(make_run):
  # Of 40, 40, 20, 8, 4 and 1 frames, 4 are a tenth and 1 is a fortieth.
  torso, body = along_clip.along_clip([make_run("a", full_evaluation(90, 70))])
  assert torso.alt == (
    "Graph of PCK-torso in percent against the position of the frame: "
    "a from 70.0 at 1 to 66.0 at 4."
  )
  assert body.alt.endswith(
    "PCK-body in percent against the position of the frame: a from 90.0 at 1 to 86.0 at 4."
  )
  text = torso.data.decode()
  assert "opacity: 0.45" in text and f"fill: {graphs.LIGHT.grid}" in text


def test_windows_have_no_faint_indices_and_no_shade(make_run):
  run = make_run("a", windows([70.0, 72.0, 73.0], [50, 50, 48]))
  (torso,) = along_clip.along_clip([run])
  text = torso.data.decode()
  assert not along_clip.has_decreasing_counts(run) and along_clip.has_decreasing_counts(
    make_run("b", full_evaluation(9, 7))
  )
  assert "opacity: 0.45" not in text and f"fill: {graphs.LIGHT.grid}" not in text


def test_older_evaluations_without_counts(make_run):
  (torso,) = along_clip.along_clip([make_run("a", evaluation(90, 70))])
  assert torso.alt.endswith("a from 70.0 at 1 to 71.0 at 3.")


@pytest.mark.parametrize(
  ("values", "counts", "expected"),
  [
    ([70.0, 71.0, 72.0], [9, 9, 9], ["70.0", "72.0", "+2.0"]),
    # Two of six indices, weighted by frames: (30*80 + 10*60) / 40, and (20*50 + 10*20) / 30.
    ([80.0, 60.0, 1.0, 1.0, 50.0, 20.0], [30, 10, 10, 10, 20, 10], ["75.0", "40.0", "−35.0"]),
    # The last index is faint and does not count, so the third index is the last third.
    ([80.0, 70.0, 60.0, 10.0], [100, 90, 80, 10], ["80.0", "60.0", "−20.0"]),
    ([None, 70.0, 60.0], [9, 9, 9], ["70.0", "60.0", "−10.0"]),
  ],
)
def test_drift_by_hand(make_run, values, counts, expected):
  table = along_clip.drift_table([make_run("a", windows(values, counts)), make_run("b")])
  (row,) = table.sections[0].rows
  assert [cell.text for cell in row.cells] == expected
  assert table.columns == ("First third", "Last third", "Change")


def test_single_index_has_no_drift(make_run):
  assert along_clip.drift_table([make_run("a", windows([70.0], [9]))]) is None


def test_without_measurements(make_run):
  assert along_clip.along_clip([make_run("a")]) == []
