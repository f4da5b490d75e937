"""Tests of batches and windows of clips, with colours that identify the joints."""

import dataclasses
import itertools
from typing import Any, Dict

import numpy as np
import pytest

from ppn_tf.clips import augment, pipeline, records
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.runtime.errors import InputError
from tests.tiny_clips import CLIPS, FRAME_SIZE, body_at

import tensorflow as tf

SIZE = (64, 64)
PLAIN = {"scale_range": (1.0, 1.0), "max_rotation": 0.0, "flip_probability": 0.0}
WILD = {"scale_range": (0.8, 1.4), "max_rotation": 40.0, "flip_probability": 0.5}
RIGHT, LEFT = range(1, 13, 2), range(2, 13, 2)


@pytest.fixture(name="builder", scope="module")
def fixture_builder(tiny_dataset):
  return records.open_records(tiny_dataset)


def batches(builder, count=1, **arguments: Any):
  settings: Dict[str, Any] = {
    "batch_size": 2,
    "num_frames": 3,
    "seed": 5,
    "skeleton": PENN_ACTION,
    "image_size": SIZE,
    "box_margin": 1.25,
    **WILD,
    **arguments,
  }
  names = {field.name for field in dataclasses.fields(augment.Augmentation)} & set(settings)
  augmentation = augment.Augmentation(**{name: settings.pop(name) for name in names})
  settings["augmentation"] = augmentation
  dataset = pipeline.training_batches(builder, "train", **settings)
  return [
    {name: value.numpy() for name, value in batch.items()}
    for batch in itertools.islice(dataset, count)
  ]


def colours(batch, keypoints) -> np.ndarray:
  """Returns the pixels [B, T, K, 3] nearest to the keypoints, which must be inside the crops."""
  x, y = np.moveaxis(np.round(keypoints).astype(int), -1, 0)
  b, t = np.ogrid[: x.shape[0], : x.shape[1]]
  return batch["frames"][b[..., None], t[..., None], y, x]


@pytest.mark.parametrize("field", dataclasses.fields(augment.Augmentation), ids=lambda f: f.name)
def test_each_augmentation_is_traced_and_changes_batches(builder, field):
  """Sets one field of no augmentation to a value that differs."""
  value = {"scale_range": (0.8, 0.8), "max_rotation": 30.0, "max_frame_step": 9}.get(
    field.name, 1.0
  )
  plain = batches(builder, 4, **PLAIN)
  changed = batches(builder, 4, **{**PLAIN, field.name: value})
  assert any(np.any(a["frames"] != b["frames"]) for a, b in zip(plain, changed))


def test_shapes_of_a_batch(builder):
  (batch,) = batches(builder)
  shapes = {name: value.shape for name, value in batch.items()}
  assert shapes == {
    "clip": (2,),
    "frames": (2, 3, *SIZE, 3),
    "keypoints": (2, 3, 13, 2),
    "weights": (2, 3, 13),
    "torso": (2, 3),
  }
  assert batch["frames"].dtype == np.float32 and batch["frames"].max() > 200


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_labels_match_the_colours_of_their_side(builder, flip):
  # The person is smaller than the crop, so that all joints stay inside at every rotation.
  for batch in batches(builder, 3, scale_range=(0.6, 0.7), flip_probability=flip):
    pixels = colours(batch, batch["keypoints"])
    red, green, blue = np.moveaxis(pixels, -1, 0)
    # The right hand of a mirrored person is the left hand in the original picture.
    right, left = (blue, red) if flip else (red, blue)
    assert (right[..., RIGHT] > 150).all() and (left[..., RIGHT] < 100).all()
    assert (left[..., LEFT] > 150).all() and (right[..., LEFT] < 100).all()
    assert (green[..., 0] > 150).all()


def test_all_frames_of_a_clip_have_one_rotation(builder):
  """Expects one rotation for all frames of a clip, and different rotations for clips."""
  (batch,) = batches(builder, batch_size=6)
  rotations = set()
  for keypoints in batch["keypoints"]:
    angles = []
    # The direction from hip to hip is constant in all clips of the data set.
    for frame in keypoints:
      across = frame[8] - frame[7]
      angles.append(np.arctan2(across[1], across[0]))
    np.testing.assert_allclose(angles, angles[0], atol=1e-4)
    rotations.add(round(float(angles[0]), 3))
  assert len(rotations) > 3


def test_each_frame_is_cropped_around_its_own_box(builder):
  for clip_index, keypoints in enumerate(batches(builder, batch_size=4, **PLAIN)[0]["keypoints"]):
    matches = []
    for clip, (length, split) in CLIPS.items():
      for first in range(length - 2) if split == "train" else ():
        expected = []
        for frame in range(first, first + 3):
          labels, box = body_at(clip, frame)
          zoom = 64 / (1.25 * max(box[2] - box[0], box[3] - box[1]))
          expected.append((labels - (box[:2] + box[2:]) / 2) * zoom + 31.5)
        matches.append(np.abs(keypoints - expected).max())
    assert min(matches) < 1e-3, clip_index


def test_steady_crops_follow_a_straight_line(builder):
  """Compares with NumPy's least-squares line through the boxes' centres, and their mean side."""
  for keypoints in batches(builder, batch_size=4, steady_crops=True, **PLAIN)[0]["keypoints"]:
    matches = []
    for clip, (length, split) in CLIPS.items():
      for first in range(length - 2) if split == "train" else ():
        labels, boxes = (
          np.array(part) for part in zip(*(body_at(clip, first + t) for t in range(3)))
        )
        slope, start = np.polyfit(range(3), (boxes[:, :2] + boxes[:, 2:]) / 2, 1)
        zoom = 64 / np.mean(1.25 * (boxes[:, 2:] - boxes[:, :2]).max(axis=1))
        centers = start + np.arange(3)[:, None] * slope
        matches.append(np.abs(keypoints - ((labels - centers[:, None]) * zoom + 31.5)).max())
    assert min(matches) < 2e-3


def test_all_fitting_frame_steps_occur(builder):
  """Expects one frame step for each clip, and all steps that fit into the clips."""
  drawn = set()
  for batch in batches(builder, 12, batch_size=8, max_frame_step=2, **PLAIN):
    for keypoints in batch["keypoints"]:
      matches = {}
      for clip, (length, split) in CLIPS.items():
        for step in (1, 2):
          for first in range(length - 2 * step) if split == "train" else ():
            expected = []
            for frame in range(first, first + 3 * step, step):
              labels, box = body_at(clip, frame)
              zoom = 64 / (1.25 * max(box[2] - box[0], box[3] - box[1]))
              expected.append((labels - (box[:2] + box[2:]) / 2) * zoom + 31.5)
            matches[clip, step, first] = np.abs(keypoints - expected).max()
      near = {window[:2] for window, distance in matches.items() if distance < 1e-3}
      assert near
      drawn |= near
  fitting = {
    (clip, step)
    for clip, (length, split) in CLIPS.items()
    for step in (1, 2)
    if split == "train" and length > 2 * step
  }
  assert drawn == fitting


def test_steady_crop_of_a_single_frame_is_its_plain_crop(builder):
  plain, steady = (
    batches(builder, num_frames=1, steady_crops=steady, **PLAIN)[0] for steady in (False, True)
  )
  np.testing.assert_allclose(steady["keypoints"], plain["keypoints"], atol=1e-4)


def test_weights_mark_visible_joints_inside_the_crop(builder):
  inside_count = 0
  for batch in batches(builder, 4, scale_range=(1.8, 2.0)):
    keypoints, weights = batch["keypoints"], batch["weights"]
    inside = ((keypoints > -0.5) & (keypoints < 63.5)).all(axis=-1)
    assert not weights[~inside].any()
    # Each clip has one invisible joint in one frame.
    hidden = inside & (weights == 0)
    assert hidden.sum(axis=(1, 2)).max() <= 1
    inside_count += (~inside).sum()
  assert inside_count > 50
  (batch,) = batches(builder, batch_size=8, **{**PLAIN, "scale_range": (0.6, 0.7)})
  wrist = PENN_ACTION.joint_names.index("right_wrist")
  assert not np.delete(batch["weights"], wrist, axis=-1).min() < 1
  assert 0 < (batch["weights"][..., wrist] == 0).sum() <= 8


def test_mirroring_swaps_visibility(builder):
  (batch,) = batches(builder, batch_size=8, flip_probability=1.0, scale_range=(0.6, 0.7))
  hidden = np.unique(np.argwhere(batch["weights"] == 0)[:, 2])
  assert [PENN_ACTION.joint_names[k] for k in hidden] == ["left_wrist"]


def test_torso_is_measured_in_the_crop(builder):
  (batch,) = batches(builder)
  shoulder, hip = batch["keypoints"][..., 2, :], batch["keypoints"][..., 7, :]
  np.testing.assert_allclose(batch["torso"], np.linalg.norm(shoulder - hip, axis=-1), rtol=1e-5)


def test_batches_do_not_depend_on_the_first_step(builder):
  # Two clips are long enough for T = 4, so batches of 3 start in the middle of epochs, too.
  stream = batches(builder, 6, batch_size=3, num_frames=4)
  for first_step in (0, 1, 2, 5):
    (batch,) = batches(builder, batch_size=3, num_frames=4, first_step=first_step)
    for name, value in batch.items():
      np.testing.assert_array_equal(value, stream[first_step][name])
  assert np.abs(stream[0]["frames"] - stream[1]["frames"]).max() > 1
  (reseeded,) = batches(builder, batch_size=3, num_frames=4, seed=6)
  assert np.abs(reseeded["keypoints"] - stream[0]["keypoints"]).max() > 1


@pytest.mark.parametrize("first_step", [0, 3])
def test_workers_share_the_rows_of_a_single_stream(builder, first_step):
  """Compares batches of six from two usable clips of T = 4, so each batch has several epochs."""
  arguments = {"batch_size": 6, "num_frames": 4, "first_step": first_step}
  whole = batches(builder, 3, **arguments)
  for count in (2, 3):
    parts = [batches(builder, 3, part=(number, count), **arguments) for number in range(count)]
    for step, batch in enumerate(whole):
      for name, value in batch.items():
        assert len(parts[0][step][name]) == 6 // count
        np.testing.assert_array_equal(np.concatenate([part[step][name] for part in parts]), value)


def test_batches_are_dealt_in_turn(builder):
  arguments = {"batch_size": 2, "first_step": 3}
  whole = batches(builder, 5, **arguments)
  turns = [batches(builder, 3, turn=(number, 2), **arguments) for number in range(2)]
  for step, batch in enumerate(whole):
    np.testing.assert_array_equal(turns[step % 2][step // 2]["keypoints"], batch["keypoints"])


def test_epoch_has_each_long_enough_clip_once(builder):
  # Clips 0001 and 0002 have 6 and 7 frames, so at T = 6 an epoch has the only cut of 0001 and
  # one of the two cuts of 0002.
  stream = batches(builder, 6, batch_size=2, num_frames=6, **PLAIN)
  assert len(stream) == 6
  for batch in stream:
    assert np.abs(batch["frames"][0] - batch["frames"][1]).max() > 1


def test_epoch_of_single_frames_has_every_frame_once(builder):
  expected_names = {
    f"{clip} frame {frame}"
    for clip, (length, split) in CLIPS.items()
    for frame in range(length)
    if split == "train"
  }
  stream = batches(builder, 8, batch_size=4, num_frames=1, **PLAIN)
  names = [name.decode() for batch in stream for name in batch["clip"]]
  assert len(expected_names) == 16 and set(names[:16]) == set(names[16:]) == expected_names
  assert names[:16] != names[16:]
  assert pipeline.samples_per_epoch(builder, "train", 1) == 16
  assert pipeline.samples_per_epoch(builder, "train", 4) == 2
  for batch in stream:
    for name, keypoints in zip(batch["clip"], batch["keypoints"]):
      # The name identifies the labels.
      clip, _, frame = name.decode().split()
      labels, box = body_at(clip, int(frame))
      zoom = 64 / (1.25 * max(box[2:] - box[:2]))
      expected = (labels - (box[:2] + box[2:]) / 2) * zoom + 31.5
      np.testing.assert_allclose(keypoints[0], expected, atol=1e-3)
    red, green, blue = np.moveaxis(colours(batch, batch["keypoints"]), -1, 0)
    assert (red[..., RIGHT] > 150).all() and (blue[..., LEFT] > 150).all()


def test_batches_of_single_frames_do_not_depend_on_the_first_step(builder):
  stream = batches(builder, 8, batch_size=3, num_frames=1)
  # Batch 5 spans two epochs of 16 frames.
  for first_step in (1, 5, 7):
    (batch,) = batches(builder, batch_size=3, num_frames=1, first_step=first_step)
    for name, value in batch.items():
      np.testing.assert_array_equal(value, stream[first_step][name])


def test_num_frames_above_all_clip_lengths_is_refused(builder):
  with pytest.raises(InputError, match="no clip of split 'train' has --num_frames=8.*has 7"):
    batches(builder, num_frames=8)


def test_clip_lengths(builder):
  assert pipeline.clip_lengths(builder, "test") == {"0004": 7, "0005": 4}


def test_windows_cover_every_frame_once(builder):
  windows = list(
    pipeline.evaluation_windows(
      builder, "test", num_frames=3, image_size=SIZE, scales=(0.7, 1.0)
    ).as_numpy_iterator()
  )
  covered = [
    (window["clip"].decode(), int(window["first"]) + t)
    for window in windows
    for t in np.flatnonzero(window["valid"])
  ]
  expected = [(clip, t) for clip, n in (("0004", 7), ("0005", 4)) for t in range(n)]
  assert sorted(covered) == expected
  # Windows of a clip are consecutive.
  assert covered in (expected, expected[7:] + expected[:7])
  assert [list(window["valid"]) for window in windows if window["first"] == 6] == [
    [True, False, False]
  ]
  for window in windows:
    assert window["frames"].shape == (2, 3, *SIZE, 3) and window["affines"].shape == (2, 3, 2, 3)
    for t in np.flatnonzero(window["valid"]):
      labels, box = body_at(window["clip"].decode(), int(window["first"]) + t)
      # The crop of the second scale is as wide as the box's longer side x 1.25.
      side = 1.25 * max(box[2:] - box[:2])
      np.testing.assert_allclose(window["affines"][1, t, 0, 0], SIZE[0] / side, rtol=1e-4)
      # The crop of the smaller scale shows all joints at the positions from its affine.
      spots = window["affines"][0, t] @ np.c_[labels, np.ones(13)].T
      x, y = np.round(spots).astype(int)
      assert (window["frames"][0, t, y, x][1::2, 0] > 150).all()  # right joints are red
    repeated = np.flatnonzero(~window["valid"])
    last = window["frames"][:, window["valid"].sum() - 1]
    for t in repeated:
      np.testing.assert_array_equal(window["frames"][:, t], last)


def test_windows_around_joints_without_some_clips(builder):
  (window,) = pipeline.evaluation_windows(
    builder, "test", num_frames=4, image_size=SIZE, box="joints", leave_out={"0004"}
  ).as_numpy_iterator()
  assert window["clip"] == b"0005" and window["image_size"].tolist() == list(FRAME_SIZE)
  for t in range(4):
    labels, _ = body_at("0005", t)
    if t == 1:  # the right wrist is labelled invisible
      labels = np.delete(labels, 5, axis=0)
    low, high = labels.min(0), labels.max(0)
    # The extent x 1.2 around its centre, clipped to the frame of 120 x 160, then x 1.25, square.
    low, high = (np.clip((low + high) / 2 + s * 0.6 * (high - low), 0, [159, 119]) for s in (-1, 1))
    np.testing.assert_allclose(
      window["affines"][0, t] @ [*((low + high) / 2), 1], [31.5, 31.5], atol=1e-3
    )
    side = 1.25 * max(high - low)
    np.testing.assert_allclose(window["affines"][0, t, 0, 0], SIZE[0] / side, rtol=1e-4)


def test_too_few_visible_joints_keep_the_given_box():
  clip = {
    "keypoints": tf.constant([[[5.0, 5.0], [9.0, 25.0]]] * 3),
    "visibility": tf.constant([[True, True], [True, False], [False, False]]),
    "boxes": tf.constant([[1.0, 2.0, 3.0, 4.0]] * 3),
    "image_size": tf.constant([26, 40]),
  }
  # 4 x 20 around (7, 15) is enlarged to 4.8 x 24 and clipped at 25, the frame's last row.
  expected = [[4.6, 3, 9.4, 25], [1, 2, 3, 4], [1, 2, 3, 4]]
  np.testing.assert_allclose(pipeline.person_boxes(clip, "joints"), expected, atol=1e-5)
  np.testing.assert_array_equal(pipeline.person_boxes(clip, "given"), clip["boxes"])


def test_draws_fill_their_ranges():
  draws = [augment.draw(tf.constant([7, i], tf.int64)) for i in range(300)]
  scale, rotation, flip = (np.array([draw[k].numpy() for draw in draws]) for k in range(3))
  assert 0.8 <= scale.min() < 0.83 and 1.37 < scale.max() <= 1.4
  limit = np.radians(40)
  assert -limit <= rotation.min() < -0.9 * limit and 0.9 * limit < rotation.max() <= limit
  assert 0.4 < flip.mean() < 0.6
  assert np.abs(np.corrcoef([scale, rotation, flip]) - np.eye(3)).max() < 0.2
  assert not np.any([draw[3].numpy() for draw in draws])


def test_draws_shift_to_all_sides():
  draws = [
    augment.draw(tf.constant([7, i], tf.int64), augment.Augmentation(max_shift=0.1))
    for i in range(300)
  ]
  shift = np.array([draw[3].numpy() for draw in draws])
  assert np.all(shift.min(axis=0) < -0.09) and np.all(0.09 < shift.max(axis=0))
  assert np.abs(shift).max() <= 0.1
  assert abs(np.corrcoef(shift.T)[0, 1]) < 0.2


def test_turns_have_any_angle_and_keep_the_other_draws():
  """Expects turns in 0.25 of 400 draws, of which 140 / 180 exceed 40 degrees to either side."""
  seeds = [tf.constant([7, i], tf.int64) for i in range(400)]
  unturned = np.array([augment.draw(seed)[1] for seed in seeds])
  draws = [augment.draw(seed, augment.Augmentation(turn_probability=0.25)) for seed in seeds]
  turned = np.array([draw[1] for draw in draws])
  changed = turned != unturned
  assert abs(changed.mean() - 0.25) < 3 * np.sqrt(0.25 * 0.75 / 400)
  degrees = np.degrees(turned[changed])
  beyond = np.mean(np.abs(degrees) > 40)
  assert abs(beyond - 140 / 180) < 3 * np.sqrt(0.78 * 0.22 / 100)
  assert degrees.min() < -120 and degrees.max() > 120
  for seed, draw in zip(seeds[:20], draws):
    assert [float(x) for x in (draw[0], draw[2])] == [
      float(x) for x in (augment.draw(seed)[i] for i in (0, 2))
    ]


FIELDS = [field.name for field in dataclasses.fields(augment.Augmentation)]


@pytest.mark.parametrize(
  ("name", "value"),
  [
    *((name, value) for name in FIELDS for value in (float("nan"), -1.0)),
    *((name, float("inf")) for name in FIELDS if name != "max_frame_step"),
    ("scale_range", 2.0),
    ("max_frame_step", 0),
  ],
)
def test_augmentation_out_of_range_is_refused(name, value):
  invalid = (value, 1.0) if name == "scale_range" else value
  with pytest.raises(ValueError, match=f"^{name} must be"):
    augment.Augmentation(**{name: invalid})
