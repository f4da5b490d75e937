"""Tests that the command export.golden reproduces the files of tests/golden, and of its JSON."""

import json

import numpy as np
import pytest

from export import golden
from export.golden_vectors import clip_cases, json_arrays
from ppn_tf.inference.tflite.metadata import read_description
from tests.command_calls import call_command
from tests.export.golden_files import FOLDER, find_case, read_cases

PART, KEPT = "a part of a person", "looks that lose the person"
CLIPS = [case["name"] for case in read_cases("clip") if case["name"] not in (PART, KEPT)]


@pytest.fixture(name="written", scope="module")
def fixture_written(tmp_path_factory):
  folder = tmp_path_factory.mktemp("golden") / "vectors"
  call_command(golden, f"--output={folder}")
  return folder


def check_equal(written, kept, where):
  """Checks that two values of JSON agree, numbers to 1e-5."""
  if isinstance(kept, dict):
    assert list(written) == list(kept), where
    for key in kept:
      check_equal(written[key], kept[key], f"{where}, {key}")
  elif isinstance(kept, list) and not all(isinstance(entry, (int, float)) for entry in kept):
    assert len(written) == len(kept), where
    for index, entry in enumerate(kept):
      check_equal(written[index], entry, f"{where}[{index}]")
  elif isinstance(kept, (str, bool, type(None))):
    assert written == kept, where
  elif where.endswith(("thumbnails", "rgb")):
    # Versions of OpenCV and NumPy round differently.
    np.testing.assert_allclose(written.astype(int), kept.astype(int), atol=1, err_msg=where)
  else:
    np.testing.assert_allclose(written, kept, rtol=1e-6, atol=1e-5, err_msg=where)
    assert np.asarray(written).dtype == np.asarray(kept).dtype, where


def test_files_are_complete(written):
  names = {f"{rule}.json" for rule in golden.RULES}
  assert {path.name for path in written.iterdir()} == names
  assert {path.name for path in FOLDER.iterdir()} == names
  assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 3e6


@pytest.mark.parametrize("rule", golden.RULES)
def test_files_are_reproduced(written, rule):
  cases = read_cases(rule, written), read_cases(rule)
  if rule == "metadata":
    # Versions of zlib compress differently.
    cases = [[{**case, "file": len(case["file"]) > 208} for case in part] for part in cases]
  check_equal(*cases, rule)
  names = [case["name"] for case in read_cases(rule)]
  assert len(names) == len(set(names)) and len(names) >= 2


def test_differences_are_detected():
  for written, kept in (
    ({"a": 1.0}, {"a": 1.001}),
    ([[1.0, 2.0]], [[1.0, 2.1]]),
    ({"a": True}, {"a": False}),
    (np.zeros(2, np.uint8), np.zeros(2, np.float32)),
    ({"a": 1, "b": 2}, {"a": 1}),
  ):
    with pytest.raises(AssertionError):
      check_equal(written, kept, "here")
  check_equal({"a": [1.0, {"b": 2.0}]}, {"a": [1.0 + 1e-6, {"b": 2.0}]}, "here")


@pytest.mark.parametrize("values", [np.arange(200) % 256, np.zeros(300)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_large_arrays(values, dtype):
  array = values.astype(dtype).reshape(2, -1)
  content = json.loads(json_arrays.to_json("rule", [{"name": "x", "array": array}]))
  encoded = content["cases"][0]["array"]
  assert encoded["shape"] == list(array.shape) and encoded["dtype"] == array.dtype.name
  assert ("encoding" in encoded) == (len(encoded["base64"]) < array.nbytes)
  decoded = json_arrays.decode(encoded)
  np.testing.assert_array_equal(decoded, array)
  assert decoded.dtype == dtype


def test_bytes_are_little_endian():
  encoded = json_arrays.encode(np.arange(65, dtype=">f4") + 1)
  assert encoded["base64"].startswith("AACAPwAAAEA")  # 00 00 80 3f, 00 00 00 40


def test_small_values_are_listed():
  value = {"a": np.float32([[0.1, 2]]), "b": np.float64(0.1), "c": (np.bool_(True), None), "d": "x"}
  assert json_arrays.encode(value) == {"a": [[0.1, 2.0]], "b": 0.1, "c": [True, None], "d": "x"}


def test_other_large_arrays_are_refused():
  with pytest.raises(TypeError, match="Received: int64"):
    json_arrays.encode(np.zeros(65, np.int64))


@pytest.mark.parametrize("name", CLIPS)
def test_clips_lose_the_person_and_find_them_elsewhere(name):
  clip = find_case("clip", name)
  found, restarted = np.array(clip["found"]), np.array(clip["restarted"])
  assert clip["frames"].shape[0] == len(clip["times"]) == len(found) == 100
  (again,) = np.flatnonzero(restarted)
  lost = np.flatnonzero(~found)
  assert 20 < lost[0] < lost[-1] == again - 1 < 90 and len(lost) == again - lost[0]
  last, first = clip["box"][lost[0] - 1], clip["box"][again]
  assert first[0] > last[2]  # no overlap
  assert (clip["scores"][lost].mean(axis=1) < clip["settings"]["restart_score"]).all()


@pytest.mark.parametrize("name", CLIPS)
def test_clips_show_the_joints_that_were_drawn(name):
  clip = find_case("clip", name)
  joints = [clip_cases.place_joints(t) for t in range(100)]
  found = [t for t in range(100) if clip["found"][t] and joints[t] is not None]
  errors = clip["keypoints"][found] - np.stack([joints[t] for t in found])
  assert len(found) > 50 and np.linalg.norm(errors, axis=-1).max() < 1.5
  colors, frames = np.array(clip["model"]["colors"]), clip["frames"]
  for t in (0, 20, 90):
    x, y = np.rint(joints[t]).astype(int).T
    np.testing.assert_array_equal(frames[t][y, x], colors)


def test_box_of_a_look_is_kept_where_the_next_loses_the_person():
  """The crop of 1.25 times the box is a square of 54 pixels, 0.75 of the height of the frame."""
  clip = find_case("clip", KEPT)
  np.testing.assert_allclose(clip["box"][0], [5.4, 23.4, 48.6, 66.6], atol=0.01)
  assert clip["found"][0] and not all(clip["found"])


def test_box_about_a_part_of_a_person_grows():
  """Repeats the rule for widths: half of the last box, half of the grown box about the joints."""
  clip = find_case("clip", PART)
  assert all(clip["found"]) and clip["model"]["start"]["margin"] / clip["model"]["margin"] == 1.4
  assert (clip["scores"].mean(axis=1) < clip["settings"]["restart_score"]).all()
  widths = clip["box"][:, 2] - clip["box"][:, 0]
  for t in range(35):
    confident = clip["scores"][t] >= clip["settings"]["min_score"]
    extent = np.ptp(clip["keypoints"][t, confident, 0])
    grown = 1.2 * 1.1 * 1.4 * extent
    assert widths[t + 1] == pytest.approx(0.5 * widths[t] + 0.5 * grown, abs=0.01)
    assert confident.sum() == 7


def test_a_clip_starts_with_larger_crops():
  clip = find_case("clip", "start sees a larger crop, and a cut")
  start = clip["model"]["start"]
  assert start["margin"] > clip["model"]["margin"] and start["size"] != clip["model"]["size"]
  assert clip["settings"]["start_margin"] == start["margin"]
  # The cut makes the tracker search in the frame of the return.
  plain = find_case("clip", "lost and found elsewhere")
  assert clip["restarted"].index(True) == 58 < plain["restarted"].index(True)


def test_files_of_descriptions_are_read(tmp_path):
  for case in read_cases("metadata"):
    path = tmp_path / "model.tflite"
    path.write_bytes(case["file"].tobytes())
    description, fields = read_description(path), case["fields"]
    if fields is None:
      assert description == {}
      continue
    frame = description["frame"]
    start = description.get("start", description)["frame"]
    assert (frame["size"], frame["box_margin"]) == (fields["size"], fields["margin"])
    assert (start["size"], start["box_margin"]) == (fields["start_size"], fields["start_margin"])
    assert description["heatmaps"]["size"] == fields["heatmap_size"]
    assert frame.get("steady_crops", False) == fields["steady_crops"]
    for key in ("readout", "restart_score"):
      assert description.get(key) == fields[key]
    assert description.get("refresh_after", 0) == fields["refresh_after"]
    for key in ("joint_names", "limbs", "flip_pairs"):
      assert description["skeleton"][key] == fields[key]
