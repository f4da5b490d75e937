"""Source of Penn Action's frames and labels."""

import pathlib
from typing import Any, Dict, Iterable, List, Tuple

from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.runtime.errors import InputError

from ..builder.account import ClipError
from ..builder.clip_source import ClipSource, LabelledClip
from ..builder.frame_repairs import repair_frames
from ..builder.frames import list_frames, read_frames
from .labels import read_labels


class PennSource(ClipSource):
  """Source of clips in frames/ and labels/, split by the labels' `train` field."""

  name = PENN_ACTION.name
  skeleton = PENN_ACTION

  def __init__(self, *args: Any, **kwargs: Any):
    super().__init__(*args, **kwargs)
    self._labels = list_labels(self.labels)
    frames = self.folder / "frames"
    try:
      folders = [path.name for path in frames.iterdir() if path.is_dir()]
    except OSError as error:
      raise InputError(f"{frames}: cannot be listed ({error.strerror}).") from error
    unlabelled = sorted(name for name in folders if name not in self._labels)
    if unlabelled:
      self.account.left_out["frames without labels"] = unlabelled

  @property
  def labels(self) -> pathlib.Path:
    return self.folder / "labels"

  def label_files(self) -> Iterable[pathlib.Path]:
    return self._labels.values()

  def clips(self) -> Dict[str, List[str]]:
    clips: Dict[str, List[str]] = {"train": [], "test": []}
    for clip, path in self._labels.items():
      try:
        labels = read_labels(path)
        list_frames(self._frames_folder(clip), labels.num_frames)
      except ClipError as problem:
        self.account.skip(clip, problem)
      else:
        clips["train" if labels.train else "test"].append(clip)
    return clips

  def read_clip(self, clip: str) -> Tuple[LabelledClip, List[bytes]]:
    path = self._labels[clip]
    paths = list_frames(self._frames_folder(clip), read_labels(path).num_frames)
    frames, size = read_frames(paths, self.account.strict)
    return repair_frames(read_labels(path, size), frames)

  def _frames_folder(self, clip: str) -> pathlib.Path:
    return self.folder / "frames" / clip


def list_labels(folder: pathlib.Path) -> Dict[str, pathlib.Path]:
  """Lists a folder's label files by clip.

  Raises:
    InputError: the folder has no label files.
  """
  # A copy made on a Mac has ._0001.mat next to each file.
  paths = {
    path.stem: path for path in sorted(folder.glob("*.mat")) if not path.name.startswith(".")
  }
  if not paths:
    raise InputError(f"{folder}: has no .mat files. Expected Penn Action's labels, 0001.mat ...")
  return paths
