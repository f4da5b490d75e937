"""Pictures behind people: photographs, parts of panoramas, and drawn rooms, all in linear light."""

import functools
import pathlib
from typing import List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.images import IMAGE_SUFFIXES

from ..builder.account import ClipError
from ..builder.pictures import read_pixels
from ..clips.frames import open_video_file
from ..clips.media import VIDEO_SUFFIXES
from .camera import Camera
from .colors import sample_color
from .lighting import Sky
from .textures import LINEAR

_MARGIN = 1.3  # side of a picture divided by the frame's, before the camera turns
_VIDEO_FRAMES = 240  # of a video's start, from which one frame is drawn


class Pictures(NamedTuple):
  """Sources of photographs.

  Attributes:
    stills: [N, S, S, 3] uint8 RGB.
    files: pictures and videos without people.
  """

  stills: np.ndarray
  files: Tuple[pathlib.Path, ...]


def find_files(folder: Optional[pathlib.Path]) -> Tuple[pathlib.Path, ...]:
  """Lists pictures and videos in a folder and below it.

  Raises:
    InputError: there is no such folder, or it has none.
  """
  if folder is None:
    return ()
  if not folder.is_dir():
    raise InputError(f"{folder}: no such folder. Give pictures without people as --backgrounds.")
  suffixes = (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES)
  files = sorted(
    path
    for path in folder.rglob("*")
    if path.suffix.lower() in suffixes and not path.name.startswith(".")
  )
  if not files:
    raise InputError(f"{folder}: has no pictures or videos. Give another folder as --backgrounds.")
  return tuple(files)


def sample_background(
  rng: np.random.Generator, pictures: Pictures, sky: Sky, size: int
) -> np.ndarray:
  """Draws a picture [h, w, 3] float32, whose sides are at least 1.3 sizes of a frame."""
  side = int(_MARGIN * size)
  chance = rng.random()
  if pictures.files and chance < 0.8:
    picture = _open_file(rng, pictures.files[rng.integers(len(pictures.files))], side)
  elif chance < 0.68:
    picture = _enlarge(LINEAR[pictures.stills[rng.integers(len(pictures.stills))]], side)
  elif chance < 0.86:
    picture = _cut_panorama(rng, sky.panorama, side)
  else:
    picture = _draw_room(rng, side)
  if rng.random() < 0.5:
    picture = picture[:, ::-1]
  picture = np.ascontiguousarray(picture, np.float32)
  if rng.random() < 0.5:
    _add_clutter(rng, picture, pictures.stills)
  # Enlarged pictures lack the grain that people have.
  grain = rng.standard_normal((*picture.shape[:2], 1), np.float32)
  return np.asarray(picture.clip(0, 4) * (1 + rng.uniform(0, 0.08) * grain), np.float32)


def _enlarge(picture: np.ndarray, side: int) -> np.ndarray:
  """Returns the picture so that its shorter side is `side`."""
  zoom = side / min(picture.shape[:2])
  shape = (max(side, round(picture.shape[1] * zoom)), max(side, round(picture.shape[0] * zoom)))
  kind = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
  return np.asarray(cv2.resize(picture, shape, interpolation=kind).clip(0))


def _open_file(rng: np.random.Generator, path: pathlib.Path, side: int) -> np.ndarray:
  """Reads a picture or a frame of a video, and cuts a random square of it."""
  try:
    if path.suffix.lower() in VIDEO_SUFFIXES:
      pixels = _read_frame(path, int(rng.integers(_VIDEO_FRAMES)))
    else:
      pixels = _read_picture(path)
  except ClipError as error:
    raise InputError(f"{error} Remove it from --backgrounds.") from error
  extent = int(min(pixels.shape[:2]) * rng.uniform(0.5, 1.0))
  top, left = (int(rng.integers(length - extent + 1)) for length in pixels.shape[:2])
  return _enlarge(LINEAR[pixels[top : top + extent, left : left + extent]], side)


@functools.lru_cache(maxsize=16)
def _read_picture(path: pathlib.Path) -> np.ndarray:
  return read_pixels(path)


def _read_frame(path: pathlib.Path, number: int) -> np.ndarray:
  """Returns a frame of a video, or the last one of a shorter video."""
  image: Optional[np.ndarray] = None
  for count, frame in enumerate(open_video_file(path)):
    image = frame.image
    if count >= number:
      break
  if image is None:
    raise InputError(f"{path}: has no frames. Remove it from --backgrounds.")
  return image


def _cut_panorama(rng: np.random.Generator, panorama: np.ndarray, side: int) -> np.ndarray:
  height, width = panorama.shape[:2]
  extent = int(height * rng.uniform(0.35, 0.6))
  top = int(height * 0.5 - extent * 0.55)
  turned = np.roll(panorama, int(rng.integers(width)), axis=1)
  part = turned[top : top + extent, :extent]
  # A cubic interpolation would draw dark lines about lamps.
  return np.asarray(
    cv2.resize(0.45 * part.clip(0, 4), (side, side), interpolation=cv2.INTER_LINEAR)
  )


def _draw_room(rng: np.random.Generator, side: int) -> np.ndarray:
  """Draws a wall, a floor and rectangles, with uneven light."""
  picture = np.zeros((side, side, 3), np.float32)
  horizon = int(side * rng.uniform(0.4, 0.75))
  picture[:horizon], picture[horizon:] = sample_color(rng), sample_color(rng)
  for _ in range(rng.integers(2, 14)):
    left, top, width, height = (int(v) for v in rng.integers(0, side, 4))
    color = sample_color(rng).tolist()
    corner = (left + width // 3, top + height // 2)
    cv2.rectangle(picture, (left, top), corner, color, -1)
  light = rng.normal(1, 0.15, (16, 16)).astype(np.float32)
  return picture * cv2.resize(light, (side, side), interpolation=cv2.INTER_CUBIC)[..., None]


def _add_clutter(rng: np.random.Generator, picture: np.ndarray, stills: np.ndarray) -> None:
  """Pastes parts of photographs in their own resolution."""
  for _ in range(rng.integers(1, 7)):
    still = stills[rng.integers(len(stills))]
    limit = min(110, *(length - 1 for length in (*still.shape[:2], *picture.shape[:2])))
    height, width = rng.integers(limit // 5, limit, 2)
    y, x = (int(rng.integers(still.shape[i] - n)) for i, n in enumerate((height, width)))
    row, column = (int(rng.integers(picture.shape[i] - n)) for i, n in enumerate((height, width)))
    part = LINEAR[still[y : y + height, x : x + width]]
    picture[row : row + height, column : column + width] = part


class Backdrop:
  """Background pictures of a clip, one per shot, that move as the camera turns."""

  def __init__(self, shots: List[np.ndarray], camera: Camera, size: int):
    """Creates a backdrop.

    Args:
      shots: background of each shot.
      camera: the camera, whose first view of each shot shows the middle of its picture.
      size: height and width of a frame.
    """
    self._shots, self._camera, self._size = shots, camera, size
    self._first = [int(np.argmax(camera.shots == shot)) for shot in range(len(shots))]

  def move(self, time: int) -> np.ndarray:
    """Computes the homography [3, 3] from a picture's pixels to the frame at a time's number."""
    camera = self._camera
    shot = camera.shots[time]
    start = self._first[shot]
    height, width = self._shots[shot].shape[:2]
    focal, turn = camera.focals[start], camera.rotations[time] @ camera.rotations[start].T
    # Rays of the first view's pixels, with the middle of the picture on its axis.
    rays = np.array([[1, 0, (1 - width) / 2], [0, 1, (1 - height) / 2], [0, 0, focal]])
    focal, (x, y) = camera.focals[time], camera.middle
    return np.array([[focal, 0, x], [0, focal, y], [0, 0, 1]]) @ turn @ rays

  def show(self, time: int) -> np.ndarray:
    """Returns the background of a frame, [size, size, 3] float32."""
    return np.asarray(
      cv2.warpPerspective(
        self._shots[self._camera.shots[time]],
        self.move(time),
        (self._size, self._size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
      )
    )
