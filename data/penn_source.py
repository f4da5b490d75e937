"""The folder of Penn Action's frames and labels: its splits, its clips, its defects."""

import collections
import hashlib
import os
import pathlib
from typing import Dict, Iterable, Iterator, List, Tuple, Union

import tqdm

from data.penn_frames import list_frames, read_frames
from data.penn_labels import ClipError, PennLabels, Repair, read_labels
from ppn_tf.errors import InputError

_LAYOUT = "Expected frames/0001/000001.jpg ... and labels/0001.mat ... in it."


class PennSource:
  """Reads clips one at a time and keeps account of what was mended and skipped.

  Attributes:
    folder: holds frames/ and labels/.
    strict: whether a clip that cannot be used raises its ClipError.
    num_clips, num_frames: split name -> how many were read.
    repairs: clip -> what was mended in it.
    skipped: clip -> why it was left out.
    unlabelled: clips with frames and without labels.
  """

  def __init__(self, folder: Union[str, os.PathLike], strict: bool = False, progress: bool = False):
    """Looks at the folder.

    Args:
      progress: whether a terminal shows a bar over the clips.
    Raises:
      InputError: it is no folder, or holds no labels or no frames.
    """
    self.folder = pathlib.Path(folder).expanduser().resolve()
    self.strict = strict
    self._progress = progress
    labels, frames = self.folder / "labels", self.folder / "frames"
    if not self.folder.is_dir():
      received = "not a folder" if self.folder.exists() else "no such folder"
      raise InputError(f"{self.folder}: {received}. {_LAYOUT}")
    # A copy made on a Mac has ._0001.mat beside each file.
    self._labels = {
      path.stem: path for path in sorted(labels.glob("*.mat")) if not path.name.startswith(".")
    }
    if not self._labels:
      raise InputError(f"{labels}: holds no .mat files. {_LAYOUT}")
    if not frames.is_dir():
      raise InputError(f"{frames}: no such folder. {_LAYOUT}")
    try:
      self.unlabelled = sorted(
        path.name for path in frames.iterdir() if path.is_dir() and path.name not in self._labels
      )
    except OSError as error:
      raise InputError(f"{frames}: cannot be listed ({error.strerror}).") from error
    self.num_clips: Dict[str, int] = collections.Counter()
    self.num_frames: Dict[str, int] = collections.Counter()
    self.repairs: Dict[str, Tuple[Repair, ...]] = {}
    self.skipped: Dict[str, ClipError] = {}
    self._splits: Dict[str, List[str]] = {}

  def digest(self) -> str:
    """A hash of all label files: tells whether a data set was made from these."""
    digest = hashlib.sha256()
    for clip, path in self._labels.items():
      try:
        content = path.read_bytes()
      except OSError:  # skipped later, with its reason
        content = b""
      digest.update(f"{clip} {len(content)} ".encode() + content)
    return digest.hexdigest()

  def splits(self) -> Dict[str, List[str]]:
    """Clips of 'train' and 'test'; a split without a usable clip is left out.

    Raises:
      InputError: no clip can be used.
    """
    if self._splits:
      return self._splits
    clips: Dict[str, List[str]] = {"train": [], "test": []}
    for clip, path in self._labels.items():
      try:
        labels = read_labels(path)
        list_frames(self._frames_folder(clip), labels.num_frames)
      except ClipError as problem:
        self._skip(problem)
      else:
        clips["train" if labels.train else "test"].append(clip)
    # TFDS refuses a split that turns out to be empty, hence the look ahead.
    self._splits = {name: ids for name, ids in clips.items() if any(map(self._is_usable, ids))}
    if not self._splits:
      first = next(iter(self.skipped.values()))
      raise InputError(f"{self.folder}: no clip can be used; the first: {first} {_LAYOUT}")
    return self._splits

  def read_clips(
    self, split: str, clips: Iterable[str]
  ) -> Iterator[Tuple[PennLabels, List[bytes]]]:
    """Labels and N encoded frames of each usable clip.

    Raises:
      ClipError: one cannot be used, if `strict`.
    """
    # disable=None: no bar where stderr is a file.
    hide = None if self._progress else True
    for clip in tqdm.tqdm(clips, desc=split, unit="clip", disable=hide):
      if clip in self.skipped:
        continue
      try:
        labels, frames = self._read_clip(clip)
      except ClipError as problem:
        self._skip(problem)
        continue
      if labels.repairs:
        self.repairs[clip] = labels.repairs
      self.num_clips[split] += 1
      self.num_frames[split] += labels.num_frames
      yield labels, frames

  def summary(self) -> str:
    """Clips and frames a split, then repairs and skipped clips by kind."""
    lines = [
      f"{name}: {clips} clips, {self.num_frames[name]} frames"
      for name, clips in self.num_clips.items()
    ]
    repaired: Dict[str, List[str]] = collections.defaultdict(list)
    for clip, repairs in sorted(self.repairs.items()):
      for repair in repairs:
        repaired[repair.kind].append(f"{clip} ({repair.detail})")
    lines += _listing("repaired", repaired)
    skipped: Dict[str, List[str]] = collections.defaultdict(list)
    for clip, problem in sorted(self.skipped.items()):
      skipped[problem.kind].append(f"{clip} ({problem})")
    if self.unlabelled:
      skipped["frames without labels"] = self.unlabelled
    return "\n".join(lines + _listing("skipped", skipped))

  def _frames_folder(self, clip: str) -> pathlib.Path:
    return self.folder / "frames" / clip

  def _read_clip(self, clip: str) -> Tuple[PennLabels, List[bytes]]:
    path = self._labels[clip]
    paths = list_frames(self._frames_folder(clip), read_labels(path).num_frames)
    frames, size = read_frames(paths)
    return read_labels(path, size), frames

  def _is_usable(self, clip: str) -> bool:
    try:
      self._read_clip(clip)
    except ClipError as problem:
      self._skip(problem)
      return False
    return True

  def _skip(self, problem: ClipError) -> None:
    if self.strict:
      raise problem
    self.skipped[problem.clip] = problem


def _listing(title: str, kinds: Dict[str, List[str]]) -> List[str]:
  if not kinds:
    return [f"{title}: none"]
  lines = [f"{title}:"]
  for kind, clips in kinds.items():
    lines.append(f"  {kind}, {len(clips)} clips:")
    lines += [f"    {clip}" for clip in clips]
  return lines
