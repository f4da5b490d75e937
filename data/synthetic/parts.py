"""Drawn parts of a body: outlines, textures and depths for each picture of a clip."""

import dataclasses
from typing import Dict, List, Tuple, Union

import cv2
import numpy as np

from . import appearance, body, camera

_CIRCLE = np.linspace(0, 2 * np.pi, 14, endpoint=False)

# (share of the length, radius in body heights) along each limb part.
_PROFILES = {
  "upper_arm": ((0.0, 0.037), (0.35, 0.035), (1.0, 0.026)),
  "forearm": ((0.0, 0.026), (0.25, 0.028), (1.0, 0.018)),
  "hand": ((0.0, 0.017), (0.45, 0.024), (0.8, 0.019)),
  "thigh": ((0.0, 0.058), (0.4, 0.053), (1.0, 0.036)),
  "shank": ((0.0, 0.035), (0.3, 0.040), (1.0, 0.022)),
  "foot": ((0.0, 0.023), (0.6, 0.024), (1.0, 0.015)),
}
_ENDS = {
  "upper_arm": ("shoulder", "elbow"),
  "forearm": ("elbow", "wrist"),
  "hand": ("wrist", "hand"),
  "thigh": ("hip", "knee"),
  "shank": ("knee", "ankle"),
}
# Body heights by which a part counts as nearer to the camera than its middle, to order
# parts of equal depth (arms over the shirt, shorts over the thighs).
_BIAS = {"upper_arm": 0.03, "forearm": 0.03, "hand": 0.035, "thigh": -0.035, "neck": -0.05}


@dataclasses.dataclass(frozen=True)
class Strip:
  """Limb: a hull of circles with a texture along its axis.

  Attributes:
    outline: [N, M, 2], pixels whose convex hull is painted.
    nearness: [N] in pixels; parts with larger values are painted later.
    placement: [N, 2, 3], affine from texture to frame pixels.
    texture: STRIP BGR uint8.
  """

  outline: np.ndarray
  nearness: np.ndarray
  placement: np.ndarray
  texture: np.ndarray

  def shade(self, index: int, corner: Tuple[int, int], size: Tuple[int, int]) -> np.ndarray:
    """Returns pixels [h, w, 3] uint8 of the window with `size` (width, height) at `corner`."""
    matrix = self.placement[index].copy()
    matrix[:, 2] -= corner
    return cv2.warpAffine(
      self.texture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


@dataclasses.dataclass(frozen=True)
class Loft:
  """Trunk or head: a hull of ellipses with a texture around it.

  Attributes:
    outline, nearness: as in Strip.
    top, axis: [N, 2] in pixels: upper end, and vector from there to the lower end.
    halves: [N, L] in pixels, half widths at `levels`.
    levels: [L], increasing fractions of the axis.
    turn: [N] in radians, direction of the camera around the part (0 in front).
    light: shading from the image's left (-1) or right (1).
    texture: WRAP BGR uint8.
  """

  outline: np.ndarray
  nearness: np.ndarray
  top: np.ndarray
  axis: np.ndarray
  halves: np.ndarray
  levels: np.ndarray
  turn: np.ndarray
  light: float
  texture: np.ndarray

  def shade(self, index: int, corner: Tuple[int, int], size: Tuple[int, int]) -> np.ndarray:
    """Returns pixels [h, w, 3] uint8 of the window with `size` (width, height) at `corner`."""
    axis = self.axis[index]
    length = max(float(np.hypot(*axis)), 4.0)
    down_x, down_y = (axis / length).astype(np.float32)
    left, up = (np.array(corner) - self.top[index]).astype(np.float32)
    columns = np.arange(size[0], dtype=np.float32) + left
    rows = (np.arange(size[1], dtype=np.float32) + up)[:, None]
    share = ((columns * down_x + rows * down_y) / np.float32(length)).clip(0, 1)
    half = np.interp(share, self.levels, self.halves[index]).astype(np.float32)
    across = ((columns * down_y - rows * down_x) / half).clip(-1, 1)
    height, width = self.texture.shape[:2]
    around = (np.arcsin(across) + np.float32(self.turn[index] + np.pi)) / np.float32(2 * np.pi)
    texture = cv2.remap(
      self.texture,
      (around % 1.0 * width - 0.5).astype(np.float32),
      share * (height - 1),
      cv2.INTER_LINEAR,
      borderMode=cv2.BORDER_WRAP,
    )
    shade = 1.05 - 0.36 * across * across + np.float32(self.light) * across
    return cv2.multiply(texture, cv2.merge([shade] * 3), dtype=cv2.CV_8U)


Part = Union[Strip, Loft]


def _strip(
  ends: Tuple[np.ndarray, np.ndarray],
  profile: Tuple[Tuple[float, float], ...],
  pixels: np.ndarray,
  bias: float,
  texture: np.ndarray,
) -> Strip:
  """Makes a Strip between `ends`, each [N, 3]; `pixels` [N] are per body height."""
  start, end = ends
  shares = np.array([share for share, _ in profile])
  radii = np.array([radius for _, radius in profile]) * pixels[:, None]
  centers = start[:, None, :2] + shares[:, None] * (end - start)[:, None, :2]
  circle = np.stack([np.cos(_CIRCLE), np.sin(_CIRCLE)], axis=-1)
  outline = centers[:, :, None] + radii[:, :, None, None] * circle
  axis = (end - start)[:, :2]
  length = np.linalg.norm(axis, axis=-1, keepdims=True)
  along = np.where(length > 1e-6, axis / np.maximum(length, 1e-6), (0.0, 1.0))
  across = np.stack([-along[:, 1], along[:, 0]], axis=-1)
  height, width = appearance.STRIP
  first, last, widest = radii[:, :1], radii[:, -1:], radii.max(axis=-1, keepdims=True)
  step_down = along * (length + first + last) / height
  step_across = across * 2 * widest / width
  origin = start[:, :2] - along * first - across * widest
  return Strip(
    outline=outline.reshape(len(start), -1, 2),
    nearness=(start[:, 2] + end[:, 2]) / 2 + bias * pixels,
    placement=np.stack([step_across, step_down, origin], axis=-1),
    texture=texture,
  )


def _loft(
  view: camera.View,
  base: np.ndarray,
  rotation: np.ndarray,
  rings: np.ndarray,
  light: float,
  texture: np.ndarray,
) -> Loft:
  """Makes a Loft of ellipses.

  Args:
    view: camera.
    base: [N, 3], world position of the part's origin.
    rotation: [N, 3, 3], part axes to world axes.
    rings: [L, 3] in body heights, from top to bottom: height along the part's y axis, half width
      and half depth.
    light: see Loft.
    texture: see Loft.
  """
  local = np.stack(
    [
      rings[:, 1:2] * np.cos(_CIRCLE),
      np.broadcast_to(rings[:, :1], (len(rings), len(_CIRCLE))),
      rings[:, 2:] * np.sin(_CIRCLE),
    ],
    axis=-1,
  ).reshape(-1, 3)
  centers = np.stack([0 * rings[:, 0], rings[:, 0], 0 * rings[:, 0]], axis=-1)
  outline = view.project(base[:, None] + local @ rotation.transpose(0, 2, 1))
  spine = view.project(base[:, None] + centers @ rotation.transpose(0, 2, 1))
  turned = view.rotation @ rotation
  top, axis = spine[:, 0, :2], spine[:, -1, :2] - spine[:, 0, :2]
  length = np.maximum(np.linalg.norm(axis, axis=-1, keepdims=True), 1e-6)
  across = np.stack([axis[:, 1], -axis[:, 0]], axis=-1) / length
  rim = (outline[..., :2].reshape(len(base), len(rings), -1, 2) - spine[:, :, None, :2]) @ across[
    :, None, :, None
  ]
  return Loft(
    outline=outline[..., :2],
    nearness=spine[..., 2].mean(axis=-1),
    top=top,
    axis=axis,
    halves=np.maximum(rim[..., 0].max(axis=-1), 1.0),
    levels=(rings[0, 0] - rings[:, 0]) / (rings[0, 0] - rings[-1, 0]),
    turn=np.arctan2(turned[:, 2, 0], turned[:, 2, 2]),
    light=light,
    texture=texture,
  )


def _rings(proportions: body.Proportions) -> Dict[str, np.ndarray]:
  """Returns rings [L, 3] by part, relative to waist (chest), pelvis (hips) and head."""
  girth, trunk, loin = proportions.girth, proportions.trunk, proportions.loin
  shoulder = proportions.shoulder_half_width
  chest = [
    (trunk + 0.012, 0.030, 0.028),
    (trunk - 0.012, shoulder * 0.72, 0.040 * girth),
    (trunk - 0.035, shoulder * 1.02, 0.055 * girth),
    (trunk * 0.5, 0.094 * girth, 0.070 * girth),
    (-0.02, 0.080 * girth, 0.062 * girth),
  ]
  hips = [
    (loin + 0.01, 0.078 * girth, 0.060 * girth),
    (0.01, 0.094 * girth, 0.070 * girth),
    (-0.045, 0.080 * girth, 0.056 * girth),
  ]
  heights = np.cos(np.linspace(0.15, np.pi - 0.25, 8))
  wide = np.sin(np.linspace(0.15, np.pi - 0.25, 8)) ** 0.85
  size = proportions.head_size
  head = np.stack([0.07 * size * heights, 0.047 * size * wide, 0.056 * size * wide], axis=-1)
  return {"chest": np.array(chest), "hips": np.array(hips), "head": head}


def build(
  figure: body.Figure,
  proportions: body.Proportions,
  looks: appearance.Looks,
  view: camera.View,
  light: float,
) -> List[Tuple[str, Part]]:
  """Returns all parts of the person by name; limb parts are named `{side}_{part}`."""
  pixels = view.scale * view.zoom
  projected = view.project(figure.points)
  rings = _rings(proportions)
  head, turned = figure.points[:, body.POINT_ID["head"]], figure.head

  def at(name: str) -> np.ndarray:
    return projected[:, body.POINT_ID[name]]

  def world(name: str) -> np.ndarray:
    return figure.points[:, body.POINT_ID[name]]

  def by_head(*offset: float) -> np.ndarray:
    return view.project((head + turned @ np.array(offset))[:, None])[:, 0]

  parts: List[Tuple[str, Part]] = []
  for side in body.SIDES:
    for part, (start, end) in _ENDS.items():
      factor = proportions.girth ** (0.7) * looks.loose.get(part, 1.0)
      profile = tuple((share, radius * factor) for share, radius in _PROFILES[part])
      name = f"{side}_{part}"
      ends = (at(f"{side}_{start}"), at(f"{side}_{end}"))
      parts.append((name, _strip(ends, profile, pixels, _BIAS.get(part, 0), looks.strips[name])))
    ankle, toe = world(f"{side}_ankle"), world(f"{side}_toe")
    heel = ankle - 0.18 * (toe - ankle) - (0, 0.022, 0)
    ends = (view.project(heel[:, None])[:, 0], at(f"{side}_toe"))
    texture = looks.strips[f"{side}_foot"]
    parts.append((f"{side}_foot", _strip(ends, _PROFILES["foot"], pixels, 0.0, texture)))
  bases = {
    "chest": (world("waist"), figure.chest),
    "hips": (world("pelvis"), figure.pelvis),
    "head": (head, turned),
  }
  for part, (base, rotation) in bases.items():
    parts.append((part, _loft(view, base, rotation, rings[part], light, looks.wraps[part])))
  throat = by_head(0, -0.03, -0.008)
  profile = ((0.0, 0.028), (1.0, 0.03))
  ends = (throat, at("neck"))
  parts.append(("neck", _strip(ends, profile, pixels, _BIAS["neck"], looks.strips["neck"])))
  bridge, tip = by_head(0, 0.0, 0.048), by_head(0, -0.01, 0.064)
  profile = ((0.0, 0.006), (1.0, 0.008))
  parts.append(("nose", _strip((bridge, tip), profile, pixels, 0.0, looks.strips["nose"])))
  if looks.tail:
    root = by_head(0, 0.01, -0.04)
    tail = by_head(0, -looks.tail, -0.055)
    profile = ((0.0, 0.03), (1.0, 0.02))
    parts.append(("tail", _strip((root, tail), profile, pixels, 0.0, looks.strips["tail"])))
  return parts
