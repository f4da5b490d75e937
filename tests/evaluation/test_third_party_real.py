"""Tests of real third-party networks on real labeled clips: the table of docs/peers.md."""

import pathlib

import numpy as np
import pytest

from benchmarks import people_sources
from data.clips import dataset
from data.clips.source import ClipsSource
from data.penn_action import dataset as penn_action_dataset
from data.penn_action.source import PennSource
from ppn_tf.clips import records
from ppn_tf.clips.labels import read_labels
from ppn_tf.evaluation.third_party import load_third_party
from ppn_tf.keypoints import pck
from ppn_tf.keypoints.joint_maps import to_skeleton

SHARED = pathlib.Path(__file__).parents[3] / "shared" / "data"
# Percent: PCK-body, PCK-torso, and PCK-torso with the other shoulder and hip.
# OpenCV crops of frames of the video differed by at most 1.1 points for EfficientPose on 0502, and
# 0.5 for all others; JPEG has a larger effect than resampling.
MEASURED = {
  ("0502", "movenet-thunder"): (98.7, 71.6, 86.7),
  ("0502", "movenet-lightning"): (98.3, 67.0, 81.2),
  ("0502", "EfficientPoseII"): (90.6, 65.3, 78.0),
  ("bonn", "movenet-thunder"): (86.5, 83.0, 83.0),
  ("bonn", "movenet-lightning"): (85.8, 79.1, 78.2),
  ("bonn", "EfficientPoseII"): (85.2, 82.5, 82.3),
}


@pytest.fixture(name="builders", scope="module")
def fixture_builders(tmp_path_factory):
  """Makes records of clip 0502 of Penn Action, and of two people on paddle boards."""
  for path in ("penn_action/0502.mp4", "bonn", "models"):
    if not (SHARED / path).exists():
      pytest.skip(f"no shared/data/{path} next to the project")
  root = tmp_path_factory.mktemp("real")
  people_sources.write_penn_clip(SHARED, root / "penn")
  people_sources.write_bonn(SHARED, root / "bonn")
  penn = penn_action_dataset.prepare(PennSource(root / "penn"), str(root / "records"))
  bonn = dataset.prepare(ClipsSource(root / "bonn"), str(root / "records"), "bonn")
  return {"0502": records.open_records(penn), "bonn": records.open_records(bonn)}


def measure(builder, peer):
  """Returns the three scores, over twelve limb joints and the head of Penn Action."""
  skeleton, labels = records.read_skeleton(builder), read_labels(builder, "test")
  names = list(skeleton.joint_names)
  limbs = [
    names.index(f"{side}_{part}")
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    for side in ("right", "left")
  ]
  joints = [*limbs, *([names.index("head")] if "head" in names else [])]
  distances, visible, lengths = [], [], []
  for predictions in peer.predict(builder, "test"):
    clip = labels[predictions.clip]
    predicted = to_skeleton(predictions, skeleton, allow_missing=True)
    distances.append(np.linalg.norm(predicted.keypoints - clip.keypoints, axis=-1)[:, joints])
    visible.append(clip.visibility[:, joints])
    ends = [clip.keypoints[:, names.index(end)] for end in ("right_shoulder", "left_hip")]
    lengths.append(
      [
        pck.body_lengths(clip.boxes),
        pck.torso_lengths(clip.keypoints, skeleton),
        np.linalg.norm(ends[0] - ends[1], axis=-1),
      ]
    )
  distances, visible = np.concatenate(distances), np.concatenate(visible)
  return [
    pck.mean_pck(distances <= 0.2 * length[:, None], visible) for length in np.hstack(lengths)
  ]


@pytest.mark.slow
@pytest.mark.parametrize(("data", "network"), sorted(MEASURED))
def test_measured_figures(builders, data, network):
  peer = load_third_party(SHARED / "models" / f"{network}.tflite")
  np.testing.assert_allclose(measure(builders[data], peer), MEASURED[data, network], atol=1.0)
