"""Deformable convolution (Dai et al., ICCV 2017) as a layer.

Each tap of the kernel reads the map bilinearly at its usual position plus a learned offset. Outside
the map it reads zero.
"""

from typing import Any, Callable, Dict, List, Sequence

import numpy as np

from ppn_tf.models.layers import deform_fused, deform_gather, deform_resampler

import tensorflow as tf

# Equal results, see each module. Only "gather" can be exported.
IMPLEMENTATIONS: Dict[str, Callable[..., tf.Tensor]] = {
  "gather": deform_gather.convolve,
  "fused": deform_fused.convolve,
  "resampler": deform_resampler.convolve,
}


def _identity(shape: Sequence[int], gain: float) -> np.ndarray:
  """Returns a kernel [taps, C, F] that copies the map times `gain`."""
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

  Inputs are [map, offsets]: [B, h, w, C] float32, and [B, h, w, 2 * taps * G] float32 in cells,
  with G deformable_groups. Offsets are all dy, then all dx, each ordered by tap (row by row) and
  then by group.

  Attributes:
    filters: F, channels of the result [B, h, w, F].
    kernel_size: rows and columns of the kernel, odd; taps = kernel_size**2.
    dilation_rate: cells between neighboring taps.
    deformable_groups: groups of consecutive channels that share offsets, a
      divisor of C; 0 means C, separate offsets for each channel.
    implementation: one of IMPLEMENTATIONS, or "auto": "fused" while training,
      else "gather". It does not change the result.
    kernel_initializer: a Keras initializer, or "identity", which copies the map at zero offsets.
    identity_gain: factor on that copy.
    offset_steps: steps per cell to which offsets are rounded, as exports that read a table do
      (inference/tflite/ppu.py); the gradient ignores the rounding. 0: no rounding.
    pruned: whether samples whose weights are all zero stay so in training, see pruning.py.
    kernel: [taps, C, F]. Every filter reads every channel.
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
    if self.pruned:  # pruned weights then have no gradient
      kernel *= tf.cast(tf.reduce_any(kernel != 0.0, axis=-1, keepdims=True), kernel.dtype)
    return IMPLEMENTATIONS[implementation](
      source,
      self._offsets_by_channel(offsets),
      tf.reshape(kernel, [taps * channels, filters]),
      self._taps(),
    )

  def samples(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns the values that taps read, [B, h * w, taps * C], ordered by tap, then channel."""
    source, offsets = inputs
    return deform_gather.read(source, self._offsets_by_channel(offsets), self._taps())

  def _taps(self) -> np.ndarray:
    return deform_gather.tap_positions(self.kernel_size, self.dilation_rate, self.kernel.shape[1])

  def _offsets_by_channel(self, offsets: tf.Tensor) -> tf.Tensor:
    """Returns offsets of all channels, [B, h, w, 2 * taps * C], rounded if so configured."""
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
  """Rounds offsets to 1 / `steps` of a cell, halves upwards; a straight-through estimator."""
  return offsets + tf.stop_gradient(tf.floor(offsets * steps + 0.5) / steps - offsets)


def deformable_convolutions(network: tf.keras.Model) -> List[DeformableConv2D]:
  """Returns the deformable convolutions of a network, in the order of its layers."""
  return [layer for layer in network.layers if isinstance(layer, DeformableConv2D)]


def set_implementation(network: tf.keras.Model, implementation: str) -> None:
  """Sets the implementation of a network's deformable convolutions.

  Graphs that were traced earlier keep theirs.
  """
  for layer in deformable_convolutions(network):
    layer.implementation = implementation


def set_offset_steps(network: tf.keras.Model, steps: int) -> None:
  """Sets the rounding of offsets in a network's deformable convolutions; 0: no rounding.

  Graphs that were traced earlier keep theirs.
  """
  for layer in deformable_convolutions(network):
    layer.offset_steps = steps
