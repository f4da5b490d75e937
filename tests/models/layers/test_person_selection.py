"""One person's heatmaps, against NumPy worked cell by cell."""

import numpy as np
import pytest

from ppn_tf.models.layers.person_selection import SelectPerson

import tensorflow as tf

H, W, K = 24, 20, 3


def maps(*middles, places=None):
  """Maps of middles [1, H, W, 1] with peaks (row, column, height), and places [1, H, W, 2 K]."""
  middle = np.zeros((1, H, W, 1), np.float32)
  place = np.zeros((1, H, W, 2 * K), np.float32)
  for number, (row, column, height) in enumerate(middles):
    middle[0, row, column] = height
    place[0, row, column] = places[number] if places else 0
  return middle, place


def reference(about, reach):
  """The windows [H, W, K] about places (row, column) of K joints, in cells' centres."""
  windows = np.zeros((H, W, K))
  for k, (row, column) in enumerate(about):
    for y in range(H):
      for x in range(W):
        along = [min(max(2 - abs(a - b) / reach, 0), 1) for a, b in ((y, row), (x, column))]
        windows[y, x, k] = along[0] * along[1]
  return windows


@pytest.mark.parametrize("reach", [3.0, 6.0])
def test_windows_lie_about_the_places(reach):
  # Places count from a cell's corner, which is half a cell before its centre.
  places = [(-4.5, 1.5, 0.5, 0.5, 6.5, -3.0)]
  middle, place = maps((11, 9, 0.8), places=places)
  heatmaps = np.random.default_rng(0).uniform(size=(1, H, W, K)).astype(np.float32)
  found = SelectPerson(reach)([heatmaps, middle, place])[0].numpy()
  about = [(11 - 5, 9 + 1), (11, 9), (11 + 6, 9 - 3.5)]
  np.testing.assert_allclose(found, heatmaps[0] * reference(about, reach), atol=1e-5)


@pytest.mark.parametrize(
  ("others", "chosen"),
  [
    # 0.8 / (1 + 1.8) = 0.286 in the middle's neighbour; elsewhere 0.9 / (8 + 1.8) = 0.092.
    ([(12, 11, 0.8), (12, 2, 0.9)], 0),
    # 0.1 / (0 + 1.8) = 0.056 in the very middle.
    ([(12, 10, 0.1), (12, 2, 0.9)], 1),
  ],
)
def test_the_person_is_high_and_near_the_middle(others, chosen):
  places = [(0.5,) * 2 * K] * 2
  middle, place = maps(*others, places=places)
  heatmaps = np.ones((1, H, W, K), np.float32)
  found = SelectPerson(2.0)([heatmaps, middle, place])[0].numpy()
  row, column, _ = others[chosen]
  np.testing.assert_allclose(found, reference([(row, column)] * K, 2.0), atol=1e-5)


def test_each_of_a_batch_has_its_own():
  both = [maps((6, 6, 0.9), places=[(0.5,) * 6]), maps((18, 14, 0.9), places=[(0.5,) * 6])]
  middle, place = (np.concatenate(parts) for parts in zip(*both))
  found = SelectPerson(2.0)([np.ones((2, H, W, K), np.float32), middle, place]).numpy()
  for one, (row, column) in zip(found, ((6, 6), (18, 14))):
    np.testing.assert_allclose(one, reference([(row, column)] * K, 2.0), atol=1e-5)


def test_gradients_pass_to_the_heatmaps_alone():
  middle, place = (tf.constant(part) for part in maps((12, 10, 0.9), places=[(0.5,) * 6]))
  heatmaps = tf.ones((1, H, W, K))
  with tf.GradientTape() as tape:
    tape.watch([heatmaps, middle, place])
    loss = tf.reduce_sum(SelectPerson(2.0)([heatmaps, middle, place]))
  ofs = tape.gradient(loss, [heatmaps, middle, place])
  np.testing.assert_allclose(ofs[0][0], reference([(12, 10)] * K, 2.0), atol=1e-5)
  assert ofs[1] is None and ofs[2] is None
