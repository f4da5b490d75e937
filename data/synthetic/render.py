"""Paints the pictures of a clip back to front, and finds visible joints."""

import dataclasses
from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

from . import body, camera, scenery
from . import parts as parts_lib

_NOTHING, _OCCLUDER = 0, 255
_SUBPIXEL = 4

# Parts of a joint, which is visible if one of them is on top.
_OWN = {
  "head": ("head", "nose", "tail"),
  "shoulder": ("upper_arm",),
  "elbow": ("upper_arm", "forearm"),
  "wrist": ("forearm", "hand"),
  "hip": ("thigh",),
  "knee": ("thigh", "shank"),
  "ankle": ("shank", "foot"),
}


@dataclasses.dataclass(frozen=True)
class Scene:
  """Content of N pictures.

  Attributes:
    view: camera.
    figure: body.
    parts: (name, Strip or Loft) of the person.
    background: BGR uint8 in canvas pixels; its pixel (0, 0) is canvas point `corner`.
    corner: (x, y) in canvas pixels.
    occluders: objects in front of the person, painted last.
  """

  view: camera.View
  figure: body.Figure
  parts: Sequence[Tuple[str, parts_lib.Part]]
  background: np.ndarray
  corner: Tuple[float, float]
  occluders: List[scenery.Occluder]


def _stamp(
  image: np.ndarray, ids: Optional[np.ndarray], number: int, part: parts_lib.Part, index: int
) -> None:
  outline = part.outline[index]
  height, width = image.shape[:2]
  low = np.maximum(np.floor(outline.min(axis=0)).astype(int) - 1, 0)
  high = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 2, (width, height))
  wide, high_ = high - low
  if wide <= 0 or high_ <= 0:
    return
  hull = cv2.convexHull(((outline - low) * (1 << _SUBPIXEL)).round().astype(np.int32))
  mask = np.zeros((high_, wide), np.uint8)
  cv2.fillConvexPoly(mask, hull, (255,), cv2.LINE_AA, _SUBPIXEL)
  texture = part.shade(index, tuple(low), (int(wide), int(high_)))
  window = image[low[1] : high[1], low[0] : high[0]]
  weight = mask.astype(np.float32) * np.float32(1 / 255)
  window[:] = cv2.blendLinear(texture, np.ascontiguousarray(window), weight, 1 - weight)
  if ids is not None:
    ids[low[1] : high[1], low[0] : high[0]][mask > 127] = number


def _shadow(image: np.ndarray, scene: Scene, index: int) -> None:
  feet = [body.POINT_ID[f"{side}_ankle"] for side in body.SIDES]
  ground = scene.figure.points[index, feet].mean(axis=0) * (1, 0, 1)
  center = scene.view.project(np.broadcast_to(ground, (len(scene.view.zoom), 1, 3)))[index, 0]
  pixels = scene.view.scale * scene.view.zoom[index]
  radii = np.array([0.2, 0.045]) * pixels
  low = np.maximum((center[:2] - radii).astype(int), 0)
  high = np.minimum((center[:2] + radii).astype(int) + 1, image.shape[1::-1])
  if np.any(high <= low):
    return
  rows, columns = np.mgrid[low[1] : high[1], low[0] : high[0]]
  away = ((columns - center[0]) / radii[0]) ** 2 + ((rows - center[1]) / radii[1]) ** 2
  window = image[low[1] : high[1], low[0] : high[0]]
  window[:] = window * (1 - 0.45 * np.maximum(0, 1 - away))[..., None]


def paint(
  scene: Scene, index: int, ids: Optional[np.ndarray] = None, person: bool = True
) -> np.ndarray:
  """Paints a picture.

  Args:
    scene: content of the pictures.
    index: number of the picture, 0..N-1.
    ids: [h, w] uint8, output: topmost object of each pixel, 0 for the background, 1 + index in
      scene.parts, 255 for an occluder; or None.
    person: whether to paint the person and the shadow.

  Returns:
    [h, w, 3] uint8 BGR.
  """
  view = scene.view
  height, width = view.size
  zoom = view.zoom[index]
  shift = zoom * (np.array(scene.corner) - view.focus[index]) + view.middle
  matrix = np.array([[zoom, 0, shift[0]], [0, zoom, shift[1]]])
  image = cv2.warpAffine(
    scene.background, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101
  )
  if ids is not None:
    ids[:] = _NOTHING
  if person:
    _shadow(image, scene, index)
    order = sorted(range(len(scene.parts)), key=lambda i: scene.parts[i][1].nearness[index])
    for i in order:
      _stamp(image, ids, i + 1, scene.parts[i][1], index)
  for occluder in scene.occluders:
    _cover(image, ids, occluder, index)
  return image


def _cover(
  image: np.ndarray, ids: Optional[np.ndarray], occluder: scenery.Occluder, index: int
) -> None:
  left, top = np.round(occluder.path[index]).astype(int)
  high, wide = occluder.texture.shape[:2]
  x1, y1 = max(left, 0), max(top, 0)
  x2, y2 = min(left + wide, image.shape[1]), min(top + high, image.shape[0])
  if x2 <= x1 or y2 <= y1:
    return
  image[y1:y2, x1:x2] = occluder.texture[y1 - top : y2 - top, x1 - left : x2 - left]
  if ids is not None:
    ids[y1:y2, x1:x2] = _OCCLUDER


def is_visible(scene: Scene, index: int, ids: np.ndarray, joint: str, position: np.ndarray) -> bool:
  """Returns whether a joint is inside the frame and not covered by another part.

  Args:
    scene: content of the pictures.
    index: number of the picture.
    ids: ids of `paint`.
    joint: name of the joint, such as "left_wrist" or "head".
    position: (x, y) in pixels.
  """
  height, width = ids.shape
  column, row = np.round(position).astype(int)
  if not (0 <= column < width and 0 <= row < height):
    return False
  number = int(ids[row, column])
  if number in (_NOTHING, _OCCLUDER):
    return False
  on_top = scene.parts[number - 1][0]
  side, _, kind = joint.rpartition("_")
  if on_top in [f"{side}_{part}" if side else part for part in _OWN[kind]]:
    return True
  if (kind, on_top) not in (("shoulder", "chest"), ("hip", "hips")):
    return False
  # Shoulders and hips lie inside the trunk, which hides those on the far side.
  rotation = scene.figure.chest if kind == "shoulder" else scene.figure.pelvis
  leftward = (scene.view.rotation @ rotation[index])[2, 0]
  return bool((leftward if side == "left" else -leftward) > -0.8)
