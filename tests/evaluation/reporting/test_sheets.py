"""Tests of ppn_tf.evaluation.reporting.sheets: choice and captions of clips."""

import json
import urllib.parse

import numpy as np
import pytest

from ppn_tf.clips import records
from ppn_tf.clips.labels import read_labels
from ppn_tf.evaluation import scores
from ppn_tf.evaluation.prediction_files import read_predictions
from ppn_tf.evaluation.reporting import page
from ppn_tf.evaluation.reporting.runs import read_run
from ppn_tf.evaluation.reporting.sheets import choose_clips, draw_sheets
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.runtime.errors import InputError
from tests.evaluation.reporting.test_page import Parsed
from tests.evaluation.reporting.walkers import CLIPS, make_labels

NAN = float("nan")


@pytest.mark.parametrize(
  ("scores", "num_worst", "expected"),
  [
    ({"a": 50.0, "b": 20.0, "c": 90.0, "d": 30.0, "e": 70.0}, 1, ["b", "a"]),
    ({"a": 50.0, "b": 20.0, "c": 90.0, "d": 30.0, "e": 70.0}, 2, ["b", "d", "a"]),
    # A median among the worst clips is not shown twice.
    ({"a": 50.0, "b": 20.0, "c": 90.0}, 2, ["b", "a"]),
    # The median is the worse of two middle clips; ties are ordered by name.
    ({"d": 10.0, "c": 10.0, "b": 10.0, "a": 10.0}, 1, ["a", "b"]),
    ({"a": NAN, "b": 20.0}, 3, ["b"]),
    ({"a": NAN}, 3, []),
  ],
)
def test_chosen_clips(scores, num_worst, expected):
  chosen = choose_clips(scores, num_worst)
  assert [clip for clip, _ in chosen] == expected


def test_reasons():
  chosen = choose_clips({f"{n}": float(n) for n in range(7)}, 2)
  assert chosen == [
    ("0", "the lowest PCK-torso"),
    ("1", "among the lowest PCK-torso"),
    ("3", "the median PCK-torso"),
  ]


def write_predictions(folder, shift, clips=tuple(CLIPS), joint_names=PENN_ACTION.joint_names):
  """Writes the labels as predictions, with large errors from joint 4 on in clips of `shift`."""
  (folder / "predictions").mkdir()
  (folder / "predictions" / "predictions.json").write_text(json.dumps({"split": "test"}))
  for clip in clips:
    keypoints = make_labels(clip)["keypoints"].copy()
    keypoints[:, 4:] += 500.0 * shift.get(clip, 0)
    np.savez(
      folder / "predictions" / (urllib.parse.quote(clip, safe="") + ".npz"),
      clip=clip,
      keypoints=keypoints,
      scores=np.ones(keypoints.shape[:2], np.float32),
      joint_names=np.array(joint_names),
    )


@pytest.fixture(name="builder")
def fixture_builder(walkers):
  return records.open_records(walkers)


def test_sheets(make_run, builder):
  first, second = make_run("first"), make_run("second")
  worst = list(CLIPS)[1]
  write_predictions(first.workdir, {worst: 1})
  write_predictions(second.workdir, {}, clips=[worst])
  shown, median = draw_sheets([first, second], builder, "test", 1)
  assert (shown.clip, shown.action, shown.num_frames) == (worst, "tennis serve", CLIPS[worst])
  visible = make_labels(worst)["visibility"]
  expected = 100 * visible[:, :4].sum() / visible.sum()
  assert shown.scores == (("first", f"{expected:.1f}"), ("second", "100.0"))
  assert [frames for frames, _ in shown.bands] == ["2, 4, 7, 9", "12, 14, 17, 19"]
  for _, rows in shown.bands:
    assert [name for name, _ in rows] == ["first", "second"]
    assert all((row.width, row.height) == (4 * 244 - 4, 240) for _, row in rows)
  # Three of four clips are perfect; the median is the first of them by name.
  assert median.clip == "0000" and median.scores == (("first", "100.0"),)
  (band,) = median.bands
  assert band[0] == "1, 2, 3" and band[1][0][1].width == 3 * 244 - 4


def test_pictures_show_the_named_frames(make_run, builder):
  run = make_run("run")
  write_predictions(run.workdir, {})
  clip = list(CLIPS)[1]
  visible = make_labels(clip)["visibility"][[1, 3, 6, 8]].sum()
  sheets = {sheet.clip: sheet for sheet in draw_sheets([run], builder, "test", 4)}
  alt = sheets[clip].bands[0][1][0][1].alt
  assert alt.endswith(f"{visible} of {visible} visible joints correct.")


def test_page_agrees_with_evaluation(make_run, builder):
  """Compares all sections of a page with `scores` of the same predictions."""
  run = make_run("run")
  write_predictions(run.workdir, {"0002": 1, "0003": 0.01})
  _, predictions = read_predictions(run.predictions)
  labels = read_labels(builder, "test")
  measured = scores.score([(labels[clip], predictions[clip]) for clip in CLIPS], PENN_ACTION)
  (run.workdir / "evaluation.json").write_text(scores.to_json(measured))
  run = read_run("run", str(run.workdir))
  sheets = draw_sheets([run], builder, "test", 4)
  shown = {sheet.clip: sheet.scores for sheet in sheets}
  assert shown == {
    clip: (("run", f"{values['pck_torso']:.1f}"),) for clip, values in measured["per_clip"].items()
  }
  parsed = Parsed(page.render("A title", [run], [], "python", split="test", sheets=sheets))
  assert parsed.headings == [
    "Scores",
    "By threshold",
    "Along a clip",
    "Jitter",
    "Worst clips",
    "How it was made",
  ]
  assert "tennis serve 1 clip" in [row[0] for table in parsed.tables for row in table]


def rewrite(folder, name, **changed):
  """Replaces arrays in the prediction file of a clip."""
  with np.load(folder / f"{name}.npz") as file:
    arrays = dict(file)
  np.savez(folder / f"{name}.npz", **{**arrays, **changed})


def test_mismatched_predictions_are_refused(make_run, builder):
  stranger, joints, short = make_run("stranger"), make_run("joints"), make_run("short")
  write_predictions(stranger.workdir, {}, clips=["0000"])
  rewrite(stranger.predictions, "0000", clip="9999")
  with pytest.raises(InputError, match="none of the 4 clips of the split 'test'.*--eval_split"):
    draw_sheets([stranger], builder, "test", 1)
  write_predictions(joints.workdir, {}, joint_names=PENN_ACTION.joint_names[::-1])
  with pytest.raises(InputError, match="clip '0000' has other joints than the data set"):
    draw_sheets([joints], builder, "test", 1)
  write_predictions(short.workdir, {})
  shortened = make_labels("0000")["keypoints"][:2]
  rewrite(short.predictions, "0000", keypoints=shortened, scores=np.ones((2, 13), np.float32))
  with pytest.raises(InputError, match="clip '0000' has 2 frames, in the data set 3"):
    draw_sheets([short], builder, "test", 1)
