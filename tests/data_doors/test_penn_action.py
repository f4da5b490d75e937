"""Penn Action's folders, whole and defective, through labels, source and door."""

import pathlib
import subprocess
import sys
import tarfile
from typing import Any, Optional, Tuple

import numpy as np
import pytest
import scipy.io
from PIL import Image

from data import penn_action
from data.penn_labels import ClipError, read_labels
from data.penn_source import PennSource
from ppn_tf.clips import records
from ppn_tf.errors import InputError

ROOT = pathlib.Path(__file__).parents[2]
PENN = ROOT.parent / "shared" / "data" / "penn_action"
HEIGHT, WIDTH = 40, 60


def label_fields(num_frames: int = 3, train: int = 1, **changes: Any) -> dict:
  """A sound label file's fields; every joint visible, in the middle of the frame."""
  rng = np.random.default_rng(num_frames)
  x = rng.uniform(10, 50, (num_frames, 13))
  y = rng.uniform(10, 30, (num_frames, 13))
  bbox = np.stack([x.min(1), y.min(1), x.max(1), y.max(1)], axis=1)
  fields = {
    "action": "bowl",
    "pose": "back",
    "x": x,
    "y": y,
    "visibility": np.ones((num_frames, 13), np.uint8),
    "train": np.int32(train),
    "bbox": bbox,
    "dimensions": np.array([[HEIGHT, WIDTH, num_frames]], np.uint16),
    "nframes": np.uint8(num_frames),
  }
  fields.update(changes)
  return {name: value for name, value in fields.items() if value is not None}


def write_labels(source: pathlib.Path, clip: str, fields: dict) -> pathlib.Path:
  path = source / "labels" / f"{clip}.mat"
  path.parent.mkdir(parents=True, exist_ok=True)
  scipy.io.savemat(path, fields)
  return path


def write_clip(
  source: pathlib.Path,
  clip: str,
  fields: Optional[dict] = None,
  num_frames: Optional[int] = None,
  size: Tuple[int, int] = (HEIGHT, WIDTH),
) -> pathlib.Path:
  """Writes labels and frames; returns the frames' folder."""
  fields = label_fields() if fields is None else fields
  write_labels(source, clip, fields)
  folder = source / "frames" / clip
  folder.mkdir(parents=True)
  for number in range(1, (num_frames or int(fields["nframes"])) + 1):
    pixels = np.random.default_rng(number).integers(0, 255, (*size, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(folder / f"{number:06d}.jpg")
  return folder


def kinds(labels: Any) -> list:
  return [repair.kind for repair in labels.repairs]


def test_labels_are_shifted_to_zero_based(tmp_path):
  fields = label_fields(4, train=-1)
  fields["visibility"][2, 5] = 0
  fields["x"][2, 5] = fields["y"][2, 5] = 1.0
  labels = read_labels(write_labels(tmp_path, "0007", fields))
  assert (labels.clip, labels.action, labels.train) == ("0007", "bowl", False)
  assert labels.image_size == (HEIGHT, WIDTH) and labels.num_frames == 4
  np.testing.assert_allclose(labels.keypoints[..., 0], fields["x"] - 1, atol=1e-5)
  np.testing.assert_allclose(labels.keypoints[..., 1], fields["y"] - 1, atol=1e-5)
  np.testing.assert_allclose(labels.boxes, fields["bbox"] - 1, atol=1e-5)
  assert labels.keypoints.dtype == labels.boxes.dtype == np.float32
  assert labels.visibility.dtype == bool and labels.visibility.sum() == 4 * 13 - 1
  assert labels.keypoints[2, 5].tolist() == [0.0, 0.0] and not labels.visibility[2, 5]
  assert labels.repairs == ()


def test_unsigned_labels_do_not_wrap_around(tmp_path):
  fields = label_fields(2)
  for name in ("x", "y", "bbox"):
    fields[name] = fields[name].astype(np.uint8)
  fields["x"][0, 0] = 0
  labels = read_labels(write_labels(tmp_path, "0001", fields))
  assert labels.keypoints[0, 0, 0] == -1.0
  assert kinds(labels) == ["joints_outside"] and labels.visibility.all()


def test_short_bbox_repeats_the_last_row(tmp_path):
  fields = label_fields(5)
  fields["bbox"] = fields["bbox"][:4]
  labels = read_labels(write_labels(tmp_path, "0001", fields))
  assert labels.boxes.shape == (5, 4) and kinds(labels) == ["short_bbox"]
  np.testing.assert_array_equal(labels.boxes[4], labels.boxes[3])


def test_the_frames_size_wins_and_cut_boxes_are_made_anew(tmp_path):
  fields = label_fields(2)
  fields["x"][0] += 50  # beyond the stated 60 pixels, within the real 120
  fields["bbox"][0, 2] = WIDTH
  path = write_labels(tmp_path, "0001", fields)
  labels = read_labels(path, image_size=(80, 120))
  assert labels.image_size == (80, 120) and kinds(labels) == ["wrong_dimensions"]
  joints = labels.keypoints[0]
  center = (joints.min(0) + joints.max(0)) / 2
  half = 0.6 * (joints.max(0) - joints.min(0))
  np.testing.assert_allclose(labels.boxes[0], [*(center - half), *(center + half)], atol=1e-4)
  np.testing.assert_allclose(labels.boxes[1], fields["bbox"][1] - 1, atol=1e-5)


def test_degenerate_boxes(tmp_path):
  fields = label_fields(5)
  fields["bbox"][1, 2] = fields["bbox"][1, 0]  # all joints visible: their extent
  fields["visibility"][3:, 1:] = 0  # one visible joint: the nearest frame's box
  fields["bbox"][3:] = [[7, 7, 7, 7], [3, 3, 0, 0]]
  labels = read_labels(write_labels(tmp_path, "0001", fields))
  assert [(r.kind, r.detail) for r in labels.repairs] == [("degenerate_box", "3 of 5 frames")]
  low, high = labels.keypoints[1].min(0), labels.keypoints[1].max(0)
  center, half = (low + high) / 2, 0.6 * (high - low)
  expected = np.clip([*(center - half), *(center + half)], 0, [59, 39, 59, 39])
  np.testing.assert_allclose(labels.boxes[1], expected, atol=1e-4)
  np.testing.assert_array_equal(labels.boxes[3], labels.boxes[2])
  np.testing.assert_array_equal(labels.boxes[4], labels.boxes[2])


def test_a_clip_without_any_good_box_gets_the_frame(tmp_path):
  fields = label_fields(2, bbox=np.ones((2, 4)), visibility=np.zeros((2, 13), np.uint8))
  labels = read_labels(write_labels(tmp_path, "0001", fields))
  assert labels.boxes.tolist() == [[0, 0, WIDTH - 1, HEIGHT - 1]] * 2


def test_joints_outside_stay_visible_unless_far_out(tmp_path):
  fields = label_fields(1)
  fields["x"][0, :3] = [WIDTH + 1, WIDTH + 6, WIDTH + 7]  # a tenth of 60 is 6 pixels
  labels = read_labels(write_labels(tmp_path, "0001", fields))
  assert labels.visibility[0].tolist() == [True, True, False] + [True] * 10
  assert [(r.kind, r.detail) for r in labels.repairs] == [
    ("joints_outside", "2 joints kept visible"),
    ("joints_hidden", "1 joints, up to 7 pixels out"),
  ]


@pytest.mark.parametrize(
  ("changes", "complaint"),
  [
    ({"visibility": None, "bbox": None}, "lacks visibility, bbox"),
    ({"x": np.ones((3, 15))}, "x is 3x15, expected 3x13"),
    ({"nframes": 5}, "expected 5x13"),
    ({"bbox": np.ones((1, 4))}, "bbox is 1x4, expected 3x4"),
    ({"train": 7}, "train is 7"),
    ({"dimensions": np.array([0, 0, 3])}, "dimensions are"),
    ({"y": np.full((3, 13), np.nan)}, "not finite"),
    ({"x": np.array(["a"])}, "no numbers"),
  ],
)
def test_labels_of_something_else(tmp_path, changes, complaint):
  path = write_labels(tmp_path, "0001", label_fields(3, **changes))
  with pytest.raises(ClipError) as caught:
    read_labels(path)
  assert complaint in str(caught.value) and str(path) in str(caught.value)
  assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no labels", b"MATLAB 5.0 MAT-file" + bytes(200)])
def test_labels_that_are_no_mat_file(tmp_path, content):
  path = tmp_path / "0001.mat"
  path.write_bytes(content)
  with pytest.raises(ClipError, match="0001.mat"):
    read_labels(path)


def truncate(path: pathlib.Path) -> None:
  path.write_bytes(path.read_bytes()[:-200])


def test_defective_clips_are_skipped_and_named(tmp_path):
  source, out = tmp_path / "penn", tmp_path / "out"
  write_clip(source, "0001", label_fields(3, train=1))
  write_clip(source, "0002", label_fields(4, train=-1))
  truncate(write_clip(source, "0003") / "000002.jpg")
  write_clip(source, "0004", num_frames=2)
  write_labels(source, "0005", label_fields())
  (source / "frames" / "0006").mkdir()
  (source / "labels" / "0007.mat").write_text("torn")
  Image.new("RGB", (9, 9)).save(write_clip(source, "0008") / "000003.jpg")
  write_clip(source, "0009", label_fields(6, bbox=label_fields(6)["bbox"][:5]))
  folder = write_clip(source, "0010")
  (folder / "000002.jpg").rename(folder / "000009.jpg")
  (source / "labels" / "._0001.mat").write_text("a Mac's shadow of the file")
  (source / "frames" / "0001" / "._000001.jpg").write_text("and another")

  reader = PennSource(source)
  folder = penn_action.prepare(reader, str(out))
  assert folder == out / "penn_action" / "1.0.0"
  assert {clip: error.kind for clip, error in reader.skipped.items()} == {
    "0003": "unreadable frame",
    "0004": "frames and labels disagree",
    "0005": "no frames",
    "0007": "unreadable labels",
    "0008": "frames of several sizes",
    "0010": "frames and labels disagree",
  }
  assert "0003/000002.jpg" in str(reader.skipped["0003"])
  assert "2 frames (.jpg), but the labels have 3" in str(reader.skipped["0004"])
  assert dict(reader.num_clips) == {"train": 2, "test": 1}
  assert dict(reader.num_frames) == {"train": 9, "test": 4}
  summary = reader.summary()
  assert "train: 2 clips, 9 frames" in summary
  assert "short_bbox, 1 clips:\n    0009 (5 boxes for 6 frames)" in summary
  assert "frames without labels, 1 clips:\n    0006" in summary

  builder = records.open_records(out)
  assert records.skeleton_of(builder).name == "penn_action"
  assert builder.info.metadata["skipped"] == ["0003", "0004", "0005", "0007", "0008", "0010"]
  (clip,) = [
    records.parse(builder, example) for example in records.serialized_examples(builder, "test")
  ]
  frames = sorted((source / "frames" / "0002").iterdir())
  assert clip["frames"].numpy().tolist() == [frame.read_bytes() for frame in frames]
  assert clip["image_size"].numpy().tolist() == [HEIGHT, WIDTH]


@pytest.mark.parametrize("late", [False, True])
def test_strict_stops_and_leaves_the_older_data_set(tmp_path, late):
  source, out = tmp_path / "penn", tmp_path / "out"
  for clip in ("0001", "0002"):
    write_clip(source, clip)
  folder = penn_action.prepare(PennSource(source, strict=True), str(out))
  before = {path.name: path.read_bytes() for path in folder.iterdir()}
  if late:  # found while the records are being written
    truncate(source / "frames" / "0002" / "000001.jpg")
  else:
    (source / "frames" / "0002" / "000003.jpg").unlink()
  with pytest.raises(ClipError, match="0002"):
    penn_action.prepare(PennSource(source, strict=True), str(out))
  assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
  assert list(out.rglob("*")) == [out / "penn_action", folder, *folder.iterdir()]


def test_a_split_without_usable_clips_is_not_made(tmp_path):
  source = tmp_path / "penn"
  truncate(write_clip(source, "0001", label_fields(train=1)) / "000001.jpg")
  write_clip(source, "0002", label_fields(train=-1))
  penn_action.prepare(PennSource(source), str(tmp_path / "out"))
  assert list(records.open_records(tmp_path / "out").info.splits) == ["test"]


def test_no_usable_clip(tmp_path):
  truncate(write_clip(tmp_path / "penn", "0001") / "000001.jpg")
  with pytest.raises(InputError, match="no clip can be used; the first: .*000001.jpg.*Expected"):
    penn_action.prepare(PennSource(tmp_path / "penn"), str(tmp_path / "out"))
  assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["missing", "file", "empty", "labels only"])
def test_source_of_another_layout(tmp_path, kind):
  source = tmp_path / "penn"
  if kind == "file":
    source.write_text("")
  elif kind == "empty":
    source.mkdir()
  elif kind == "labels only":
    write_labels(source, "0001", label_fields())
  with pytest.raises(InputError, match="Expected frames/0001/000001.jpg"):
    PennSource(source)


def run_door(*flags: str) -> subprocess.CompletedProcess:
  command = [sys.executable, "-m", "data.penn_action", *flags]
  return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_door_makes_then_keeps_then_refuses(tmp_path, capsys):
  source, out = tmp_path / "penn", tmp_path / "out"
  truncate(write_clip(source, "0001") / "000002.jpg")
  write_clip(source, "0002")
  made = run_door(f"--source={source}", f"--data_dir={out}")
  folder = out / "penn_action" / "1.0.0"
  assert made.returncode == 0, made.stderr
  assert made.stdout.startswith("train: 1 clips, 3 frames\nrepaired: none\nskipped:\n")
  assert made.stdout.endswith(f"data set: --dataset={folder}\n")
  assert records.num_clips(records.open_records(folder), "train") == 1

  penn_action.keep(folder, PennSource(source))
  assert "kept, as made before" in capsys.readouterr().out
  with pytest.raises(InputError, match=r"made without 1 clips \(0001\)"):
    penn_action.keep(folder, PennSource(source, strict=True))
  write_clip(tmp_path / "other", "0001")
  with pytest.raises(InputError, match="made from .*penn, not from .*other"):
    penn_action.keep(folder, PennSource(tmp_path / "other"))
  write_labels(source, "0002", label_fields(7))
  with pytest.raises(InputError, match="penn/labels has changed since"):
    penn_action.keep(folder, PennSource(source))


def test_door_reports_a_bad_source_in_one_line(tmp_path):
  done = run_door(f"--source={tmp_path / 'nowhere'}", f"--data_dir={tmp_path / 'out'}")
  assert done.returncode == 1
  assert done.stderr.splitlines()[-1].startswith(f"error: {tmp_path / 'nowhere'}: no such folder.")
  assert "Traceback" not in done.stderr and not (tmp_path / "out").exists()


def test_real_clip(tmp_path):
  if not (PENN / "0502.mp4").exists():
    pytest.skip("no shared/data/penn_action/0502.mp4 beside the project")
  av = pytest.importorskip("av")
  mat = scipy.io.loadmat(PENN / "0502.mat")
  write_labels(tmp_path, "0502", {k: v for k, v in mat.items() if not k.startswith("_")})
  frames = tmp_path / "frames" / "0502"
  frames.mkdir(parents=True)
  with av.open(str(PENN / "0502.mp4")) as video:
    for number, frame in enumerate(video.decode(video=0), start=1):
      frame.to_image().save(frames / f"{number:06d}.jpg")
  reader = PennSource(tmp_path, strict=True)
  builder = records.open_records(penn_action.prepare(reader, str(tmp_path / "out")))
  assert list(builder.info.splits) == ["test"] and reader.num_frames == {"test": 58}
  (example,) = records.serialized_examples(builder, "test")
  clip = {name: value.numpy() for name, value in records.parse(builder, example).items()}
  assert clip["clip"] == b"0502" and clip["action"] == b"bowl"
  assert clip["image_size"].tolist() == [360, 480] and len(clip["frames"]) == 58
  expected = np.stack([mat["x"], mat["y"]], axis=-1) - 1
  np.testing.assert_allclose(clip["keypoints"], expected, atol=1e-4)
  np.testing.assert_array_equal(clip["visibility"], mat["visibility"] > 0)
  np.testing.assert_allclose(clip["boxes"], mat["bbox"].astype(float) - 1, atol=1e-4)


def test_all_real_labels(tmp_path):
  archive = PENN / "penn_labels.tar.xz"
  if not archive.exists():
    pytest.skip("no shared/data/penn_action/penn_labels.tar.xz beside the project")
  clips, frames, repaired = {True: 0, False: 0}, {True: 0, False: 0}, {}
  degenerate_test_frames = 0
  with tarfile.open(archive) as tar:
    for member in tar:
      if not member.name.endswith(".mat"):
        continue
      path = tmp_path / pathlib.PurePath(member.name).name
      path.write_bytes(tar.extractfile(member).read())
      labels = read_labels(path)
      path.unlink()
      clips[labels.train] += 1
      frames[labels.train] += labels.num_frames
      assert ((labels.boxes[:, 2:] - labels.boxes[:, :2]) > 0).all(), labels.clip
      for repair in labels.repairs:
        repaired.setdefault(repair.kind, set()).add(labels.clip)
        if repair.kind == "degenerate_box" and not labels.train:
          degenerate_test_frames += int(repair.detail.split()[0])
  assert clips == {True: 1258, False: 1068}
  assert frames == {True: 87543, False: 76298}
  oversized = {"0979", "1021", "1024", "1032"}
  assert repaired.pop("joints_outside") | repaired.pop("joints_hidden") == oversized
  assert repaired == {
    "short_bbox": {"1154", "1865"},
    "degenerate_box": set("0038 0374 0525 0541 0600 0623 0645 0700 1825 2173".split()),
  }
  assert degenerate_test_frames == 173
