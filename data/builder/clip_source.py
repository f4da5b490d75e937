"""Base class of sources: folders of labelled clips, read clip by clip."""

import abc
import dataclasses
import hashlib
import os
import pathlib
from typing import Dict, Iterable, Iterator, List, Sequence, Tuple, Union

import numpy as np
import tqdm

from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime.errors import InputError

from .account import Account, ClipError, Repair
from .layouts import LAYOUTS, check_layout


@dataclasses.dataclass(frozen=True)
class LabelledClip:
  """Labels of a clip of N frames; the center of the top-left pixel is (0, 0).

  Attributes:
    clip: name, unique in its data set.
    action: name of the activity; may be empty.
    keypoints: [N, K, 2] float32, (x, y) in pixels.
    visibility: [N, K] bool.
    boxes: [N, 4] float32, (x1, y1, x2, y2) in pixels.
    image_size: (height, width) of the frames.
    repairs: defects that were fixed or noted.
  """

  clip: str
  action: str
  keypoints: np.ndarray
  visibility: np.ndarray
  boxes: np.ndarray
  image_size: Tuple[int, int]
  repairs: Tuple[Repair, ...]

  @property
  def num_frames(self) -> int:
    return len(self.keypoints)


class ClipSource(abc.ABC):
  """Reads clips one at a time, and keeps an account of fixed and skipped ones.

  Attributes:
    name: name of the data set, and of its package in data/.
    folder: folder of the unpacked data set.
    skeleton: joints of the labels.
    account: counts of clips and defects.
  """

  name: str
  skeleton: Skeleton

  def __init__(self, folder: Union[str, os.PathLike], strict: bool = False, progress: bool = False):
    """Checks the entries of the folder.

    Args:
      folder: folder of the unpacked data set.
      strict: whether an unusable clip raises its ClipError.
      progress: whether a terminal shows a progress bar.
    Raises:
      InputError: the folder has another layout.
    """
    self.folder = pathlib.Path(folder).expanduser().resolve()
    check_layout(self.name, self.folder)
    self.account = Account(strict)
    self._progress = progress
    self._splits: Dict[str, List[str]] = {}

  @property
  @abc.abstractmethod
  def labels(self) -> pathlib.Path:
    """Returns the file or folder of the labels, for messages."""

  @abc.abstractmethod
  def label_files(self) -> Iterable[pathlib.Path]:
    """Returns all label files, in a fixed order."""

  @abc.abstractmethod
  def clips(self) -> Dict[str, List[str]]:
    """Lists the clips of each split without reading them; skips unusable ones."""

  @abc.abstractmethod
  def read_clip(self, clip: str) -> Tuple[LabelledClip, List[bytes]]:
    """Reads the labels and the N encoded frames of a clip.

    Raises:
      ClipError: the clip is unusable.
    """

  def settings(self) -> str:
    """Returns text that identifies the options which change the data set's content."""
    return ""

  def digest(self) -> str:
    """Returns a hash of labels and settings, which identifies the data set's content."""
    digest = hashlib.sha256(self.settings().encode())
    for path in self.label_files():
      try:
        content = path.read_bytes()
      except OSError:  # skipped later, with a reason
        content = b""
      digest.update(f"{path.stem} {len(content)} ".encode() + content)
    return digest.hexdigest()

  def splits(self) -> Dict[str, List[str]]:
    """Returns the clips of each split that has usable ones.

    Raises:
      InputError: no clip is usable.
    """
    if not self._splits:
      clips = self.clips()
      # TFDS refuses a split that turns out to be empty, so a clip of each is read in advance.
      self._splits = {name: ids for name, ids in clips.items() if any(map(self._is_usable, ids))}
    if not self._splits:
      first = next(iter(self.account.skipped.values()), "there are no clips.")
      raise InputError(
        f"{self.folder}: no clip is usable; the first: {first} "
        f"Expected {LAYOUTS[self.name].expected}."
      )
    return self._splits

  def read_clips(
    self, split: str, clips: Sequence[str]
  ) -> Iterator[Tuple[LabelledClip, List[bytes]]]:
    """Yields the labels and the N encoded frames of each usable clip.

    Raises:
      ClipError: a clip is unusable, if `strict`.
    """
    # disable=None: no bar where stderr is a file.
    hide = None if self._progress else True
    for clip in tqdm.tqdm(clips, desc=split, unit="clip", disable=hide):
      if clip in self.account.skipped:
        continue
      try:
        labels, frames = self.read_clip(clip)
      except ClipError as problem:
        self.account.skip(clip, problem)
        continue
      self.account.add(split, clip, labels.num_frames, labels.repairs)
      yield labels, frames

  def _is_usable(self, clip: str) -> bool:
    try:
      self.read_clip(clip)
    except ClipError as problem:
      self.account.skip(clip, problem)
      return False
    return True
