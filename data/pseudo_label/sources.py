"""Videos and photographs, labelled and cut into clips."""

import dataclasses
import pathlib
import zlib
from typing import Iterator, List, Optional, Sequence, Tuple

import cv2
import numpy as np

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.reader import IMAGE_SUFFIXES, natural_order

from ..builder.pictures import read_pixels
from ..clips.frames import open_video_file
from ..clips.media import VIDEO_SUFFIXES
from .teacher import Labels, Teacher
from .virtual_motion import animate


@dataclasses.dataclass(frozen=True)
class Cutting:
  """Options of the clips.

  Attributes:
    num_frames: frames of a clip made from a photograph; 1 means no motion.
    segment_frames: maximum number of frames of a clip made from a video.
    frame_steps: steps between frames of a video's clips; larger steps make faster motion.
    max_side: longer side to which larger frames are resized, in pixels.
    min_joints: minimum number of labels of a frame.
    seed: seed of the photographs' motion.
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
    name: name of the clip's folder.
    frames: N images, [H, W, 3] uint8 RGB.
    keypoints: [N, J, 2] float32, (x, y) in pixels.
    kept: [N, J] bool, True for labels.
  """

  name: str
  frames: List[np.ndarray]
  keypoints: np.ndarray
  kept: np.ndarray


@dataclasses.dataclass(frozen=True)
class Source:
  """Video or photograph, with the prefix of its clips' names."""

  path: pathlib.Path
  name: str

  @property
  def is_video(self) -> bool:
    return self.path.suffix.lower() in VIDEO_SUFFIXES


def find_sources(arguments: Sequence[str]) -> List[Source]:
  """Lists videos and photographs, including all files below folders.

  Raises:
    InputError: an argument is missing or neither video nor image, or a folder has no such files.
  """
  sources: List[Source] = []
  for argument in arguments:
    path = pathlib.Path(argument).expanduser()
    if path.is_dir():
      inside = sorted((p for p in path.rglob("*") if _is_source(p)), key=natural_order)
      inside.sort(key=lambda p: p.parent)
      if not inside:
        raise InputError(f"{path}: no video, .jpg or .png below this folder.")
      sources += [Source(p, _name(p.relative_to(path))) for p in inside]
    elif not path.is_file():
      raise InputError(f"{path}: no such file or folder. Give videos, photographs, or folders.")
    elif not _is_source(path):
      raise InputError(f"{path}: neither a video ({', '.join(VIDEO_SUFFIXES)}) nor an image.")
    else:
      sources.append(Source(path, _name(pathlib.Path(path.name))))
  names = [source.name for source in sources]
  duplicates = sorted({name for name in names if names.count(name) > 1})
  if duplicates:
    paths = [str(source.path) for source in sources if source.name == duplicates[0]]
    raise InputError(
      f"{' and '.join(paths)}: have the same name. Label them separately, with different --output."
    )
  return sources


def make_clips(source: Source, teacher: Teacher, cutting: Cutting) -> Iterator[MadeClip]:
  """Yields the labelled clips of a video or photograph; none if it shows nobody.

  Raises:
    InputError: the file cannot be read.
  """
  if source.is_video:
    yield from _cut_video(source, teacher, cutting)
  else:
    clip = _animate_photograph(source, teacher, cutting)
    if clip is not None:
      yield clip


def _animate_photograph(source: Source, teacher: Teacher, cutting: Cutting) -> Optional[MadeClip]:
  image = _shrink(read_pixels(source.path), cutting.max_side)
  box = teacher.find(image)
  labels = None if box is None else teacher.label(image, box)
  if labels is None or labels.kept.sum() < cutting.min_joints:
    return None
  if cutting.num_frames == 1:
    return MadeClip(source.name, [image], labels.keypoints[None], labels.kept[None])
  # The seed depends on the name alone, so other sources do not change the motion.
  rng = np.random.default_rng([cutting.seed, zlib.crc32(source.name.encode())])
  frames, keypoints = animate(
    image,
    labels.keypoints,
    labels.kept,
    labels.box,
    teacher.joint_names,
    cutting.num_frames,
    rng,
  )
  inside = _find_inside(keypoints, image.shape)
  return MadeClip(source.name, frames, keypoints, labels.kept & inside)


def _cut_video(source: Source, teacher: Teacher, cutting: Cutting) -> Iterator[MadeClip]:
  labelled: List[Tuple[np.ndarray, Labels]] = []
  box, start = None, 0
  for number, frame in enumerate(open_video_file(source.path)):
    image = _shrink(frame.image, cutting.max_side)
    box = teacher.find(image) if box is None else box
    labels = None if box is None else teacher.label(image, box)
    if labels is not None and labels.kept.sum() < cutting.min_joints:
      labels = None
    # With too few joints, the next frame is searched for the person.
    box = labels.box if labels else None
    if labels:
      start = start if labelled else number
      labelled.append((image, labels))
    longest = cutting.segment_frames * max(cutting.frame_steps)
    if labelled and (labels is None or len(labelled) == longest):
      yield from _segments(source, start, labelled, cutting)
      labelled = []
  if labelled:
    yield from _segments(source, start, labelled, cutting)


def _segments(
  source: Source, start: int, run: Sequence[Tuple[np.ndarray, Labels]], cutting: Cutting
) -> Iterator[MadeClip]:
  """Yields clips of consecutive labelled frames for each step."""
  for step in cutting.frame_steps:
    for phase in range(step):
      selected = run[phase::step]
      for first in range(0, len(selected), cutting.segment_frames):
        part = selected[first : first + cutting.segment_frames]
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


def _shrink(image: np.ndarray, max_side: int) -> np.ndarray:
  zoom = max_side / max(image.shape[:2])
  if zoom >= 1:
    return image
  size = (max(1, round(image.shape[1] * zoom)), max(1, round(image.shape[0] * zoom)))
  return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _find_inside(keypoints: np.ndarray, shape: Tuple[int, ...]) -> np.ndarray:
  limit = np.array([shape[1], shape[0]]) - 0.5
  return np.asarray(((keypoints >= -0.5) & (keypoints < limit)).all(axis=-1))
