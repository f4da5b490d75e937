"""Makes records of three sets of labeled people.

  python -m benchmarks.people_sets --source=DIR

DIR holds the sets in their original form:

  penn_action/0502.mp4, 0502.mat           a test clip of Penn Action and its labels
  bonn/060470979/*.jpg                     a video of paddle boards, and
  bonn/060470979_gt_2x41x16x2.npy          joints of MPII for two people in it
  lspet_val/crops192.tar, labels.npz       stills of Leeds Sports Extended and their joints

Records are DATA_DIR/penn_action/1.0.0, DATA_DIR/clips/bonn/1.0.0 and
DATA_DIR/clips/lspet_val/1.0.0, all in the split "test". Existing records are kept.
"""

import io
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

import av
import numpy as np
from absl import flags
from tqdm import tqdm

from ppn_tf.keypoints.joint_maps import MPII_JOINTS
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

FLAGS = flags.FLAGS
VIDEO = "060470979"
CLIP = "0502"
JPEG_QUALITY = 95
MPII_LIMBS = (
  *((1, 2), (2, 3), (3, 7), (4, 7), (4, 5), (5, 6), (7, 8), (8, 9), (9, 10)),
  *((11, 12), (12, 13), (13, 8), (14, 8), (14, 15), (15, 16)),
)
# The neck of LSP is at the height of the chin, like the upper neck of MPII. Its median distance is
# 0.028 of the longer side of the box to 1/3 nose + 2/3 shoulders, and 0.042 to the center of the
# shoulders (MoveNet Thunder).
LSP_JOINTS = (
  *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
  *("right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist"),
  *("upper_neck", "head_top"),
)
LSP_LIMBS = (
  *((1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (7, 8), (8, 9), (10, 11), (11, 12)),
  *((9, 13), (10, 13), (13, 14), (3, 9), (4, 10)),
)
# Names of LSP_JOINTS in labels.npz.
LSP_NAMES = tuple(
  "r_ankle r_knee r_hip l_hip l_knee l_ankle r_wrist r_elbow r_shoulder l_shoulder l_elbow "
  "l_wrist neck head_top".split()
)


class PeopleSet(NamedTuple):
  """Set of labeled people.

  Attributes:
    files: original files, relative to the source.
    write: converts the source to the input folder of a command in data/.
    command: module of that command, and its flags.
    records: folder of the records, relative to DATA_DIR.
  """

  files: Tuple[str, ...]
  write: Callable[[pathlib.Path, pathlib.Path], None]
  command: Tuple[str, ...]
  records: str


def write_penn_clip(source: pathlib.Path, folder: pathlib.Path) -> None:
  """Writes one clip in the layout of Penn Action, with frames decoded from the video."""
  (folder / "labels").mkdir(parents=True)
  shutil.copy(source / "penn_action" / f"{CLIP}.mat", folder / "labels")
  frames = folder / "frames" / CLIP
  frames.mkdir(parents=True)
  with av.open(str(source / "penn_action" / f"{CLIP}.mp4")) as video:
    for number, frame in enumerate(tqdm(video.decode(video=0), desc=CLIP, disable=None), 1):
      frame.to_image().save(frames / f"{number:06d}.jpg", quality=JPEG_QUALITY)


def write_bonn(source: pathlib.Path, folder: pathlib.Path) -> None:
  """Writes the frames of the video, and two tracks; NaN joints are not labeled."""
  shutil.copytree(source / "bonn" / VIDEO, folder / VIDEO)
  labels = np.load(source / "bonn" / f"{VIDEO}_gt_2x41x16x2.npy")
  annotations = [
    {"image_id": frame, "category_id": 1, "track_id": person, "keypoints": coco_joints(joints)}
    for person, track in enumerate(labels)
    for frame, joints in enumerate(track)
  ]
  _write_annotations(
    folder, _category("mpii_person", MPII_JOINTS, MPII_LIMBS),
    [(VIDEO, frame) for frame in range(labels.shape[1])], annotations,
  )  # fmt: skip


def write_lspet(source: pathlib.Path, folder: pathlib.Path) -> None:
  """Writes each still as a clip of one frame; crops have 1.5 times the extent of the joints.

  Raises:
    InputError: the labels have other joints, or a still is missing.
  """
  path = source / "lspet_val" / "labels.npz"
  with np.load(path) as labels:
    names = tuple(map(str, labels["names"]))
    numbers, joints = labels["index"].tolist(), labels["joints"]
  if names != LSP_NAMES:
    raise InputError(f"{path}: expected the joints {LSP_NAMES}. Received: {names}")
  clips = [f"{number:05d}" for number in numbers]
  archive = source / "lspet_val" / "crops192.tar"
  with tarfile.open(archive) as crops:
    missing = sorted({f"{clip}.jpg" for clip in clips} - set(crops.getnames()))
    if missing:
      raise InputError(
        f"{archive}: no {missing[0]}, although {path.name} has labels for it. Give the whole "
        "archive."
      )
    for clip in tqdm(clips, desc="lspet_val", unit="still", disable=None):
      (folder / clip).mkdir(parents=True)
      content = crops.extractfile(f"{clip}.jpg") or io.BytesIO()
      (folder / clip / f"{clip}.jpg").write_bytes(content.read())
  annotations = [
    {"image_id": number, "category_id": 1, "keypoints": coco_joints(points)}
    for number, points in enumerate(joints)
  ]
  _write_annotations(
    folder, _category("lsp_person", LSP_JOINTS, LSP_LIMBS), [(clip, 0) for clip in clips],
    annotations,
  )  # fmt: skip


def coco_joints(joints: np.ndarray) -> List[float]:
  """Returns x, y, v of each of the joints [K, 2], with v = 2, or 0 for NaN."""
  labeled = np.isfinite(joints).all(axis=-1, keepdims=True)
  rows = np.where(labeled, np.concatenate([joints, 0 * joints[:, :1] + 2], axis=-1), 0.0)
  return [float(number) for number in rows.ravel()]


def _category(name: str, joints: Sequence[str], limbs: Sequence[Tuple[int, int]]) -> Dict[str, Any]:
  return {"id": 1, "name": name, "keypoints": list(joints), "skeleton": list(map(list, limbs))}


def _write_annotations(
  folder: pathlib.Path,
  category: Dict[str, Any],
  frames: Sequence[Tuple[str, int]],
  annotations: List[Dict[str, Any]],
) -> None:
  """Writes annotations.json, in the split "test", with indices of `frames` as image ids."""
  content = {
    "categories": [category],
    "clips": [{"name": clip, "split": "test"} for clip in dict.fromkeys(c for c, _ in frames)],
    "images": [
      {"id": number, "clip": clip, "frame": frame} for number, (clip, frame) in enumerate(frames)
    ],
    "annotations": annotations,
  }
  (folder / "annotations.json").write_text(json.dumps(content), encoding="utf-8")


SETS = {
  CLIP: PeopleSet(
    (f"penn_action/{CLIP}.mp4", f"penn_action/{CLIP}.mat"),
    write_penn_clip,
    ("data.penn_action",),
    "penn_action/1.0.0",
  ),
  "bonn": PeopleSet(
    (f"bonn/{VIDEO}", f"bonn/{VIDEO}_gt_2x41x16x2.npy"),
    write_bonn,
    ("data.clips", "--name=bonn"),
    "clips/bonn/1.0.0",
  ),
  "lspet_val": PeopleSet(
    ("lspet_val/crops192.tar", "lspet_val/labels.npz"),
    write_lspet,
    ("data.clips", "--name=lspet_val"),
    "clips/lspet_val/1.0.0",
  ),
}


def check_source(source: pathlib.Path) -> None:
  """Checks that all original files exist.

  Raises:
    InputError: a file is missing.
  """
  for name, people in SETS.items():
    for file in people.files:
      if not (source / file).exists():
        raise InputError(
          f"{source / file}: no such file, but set {name} requires it. Give --source the folder "
          "that --help describes."
        )


def make(name: str, source: pathlib.Path, data_dir: pathlib.Path) -> pathlib.Path:
  """Makes the records of a set unless they exist; returns their folder.

  Raises:
    InputError: the command failed, and printed the reason.
  """
  people = SETS[name]
  records = data_dir / people.records
  if records.exists():
    print(f"{name}: kept, {records}")
    return records
  folder = data_dir / "sources" / name
  if not folder.exists():
    with complete_or_absent(folder) as partial:
      people.write(source, partial)
  module, *arguments = people.command
  command = [sys.executable, "-m", module, f"--source={folder}", f"--data_dir={data_dir}"]
  completed = subprocess.run(
    [*command, "--strict", *arguments], stdout=subprocess.PIPE, text=True, check=False
  )
  if completed.returncode:
    raise InputError(
      f"{name}: no records of {folder}; see the error of `python -m {module}` above."
    )
  print(f"{name}: made, {records}")
  return records


def define_flags() -> None:
  flags.DEFINE_string("source", None, "Folder of the three sets, as above.")
  command_flags.mark_required("source")
  flags.DEFINE_string("data_dir", "records_people", "Folder for the records.")


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  command_flags.check_required()
  source, data_dir = pathlib.Path(FLAGS.source), pathlib.Path(FLAGS.data_dir)
  check_source(source)
  for name in SETS:
    make(name, source, data_dir.absolute())


if __name__ == "__main__":
  define_flags()
  app.run(main)
