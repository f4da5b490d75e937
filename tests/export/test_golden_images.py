"""Tests of the golden crops, colors and orientations against SciPy, Pillow and turned scenes."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from tests.export.golden_files import read_cases


def names(cases):
  return [case["name"] for case in cases]


CROPS, COLORS, TRANSFORMS = (read_cases(rule) for rule in ("crops", "color", "transforms"))


@pytest.mark.parametrize("case", CROPS, ids=names(CROPS))
def test_crops_are_bilinear_samples(case):
  affine, size = np.array(case["affine"], np.float64), case["size"]
  rows, columns = np.mgrid[: size[0], : size[1]]
  places = [(rows - affine[1, 2]) / affine[1, 1], (columns - affine[0, 2]) / affine[0, 0]]
  expected = [
    ndimage.map_coordinates(channel.astype(float), places, order=1, mode="grid-constant")
    for channel in np.moveaxis(case["frame"], -1, 0)
  ]
  crop = np.reshape(case["crop"], (*size, 3))
  np.testing.assert_allclose(crop, np.stack(expected, axis=-1), atol=2e-3)
  assert crop.any() == (case["name"] != "outside the frame")


@pytest.mark.parametrize("case", CROPS, ids=names(CROPS))
def test_crops_show_a_square_about_the_box(case):
  affine, size = np.array(case["affine"]), case["size"]
  x1, y1, x2, y2 = case["box"]
  side = max(case["margin"] * max(x2 - x1, y2 - y1), 1)
  middle = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
  expected = np.array([size[1] - 1, size[0] - 1]) / 2
  np.testing.assert_allclose(affine[:, :2] @ middle + affine[:, 2], expected, atol=1e-4)
  np.testing.assert_allclose(affine[:, :2], np.eye(2) * min(size) / side, rtol=1e-6)


def read_plane(plane, height, width):
  """Reads a plane value by value."""
  values = np.empty((height, width), np.uint8)
  for row in range(height):
    for column in range(width):
      place = row * plane["row_stride"] + column * plane["pixel_stride"]
      values[row, column] = plane["bytes"][place]
  return values


@pytest.mark.parametrize("case", COLORS, ids=names(COLORS))
def test_colors_are_those_of_jfif(case):
  height, width = case["size"]
  half = (height + 1) // 2, (width + 1) // 2
  luma = read_plane(case["y"], height, width)
  chroma = [read_plane(case[name], *half) for name in "uv"]
  full = [np.kron(plane, np.ones((2, 2), np.uint8))[:height, :width] for plane in chroma]
  image = Image.merge("YCbCr", [Image.fromarray(plane) for plane in (luma, *full)])
  difference = np.asarray(image.convert("RGB")).astype(int) - case["rgb"]
  assert np.abs(difference).max() <= case["tolerance"]
  np.testing.assert_array_equal(case["rgb"][:2, :2], 255)
  last = (half[0] - 1) * case["v"]["row_stride"] + (half[1] - 1) * case["v"]["pixel_stride"]
  assert len(case["v"]["bytes"]) == last + 1  # a plane ends with its last value


def test_interleaved_planes_contain_each_other():
  (case,) = (case for case in COLORS if case["name"] == "interleaved, V first")
  np.testing.assert_array_equal(case["v"]["bytes"][1:], case["u"]["bytes"][:-1])


@pytest.mark.parametrize("case", TRANSFORMS, ids=names(TRANSFORMS))
def test_turned_cameras_see_the_scene_that_frames_show(case):
  """Turns the scene as a camera sees it on a device that is turned counterclockwise."""
  scene = np.array(case["frame"])
  # The image has to be turned clockwise by SENSOR_ORIENTATION on the device as it is made.
  turns = {"back": -1, "front": 1}[case["facing"]] * case["display_rotation"] // 90
  image = np.rot90(np.rot90(scene, turns), case["sensor_orientation"] // 90)
  np.testing.assert_array_equal(image, case["image"])
  clockwise = np.rot90(np.array(case["image"]), case["rotation"] // 90, axes=(1, 0))
  np.testing.assert_array_equal(clockwise, scene)
  assert case["mirrored"] == (case["facing"] == "front")


@pytest.mark.parametrize("case", TRANSFORMS, ids=names(TRANSFORMS))
def test_views_show_the_frame_in_their_middle(case):
  height, width = case["view_size"]
  rows, columns = np.shape(case["frame"])
  frame = np.array([point["frame"] for point in case["points"]])
  view = np.array([point["view"] for point in case["points"]])
  zoom = (view[1, 0] - view[0, 0]) / (columns - 1)
  assert (zoom < 0) == case["mirrored"]
  filled = np.array([rows * abs(zoom) - height, columns * abs(zoom) - width])
  limit = filled.max() if case["scale"] == "fit" else filled.min()
  np.testing.assert_allclose(limit, 0, atol=1e-4)
  # The middle of the frame lies in the middle of the view.
  middle = np.array([columns - 1, rows - 1]) / 2
  expected = [width / 2, height / 2] + (frame - middle) * [zoom, abs(zoom)]
  np.testing.assert_allclose(view, expected, atol=1e-4)


def test_transforms_cover_all_orientations():
  rotations = {
    (case["facing"], case["sensor_orientation"], case["display_rotation"]): case["rotation"]
    for case in TRANSFORMS
  }
  assert len(rotations) == 2 * 4 * 4 and {case["scale"] for case in TRANSFORMS} == {"fit", "fill"}
  # Common phones in portrait, and turned counterclockwise.
  assert rotations["back", 90, 0] == 90 and rotations["front", 270, 0] == 270
  assert rotations["back", 90, 90] == 0 and rotations["front", 270, 90] == 0
