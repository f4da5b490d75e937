"""Golden cases of images: crops of frames, and colors and orientation of camera images."""

from typing import Any, Dict, Iterator, List, Tuple

import numpy as np

from ppn_tf.keypoints import frame_crops

# Luma and chroma of Camera2's YUV_420_888 are those of JFIF: BT.601 in the full range.
_TO_RGB = np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]])


def crops() -> Iterator[Dict[str, Any]]:
  """Yields crops of a frame about boxes."""
  frame = np.random.default_rng(1).integers(0, 256, (20, 28, 3)).astype(np.uint8)
  margins = {
    "enlarged": ([8.25, 4.5, 17.75, 15.0], 1.25, (16, 16)),
    "reduced": ([2.0, 1.0, 25.0, 18.5], 1.25, (8, 8)),
    "beyond the left and upper border": ([-6.0, -4.0, 9.0, 7.0], 1.25, (12, 12)),
    "beyond all borders": ([0.0, 0.0, 27.0, 19.0], 2.0, (16, 16)),
    "outside the frame": ([60.0, 5.0, 70.0, 15.0], 1.0, (8, 8)),
    "wide crop": ([5.5, 3.5, 14.5, 16.0], 1.5, (12, 20)),
    "high crop": ([5.5, 3.5, 14.5, 16.0], 1.1, (20, 12)),
    "square of at least one pixel": ([10.0, 9.0, 10.1, 9.1], 1.25, (8, 8)),
    "cells on pixels": ([4.0, 2.0, 19.0, 17.0], 16 / 15, (16, 16)),
  }
  for name, (box, margin, size) in margins.items():
    affine = frame_crops.crop_affine(np.array(box), margin, size)
    yield {
      "name": name,
      "frame": frame,
      "box": box,
      "margin": margin,
      "size": list(size),
      "affine": affine,
      "crop": frame_crops.crop_frame(frame, affine, size),
    }


def colors() -> Iterator[Dict[str, Any]]:
  """Yields camera images in YUV 4:2:0, in the layouts of planes that Camera2 delivers.

  A row of a plane begins every `row_stride` bytes and has a value every `pixel_stride` bytes.
  Planes end with their last value. Chroma has half the size, rounded up, and is not interpolated.
  """
  for name, size, padding, pixel_stride, order in (
    ("planes without padding", (16, 20), 0, 1, "uv"),
    ("rows with padding", (12, 18), 14, 1, "uv"),
    ("interleaved, V first", (16, 20), 0, 2, "vu"),
    ("interleaved, U first, rows with padding", (12, 18), 14, 2, "uv"),
    ("odd size", (11, 13), 3, 1, "uv"),
  ):
    generator = np.random.default_rng(len(name))
    half = ((size[0] + 1) // 2, (size[1] + 1) // 2)
    luma = generator.integers(0, 256, size).astype(np.uint8)
    chroma = {plane: generator.integers(0, 256, half).astype(np.uint8) for plane in "uv"}
    # Saturated, gray, black and white corners.
    luma[:2, :2], chroma["u"][0, 0], chroma["v"][0, 0] = 255, 128, 128
    luma[:2, 2:4], chroma["u"][0, 1], chroma["v"][0, 1] = 0, 255, 0
    yield {
      "name": name,
      "size": list(size),
      "y": _plane(luma, size[1] + padding, 1),
      **_chroma_planes(chroma, pixel_stride * half[1] + padding, pixel_stride, order),
      "tolerance": 1,
      "rgb": to_rgb(luma, chroma["u"], chroma["v"]),
    }


def to_rgb(luma: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
  """Converts Y [H, W], U and V [ceil(H / 2), ceil(W / 2)] to RGB [H, W, 3] uint8."""
  rows, columns = (np.arange(length) // 2 for length in luma.shape)
  planes = [luma, *(plane[rows][:, columns] - 128.0 for plane in (first, second))]
  return np.clip(np.rint(np.stack(planes, axis=-1) @ _TO_RGB.T), 0, 255).astype(np.uint8)


def _plane(values: np.ndarray, row_stride: int, pixel_stride: int) -> Dict[str, Any]:
  return {
    "bytes": _spread(values, row_stride, pixel_stride),
    "row_stride": row_stride,
    "pixel_stride": pixel_stride,
  }


def _spread(values: np.ndarray, row_stride: int, pixel_stride: int) -> np.ndarray:
  """Returns the bytes of a plane, up to its last value; others are 77."""
  height, width = values.shape
  content = np.full((height, row_stride), 77, np.uint8)
  content[:, : pixel_stride * width : pixel_stride] = values
  return content.reshape(-1)[: (height - 1) * row_stride + (width - 1) * pixel_stride + 1]


def _chroma_planes(
  chroma: Dict[str, np.ndarray], row_stride: int, pixel_stride: int, order: str
) -> Dict[str, Any]:
  """Returns the planes u and v; interleaved ones see the values of each other."""
  if pixel_stride == 1:
    return {name: _plane(chroma[name], row_stride, 1) for name in "uv"}
  pairs = np.stack([chroma[name] for name in order], axis=-1).reshape(len(chroma["u"]), -1)
  both = _spread(pairs, row_stride, 1)
  planes = {order[0]: both[:-1], order[1]: both[1:]}
  return {
    name: {"bytes": planes[name], "row_stride": row_stride, "pixel_stride": pixel_stride}
    for name in "uv"
  }


def transforms() -> Iterator[Dict[str, Any]]:
  """Yields the ways from a camera image to an upright frame, and from there to a view.

  SENSOR_ORIENTATION is the clockwise angle that makes an image upright on a screen in its natural
  orientation. Display.getRotation() is the clockwise angle by which drawings are turned on the
  screen; the device is turned by as much counterclockwise, seen from its front. A camera at the
  back sees that turn in the same direction, and a camera at the front in the other. Therefore
  frames are turned clockwise by SENSOR_ORIENTATION minus the display's rotation (back) or plus it
  (front). Only the view of a camera at the front is mirrored, not its frame.
  """
  generator = np.random.default_rng(5)
  for facing in ("back", "front"):
    for sensor in (0, 90, 180, 270):
      for display in (0, 90, 180, 270):
        image = generator.integers(0, 256, (4, 6)).astype(np.uint8)
        rotation = (sensor - display if facing == "back" else sensor + display) % 360
        upright = np.rot90(image, -rotation // 90)
        fit = ("fit", "fill")[(sensor + display) // 90 % 2]
        view = (31, 50) if display % 180 else (50, 31)
        yield {
          "name": f"{facing} camera, sensor {sensor}, display {display}, {fit}",
          "facing": facing,
          "sensor_orientation": sensor,
          "display_rotation": display,
          "image": image,
          "view_size": list(view),
          "scale": fit,
          "rotation": rotation,
          "mirrored": facing == "front",
          "frame": upright,
          "points": _points(upright.shape, view, fit, facing == "front"),
        }


def _points(
  size: Tuple[int, ...], view: Tuple[int, int], scale: str, mirrored: bool
) -> List[Dict[str, Any]]:
  """Returns points in frame pixels and in the view, whose upper left corner is (0, 0).

  The frame is in the middle of the view. It is as large as possible within the view ("fit"), or
  as small as possible while it fills the view ("fill").
  """
  ratios = view[0] / size[0], view[1] / size[1]
  zoom = min(ratios) if scale == "fit" else max(ratios)
  left, top = (view[1] - zoom * size[1]) / 2, (view[0] - zoom * size[0]) / 2
  points = []
  for x, y in ((0.0, 0.0), (size[1] - 1.0, 0.0), (1.25, 2.5), (size[1] - 0.5, size[0] - 0.5)):
    right, down = left + zoom * (x + 0.5), top + zoom * (y + 0.5)
    points.append({"frame": [x, y], "view": [view[1] - right if mirrored else right, down]})
  return points
