"""Tests of SelectPerson against NumPy, cell by cell."""

import numpy as np
import pytest

from ppn_tf.models.layers.person_selection import SelectPerson

import tensorflow as tf

H, W, K = 24, 20, 3


def maps(*middles, places=None):
  """Returns middles [1, H, W, 1] with peaks (row, column, height), and places [1, H, W, 2 K]."""
  middle = np.zeros((1, H, W, 1), np.float32)
  place = np.zeros((1, H, W, 2 * K), np.float32)
  for number, (row, column, height) in enumerate(middles):
    middle[0, row, column] = height
    place[0, row, column] = places[number] if places else 0
  return middle, place


def reference(centres, reach):
  """Returns windows [H, W, K] around K positions (row, column) of cell centres."""
  windows = np.zeros((H, W, K))
  for k, (row, column) in enumerate(centres):
    for y in range(H):
      for x in range(W):
        along = [min(max(2 - abs(a - b) / reach, 0), 1) for a, b in ((y, row), (x, column))]
        windows[y, x, k] = along[0] * along[1]
  return windows


@pytest.mark.parametrize("reach", [3.0, 6.0])
def test_windows_surround_the_places(reach):
  # Places are relative to a cell's corner, half a cell before its centre.
  places = [(-4.5, 1.5, 0.5, 0.5, 6.5, -3.0)]
  middle, place = maps((11, 9, 0.8), places=places)
  heatmaps = np.random.default_rng(0).uniform(size=(1, H, W, K)).astype(np.float32)
  selected = SelectPerson(reach)([heatmaps, middle, place])[0].numpy()
  centres = [(11 - 5, 9 + 1), (11, 9), (11 + 6, 9 - 3.5)]
  np.testing.assert_allclose(selected, heatmaps[0] * reference(centres, reach), atol=1e-5)


@pytest.mark.parametrize(
  ("people", "chosen"),
  [
    # 0.8 / (1 + 1.8) = 0.286 next to the middle; elsewhere 0.9 / (8 + 1.8) = 0.092.
    ([(12, 11, 0.8), (12, 2, 0.9)], 0),
    # 0.1 / (0 + 1.8) = 0.056 exactly in the middle.
    ([(12, 10, 0.1), (12, 2, 0.9)], 1),
  ],
)
def test_selected_person_is_high_and_near_the_middle(people, chosen):
  places = [(0.5,) * 2 * K] * 2
  middle, place = maps(*people, places=places)
  heatmaps = np.ones((1, H, W, K), np.float32)
  selected = SelectPerson(2.0)([heatmaps, middle, place])[0].numpy()
  row, column, _ = people[chosen]
  np.testing.assert_allclose(selected, reference([(row, column)] * K, 2.0), atol=1e-5)


def test_batch_elements_are_selected_separately():
  both = [maps((6, 6, 0.9), places=[(0.5,) * 6]), maps((18, 14, 0.9), places=[(0.5,) * 6])]
  middle, place = (np.concatenate(parts) for parts in zip(*both))
  selected = SelectPerson(2.0)([np.ones((2, H, W, K), np.float32), middle, place]).numpy()
  for person, (row, column) in zip(selected, ((6, 6), (18, 14))):
    np.testing.assert_allclose(person, reference([(row, column)] * K, 2.0), atol=1e-5)


def test_gradients_pass_only_to_the_heatmaps():
  middle, place = (tf.constant(part) for part in maps((12, 10, 0.9), places=[(0.5,) * 6]))
  heatmaps = tf.ones((1, H, W, K))
  with tf.GradientTape() as tape:
    tape.watch([heatmaps, middle, place])
    loss = tf.reduce_sum(SelectPerson(2.0)([heatmaps, middle, place]))
  gradients = tape.gradient(loss, [heatmaps, middle, place])
  np.testing.assert_allclose(gradients[0][0], reference([(12, 10)] * K, 2.0), atol=1e-5)
  assert gradients[1] is None and gradients[2] is None
