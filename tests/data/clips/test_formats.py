"""Tests of labels of other tools, written here as the tools' documents describe them."""

import json
import pathlib

import h5py
import numpy as np
import pytest
import scipy.io
from PIL import Image

from data.builder.account import ClipError
from data.builder.mat_files import load_mat
from data.clips.source import ClipsSource
from data.sub_jhmdb.labels import read_joints
from ppn_tf.runtime.errors import InputError
from tests.data.clips.own_clips import (
  HEIGHT,
  NAMES,
  WIDTH,
  annotations,
  keypoints,
  save,
  write_frames,
  write_movie,
)

COUNT = 4


def positions(frame, person=0):
  """Returns [5, 2] of own_clips: the nose at (20 + frame, 5 + 3 * person)."""
  return np.array(keypoints(frame, person), float).reshape(5, 3)[:, :2]


def read(folder, **options):
  reader = ClipsSource(folder, test_fraction=0, strict=True, **options)
  clips = {name: reader.read_clip(name)[0] for name in reader.clips()["train"]}
  return reader, clips


def assert_labels(labels, person=0, missing=()):
  """Expects labels of all joints in COUNT frames, but (frame, joint) in `missing`."""
  assert labels.num_frames == COUNT
  expected = np.ones((COUNT, 5), bool)
  for place in missing:
    expected[place] = False
  np.testing.assert_array_equal(labels.visibility, expected)
  for frame in range(COUNT):
    visible = expected[frame]
    np.testing.assert_allclose(
      labels.keypoints[frame][visible], positions(frame, person)[visible], atol=1e-3
    )


def label_studio_task(frame, people=(0,), rectangles=False, name="walk/{}.jpg"):
  """Returns a task as Label Studio exports it: positions in percent of the picture."""
  results = []
  size = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
  for person in people:
    region = f"box{person}"
    if rectangles:
      value = {"x": 25, "y": 12.5, "width": 50, "height": 25, "rotation": 0}
      value["rectanglelabels"] = [f"person {person}"]
      results.append({**size, "id": region, "type": "rectanglelabels", "value": value})
    for joint, (x, y) in zip(NAMES, positions(frame, person)):
      value = {"x": 100 * x / WIDTH, "y": 100 * y / HEIGHT, "width": 0.5}
      entry = {**size, "id": f"{joint}{person}", "type": "keypointlabels"}
      entry["value"] = {**value, "keypointlabels": [joint]}
      results.append({**entry, "parentID": region} if rectangles else entry)
  return {
    "id": frame + 1,
    "data": {"img": name.format(frame + 1)},
    "annotations": [
      {"id": 1, "was_cancelled": True, "result": []},
      {"id": 2, "was_cancelled": False, "result": results},
    ],
    "predictions": [],
  }


@pytest.mark.parametrize(
  "written",
  [
    "walk/{}.jpg",
    "/data/upload/1/0a1b2c3d-{}.jpg",
    "/data/local-files/?d=project/walk/{}.jpg",
    "s3://bucket/walk/{}.jpg",
    "https://host/walk/{}.jpg?token=1",
  ],
)
def test_label_studio(tmp_path, written):
  write_frames(tmp_path / "walk", COUNT)
  tasks = [label_studio_task(frame, name=written) for frame in range(COUNT)]
  tasks[1]["annotations"][1]["result"].pop(2)
  (tmp_path / "project-1.json").write_text(json.dumps(tasks))
  _, clips = read(tmp_path)
  assert list(clips) == ["walk"]
  assert_labels(clips["walk"], missing=[(1, 2)])


def test_label_studio_with_people(tmp_path):
  write_frames(tmp_path / "walk", COUNT)
  tasks = [label_studio_task(frame, (0, 1), rectangles=True) for frame in range(COUNT)]
  (tmp_path / "export.json").write_text(json.dumps(tasks))
  _, clips = read(tmp_path)
  assert sorted(clips) == ["walk#person 0", "walk#person 1"]
  for person in (0, 1):
    assert_labels(clips[f"walk#person {person}"], person)
    # A quarter of 64 x 48 pixels from (16, 6) on.
    np.testing.assert_allclose(clips[f"walk#person {person}"].boxes, [[16, 6, 48, 18]] * COUNT)


def test_label_studio_with_people_that_nothing_separates(tmp_path):
  write_frames(tmp_path / "walk", COUNT)
  tasks = [label_studio_task(frame, (0, 1) if frame == 2 else (0,)) for frame in range(COUNT)]
  (tmp_path / "export.json").write_text(json.dumps(tasks))
  reader = ClipsSource(tmp_path, test_fraction=0)
  labels, _ = reader.read_clip("walk")
  assert labels.visibility.all(axis=1).tolist() == [True, True, False, True]
  assert "put each person below a rectangle" in reader.account.summarize()
  assert "walk, frame 2" in reader.account.summarize()


def test_label_studio_json_min(tmp_path):
  write_frames(tmp_path / "walk", COUNT)
  tasks = []
  for frame in range(COUNT):
    task = label_studio_task(frame)
    values = [
      {**result["value"], "original_width": WIDTH, "original_height": HEIGHT}
      for result in task["annotations"][1]["result"]
    ]
    tasks.append({"id": frame, "img": task["data"]["img"], "kp-1": values, "annotator": 1})
  (tmp_path / "min.json").write_text(json.dumps(tasks))
  _, clips = read(tmp_path)
  assert_labels(clips["walk"])


def write_table(path, people=("",), columns=1, missing=(), scene=False):
  """Writes DeepLabCut's table; an empty name of a person means one animal."""
  folder = path.parent.name
  cells = [(person, joint, axis) for person in people for joint in NAMES for axis in "xy"]
  if scene:
    cells += [("single", "corner", "x"), ("single", "corner", "y")]
  blank = [""] * (columns - 1)
  rows = [["scorer", *blank, *["anna"] * len(cells)]]
  if people != ("",):
    rows.append(["individuals", *blank, *[person for person, _, _ in cells]])
  rows.append(["bodyparts", *blank, *[joint for _, joint, _ in cells]])
  rows.append(["coords", *blank, *[axis for _, _, axis in cells]])
  for frame in range(COUNT):
    parts = ["labeled-data", folder, f"{frame + 1}.jpg"]
    values = []
    for person, joint, axis in cells:
      number = people.index(person) if person in people else 0
      known = joint in NAMES and (frame, NAMES.index(joint)) not in missing
      place = positions(frame, number)[NAMES.index(joint)] if known else None
      values.append("" if place is None else str(place["xy".index(axis)]))
    rows.append([*(parts if columns == 3 else ["/".join(parts)]), *values])
  path.write_text("\n".join(",".join(row) for row in rows) + "\n")


@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("source", [".", "labeled-data", "labeled-data/walk"])
def test_deeplabcut(tmp_path, columns, source):
  folder = write_frames(tmp_path / "labeled-data" / "walk", COUNT)
  write_table(folder / "CollectedData_anna.csv", columns=columns, missing=[(1, 2)])
  (folder / "CollectedData_anna.h5").write_bytes(b"the same as HDF5")
  _, clips = read(tmp_path / source)
  (labels,) = clips.values()
  assert_labels(labels, missing=[(1, 2)])
  # Boxes come from the joints: 10 x 25 pixels and a fifth more about (20, 17.5).
  np.testing.assert_allclose(labels.boxes[0], [14, 2.5, 26, 32.5], atol=1e-4)


def test_deeplabcut_with_several_animals_and_videos(tmp_path):
  for name in ("walk", "run"):
    folder = write_frames(tmp_path / "labeled-data" / name, COUNT)
    write_table(folder / "CollectedData_anna.csv", ("mouse1", "mouse2"), 3, scene=True)
  _, clips = read(tmp_path)
  assert sorted(clips) == [
    f"labeled-data/{name}#mouse{person}" for name in ("run", "walk") for person in (1, 2)
  ]
  assert_labels(clips["labeled-data/run#mouse2"], person=1)


def write_analysis(path, video, people=1, missing=()):
  """Writes SLEAP's analysis file: [tracks, 2, nodes, frames], NaN without a label."""
  tracks = np.full((people, 2, 5, COUNT), np.nan)
  for person in range(people):
    for frame in range(COUNT):
      tracks[person, :, :, frame] = positions(frame, person).T
  for frame, joint in missing:
    tracks[:, :, joint, frame] = np.nan
  with h5py.File(path, "w") as file:
    file["tracks"] = tracks
    file["node_names"] = [name.encode() for name in NAMES]
    file["edge_inds"] = np.array([[0, 1], [1, 3]])
    file["track_names"] = [f"animal {person}".encode() for person in range(people)]
    file["video_path"] = video


@pytest.mark.parametrize("people", [1, 2])
def test_sleap_analysis(tmp_path, people):
  write_movie(tmp_path / "film.mp4", COUNT)
  write_analysis(tmp_path / "a.analysis.h5", "/home/anna/film.mp4", people, [(1, 2)])
  reader, clips = read(tmp_path)
  names = ["film.mp4"] if people == 1 else ["film.mp4#animal 0", "film.mp4#animal 1"]
  assert sorted(clips) == names
  for person, name in enumerate(names):
    assert_labels(clips[name], person, [(1, 2)])
  assert reader.skeleton.limbs == ((0, 1), (1, 3))


def test_joints_without_sides_take_pairs_and_torso_from_a_file(tmp_path):
  folder = write_frames(tmp_path / "walk", COUNT)
  write_table(folder / "CollectedData_anna.csv")
  table = folder / "CollectedData_anna.csv"
  table.write_text(table.read_text().replace("left_", "a").replace("right_", "b"))
  with pytest.raises(InputError, match='Give "flip_pairs".*skeleton.json may hold it') as caught:
    ClipsSource(tmp_path)
  assert "\n" not in str(caught.value)
  extra = {"flip_pairs": [["ashoulder", "bshoulder"]], "torso": ["ashoulder", "bhip"]}
  (tmp_path / "skeleton.json").write_text(json.dumps(extra))
  reader = ClipsSource(tmp_path)
  assert (reader.skeleton.flip_pairs, reader.skeleton.torso) == (((1, 2),), (1, 4))
  digest = reader.digest()
  (tmp_path / "skeleton.json").write_text(json.dumps({**extra, "flip_pairs": []}))
  assert ClipsSource(tmp_path).digest() != digest


def test_joints_of_a_known_skeleton_are_sorted(tmp_path):
  from ppn_tf.keypoints.skeletons import PENN_ACTION

  folder = tmp_path / "walk"
  folder.mkdir()
  Image.new("RGB", (64, 48)).save(folder / "1.jpg")
  names = PENN_ACTION.joint_names[::-1]
  cells = [f"{name}," + name for name in names]
  values = ",".join(f"{n}.5,{n}" for n in range(13))
  (folder / "CollectedData_a.csv").write_text(
    f"bodyparts,{','.join(cells)}\ncoords{',x,y' * 13}\n1.jpg,{values}\n"
  )
  reader, clips = read(tmp_path)
  assert reader.skeleton is PENN_ACTION
  np.testing.assert_allclose(clips["walk"].keypoints[0, 0], [12.5, 12])


def test_formats_are_detected_or_chosen(tmp_path):
  write_frames(tmp_path / "walk", COUNT)
  with pytest.raises(InputError, match="lacks annotations.json"):
    ClipsSource(tmp_path)
  (tmp_path / "other.json").write_text("{}")
  with pytest.raises(InputError, match="has no labels of a known format. Known: COCO's JSON"):
    ClipsSource(tmp_path)
  save(tmp_path, annotations(walk=COUNT))
  write_table(tmp_path / "walk" / "CollectedData_anna.csv", missing=[(0, 0)])
  with pytest.raises(InputError, match="several formats: annotations.json .coco., CollectedData"):
    ClipsSource(tmp_path)
  _, clips = read(tmp_path, label_format="coco")
  assert_labels(clips["walk"])
  _, clips = read(tmp_path, label_format="deeplabcut")
  assert_labels(clips["walk"], missing=[(0, 0)])
  with pytest.raises(InputError, match="has no labels of sleap"):
    ClipsSource(tmp_path, label_format="sleap")


def test_coco_below_another_name(tmp_path):
  """CVAT writes annotations/person_keypoints_default.json next to images/."""
  write_frames(tmp_path / "images" / "default", COUNT)
  content = annotations(walk=COUNT)
  for number, image in enumerate(content["images"], start=1):
    del image["clip"], image["frame"]
    image["file_name"] = f"{number}.jpg"
  (tmp_path / "annotations").mkdir()
  path = tmp_path / "annotations" / "person_keypoints_default.json"
  path.write_text(json.dumps(content))
  _, clips = read(tmp_path)
  assert_labels(clips["images/default"])
  path.with_name("person_keypoints_other.json").write_text(json.dumps(content))
  with pytest.raises(InputError, match="several files of labels: person_keypoints_default.json"):
    ClipsSource(tmp_path)


def test_pictures_right_in_the_source(tmp_path):
  write_frames(tmp_path / "mine", COUNT)
  content = annotations(walk=COUNT)
  for number, image in enumerate(content["images"], start=1):
    del image["clip"], image["frame"]
    image["file_name"] = f"{number}.jpg"
  save(tmp_path / "mine", content)
  _, clips = read(tmp_path / "mine")
  assert_labels(clips["frames"])


@pytest.mark.parametrize("name", ["a.slp", "walk/CollectedData_anna.h5"])
def test_formats_that_need_a_library(tmp_path, name, monkeypatch):
  import sys

  monkeypatch.setitem(sys.modules, "sleap_io", None)
  monkeypatch.setitem(sys.modules, "pandas", None)
  write_frames(tmp_path / "walk", COUNT)
  (tmp_path / name).write_bytes(b"HDF5")
  with pytest.raises(InputError, match=r"needs .* Run `pip install 'ppn-tf\[labels\]'`"):
    ClipsSource(tmp_path)


@pytest.mark.parametrize(
  ("name", "content"),
  [
    ("annotations.json", "[1, 2]"),
    ("annotations.json", "["),
    ("a.analysis.h5", "no HDF5"),
    ("walk/CollectedData_a.csv", "a,b\n1,2\n"),
    ("walk/CollectedData_a.csv", "bodyparts,nose,nose\ncoords,x,y\n"),
    ("walk/CollectedData_a.csv", ""),
  ],
)
def test_files_of_other_content(tmp_path, name, content):
  write_frames(tmp_path / "walk", COUNT)
  (tmp_path / name).write_text(content)
  with pytest.raises(InputError) as caught:
    ClipsSource(tmp_path)
  assert "\n" not in str(caught.value) and name.rpartition("/")[2] in str(caught.value)


def write_v73(path, **values):
  """Writes version 7.3: HDF5 with a header of 512 bytes and reversed dimensions."""
  with h5py.File(path, "w", userblock_size=512) as file:
    for name, value in values.items():
      if isinstance(value, str):
        codes = np.array([[ord(letter)] for letter in value], np.uint16)
        file[name] = codes
        file[name].attrs["MATLAB_class"] = np.bytes_("char")
      else:
        file[name] = np.asarray(value).T
        file[name].attrs["MATLAB_class"] = np.bytes_("double")
  with open(path, "r+b") as file:
    file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(116) + b" " * 8 + b"\0\x02IM")


def test_mat_files_of_version_7_3(tmp_path):
  values = np.arange(2 * 15 * 3, dtype=float).reshape(2, 15, 3)
  write_v73(tmp_path / "new.mat", pos_img=values, action="bowl")
  scipy.io.savemat(tmp_path / "old.mat", {"pos_img": values, "action": "bowl"})
  for name in ("pos_img", "action"):
    new, old = (load_mat(tmp_path / f"{age}.mat", (name,), "A's")[name] for age in ("new", "old"))
    np.testing.assert_array_equal(new, old)
  content = (tmp_path / "new.mat").read_bytes()
  again = load_mat(tmp_path / "in.tar", ("pos_img",), "A's", content)["pos_img"]
  np.testing.assert_array_equal(again, values)
  np.testing.assert_array_equal(
    read_joints(tmp_path / "new.mat"), read_joints(tmp_path / "old.mat")
  )
  with pytest.raises(ClipError, match="lacks part_mask; these are not A's labels"):
    load_mat(tmp_path / "new.mat", ("part_mask",), "A's")


def test_structs_of_version_7_3(tmp_path):
  with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
    file.create_group("RELEASE")["x"] = np.zeros(3)
  with open(tmp_path / "a.mat", "r+b") as file:
    file.write(b"MATLAB 7.3 MAT-file".ljust(116) + b" " * 8 + b"\0\x02IM")
  with pytest.raises(ClipError, match="struct or cell of version 7.3; save it with -v7"):
    load_mat(tmp_path / "a.mat", ("RELEASE",), "MPII's")


def test_a_file_that_failed():
  path = pathlib.Path(__file__).parents[3].parent / "shared/data/cases/labels/t04_v73.mat"
  if not path.exists():
    pytest.skip("no shared/data/cases beside the project")
  assert read_joints(path).shape == (5, 15, 2)
