"""Tests of ppn_tf.keypoints.joint_maps."""

import numpy as np
import pytest

from ppn_tf.keypoints.joint_maps import (
  BLAZEPOSE_JOINTS,
  COCO_JOINTS,
  MPII_JOINTS,
  OPENPOSE_JOINTS,
  RULES,
  JointMapper,
  sources,
  to_skeleton,
)
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.keypoints.skeletons import PENN_ACTION, SUB_JHMDB, Skeleton
from ppn_tf.runtime.errors import InputError


def make_predictions(names, num_frames=2):
  """Returns joint j of frame t at (10 j + t, 100 + j) with score j / 100."""
  j, t = np.arange(len(names)), np.arange(num_frames)[:, None]
  keypoints = np.stack([10.0 * j + t, 100.0 + j + 0 * t], axis=-1).astype(np.float32)
  scores = np.repeat(j[None] / 100, num_frames, axis=0).astype(np.float32)
  return ClipPredictions("walk", tuple(names), keypoints, scores)


def make_skeleton(*names):
  return Skeleton("own", names, (), (), (0, 0), ())


@pytest.mark.parametrize(
  ("names", "count"), [(COCO_JOINTS, 17), (BLAZEPOSE_JOINTS, 33), (MPII_JOINTS, 16)]
)
def test_name_tuples(names, count):
  assert len(set(names)) == count
  sides = [name.replace("left", "right") for name in names if "left" in name]
  assert set(sides) <= set(names)


def test_coco_as_penn_action():
  mapped = to_skeleton(make_predictions(COCO_JOINTS), PENN_ACTION)
  assert mapped.clip == "walk" and mapped.joint_names == PENN_ACTION.joint_names
  # COCO numbers: nose 0, ears 3 and 4, left shoulder 5, right shoulder 6, ... right ankle 16.
  joints = [3.5, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
  expected = [[[10 * j + t, 100 + j] for j in joints] for t in range(2)]
  np.testing.assert_array_equal(mapped.keypoints, expected)
  np.testing.assert_allclose(mapped.scores[1], [0.03] + [j / 100 for j in joints[1:]], atol=1e-7)
  assert mapped.keypoints.dtype == mapped.scores.dtype == np.float32


def test_mpii_as_penn_action():
  mapped = to_skeleton(make_predictions(MPII_JOINTS), PENN_ACTION)
  # MPII numbers: upper neck 8, head top 9, right shoulder 12, left shoulder 13.
  assert mapped.keypoints[0, :3, 0].tolist() == [85, 120, 130]
  assert mapped.scores[0, 0] == np.float32(0.08)


def test_blazepose_as_penn_action():
  mapped = to_skeleton(make_predictions(BLAZEPOSE_JOINTS), PENN_ACTION)
  # Ears 7 and 8, shoulders 12 (right) and 11, elbows 14, 13, ..., ankles 28, 27.
  joints = [7.5, 12, 11, 14, 13, 16, 15, 24, 23, 26, 25, 28, 27]
  assert mapped.keypoints[0, :, 0].tolist() == [10 * j for j in joints]


def test_coco_as_sub_jhmdb():
  mapped = to_skeleton(make_predictions(COCO_JOINTS), SUB_JHMDB)
  # Neck: shoulders 5, 6. Belly: shoulders and hips 11, 12. Face: nose 0.
  assert mapped.keypoints[0, :3, 0].tolist() == [55, 85, 0]


def test_mpii_as_sub_jhmdb():
  mapped = to_skeleton(make_predictions(MPII_JOINTS), SUB_JHMDB)
  # Neck: thorax 7. Belly: thorax and pelvis 6. Face: upper neck 8 and head top 9.
  assert mapped.keypoints[0, :3, 0].tolist() == [70, 65, 85]


def test_coco_as_mpii_lacks_the_head_top():
  skeleton = make_skeleton(*MPII_JOINTS)
  with pytest.raises(InputError) as caught:
    to_skeleton(make_predictions(COCO_JOINTS), skeleton)
  message = str(caught.value)
  assert "walk" in message and "own" in message and "'head_top'" in message
  assert ", ".join(COCO_JOINTS) in message and "\n" not in message

  mapped = to_skeleton(make_predictions(COCO_JOINTS), skeleton, allow_missing=True)
  assert np.isnan(mapped.keypoints[:, 9]).all() and (mapped.scores[:, 9] == 0).all()
  assert np.isfinite(np.delete(mapped.keypoints, 9, axis=1)).all()
  # Pelvis: hips 11, 12. Thorax: shoulders 5, 6. Upper neck: nose 0 and shoulders.
  np.testing.assert_allclose(mapped.keypoints[0, 6:9, 0], [115, 55, 110 / 3], rtol=1e-6)


def test_same_name_takes_precedence_over_rules():
  mapped = to_skeleton(make_predictions(("left_ear", "right_ear", "head")), make_skeleton("head"))
  assert mapped.keypoints[0, 0].tolist() == [20, 102]


def test_first_rule_with_all_joints_applies():
  mapped = to_skeleton(make_predictions(("left_ear", "nose")), make_skeleton("head"))
  assert mapped.keypoints[0, 0].tolist() == [10, 101]


def test_missing_joints_stay_missing():
  predictions = make_predictions(COCO_JOINTS)
  predictions.keypoints[1, 4] = np.nan
  mapped = to_skeleton(predictions, PENN_ACTION)
  assert np.isnan(mapped.keypoints[1, 0]).all()
  assert np.isfinite(mapped.keypoints[0]).all() and np.isfinite(mapped.keypoints[1, 1:]).all()


def test_rules_contain_left_and_right_together():
  for joint, rule in ((joint, rule) for joint, rules in RULES.items() for rule in rules):
    side = next((side for side in ("left", "right") if side in joint), None)
    if side:
      assert all(name.startswith(side) for name in rule)
      continue
    sides = {name.replace("left", "side"): 0 for name in rule if "left" in name}
    assert sides == {name.replace("right", "side"): 0 for name in rule if "right" in name}


@pytest.mark.parametrize("received", [COCO_JOINTS, BLAZEPOSE_JOINTS, MPII_JOINTS, ("snout",)])
def test_joints_are_means_and_lowest_scores_of_their_sources(received):
  predictions = make_predictions(received)
  predictions.keypoints[1, 0] = np.nan
  joints = (*OPENPOSE_JOINTS, "head", "belly", "upper_neck")
  mapper = JointMapper(received, joints)
  for t in range(2):
    places, lowest = mapper(predictions.keypoints[t], predictions.scores[t])
    for place, score, joint, exists in zip(places, lowest, joints, mapper.obtainable):
      rule = sources(joint, received)
      assert exists == (rule is not None)
      ids = [received.index(name) for name in rule or ()]
      mean = [np.mean([predictions.keypoints[t, k, axis] for k in ids]) for axis in (0, 1) if ids]
      np.testing.assert_allclose(place, mean or [np.nan, np.nan], rtol=1e-6)
      assert score == min((predictions.scores[t, k] for k in ids), default=0)
