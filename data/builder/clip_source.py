"""What every builder reads from: a folder of labelled clips, taken one at a time."""

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
  """The labels of a clip of N frames; the centre of the top-left pixel is (0, 0).

  Attributes:
    clip: its name, unique in its data set.
    action: what the person does; may be empty.
    keypoints: [N, K, 2] float32, (x, y) pixels.
    visibility: [N, K] bool.
    boxes: [N, 4] float32, (x1, y1, x2, y2) pixels.
    image_size: (height, width) of its frames.
    repairs: what was mended or noted.
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
  """Reads clips one at a time and keeps account of what was mended and skipped.

  Attributes:
    name: of the program under data/, and of the data set.
    folder: where the data set was unpacked.
    skeleton: its joints.
    account: what became of the clips.
  """

  name: str
  skeleton: Skeleton

  def __init__(self, folder: Union[str, os.PathLike], strict: bool = False, progress: bool = False):
    """Looks at the folder's outermost entries.

    Args:
      strict: whether a clip that cannot be used raises its ClipError.
      progress: whether a terminal shows a bar over the clips.
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
    """The file or folder that holds the labels, for messages."""

  @abc.abstractmethod
  def label_files(self) -> Iterable[pathlib.Path]:
    """All files that the labels are read from, in a fixed order."""

  @abc.abstractmethod
  def clips(self) -> Dict[str, List[str]]:
    """The clips of each split, looked at but not read; those that cannot be used are skipped."""

  @abc.abstractmethod
  def read_clip(self, clip: str) -> Tuple[LabelledClip, List[bytes]]:
    """A clip's labels and its N encoded frames; ClipError if it cannot be used."""

  def settings(self) -> str:
    """What else decides the data set's content, besides folder and labels."""
    return ""

  def digest(self) -> str:
    """A hash of labels and settings: tells whether a data set was made from these."""
    digest = hashlib.sha256(self.settings().encode())
    for path in self.label_files():
      try:
        content = path.read_bytes()
      except OSError:  # skipped later, with its reason
        content = b""
      digest.update(f"{path.stem} {len(content)} ".encode() + content)
    return digest.hexdigest()

  def splits(self) -> Dict[str, List[str]]:
    """Clips of each split; one without a usable clip is left out.

    Raises:
      InputError: no clip can be used.
    """
    if not self._splits:
      found = self.clips()
      # TFDS refuses a split that turns out to be empty, hence the look ahead.
      self._splits = {name: ids for name, ids in found.items() if any(map(self._is_usable, ids))}
    if not self._splits:
      first = next(iter(self.account.skipped.values()), "it holds none.")
      raise InputError(
        f"{self.folder}: no clip can be used; the first: {first} "
        f"Expected {LAYOUTS[self.name].expected}."
      )
    return self._splits

  def read_clips(
    self, split: str, clips: Sequence[str]
  ) -> Iterator[Tuple[LabelledClip, List[bytes]]]:
    """Labels and N encoded frames of each usable clip.

    Raises:
      ClipError: one cannot be used, if `strict`.
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
