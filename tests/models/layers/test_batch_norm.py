"""Layers whose kernels begin very small still pass on what they see, not nearly zero."""

import math

import numpy as np
import pytest

from ppn_tf.models.layers.upsample import upsample
from ppn_tf.models.ppu import ppu

import tensorflow as tf

# Of max(x, 0) where x is normal with deviation 1: 1/2 less the squared mean 1/sqrt(2 pi).
RECTIFIED = math.sqrt(0.5 - 1 / (2 * math.pi))


@pytest.mark.parametrize("method", ["duc", "separable_duc", "deconv"])
def test_new_upsampling_units_keep_a_deviation_of_1(method):
  maps = tf.keras.Input((4, 4, 64))
  network = tf.keras.Model(maps, upsample(maps, method, (32, 32)))
  values = np.random.default_rng(0).normal(size=(16, 4, 4, 64)).astype(np.float32)
  assert np.std(network(values, training=True)) == pytest.approx(RECTIFIED, rel=0.1)


def test_a_new_ppu_sees_small_differences_of_heatmaps():
  """Peaks of height 1 on a ground of zeros, as two frames' heatmaps differ."""
  unit = ppu((16, 16), 4, num_blocks=1, dilations=(1,))
  branch = tf.keras.Model(unit.inputs, unit.get_layer("phi_1_bn2").output)
  previous, preliminary = np.zeros((2, 8, 16, 16, 4), np.float32)
  place = np.random.default_rng(1).integers(3, 13, (8, 4))
  for clip, joint in np.ndindex(8, 4):
    previous[clip, 8, place[clip, joint], joint] = 1.0
    preliminary[clip, 8, place[clip, joint] + 1, joint] = 1.0
  assert np.std(branch([previous, preliminary], training=True)) > 0.1
