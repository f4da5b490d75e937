"""Tests that layers with very small initial kernels have outputs far from zero."""

import math

import numpy as np
import pytest

from ppn_tf.models.layers.upsample import upsample
from ppn_tf.models.ppu import ppu

import tensorflow as tf

# Deviation of max(x, 0) for standard normal x: variance 1/2 minus the squared mean 1/(2 pi).
RECTIFIED = math.sqrt(0.5 - 1 / (2 * math.pi))


@pytest.mark.parametrize("method", ["duc", "separable_duc", "deconv"])
def test_new_upsampling_units_keep_unit_deviation(method):
  maps = tf.keras.Input((4, 4, 64))
  network = tf.keras.Model(maps, upsample(maps, method, (32, 32)))
  values = np.random.default_rng(0).normal(size=(16, 4, 4, 64)).astype(np.float32)
  assert np.std(network(values, training=True)) == pytest.approx(RECTIFIED, rel=0.1)


def test_new_ppu_amplifies_small_heatmap_differences():
  """Uses peaks of height 1 on zeros, which differ like heatmaps of two frames."""
  unit = ppu((16, 16), 4, num_blocks=1, dilations=(1,))
  branch = tf.keras.Model(unit.inputs, unit.get_layer("phi_1_bn2").output)
  previous, preliminary = np.zeros((2, 8, 16, 16, 4), np.float32)
  place = np.random.default_rng(1).integers(3, 13, (8, 4))
  for clip, joint in np.ndindex(8, 4):
    previous[clip, 8, place[clip, joint], joint] = 1.0
    preliminary[clip, 8, place[clip, joint] + 1, joint] = 1.0
  assert np.std(branch([previous, preliminary], training=True)) > 0.1
