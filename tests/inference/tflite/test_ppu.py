"""Tests of the exported unit against the trained unit."""

import numpy as np
import pytest

from ppn_tf.inference.tflite.ppu import ServedPPU, get_sampler, make_axis
from ppn_tf.models.layers.deform_conv import deformable_convolutions, set_offset_steps
from ppn_tf.models.ppn import PPN
from ppn_tf.models.ppu import ppu
from ppn_tf.models.quantize_aware import quantize_aware, start_from

import tensorflow as tf


def trained_unit(size, **arguments):
  """Returns a unit with offsets of up to a few cells, also beyond the edges of the map."""
  unit = ppu(size, 3, num_blocks=1, **arguments)
  rng = np.random.default_rng(0)
  for variable in unit.weights:
    value = rng.normal(0, 0.3, variable.shape)
    variable.assign(np.abs(value) + 0.5 if "variance" in variable.name else value)
  return unit


def heatmaps(size):
  return np.random.default_rng(1).random((2, 1, *size, 3)).astype(np.float32)


@pytest.mark.parametrize("integers", [False, True])
@pytest.mark.parametrize(
  "arguments", [{"dilations": (1, 3, 6)}, {"dilations": (1, 2), "reduction": "sum"}]
)
@pytest.mark.parametrize("size", [(10, 7), (16, 16)])
def test_exact_sampler_equals_the_unit(size, arguments, integers):
  unit, (previous, preliminary) = trained_unit(size, **arguments), heatmaps(size)
  expected = unit([previous, preliminary]).numpy()
  assert np.abs(expected - previous).max() > 0.1
  result = ServedPPU(unit, "exact", integers)([previous, preliminary])
  np.testing.assert_allclose(result, expected, atol=1e-5)


@pytest.mark.parametrize("size", [(10, 7), (16, 16)])
def test_quantization_aware_unit_keeps_its_ranges(size):
  """Compares up to quantization steps that round differently at halves."""
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
  """Returns a network whose frames already are heatmaps."""
  frames = tf.keras.Input((*size, 3))
  return tf.keras.Model(frames, tf.keras.layers.Conv2D(3, 1, name="heatmaps")(frames))


def test_one_dilation():
  unit, maps = trained_unit((8, 8), dilations=(2,)), heatmaps((8, 8))
  np.testing.assert_allclose(ServedPPU(unit)(list(maps)), unit(list(maps)), atol=1e-5)


@pytest.mark.parametrize("integers", [False, True])
@pytest.mark.parametrize("steps", [4, 8])
def test_table_sampler_equals_rounded_offsets(steps, integers):
  """Compares except for positions that float32 rounds to a different step."""
  size = (10, 7)
  unit, maps = trained_unit(size, dilations=(1, 3)), list(heatmaps(size))
  exact = unit(maps).numpy()
  set_offset_steps(unit, steps)
  rounded = unit(maps).numpy()
  result = ServedPPU(unit, "table", integers)(maps)
  off = np.abs(result - rounded).max(axis=-1) > 1e-4
  assert off.mean() < 0.05
  assert np.abs(result - rounded).mean() < 0.05 * np.abs(exact - rounded).mean()


def test_table_sampler_rounds_to_quarters_by_default():
  size = (10, 7)
  unit, maps = trained_unit(size, dilations=(1, 3)), list(heatmaps(size))
  result = ServedPPU(unit, "table")(maps)
  set_offset_steps(unit, 4)
  np.testing.assert_allclose(result, unit(maps), atol=0.02)


def test_offset_steps_can_be_removed():
  size, dilations = (10, 7), (1, 3)
  maps = list(heatmaps(size))
  never = trained_unit(size, dilations=dilations)
  unit = trained_unit(size, dilations=dilations, offset_steps=4)
  assert get_sampler(never) == "exact" and get_sampler(unit) == "table"
  assert np.abs(unit(maps) - never(maps)).max() > 1e-3
  set_offset_steps(unit, 0)
  assert get_sampler(unit) == "exact"
  np.testing.assert_array_equal(unit(maps), never(maps))
  np.testing.assert_allclose(ServedPPU(unit, "exact")(maps), never(maps), atol=1e-5)


@pytest.mark.parametrize("rounding", [0.0, 0.125])
@pytest.mark.parametrize("extent", [1, 7, 24, 48, 64, 96, 128])
def test_axis_covers_the_map_with_float16_numbers(extent, rounding):
  scale, cells = make_axis(extent, rounding)
  assert scale * (extent + 1 + rounding) <= 6.0 <= scale * cells
  assert cells <= 1.05 * (extent + 1) + 1
  for taps_place in range(26):
    assert float(np.float16(scale * taps_place)) == scale * taps_place


def test_unknown_sampler():
  with pytest.raises(ValueError, match="Received: 'nearest'"):
    ServedPPU(ppu((6, 5), 2, num_blocks=1), "nearest")


@pytest.mark.parametrize("integers", [False, True])
@pytest.mark.parametrize("sampler", ["exact", "table"])
@pytest.mark.parametrize("kept", [(5, 9), (12, 0), (0, 0)])
def test_pruned_unit_computes_only_used_samples(kept, sampler, integers):
  """Prunes rates to the given numbers of samples, of 27."""
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
