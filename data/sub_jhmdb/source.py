"""Source of Sub-JHMDB: one of the three splits in JHMDB's folders."""

import os
import pathlib
import re
from typing import Any, Dict, Iterable, List, Tuple, Union

import numpy as np

from ppn_tf.keypoints.skeletons import SUB_JHMDB
from ppn_tf.runtime.errors import InputError

from ..builder.account import ClipError
from ..builder.clip_source import ClipSource, LabelledClip
from ..builder.frame_repairs import repair_frames
from ..builder.frames import list_frames, read_frames
from ..builder.joint_checks import clean_joints
from .labels import read_boxes, read_joints

SPLITS = (1, 2, 3)

_LINE = re.compile(r"(.+)\.avi\s+([012])")
_PARTS = {"1": "train", "2": "test"}  # 0: the clip is in neither


class JhmdbSource(ClipSource):
  """Source of the clips "action/name" that sub_splits/ACTION_test_split_N.txt lists."""

  name = SUB_JHMDB.name
  skeleton = SUB_JHMDB

  def __init__(self, folder: Union[str, os.PathLike], split: int, **kwargs: Any):
    """Creates a source.

    Args:
      folder: see ClipSource.
      split: number of the split, 1 to 3.
      **kwargs: see ClipSource.
    """
    super().__init__(folder, **kwargs)
    self.split = split
    pattern = re.compile(rf"(.+)_test_split_?{split}\.txt")
    self._lists = {
      match[1]: path
      for path in sorted((self.folder / "sub_splits").iterdir())
      for match in [pattern.fullmatch(path.name)]
      if match and not path.name.startswith(".")
    }
    if not self._lists:
      raise InputError(
        f"{self.folder / 'sub_splits'}: has no ..._test_split_{split}.txt. "
        "Unpack JHMDB's sub_splits.zip there."
      )
    self._parts = self._read_lists()

  @property
  def labels(self) -> pathlib.Path:
    return self.folder

  def label_files(self) -> Iterable[pathlib.Path]:
    yield from self._lists.values()
    for clip in self._parts:
      yield self._joints(clip)
      if self._mask(clip).exists():
        yield self._mask(clip)

  def settings(self) -> str:
    return f"split {self.split}"

  def clips(self) -> Dict[str, List[str]]:
    clips: Dict[str, List[str]] = {"train": [], "test": []}
    for clip, part in self._parts.items():
      try:
        self._list_frames(clip, len(read_joints(self._require_file(self._joints(clip)))))
      except ClipError as problem:
        self.account.skip(clip, problem)
      else:
        clips[part].append(clip)
    return clips

  def read_clip(self, clip: str) -> Tuple[LabelledClip, List[bytes]]:
    keypoints = read_joints(self._require_file(self._joints(clip)))
    paths = self._list_frames(clip, len(keypoints))
    frames, size = read_frames(paths, self.account.strict)
    # JHMDB has no visibility: joints in the frame are visible.
    all_visible = np.ones(keypoints.shape[:2], bool)
    keypoints, visibility, repairs = clean_joints(keypoints, all_visible, size)
    boxes, more_repairs = read_boxes(self._mask(clip), keypoints, visibility, size)
    labels = LabelledClip(
      clip=clip,
      action=clip.split("/")[0],
      keypoints=keypoints,
      visibility=visibility,
      boxes=boxes,
      image_size=size,
      repairs=(*repairs, *more_repairs),
    )
    return repair_frames(labels, frames)

  def _read_lists(self) -> Dict[str, str]:
    """Returns the part of each clip, "train" or "test"."""
    parts: Dict[str, str] = {}
    for action, path in self._lists.items():
      try:
        lines = path.read_text().splitlines()
      except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}).") from error
      for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line.strip())
        if line.strip() and not match:
          raise InputError(
            f"{path}: line {number} is {line.strip()[:40]!r}, expected CLIP.avi and 1 (train) or 2."
          )
        if match and match[2] in _PARTS:
          clip, part = f"{action}/{match[1]}", _PARTS[match[2]]
          if parts.setdefault(clip, part) != part:
            raise InputError(f"{path}: line {number} puts {match[1]} into both train and test.")
    return parts

  def _joints(self, clip: str) -> pathlib.Path:
    return self.folder / "joint_positions" / clip / "joint_positions.mat"

  def _mask(self, clip: str) -> pathlib.Path:
    return self.folder / "puppet_mask" / clip / "puppet_mask.mat"

  def _list_frames(self, clip: str, num_frames: int) -> List[pathlib.Path]:
    return list_frames(self.folder / "Rename_Images" / clip, num_frames, 5, (".png",))

  @staticmethod
  def _require_file(path: pathlib.Path) -> pathlib.Path:
    if not path.is_file():
      raise ClipError("no labels", f"{path}: no such file, but the split lists the clip.")
    return path
