"""Source of MPII Human Pose: one-frame clips of people in its training images."""

import pathlib
import sys
from typing import Any, Dict, Iterable, List, Optional, Tuple

import numpy as np
import tqdm

from ppn_tf.keypoints.skeletons import PENN_ACTION

from ..builder import joint_boxes
from ..builder.account import ClipError, Repair
from ..builder.clip_source import ClipSource, LabelledClip
from ..builder.frame_repairs import repair_frames
from ..builder.held_out import held_out
from ..builder.joint_checks import clean_joints
from ..builder.pictures import read_picture
from .labels import MpiiLabels, Person, read_people

LABELS = "mpii_human_pose_v1_u12_1.mat"

# People with fewer of Penn Action's 13 joints are skipped.
MIN_JOINTS = 4

# The label's scale is the person's height divided by this, in pixels.
UNIT = 200.0
# Pixels at scale 1 from the label's center, which is the trunk's, down to the body's.
LOWER = 15.0

# Fraction of the videos, because images of one video look alike.
VALIDATION_FRACTION = 0.1


class MpiiSource(ClipSource):
  """Source of people with at least MIN_JOINTS joints, split by video."""

  name = "mpii"
  skeleton = PENN_ACTION

  def __init__(self, *args: Any, **kwargs: Any):
    super().__init__(*args, **kwargs)
    self._people: Dict[str, Person] = {}

  @property
  def labels(self) -> pathlib.Path:
    return next(
      path
      for path in (self.folder / LABELS, self.folder / "mpii_human_pose_v1_u12_2" / LABELS)
      if path.exists()
    )

  def label_files(self) -> Iterable[pathlib.Path]:
    return [self.labels]

  def clips(self) -> Dict[str, List[str]]:
    if self._progress:
      tqdm.tqdm.write(f"reading {self.labels.name}, about a minute", file=sys.stderr)
    labels = read_people(self.labels)
    self._people = self._select_usable(labels)
    validation = held_out({person.video for person in self._people.values()}, VALIDATION_FRACTION)
    clips: Dict[str, List[str]] = {"train": [], "validation": []}
    for name, person in self._people.items():
      clips["validation" if person.video in validation else "train"].append(name)
    return clips

  def read_clip(self, clip: str) -> Tuple[LabelledClip, List[bytes]]:
    person = self._people[clip]
    frame, size = read_picture(self._image(person))
    labelled = np.isfinite(person.keypoints).all(axis=-1)[None]
    keypoints = np.nan_to_num(person.keypoints)[None]
    keypoints, visibility, repairs = clean_joints(keypoints, labelled, size)
    box = compute_box(person)
    if box is None:
      repairs.append(Repair("box_from_joints", "no center or scale"))
    boxes = np.zeros((1, 4)) if box is None else box[None]
    remake = joint_boxes.find_degenerate(boxes)
    labels = LabelledClip(
      clip=clip,
      action=person.action,
      keypoints=keypoints,
      visibility=visibility,
      boxes=joint_boxes.remake_boxes(boxes, remake, keypoints, visibility, size),
      image_size=size,
      repairs=tuple(repairs),
    )
    return repair_frames(labels, [frame])

  def _select_usable(self, labels: MpiiLabels) -> Dict[str, Person]:
    """Returns people with joints and an image, and counts all others."""
    usable: Dict[str, Person] = {}
    left_out: Dict[str, List[str]] = {"people without joints": [], "people with few joints": []}
    for person in labels.people:
      count = int(np.isfinite(person.keypoints).all(axis=-1).sum())
      if not count:
        left_out["people without joints"].append(person.name)
      elif count < MIN_JOINTS:
        left_out["people with few joints"].append(person.name)
      elif not self._image(person).is_file():
        problem = ClipError("no image", f"{self._image(person)}: no such file, but it has labels.")
        self.account.skip(person.name, problem)
      else:
        usable[person.name] = person
    self.account.left_out = {kind: names for kind, names in left_out.items() if names}
    self.account.notes = [f"ignored: {labels.num_test_images} test images, which have no labels"]
    return usable

  def _image(self, person: Person) -> pathlib.Path:
    return self.folder / "images" / person.image


def compute_box(person: Person) -> Optional[np.ndarray]:
  """Returns the square [4] that is usual for MPII, or None without center and scale.

  Its side is 200 pixels times the scale, and its center lies 15 pixels times the scale below the
  label's. It may extend beyond the image.
  """
  if person.center is None or not person.scale or person.scale <= 0.0:
    return None
  center = person.center + np.array([0.0, LOWER * person.scale])
  half = UNIT * person.scale / 2
  return np.concatenate([center - half, center + half])
