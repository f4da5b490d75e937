"""A user's videos and photographs, each labelled and cut into clips."""

import dataclasses
import pathlib
import zlib
from typing import Iterator, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.reader import IMAGE_SUFFIXES, VideoFile, natural_order

from ..clips.frames import VIDEO_SUFFIXES
from .teacher import Labels, Teacher
from .virtual_motion import moving_clip


@dataclasses.dataclass(frozen=True)
class Cutting:
  """How clips are made of what is there.

  Attributes:
    num_frames: of a clip that a photograph becomes; 1 leaves it as it is.
    segment_frames: of a video's clips, at most.
    frame_steps: clips of every frame, of every second, ...: the larger, the faster the motion.
    max_side: larger frames are shrunk to it, in pixels.
    min_joints: labels of a frame; with fewer it is left out.
    seed: decides the photographs' motion.
  """

  num_frames: int = 8
  segment_frames: int = 16
  frame_steps: Tuple[int, ...] = (1,)
  max_side: int = 480
  min_joints: int = 8
  seed: int = 0


@dataclasses.dataclass(frozen=True)
class MadeClip:
  """Consecutive frames of one person.

  Attributes:
    name: of its folder.
    frames: N images, [H, W, 3] uint8 RGB.
    keypoints: [N, J, 2] float32, (x, y) in pixels.
    kept: [N, J] bool, which of them are labels.
  """

  name: str
  frames: List[np.ndarray]
  keypoints: np.ndarray
  kept: np.ndarray


@dataclasses.dataclass(frozen=True)
class Source:
  """A video or a photograph, and the name that its clips begin with."""

  path: pathlib.Path
  name: str

  @property
  def is_video(self) -> bool:
    return self.path.suffix.lower() in VIDEO_SUFFIXES


def find_sources(arguments: Sequence[str]) -> List[Source]:
  """The videos and photographs that are named, and all that lie below named folders.

  Raises:
    InputError: one is missing or neither video nor image, or a folder has none.
  """
  found: List[Source] = []
  for argument in arguments:
    path = pathlib.Path(argument).expanduser()
    if path.is_dir():
      inside = sorted((p for p in path.rglob("*") if _is_source(p)), key=natural_order)
      inside.sort(key=lambda p: p.parent)
      if not inside:
        raise InputError(f"{path}: no video and no .jpg or .png below this folder.")
      found += [Source(p, _name(p.relative_to(path))) for p in inside]
    elif not path.is_file():
      raise InputError(f"{path}: no such file or folder. Give videos, photographs, or folders.")
    elif not _is_source(path):
      raise InputError(f"{path}: neither a video ({', '.join(VIDEO_SUFFIXES)}) nor an image.")
    else:
      found.append(Source(path, _name(pathlib.Path(path.name))))
  names = [source.name for source in found]
  twice = sorted({name for name in names if names.count(name) > 1})
  if twice:
    paths = [str(source.path) for source in found if source.name == twice[0]]
    raise InputError(f"{' and '.join(paths)}: have one name. Label them into folders apart.")
  return found


def clips_of(source: Source, teacher: Teacher, cutting: Cutting) -> Iterator[MadeClip]:
  """The labelled clips of a video or a photograph; none where nobody is seen.

  Raises:
    InputError: the file cannot be read.
  """
  if source.is_video:
    yield from _clips_of_video(source, teacher, cutting)
  else:
    clip = _clip_of_photograph(source, teacher, cutting)
    if clip is not None:
      yield clip


def _clip_of_photograph(source: Source, teacher: Teacher, cutting: Cutting) -> Optional[MadeClip]:
  image = cv2.imread(str(source.path), cv2.IMREAD_COLOR)
  if image is None:
    raise InputError(f"{source.path}: damaged image. Remove it.")
  image = _shrunk(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), cutting.max_side)
  box = teacher.find(image)
  labels = None if box is None else teacher.label(image, box)
  if labels is None or labels.kept.sum() < cutting.min_joints:
    return None
  if cutting.num_frames == 1:
    return MadeClip(source.name, [image], labels.keypoints[None], labels.kept[None])
  # By the name: whatever else is labelled, a photograph moves the same way.
  rng = np.random.default_rng([cutting.seed, zlib.crc32(source.name.encode())])
  frames, keypoints = moving_clip(
    image,
    labels.keypoints,
    labels.kept,
    labels.box,
    teacher.joint_names,
    cutting.num_frames,
    rng,
  )
  inside = _inside(keypoints, image.shape)
  return MadeClip(source.name, frames, keypoints, labels.kept & inside)


def _clips_of_video(source: Source, teacher: Teacher, cutting: Cutting) -> Iterator[MadeClip]:
  run: List[Tuple[np.ndarray, Labels]] = []
  box, start = None, 0
  for number, frame in enumerate(VideoFile(source.path)):
    image = _shrunk(frame.image, cutting.max_side)
    box = teacher.find(image) if box is None else box
    labels = None if box is None else teacher.label(image, box)
    if labels is not None and labels.kept.sum() < cutting.min_joints:
      labels = None
    # Where there are too few joints the person is looked for anew.
    box = labels.box if labels else None
    if labels:
      start = start if run else number
      run.append((image, labels))
    if run and (labels is None or len(run) == cutting.segment_frames * max(cutting.frame_steps)):
      yield from _segments(source, start, run, cutting)
      run = []
  if run:
    yield from _segments(source, start, run, cutting)


def _segments(
  source: Source, start: int, run: Sequence[Tuple[np.ndarray, Labels]], cutting: Cutting
) -> Iterator[MadeClip]:
  """Clips of consecutive labelled frames, at each of the speeds."""
  for step in cutting.frame_steps:
    for phase in range(step):
      taken = run[phase::step]
      for first in range(0, len(taken), cutting.segment_frames):
        part = taken[first : first + cutting.segment_frames]
        place = start + phase + first * step
        yield MadeClip(
          f"{source.name}_{place:06d}_by_{step}",
          [image for image, _ in part],
          np.stack([labels.keypoints for _, labels in part]),
          np.stack([labels.kept for _, labels in part]),
        )


def _is_source(path: pathlib.Path) -> bool:
  suffixes = (*VIDEO_SUFFIXES, *IMAGE_SUFFIXES)
  return path.is_file() and path.suffix.lower() in suffixes and not path.name.startswith(".")


def _name(path: pathlib.Path) -> str:
  return "_".join(path.with_suffix("").parts).replace(" ", "_").replace("#", "_")


def _shrunk(image: np.ndarray, max_side: int) -> np.ndarray:
  zoom = max_side / max(image.shape[:2])
  if zoom >= 1:
    return image
  size = (max(1, round(image.shape[1] * zoom)), max(1, round(image.shape[0] * zoom)))
  return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _inside(keypoints: np.ndarray, shape: Tuple[int, ...]) -> np.ndarray:
  limit = np.array([shape[1], shape[0]]) - 0.5
  return np.asarray(((keypoints >= -0.5) & (keypoints < limit)).all(axis=-1))
