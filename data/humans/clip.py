"""Rendered clips with their labels."""

import dataclasses
from typing import List, NamedTuple

import numpy as np

from .backgrounds import Pictures
from .library import Library
from .render import DEPTHS, OUTSIDE, SEEN, find_states, render_frame
from .scene import Scene, Settings, sample_scene
from .sensor import Sensor

_ADULT = 17.0  # height in dm to which render.DEPTHS belong
# Frames of a person with fewer seen joints, or of fewer pixels, get no label.
MIN_SEEN = 3
MIN_SIDE = 16
_BOX_SCALE = 1.2


class Track(NamedTuple):
  """Labels of one person.

  Attributes:
    keypoints: [T, 17, 2], (x, y) in pixels, COCO's joints, also hidden ones and those outside.
    states: [T, 17] uint8, render.OUTSIDE, HIDDEN or SEEN; COCO's v = 0, 1, 2.
    boxes: [T, 4], (x1, y1, x2, y2) in pixels; zeros for frames without a label.
    description: words for previews.
  """

  keypoints: np.ndarray
  states: np.ndarray
  boxes: np.ndarray
  description: str


@dataclasses.dataclass(frozen=True)
class Clip:
  """Rendered clip.

  Attributes:
    frames: contents of T JPEG files.
    tracks: people with at least one label.
  """

  frames: List[bytes]
  tracks: List[Track]


def compute_boxes(keypoints: np.ndarray, states: np.ndarray, size: int) -> np.ndarray:
  """Computes boxes: the extent of the joints inside the frame x 1.2, clipped to the frame.

  Args:
    keypoints: [T, K, 2] in pixels.
    states: [T, K].
    size: height and width of a frame.
  Returns:
    [T, 4], (x1, y1, x2, y2) in pixels; zeros for people of whom too little is seen.
  """
  inside = (states != OUTSIDE)[..., None]
  low = np.where(inside, keypoints, np.inf).min(axis=1)
  high = np.where(inside, keypoints, -np.inf).max(axis=1)
  few = (states == SEEN).sum(axis=1) < MIN_SEEN
  low[few], high[few] = 0, 0
  center, half = (low + high) / 2, _BOX_SCALE / 2 * (high - low)
  corners = [(center - half).clip(0, size - 1), (center + half).clip(0, size - 1)]
  boxes = np.concatenate(corners, axis=1)
  small = (boxes[:, 2:] - boxes[:, :2]).max(axis=1) < MIN_SIDE * min(1.0, size / 256)
  boxes[few | small | ~((boxes[:, 2:] - boxes[:, :2]) > 1).all(axis=1)] = 0
  return np.asarray(boxes)


def make_clip(
  number: int,
  settings: Settings,
  library: Library,
  pictures: Pictures,
  plain: bool = False,
) -> Clip:
  """Makes a clip, which depends only on its number, the settings and the assets.

  Args:
    number: number of the clip.
    settings: settings of the data set.
    library: assets.
    pictures: sources of backgrounds.
    plain: whether to show one person who moves as recorded, without anything in front.
  """
  rng = np.random.default_rng([settings.seed, number])
  scene = sample_scene(library, pictures, settings, rng, plain)
  sensor = Sensor(rng, settings.size)
  moments = scene.get_moments()
  joints = [_project_joints(scene, library, owner) for owner in range(len(scene.actors))]
  states = np.zeros((len(joints), len(moments), joints[0].shape[1]), np.uint8)
  frames = []
  for t in range(len(moments)):
    frame = render_frame(scene, t, settings.size)
    for owner, actor in enumerate(scene.actors):
      height = np.ptp(actor.person.joint_vertices[:, 1])
      depths = DEPTHS * min(1.2, height / _ADULT)
      states[owner, t] = find_states(
        frame, scene.mesh, scene.materials, owner, joints[owner][t], depths
      )
    frames.append(sensor.expose(frame.picture, frame.coverage))
  tracks = []
  for owner, actor in enumerate(scene.actors):
    keypoints = joints[owner][..., :2]
    boxes = compute_boxes(keypoints, states[owner], settings.size)
    if boxes.any():
      tracks.append(Track(keypoints, states[owner], boxes, actor.person.description))
  return Clip(frames, tracks)


def _project_joints(scene: Scene, library: Library, owner: int) -> np.ndarray:
  """Returns a person's joints [T, 17, 3]: x, y in pixels, depth in dm."""
  times = scene.get_moments()
  points = scene.actors[owner].get_joints(library, times)
  camera = scene.camera
  views = camera._replace(
    rotations=camera.rotations[times],
    positions=camera.positions[times],
    focals=camera.focals[times],
  )
  return views.project(points)
