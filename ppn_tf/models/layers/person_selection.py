"""Which person's joints are meant where a crop shows several: the one in its middle.

MoveNet's way (Google, 2021), after CenterNet (Zhou et al., "Objects as Points"): a
map of people's middles has a peak for each of them; of these the one counts that is
high and near the crop's middle. There a second map says about where that person's
joints are, and heatmaps are taken only around those places.
"""

from typing import Any, Dict, Sequence

import numpy as np

import tensorflow as tf

# Of MoveNet: a middle counts 1 / (d + 1.8), at d cells from the crop's.
_AWAY = 1.8


@tf.keras.utils.register_keras_serializable("ppn_tf")
class SelectPerson(tf.keras.layers.Layer):
  """Heatmaps around the places where one person's joints are about.

  A joint's map counts in full up to `reach` cells to either side, and above and below, of its
  place; from there it falls to nothing at twice that.

  Call with [heatmaps [B, h, w, K], middles [B, h, w, 1] in 0..1, places [B, h, w, 2 K],
  (y, x) in cells from each cell]; gives [B, h, w, K]. Gradients pass to the heatmaps alone.
  """

  def __init__(self, reach: float = 6.0, **arguments: Any):
    super().__init__(**arguments)
    self.reach = reach

  def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
    heatmaps, middles, places = inputs
    _, height, width, joints = heatmaps.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    near = 1.0 / (np.hypot(rows - height // 2, columns - width // 2) + _AWAY)
    index = tf.argmax(
      tf.reshape(middles[..., 0] * near, [-1, height * width]), axis=1, output_type=tf.int32
    )
    there = tf.gather(tf.reshape(places, [-1, height * width, 2 * joints]), index, batch_dims=1)
    there = tf.stop_gradient(tf.reshape(there, [-1, joints, 2]))
    row = index // width
    window = self._window(tf.cast(row, tf.float32), there[..., 0], height)[:, :, None]
    column = tf.cast(index - row * width, tf.float32)
    return heatmaps * window * self._window(column, there[..., 1], width)[:, None]

  def _window(self, start: tf.Tensor, offsets: tf.Tensor, length: int) -> tf.Tensor:
    """[B, length, K] along one axis, about start [B] + offsets [B, K]."""
    # Places count from a cell's corner.
    about = start[:, None] + offsets - 0.5
    away = tf.abs(tf.range(length, dtype=tf.float32)[:, None] - about[:, None])
    return tf.clip_by_value(2.0 - away / self.reach, 0.0, 1.0)

  def get_config(self) -> Dict[str, Any]:
    return {**super().get_config(), "reach": self.reach}
