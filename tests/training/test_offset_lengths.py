"""The lengths of the PPU's offsets, set by hand."""

import types

import numpy as np
import pytest

from ppn_tf.models.ppn import PROPAGATIONS, Unrolled
from ppn_tf.models.ppu import ppu
from ppn_tf.training.offset_lengths import offset_lengths

import tensorflow as tf

JOINTS = 2


@pytest.fixture(name="unit", scope="module")
def fixture_unit():
  """A unit whose features are max(preliminary - previous, 0) and whose offsets are a multiple.

  In every cell the first tap of joint 0 looks 3 down and 4 right at rate 1, and half as far at
  rate 3, times joint 0's feature.
  """
  unit = ppu((6, 5), JOINTS, num_blocks=1, dilations=(1, 3))
  # A block whose branch is nothing is the identity.
  unit.get_layer("phi_1_bn2").gamma.assign(tf.zeros([JOINTS]))
  for rate, (dy, dx) in ((1, (3.0, 4.0)), (3, (1.5, 2.0))):
    kernel = np.zeros((3, 3, JOINTS, 2 * 9 * JOINTS), np.float32)
    kernel[1, 1, 0, 0], kernel[1, 1, 0, 9 * JOINTS] = dy, dx
    unit.get_layer(f"offsets_{rate}").set_weights([kernel])
  return unit


@pytest.mark.parametrize("propagation", PROPAGATIONS)
def test_lengths_of_offsets_set_by_hand(unit, propagation):
  """From 1 to 2 and to 4: the feature is 1 and 2 along the chain, 1 and 3 from the first frame."""
  model = types.SimpleNamespace(ppu=unit, propagation=propagation)
  level = np.ones((1, 1, 6, 5, JOINTS), np.float32)
  maps = Unrolled(level[0], np.concatenate([2 * level, 4 * level], 1), None,
                  np.concatenate([2 * level, 9 * level], 1), None)  # fmt: skip
  found = {name: float(value) for name, value in offset_lengths(model, maps).items()}
  features = (1, 2) if propagation == "chained" else (1, 3)
  # (3, 4) is 5 cells long; one of 9 x 2 offsets is not zero.
  for rate, length in ((1, 5.0), (3, 2.5)):
    assert found.pop(f"offsets_{rate}/max") == pytest.approx(length * max(features))
    mean = length * sum(features) / 2 / (9 * JOINTS)
    assert found.pop(f"offsets_{rate}/mean") == pytest.approx(mean)
  assert not found


def test_clips_that_are_gone_on_with(unit):
  model = types.SimpleNamespace(ppu=unit, propagation="chained")
  with pytest.raises(ValueError, match="no initial"):
    offset_lengths(model, Unrolled(None, None, None, None, None))
