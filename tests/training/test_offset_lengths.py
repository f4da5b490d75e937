"""Tests of the lengths of PPU offsets that are set by hand."""

import types

import numpy as np
import pytest

from ppn_tf.models.ppn import Unrolled
from ppn_tf.models.ppu import ppu
from ppn_tf.training.offset_lengths import offset_lengths

import tensorflow as tf

JOINTS = 2


@pytest.fixture(name="unit", scope="module")
def fixture_unit():
  """Returns a unit with features max(preliminary - previous, 0) and proportional offsets.

  In every cell the first tap of joint 0 samples 3 cells down and 4 right at rate 1, and half as
  far at rate 3, times the feature of joint 0.
  """
  unit = ppu((6, 5), JOINTS, num_blocks=1, dilations=(1, 3))
  # A block with a zero branch is the identity.
  unit.get_layer("phi_1_bn2").gamma.assign(tf.zeros([JOINTS]))
  for rate, (dy, dx) in ((1, (3.0, 4.0)), (3, (1.5, 2.0))):
    kernel = np.zeros((3, 3, JOINTS, 2 * 9 * JOINTS), np.float32)
    kernel[1, 1, 0, 0], kernel[1, 1, 0, 9 * JOINTS] = dy, dx
    unit.get_layer(f"offsets_{rate}").set_weights([kernel])
  return unit


@pytest.mark.parametrize("second", [2.0, 1.0])
def test_lengths_of_offsets_set_by_hand(unit, second):
  """Propagates level 2 from 1, and level 4 from the second frame's or the first frame's level."""
  model = types.SimpleNamespace(ppu=unit)
  level = np.ones((1, 1, 6, 5, JOINTS), np.float32)
  maps = Unrolled(
    initial=None,
    preliminary=np.concatenate([2 * level, 4 * level], 1),
    propagated=None,
    final=None,
    state=None,
    previous=np.concatenate([level, second * level], 1),
  )
  lengths = {name: float(value) for name, value in offset_lengths(model, maps).items()}
  features = (1, 4 - second)
  # (3, 4) is 5 cells long; one of 9 x 2 offsets is not zero.
  for rate, length in ((1, 5.0), (3, 2.5)):
    assert lengths.pop(f"offsets_{rate}/max") == pytest.approx(length * max(features))
    mean = length * sum(features) / 2 / (9 * JOINTS)
    assert lengths.pop(f"offsets_{rate}/mean") == pytest.approx(mean)
  assert not lengths
