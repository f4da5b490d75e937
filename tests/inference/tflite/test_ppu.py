"""Tests of the exported unit against the trained unit."""

import numpy as np
import pytest

from ppn_tf.inference.tflite.ppu import ServedPPU, get_sampler, make_axis
from ppn_tf.models.layers.deform_conv import deformable_convolutions, set_offset_steps
from ppn_tf.models.ppn import PPN
from ppn_tf.models.ppu import ppu
from ppn_tf.models.quantize_aware import quantize_aware, start_from

import tensorflow as tf


def trained_unit(size, joints=3, **arguments):
  """Returns a unit with offsets of up to a few cells, also beyond the edges of the map."""
  unit = ppu(size, joints, num_blocks=1, **arguments)
  rng = np.random.default_rng(0)
  for variable in unit.weights:
    value = rng.normal(0, 0.3, variable.shape)
    variable.assign(np.abs(value) + 0.5 if "variance" in variable.name else value)
  return unit


def heatmaps(size, joints=3):
  return np.random.default_rng(1).random((2, 1, *size, joints)).astype(np.float32)


@pytest.mark.parametrize("integers", [False, True])
@pytest.mark.parametrize(
  ("size", "arguments"),
  [
    ((10, 7), {"dilations": (1, 3, 6)}),
    ((10, 7), {"dilations": (1, 2), "reduction": "sum"}),
    ((16, 16), {"dilations": (1, 3, 6)}),
    ((16, 16), {"dilations": (1, 2), "reduction": "sum"}),
    ((20, 12), {"dilations": (1, 3), "pooling": 2}),
  ],
)
def test_exact_sampler_equals_the_unit(size, arguments, integers):
  unit, (previous, preliminary) = trained_unit(size, **arguments), heatmaps(size)
  expected = unit([previous, preliminary]).numpy()
  assert np.abs(expected - previous).max() > 0.1
  result = ServedPPU(unit, "exact", integers)([previous, preliminary])
  np.testing.assert_allclose(result, expected, atol=1e-5)


@pytest.mark.parametrize("size", [(10, 7), (16, 16)])
def test_quantization_aware_unit_keeps_its_ranges(size):
  """Allows for quantization steps that round differently at halves."""
  heads = [framewise(size), framewise(size)]
  trained = PPN(*heads, trained_unit(size, dilations=(1, 3)))
  model = quantize_aware(trained)
  start_from(model, trained, [np.random.default_rng(2).random((1, 3, *size, 3), np.float32)])
  maps = list(heatmaps(size))
  expected, exact = model.ppu(maps).numpy(), trained.ppu(maps).numpy()
  result = ServedPPU(model.ppu, "exact", integers=True)(maps)
  difference, rounding = np.abs(result - expected), np.abs(exact - expected)
  assert difference.mean() < 0.02 * rounding.mean()
  with pytest.raises(ValueError, match="integers. Received: False"):
    ServedPPU(model.ppu, "exact")


def framewise(size):
  """Returns a network whose frames and heatmaps have the same size."""
  frames = tf.keras.Input((*size, 3))
  return tf.keras.Model(frames, tf.keras.layers.Conv2D(3, 1, name="heatmaps")(frames))


def test_single_dilation():
  unit, maps = trained_unit((8, 8), dilations=(2,)), heatmaps((8, 8))
  np.testing.assert_allclose(ServedPPU(unit)(list(maps)), unit(list(maps)), atol=1e-5)


@pytest.mark.parametrize("integers", [False, True])
@pytest.mark.parametrize("steps", [4, 8])
def test_table_sampler_equals_rounded_offsets(steps, integers):
  """Allows for positions that float32 rounds to a different step."""
  size = (10, 7)
  unit, maps = trained_unit(size, dilations=(1, 3)), list(heatmaps(size))
  exact = unit(maps).numpy()
  set_offset_steps(unit, steps)
  rounded = unit(maps).numpy()
  result = ServedPPU(unit, "table", integers)(maps)
  differs = np.abs(result - rounded).max(axis=-1) > 1e-4
  assert differs.mean() < 0.05
  assert np.abs(result - rounded).mean() < 0.05 * np.abs(exact - rounded).mean()


@pytest.mark.parametrize("size", [(48, 48, 17), (64, 64, 13)])
def test_table_sampler_reads_the_right_step_of_large_maps(size):
  """Checks indices up to 10^6, next to which float32 rounds fractions of a column."""
  *size, joints = size
  unit = trained_unit(size, joints, dilations=(1, 3), offset_steps=4)
  maps = list(heatmaps(size, joints))
  expected = unit(maps).numpy()
  off = np.abs(ServedPPU(unit, "table")(maps) - expected).max(axis=-1) > 1e-4
  assert off.mean() < 0.05


def test_heatmaps_too_large_for_float32_indices():
  # (256 + 3) * 4 rows and columns, by 17 joints, exceed 2^24.
  unit = ppu((256, 256), 17, num_blocks=1, dilations=(1,), offset_steps=4)
  with pytest.raises(
    ValueError, match=r"at most 16777216 values .* Received: shape \(256, 256, 17"
  ):
    ServedPPU(unit, "table")


def test_table_sampler_rounds_to_quarters_by_default():
  size = (10, 7)
  unit, maps = trained_unit(size, dilations=(1, 3)), list(heatmaps(size))
  result = ServedPPU(unit, "table")(maps)
  set_offset_steps(unit, 4)
  np.testing.assert_allclose(result, unit(maps), atol=0.02)


def test_offset_steps_can_be_removed():
  size, dilations = (10, 7), (1, 3)
  maps = list(heatmaps(size))
  exact = trained_unit(size, dilations=dilations)
  unit = trained_unit(size, dilations=dilations, offset_steps=4)
  assert get_sampler(exact) == "exact" and get_sampler(unit) == "table"
  assert np.abs(unit(maps) - exact(maps)).max() > 1e-3
  set_offset_steps(unit, 0)
  assert get_sampler(unit) == "exact"
  np.testing.assert_array_equal(unit(maps), exact(maps))
  np.testing.assert_allclose(ServedPPU(unit, "exact")(maps), exact(maps), atol=1e-5)


@pytest.mark.parametrize("rounding", [0.0, 0.125])
@pytest.mark.parametrize("extent", [1, 7, 24, 48, 64, 96, 128])
def test_axis_covers_the_map_with_float16_numbers(extent, rounding):
  scale, cells = make_axis(extent, rounding)
  assert scale * (extent + 1 + rounding) <= 6.0 <= scale * cells
  assert cells <= 1.05 * (extent + 1) + 1
  for position in range(26):
    assert float(np.float16(scale * position)) == scale * position


def test_unknown_sampler():
  with pytest.raises(ValueError, match="Received: 'nearest'"):
    ServedPPU(ppu((6, 5), 2, num_blocks=1), "nearest")


@pytest.mark.parametrize("integers", [False, True])
@pytest.mark.parametrize("sampler", ["exact", "table"])
@pytest.mark.parametrize("kept", [(5, 9), (12, 0), (0, 0)])
def test_pruned_unit_computes_only_used_samples(kept, sampler, integers):
  """Prunes each rate from 27 samples to the given number."""
  size = (10, 7)
  unit = trained_unit(
    size, dilations=(1, 3), offset_steps=4 if sampler == "table" else 0, samples=27
  )
  rng = np.random.default_rng(3)
  for warp, count in zip(deformable_convolutions(unit), kept):
    kernel = warp.kernel.numpy()
    kernel.reshape(27, 3)[rng.permutation(27)[count:]] = 0.0
    warp.kernel.assign(kernel)
  served, maps = ServedPPU(unit, sampler, integers), list(heatmaps(size))
  result = served(maps).numpy()
  close = np.abs(result - unit(maps)) < 1e-4
  assert close.mean() > (0.95 if sampler == "table" else 0.999)
  assert result.any() == any(kept)
  graph = tf.function(lambda *maps: served(maps)).get_concrete_function(*maps).graph
  gathers = [op.outputs[0].shape[0] for op in graph.get_operations() if op.type == "GatherV2"]
  reads = {"exact": 4, "table": 1}[sampler]
  assert sum(gathers) == reads * 70 * sum(kept)
