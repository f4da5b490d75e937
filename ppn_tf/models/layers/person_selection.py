"""Selection of the person in the middle of a crop that shows several people.

The method is MoveNet's (Google, 2021), after CenterNet (Zhou et al., "Objects as Points"). A map
of people's middles has a peak for each person. The selected peak is high and near the middle of
the crop. At that cell, a second map gives approximate joint positions, and heatmaps are kept only
around these.
"""

from typing import Any, Dict, Sequence

import numpy as np

import tensorflow as tf

# As in MoveNet: a middle at d cells from the crop's middle has the weight 1 / (d + 1.8).
_DISTANCE_OFFSET = 1.8


@tf.keras.utils.register_keras_serializable("ppn_tf")
class SelectPerson(tf.keras.layers.Layer):
  """Keeps heatmaps around the approximate joints of one person.

  A heatmap has the weight 1 up to `reach` cells from its joint along either axis. The weight
  then falls linearly to 0 at twice that distance.

  Inputs are [heatmaps [B, h, w, K], middles [B, h, w, 1] in 0..1, places [B, h, w, 2 K], (y, x)
  in cells from each cell]; the output is [B, h, w, K]. Only heatmaps receive gradients.
  """

  def __init__(self, reach: float = 6.0, **arguments: Any):
    super().__init__(**arguments)
    self.reach = reach

  def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
    heatmaps, middles, places = inputs
    _, height, width, joints = heatmaps.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    near = 1.0 / (np.hypot(rows - height // 2, columns - width // 2) + _DISTANCE_OFFSET)
    index = tf.argmax(
      tf.reshape(middles[..., 0] * near, [-1, height * width]), axis=1, output_type=tf.int32
    )
    offsets = tf.gather(tf.reshape(places, [-1, height * width, 2 * joints]), index, batch_dims=1)
    offsets = tf.stop_gradient(tf.reshape(offsets, [-1, joints, 2]))
    row = index // width
    window = self._window(tf.cast(row, tf.float32), offsets[..., 0], height)[:, :, None]
    column = tf.cast(index - row * width, tf.float32)
    return heatmaps * window * self._window(column, offsets[..., 1], width)[:, None]

  def _window(self, start: tf.Tensor, offsets: tf.Tensor, length: int) -> tf.Tensor:
    """Returns weights [B, length, K] along one axis, around start [B] + offsets [B, K]."""
    # Offsets start at the corner of a cell.
    joints = start[:, None] + offsets - 0.5
    distance = tf.abs(tf.range(length, dtype=tf.float32)[:, None] - joints[:, None])
    return tf.clip_by_value(2.0 - distance / self.reach, 0.0, 1.0)

  def get_config(self) -> Dict[str, Any]:
    return {**super().get_config(), "reach": self.reach}
