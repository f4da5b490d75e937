"""Own clips: videos or folders of frames next to one annotations.json."""

import pathlib
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np

from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime.errors import InputError

from ..builder import joint_boxes
from ..builder.account import ClipError, Repair
from ..builder.clip_source import ClipSource, LabelledClip
from ..builder.frame_repairs import repair_frames
from ..builder.held_out import held_out
from ..builder.joint_checks import clean_joints
from . import formats
from .annotations import Annotations, Label
from .frames import read_part
from .media import Media
from .named_joints import SKELETON_FILE

TEST_FRACTION = 0.2


class ClipsSource(ClipSource):
  """Source of one clip per person and video, from the first to the last labelled frame."""

  name = "clips"

  def __init__(
    self,
    *args: Any,
    test_fraction: float = TEST_FRACTION,
    label_format: Optional[str] = None,
    **kwargs: Any,
  ):
    """Creates a source.

    Args:
      *args: see ClipSource.
      test_fraction: fraction of the videos without a split that is held out for testing.
      label_format: one of `formats.NAMES`; None means the format of the files in the folder.
      **kwargs: see ClipSource.
    """
    super().__init__(*args, **kwargs)
    self.test_fraction = test_fraction
    media = Media(self.folder)
    self._files = self._find_labels(label_format)
    self._content: Annotations = self._files.read(media)
    if not self._content.tracks:
      reasons = [f"{len(names)} {reason}" for reason, names in self._content.dropped.items()]
      raise InputError(f"{self.labels}: no frame has labels ({', '.join(reasons) or 'none'}).")
    self.skeleton = self._content.skeleton
    labelled = {pathlib.PurePath(track.clip) for track in self._content.tracks.values()}
    unlabelled = [name for name in media.list_clips() if pathlib.PurePath(name) not in labelled]
    if unlabelled:
      self.account.left_out["frames without labels"] = unlabelled
    if self._content.unused:
      self.account.left_out['entries of "clips" without labels'] = self._content.unused
    for reason, names in self._content.dropped.items():
      if self.account.strict:
        raise ClipError("unusable labels", f"{self.labels}: {reason}: {names[0]}.")
      self.account.left_out[reason] = names
    self.account.notes = _describe_joints(self.skeleton)
    self.account.notes += [
      f"ignored: {count} {reason}" for reason, count in self._content.ignored.items()
    ]

  @property
  def labels(self) -> pathlib.Path:
    return self._files.paths[0]

  def label_files(self) -> Iterable[pathlib.Path]:
    extra = self.folder / SKELETON_FILE
    return [*self._files.paths, *([extra] if extra.is_file() else [])]

  def _find_labels(self, label_format: Optional[str]) -> formats.LabelFiles:
    labels = formats.find_labels(self.folder, label_format)
    if labels is None:
      titles = "; ".join(f"{form.title} ({form.name})" for form in formats.FORMATS)
      raise InputError(
        f"{self.folder}: has no labels of {label_format or 'a known format'}. Known: {titles}."
      )
    return labels

  def settings(self) -> str:
    return f"test_fraction {self.test_fraction}"

  def clips(self) -> Dict[str, List[str]]:
    tracks, splits = self._content.tracks, self._content.splits
    undecided = {track.clip for track in tracks.values() if track.clip not in splits}
    test = held_out(undecided, self.test_fraction)
    clips: Dict[str, List[str]] = {"train": [], "validation": [], "test": []}
    for name, track in tracks.items():
      if (self.folder / track.clip).exists():
        split = splits.get(track.clip) or ("test" if track.clip in test else "train")
        clips[split].append(name)
      else:
        problem = f"{self.folder / track.clip}: no such file or folder, but it has labels."
        self.account.skip(name, ClipError("no frames", problem))
    return clips

  def read_clip(self, clip: str) -> Tuple[LabelledClip, List[bytes]]:
    track = self._content.tracks[clip]
    labelled = _by_frame(clip, track.labels)
    first, last = min(labelled), max(labelled)
    frames, size = read_part(self.folder / track.clip, first, last, self.account.strict)
    for stated in dict.fromkeys(track.sizes):
      if stated != size:
        raise ClipError(
          "labels for another size",
          f"{self.folder / track.clip}: frames are {size[0]}x{size[1]} (height x width), but the "
          f"labels are for {stated[0]}x{stated[1]}.",
        )
    keypoints = np.zeros((len(frames), self.skeleton.num_joints, 2))
    visibility = np.zeros(keypoints.shape[:2], bool)
    boxes = np.zeros((len(frames), 4))
    for frame, label in labelled.items():
      keypoints[frame - first], visibility[frame - first] = label.keypoints, label.labelled
      boxes[frame - first] = label.box
    rows = np.array(sorted(labelled)) - first
    keypoints, visibility, repairs = clean_joints(keypoints, visibility, size)
    boxes, more_repairs = _complete_boxes(boxes, rows, keypoints, visibility, size)
    labels = LabelledClip(
      clip=clip,
      action=self._content.actions.get(track.clip, ""),
      keypoints=keypoints,
      visibility=visibility,
      boxes=boxes,
      image_size=size,
      repairs=(*repairs, *more_repairs),
    )
    return repair_frames(labels, frames)


def _describe_joints(skeleton: Skeleton) -> List[str]:
  """Returns lines about the joints; joints without a partner show a misread name."""
  pairs = skeleton.flip_pairs
  paired = {joint for pair in pairs for joint in pair}
  single = [name for joint, name in enumerate(skeleton.joint_names) if joint not in paired]
  lines = [f"joints: {skeleton.name}, {skeleton.num_joints} joints, {len(pairs)} mirrored pairs"]
  if single:
    lines.append(f"joints without a mirrored partner: {', '.join(single)}")
  return lines


def _by_frame(clip: str, labels: Sequence[Label]) -> Dict[int, Label]:
  labelled: Dict[int, Label] = {}
  for label in labels:
    if label.frame in labelled:
      raise ClipError(
        "several people",
        f"{clip}: frame {label.frame} has two annotations. Give each person a different track_id.",
      )
    labelled[label.frame] = label
  return labelled


def _complete_boxes(
  boxes: np.ndarray,
  rows: np.ndarray,
  keypoints: np.ndarray,
  visibility: np.ndarray,
  size: Tuple[int, int],
) -> Tuple[np.ndarray, List[Repair]]:
  """Makes missing boxes from joints, and interpolates the boxes of frames without labels.

  Args:
    boxes: [N, 4].
    rows: labelled frames among the N, in order; they include the first and the last.
    keypoints: [N, K, 2] in pixels.
    visibility: [N, K].
    size: (height, width) of the frames.
  Returns:
    [N, 4] float32, and the repairs box_from_joints and unlabelled_frames.
  """
  missing = joint_boxes.find_degenerate(boxes[rows])
  made = joint_boxes.remake_boxes(boxes[rows], missing, keypoints[rows], visibility[rows], size)
  frames = np.arange(len(boxes))
  complete = np.stack([np.interp(frames, rows, side) for side in made.T], axis=1)
  repairs = []
  if missing.any():
    count = int(missing.sum())
    repairs.append(Repair("box_from_joints", f"{count} of {len(rows)} boxes", count))
  if len(rows) < len(boxes):
    count = len(boxes) - len(rows)
    detail = f"{count} of {len(boxes)} frames: no joints, interpolated boxes"
    repairs.append(Repair("unlabelled_frames", detail, count))
  return complete.astype(np.float32), repairs
