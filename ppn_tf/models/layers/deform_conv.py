"""Deformable convolution (Dai et al., ICCV 2017) as a layer.

Each tap of the kernel reads the map at its usual place plus a learned offset,
bilinearly, and reads zero outside the map.
"""

from typing import Any, Callable, Dict, List, Sequence

import numpy as np

from ppn_tf.models.layers import deform_fused, deform_gather, deform_resampler

import tensorflow as tf

# All compute the same; see each file. "gather" is the one that can be exported.
IMPLEMENTATIONS: Dict[str, Callable[..., tf.Tensor]] = {
  "gather": deform_gather.convolve,
  "fused": deform_fused.convolve,
  "resampler": deform_resampler.convolve,
}


def _identity(shape: Sequence[int], gain: float) -> np.ndarray:
  """Kernel [taps, C, F] that copies the map times `gain`."""
  taps, channels, filters = shape
  if channels != filters:
    raise ValueError(
      "the identity initializer needs as many filters as the map has channels. "
      f"Received: filters={filters}, channels={channels}"
    )
  kernel = np.zeros(shape, np.float32)
  kernel[taps // 2] = gain * np.eye(channels)
  return kernel


@tf.keras.utils.register_keras_serializable("ppn_tf")
class DeformableConv2D(tf.keras.layers.Layer):
  """Deformable convolution without mask or bias, at stride 1 and with zero padding (Eq. 4).

  Called on [map, offsets]: [B, h, w, C] float32, and [B, h, w, 2 * taps * G]
  float32 in cells, G being deformable_groups. Offsets are first all dy, then
  all dx; within them tap by tap (row by row), within a tap group by group.

  Attributes:
    filters: F, channels of the result [B, h, w, F].
    kernel_size: rows and columns of the kernel, odd; taps = kernel_size**2.
    dilation_rate: cells between neighbouring taps.
    deformable_groups: groups of consecutive channels that share offsets, a
      divisor of C; 0 means C, offsets of its own for each channel.
    implementation: one of IMPLEMENTATIONS, or "auto": "fused" while training,
      else "gather". It does not change the result.
    kernel_initializer: a Keras initializer, or "identity", with which zero
      offsets copy the map.
    identity_gain: factor on that copy.
    offset_steps: parts of a cell that offsets are rounded to, as reading from a
      table does (served_ppu.py); the gradient passes as if they were not. 0: none.
    pruned: what a tap reads of a channel and no filter uses, its weights being zero, stays so
      in training, see sample_pruning.py.
    kernel: [taps, C, F]. Every filter sees every channel.
  """

  def __init__(
    self,
    filters: int,
    kernel_size: int = 3,
    dilation_rate: int = 1,
    deformable_groups: int = 0,
    implementation: str = "auto",
    kernel_initializer: Any = "identity",
    identity_gain: float = 1.0,
    offset_steps: int = 0,
    pruned: bool = False,
    **kwargs: Any,
  ):
    super().__init__(**kwargs)
    if kernel_size % 2 == 0:
      raise ValueError(f"kernel_size must be odd. Received: {kernel_size}")
    if dilation_rate < 1:
      raise ValueError(f"dilation_rate must be 1 or more. Received: {dilation_rate}")
    if implementation not in ("auto", *IMPLEMENTATIONS):
      raise ValueError(
        f"implementation must be auto or one of {sorted(IMPLEMENTATIONS)}. "
        f"Received: {implementation!r}"
      )
    self.filters = filters
    self.kernel_size = kernel_size
    self.dilation_rate = dilation_rate
    self.deformable_groups = deformable_groups
    self.implementation = implementation
    self.kernel_initializer = kernel_initializer
    self.identity_gain = identity_gain
    self.offset_steps = offset_steps
    self.pruned = pruned

  def build(self, input_shape: Sequence[tf.TensorShape]) -> None:
    channels, depth = (shape[-1] for shape in input_shape)
    taps = self.kernel_size**2
    groups = self.deformable_groups or channels
    if channels % groups:
      raise ValueError(
        "deformable_groups must divide the map's channels. "
        f"Received: deformable_groups={groups}, channels={channels}"
      )
    if depth != 2 * taps * groups:
      raise ValueError(
        f"offsets must have {2 * taps * groups} channels, 2 x {taps} taps x {groups} groups. "
        f"Received: {depth}"
      )
    shape = (taps, channels, self.filters)
    initializer = self.kernel_initializer
    if initializer == "identity":
      initializer = tf.keras.initializers.Constant(_identity(shape, self.identity_gain))
    self.kernel = self.add_weight("kernel", shape, initializer=initializer)
    super().build(input_shape)

  def call(self, inputs: Sequence[tf.Tensor], training: bool = False) -> tf.Tensor:
    source, offsets = inputs
    taps, channels, filters = self.kernel.shape
    implementation = self.implementation
    if implementation == "auto":
      implementation = "fused" if training else "gather"
    kernel = tf.convert_to_tensor(self.kernel)
    if self.pruned:  # which leaves those weights without a gradient
      kernel *= tf.cast(tf.reduce_any(kernel != 0.0, axis=-1, keepdims=True), kernel.dtype)
    return IMPLEMENTATIONS[implementation](
      source,
      self._offsets_by_channel(offsets),
      tf.reshape(kernel, [taps * channels, filters]),
      self._taps(),
    )

  def samples(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
    """What its taps read, [B, h * w, taps * C], tap by tap, within a tap channel by channel."""
    source, offsets = inputs
    return deform_gather.read(source, self._offsets_by_channel(offsets), self._taps())

  def _taps(self) -> np.ndarray:
    return deform_gather.tap_positions(self.kernel_size, self.dilation_rate, self.kernel.shape[1])

  def _offsets_by_channel(self, offsets: tf.Tensor) -> tf.Tensor:
    """The offsets of all channels, [B, h, w, 2 * taps * C], rounded as they are read."""
    if self.offset_steps:
      offsets = _rounded(offsets, self.offset_steps)
    if self.deformable_groups:
      offsets = tf.repeat(offsets, self.kernel.shape[1] // self.deformable_groups, axis=-1)
    return offsets

  def compute_output_shape(self, input_shape: Sequence[tf.TensorShape]) -> tf.TensorShape:
    return tf.TensorShape([*input_shape[0][:-1], self.filters])

  def get_config(self) -> Dict[str, Any]:
    return {
      **super().get_config(),
      "filters": self.filters,
      "kernel_size": self.kernel_size,
      "dilation_rate": self.dilation_rate,
      "deformable_groups": self.deformable_groups,
      "implementation": self.implementation,
      "kernel_initializer": self.kernel_initializer,
      "identity_gain": self.identity_gain,
      "offset_steps": self.offset_steps,
      "pruned": self.pruned,
    }


def _rounded(offsets: tf.Tensor, steps: int) -> tf.Tensor:
  """Offsets to the nearest 1 / `steps` of a cell, halves upwards; a straight-through estimator."""
  return offsets + tf.stop_gradient(tf.floor(offsets * steps + 0.5) / steps - offsets)


def deformable_convolutions(network: tf.keras.Model) -> List[DeformableConv2D]:
  """Those of a network, in its layers' order."""
  return [layer for layer in network.layers if isinstance(layer, DeformableConv2D)]


def set_implementation(network: tf.keras.Model, implementation: str) -> None:
  """Chooses how the deformable convolutions of a network are computed from now on.

  Graphs that were traced before keep what they have.
  """
  for layer in deformable_convolutions(network):
    layer.implementation = implementation


def set_offset_steps(network: tf.keras.Model, steps: int) -> None:
  """Has the deformable convolutions of a network round their offsets so from now on; 0: not.

  Graphs that were traced before keep what they have.
  """
  for layer in deformable_convolutions(network):
    layer.offset_steps = steps
