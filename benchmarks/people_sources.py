"""Original files of sets of labeled people, converted to the input of the commands in data/."""

import io
import json
import pathlib
import shutil
import tarfile
from typing import Any, Dict, List, Sequence, Tuple

import av
import numpy as np
from tqdm import tqdm

from ppn_tf.keypoints.joint_maps import MPII_JOINTS
from ppn_tf.runtime.errors import InputError

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
LIMB_JOINTS = tuple(
  f"{side}_{joint}"
  for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
  for side in ("right", "left")
)
LIMB_LIMBS = (
  *((1, 2), (1, 3), (3, 5), (2, 4), (4, 6), (1, 7), (2, 8), (7, 8)),
  *((7, 9), (9, 11), (8, 10), (10, 12)),
)
# Names of LSP_JOINTS in labels.npz.
LSP_NAMES = tuple(
  "r_ankle r_knee r_hip l_hip l_knee l_ankle r_wrist r_elbow r_shoulder l_shoulder l_elbow "
  "l_wrist neck head_top".split()
)


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


def write_eval_clips(source: pathlib.Path, folder: pathlib.Path) -> None:
  """Writes the frames of each clip and its limb joints.

  Raises:
    InputError: a clip lacks a joint or frames.
  """
  frames: List[Tuple[str, int]] = []
  annotations: List[Dict[str, Any]] = []
  for path in tqdm(sorted((source / "eval_clips").glob("*/labels.npz")), desc="eval_clips"):
    clip = path.parent.name
    with np.load(path) as labels:
      names = [str(name).replace("r_", "right_").replace("l_", "left_") for name in labels["names"]]
      joints, visible = labels["joints"], labels["visible"]
    if not set(LIMB_JOINTS) <= set(names):
      raise InputError(f"{path}: expected the joints {LIMB_JOINTS}. Received: {tuple(names)}")
    ids = [names.index(name) for name in LIMB_JOINTS]
    _write_frames(path.parent, folder / clip, len(joints))
    for number, points in enumerate(np.where(visible[..., None], joints, np.nan)[:, ids]):
      annotation = {"image_id": len(frames), "category_id": 1, "keypoints": coco_joints(points)}
      frames.append((clip, number))
      annotations.append(annotation)
  _write_annotations(folder, _category("limbs", LIMB_JOINTS, LIMB_LIMBS), frames, annotations)


def _write_frames(clip: pathlib.Path, folder: pathlib.Path, count: int) -> None:
  """Copies the frames of a clip, or decodes its video.

  Raises:
    InputError: there are not `count` frames.
  """
  folder.mkdir(parents=True)
  for path in sorted(clip.glob("*.jpg")):
    shutil.copy(path, folder)
  if (clip / "video.mp4").exists():
    with av.open(str(clip / "video.mp4")) as video:
      for number, frame in enumerate(video.decode(video=0), 1):
        frame.to_image().save(folder / f"{number:06d}.jpg", quality=JPEG_QUALITY)
  found = len(list(folder.iterdir()))
  if found != count:
    raise InputError(f"{clip}: has {found} frames, but labels of {count}. Give the whole clip.")


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
