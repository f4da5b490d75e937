"""Label files of Penn Action, and fixes of their known defects."""

import dataclasses
import os
import pathlib
from typing import Any, Dict, List, Optional, Tuple, Union

import numpy as np

from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.runtime.errors import first_line

from ..builder import joint_boxes
from ..builder.account import ClipError, Repair
from ..builder.clip_source import LabelledClip
from ..builder.mat_files import load_mat

FIELDS = ("action", "x", "y", "visibility", "train", "bbox", "dimensions", "nframes")

# A joint farther outside, in fractions of the frame's longer side, is an error of the
# annotation, not a joint that the frame's border cuts off.
CLEARLY_OUTSIDE = 0.1

# Invisible joints without a label lie at MATLAB's (1, 1) of the original frames; after
# resizing they are at most this number of pixels from the corner.
PLACEHOLDER = 1.0


@dataclasses.dataclass(frozen=True)
class PennLabels(LabelledClip):
  """Labels of a clip of N frames; K is 13.

  Invisible joints keep the file's coordinates, often a placeholder in the top-left corner.

  Attributes:
    train: whether the clip belongs to the training split.
  """

  train: bool


def read_labels(
  path: Union[str, os.PathLike],
  image_size: Optional[Tuple[int, int]] = None,
  content: Optional[bytes] = None,
) -> PennLabels:
  """Reads labels/NNNN.mat, and converts MATLAB's 1-based pixels to 0-based ones.

  Fixed defects, by kind:

    short_bbox: `bbox` lacks its last row; the previous row is repeated.
    wrong_dimensions: `dimensions` differs from the frames. The frames' size is used, and boxes
      that were clipped at the wrong border are made from the joints.
    degenerate_box: a side <= 0. The box becomes the extent of the visible joints x 1.2, clipped to
      the frame. With fewer than two visible joints, it is the box of the nearest frame that has
      one.
    joints_hidden: visible joints that lie outside the frame by more than a tenth of its longer
      side become invisible.

  Noted without a change:

    joints_outside: visible joints outside the frame, but not that far. They stay visible, as in
      the published protocol.
    dimensions_doubted: the same for an unknown size of the frames.
    placeholder_joints: invisible joints in the top-left corner.
    nobody_visible: frames without a visible joint.

  Args:
    path: path of the .mat file.
    image_size: actual (height, width) of the frames, if known.
    content: bytes of the file, if `path` is a name in an archive.
  Raises:
    ClipError: the file cannot be read, or does not hold the labels of a Penn Action clip.
  """
  path = pathlib.Path(path)
  fields = _load(path, content)
  _check(path, fields)
  stated = (int(fields["dimensions"][0]), int(fields["dimensions"][1]))
  size = image_size or stated
  keypoints = np.stack([fields["x"], fields["y"]], axis=-1) - 1.0
  visibility = fields["visibility"] > 0
  boxes = fields["bbox"] - 1.0
  repairs: List[Repair] = []

  def note(kind: str, detail: str, count: int = 1, fixed: bool = True) -> None:
    repairs.append(Repair(kind, detail, count, fixed))

  if len(boxes) == len(keypoints) - 1:
    note("short_bbox", f"{len(boxes)} boxes for {len(keypoints)} frames")
    boxes = np.concatenate([boxes, boxes[-1:]])
  remake = np.zeros(len(boxes), bool)
  if size != stated:
    # Two pixels, because labels and frames were resized and rounded.
    border = np.array([stated[1], stated[0]]) - 1.0
    remake = (boxes[:, 2:] >= border - 2.0).any(axis=1)
    note(
      "wrong_dimensions",
      f"labels say {stated[0]}x{stated[1]}, frames are {size[0]}x{size[1]} (height x width); "
      f"{int(remake.sum())} boxes made from joints",
    )
  _note_invisible(keypoints, visibility, note)
  if image_size:
    visibility = _hide_far_joints(keypoints, visibility, size, note)
  else:
    _doubt_dimensions(keypoints, visibility, size, note)
  degenerate = joint_boxes.find_degenerate(boxes)
  if degenerate.any():
    note("degenerate_box", f"{int(degenerate.sum())} of {len(boxes)} frames", degenerate.sum())
  return PennLabels(
    clip=path.stem,
    action=fields["action"],
    keypoints=keypoints.astype(np.float32),
    visibility=visibility,
    boxes=joint_boxes.remake_boxes(boxes, remake | degenerate, keypoints, visibility, size).astype(
      np.float32
    ),
    image_size=size,
    repairs=tuple(repairs),
    train=bool(fields["train"] == 1),
  )


def _load(path: pathlib.Path, content: Optional[bytes]) -> Dict[str, Any]:
  """Reads the fields as float64, because some files hold uint8 and differences overflow."""
  raw = load_mat(path, FIELDS, "Penn Action's", content)
  try:
    fields: Dict[str, Any] = {"action": str(raw["action"].ravel()[0])}
    for name in ("x", "y", "visibility", "bbox"):
      fields[name] = np.asarray(raw[name], np.float64)
    for name in ("train", "nframes"):
      fields[name] = int(raw[name].ravel()[0])
    fields["dimensions"] = np.asarray(raw["dimensions"], np.float64).ravel()
  except (TypeError, ValueError, IndexError) as error:
    raise ClipError(
      "foreign labels", f"{path}: a field is not numeric ({first_line(error)})."
    ) from error
  return fields


def _check(path: pathlib.Path, fields: Dict[str, Any]) -> None:
  """Raises ClipError if a shape or value cannot be that of a clip."""
  frames = fields["nframes"]
  expected = (frames, PENN_ACTION.num_joints)
  complaints = []
  if frames < 1:
    complaints.append(f"nframes is {frames}")
  for name in ("x", "y", "visibility"):
    if fields[name].shape != expected:
      complaints.append(f"{name} is {_shape(fields[name].shape)}, expected {_shape(expected)}")
  bbox = fields["bbox"].shape
  if bbox not in ((frames, 4), (max(frames - 1, 1), 4)):
    complaints.append(f"bbox is {_shape(bbox)}, expected {frames}x4")
  size = fields["dimensions"]
  if size.size < 2 or not (size[:2] >= 1).all():
    complaints.append(f"dimensions are {size.tolist()}, expected [height width nframes]")
  if fields["train"] not in (1, -1):
    complaints.append(f"train is {fields['train']}, expected 1 or -1")
  if not all(np.isfinite(fields[name]).all() for name in ("x", "y", "bbox")):
    complaints.append("a coordinate is not finite")
  if complaints:
    raise ClipError("foreign labels", f"{path}: {complaints[0]}.")


def _note_invisible(keypoints: np.ndarray, visibility: np.ndarray, note: Any) -> None:
  """Notes invisible joints in the corner, and frames without a visible joint."""
  placeholders = int((~visibility & (np.abs(keypoints).max(axis=-1) <= PLACEHOLDER)).sum())
  if placeholders:
    note("placeholder_joints", f"{placeholders} joints", placeholders, fixed=False)
  invisible = int((~visibility.any(axis=1)).sum())
  if invisible:
    note("nobody_visible", f"{invisible} of {len(visibility)} frames", invisible, fixed=False)


def _distance_outside(keypoints: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
  """Returns each joint's distance [N, 13] to the frame in pixels, positive outside."""
  last = np.array([size[1], size[0]]) - 1.0
  return np.maximum(-keypoints, keypoints - last).max(axis=-1)


def _hide_far_joints(
  keypoints: np.ndarray, visibility: np.ndarray, size: Tuple[int, int], note: Any
) -> np.ndarray:
  """Returns `visibility` [N, 13] without the joints far outside the frame."""
  beyond = _distance_outside(keypoints, size)
  hidden = visibility & (beyond > CLEARLY_OUTSIDE * max(size))
  outside = visibility & ~hidden & (beyond > 0)
  if outside.any():
    count = int(outside.sum())
    note("joints_outside", f"{count} joints", count, fixed=False)
  if hidden.any():
    count = int(hidden.sum())
    note("joints_hidden", f"{count} joints, up to {beyond[hidden].max():.0f} pixels outside", count)
  return visibility & ~hidden


def _doubt_dimensions(
  keypoints: np.ndarray, visibility: np.ndarray, stated: Tuple[int, int], note: Any
) -> None:
  """Notes visible joints outside the stated frame, whose size may be wrong."""
  beyond = _distance_outside(keypoints, stated)
  outside = visibility & (beyond > 0)
  if outside.any():
    count = int(outside.sum())
    detail = f"{count} joints, up to {beyond[outside].max():.0f} pixels outside "
    detail += f"height {stated[0]}, width {stated[1]}"
    note("dimensions_doubted", detail, count, fixed=False)


def _shape(shape: Tuple[int, ...]) -> str:
  return "x".join(str(length) for length in shape)
