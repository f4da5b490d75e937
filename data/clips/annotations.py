"""Labels of clips in memory, whatever the format of the file that they come from."""

import collections
import dataclasses
from typing import Dict, List, Optional, Tuple

import numpy as np

from ppn_tf.keypoints.skeletons import Skeleton


@dataclasses.dataclass(frozen=True)
class Label:
  """One person in one frame.

  Attributes:
    frame: number of the frame in its clip, from 0.
    keypoints: [K, 2] float64, (x, y) in pixels of the upright frame; may be NaN.
    labelled: [K] bool.
    box: [4] float64, (x1, y1, x2, y2) in pixels; zeros if there is none.
  """

  frame: int
  keypoints: np.ndarray
  labelled: np.ndarray
  box: np.ndarray


@dataclasses.dataclass
class Track:
  """Labels of one person in one clip.

  Attributes:
    clip: video file or folder of frames, relative to the source.
    labels: in the order of the file.
    sizes: (height, width) of the clip's frames according to the file.
  """

  clip: str
  labels: List[Label] = dataclasses.field(default_factory=list)
  sizes: List[Tuple[int, int]] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Annotations:
  """Content of a file of labels.

  Attributes:
    skeleton: joints of the labels.
    tracks: tracks by name: the clip, with "#" and the person if the file names people.
    splits, actions: split and activity by clip; clips may be missing.
    ignored: number of foreign entries by reason, such as objects of other categories.
    dropped: names of labels that cannot be used, by reason.
    unused: clips that the file lists without labels.
  """

  skeleton: Skeleton
  tracks: Dict[str, Track] = dataclasses.field(default_factory=dict)
  splits: Dict[str, str] = dataclasses.field(default_factory=dict)
  actions: Dict[str, str] = dataclasses.field(default_factory=dict)
  ignored: Dict[str, int] = dataclasses.field(default_factory=collections.Counter)
  dropped: Dict[str, List[str]] = dataclasses.field(
    default_factory=lambda: collections.defaultdict(list)
  )
  unused: List[str] = dataclasses.field(default_factory=list)

  def track(self, clip: str, person: Optional[str]) -> Track:
    """Returns the track of a person in a clip, which is new at the first call."""
    title = "frames" if clip == "." else clip  # pictures right in the source's folder
    name = title if person is None else f"{title}#{person}"
    return self.tracks.setdefault(name, Track(clip))
