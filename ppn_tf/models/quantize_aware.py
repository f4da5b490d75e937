"""Networks that train with the rounding of their int8 exports (quantization-aware training).

Training rounds the values that the exported network computes with 8 bits: kernels of
convolutions, and results that its ops leave in memory. A convolution, its batch norm and its ReLU
are one op. The last 1x1 convolution, the deformable convolutions and the sums of heatmaps stay
float32, as in all int8 files (inference/tflite/convert.py).

The wrapper, the rounding and its gradient come from tensorflow-model-optimization (Jacob et al.,
CVPR 2018). Its own rules know neither the networks' layers nor the results that stay float32, so
this module chooses layer by layer.
"""

from typing import Any, Dict, Iterable, List, NamedTuple, Sequence, Tuple

import numpy as np

from ppn_tf.models.ppn import PPN, Framewise

import tensorflow as tf
import tensorflow_model_optimization as tfmot

_layers = tf.keras.layers

# Layers with kernels, and the names of the kernels.
_KERNELS = {
  _layers.Conv2D: "kernel",
  _layers.Conv2DTranspose: "kernel",
  _layers.DepthwiseConv2D: "depthwise_kernel",
}
# Layers whose results become results of ops, unless the op includes the next layer.
_RESULTS = (
  *_KERNELS,
  _layers.BatchNormalization,
  _layers.ReLU,
  _layers.Activation,
  _layers.Add,
  _layers.Subtract,
  _layers.Rescaling,
)
# An op includes the batch norm behind a convolution, and the ReLU behind any layer.
_NORMS, _ACTIVATIONS = (_layers.BatchNormalization,), (_layers.ReLU, _layers.Activation)
_FLOAT32 = ("heatmaps", "selected_heatmaps", "scaled_heatmaps")


class Ranges(NamedTuple):
  """Ranges of the rounded values of a layer.

  Attributes:
    kernel: (min, max), by output channel, or one for all channels of transposed convolutions.
    result: (min, max).
  """

  kernel: Tuple[tf.Variable, tf.Variable]
  result: Tuple[tf.Variable, tf.Variable]


@tf.keras.utils.register_keras_serializable("ppn_tf")
class DepthwiseQuantizer(tfmot.quantization.keras.quantizers.LastValueQuantizer):
  """Rounds kernels [h, w, channels, 1] with one step per channel."""

  def __init__(self) -> None:
    super().__init__(num_bits=8, per_axis=True, symmetric=True, narrow_range=True)

  def build(self, tensor_shape: Sequence[int], name: str, layer: Any) -> Dict[str, tf.Variable]:
    return super().build([*tensor_shape[:2], 1, tensor_shape[2]], name, layer)

  def __call__(self, inputs: tf.Tensor, training: bool, weights: Any, **kwargs: Any) -> tf.Tensor:
    channels_last = tf.reshape(inputs, [*inputs.shape[:2], 1, inputs.shape[2]])
    return tf.reshape(super().__call__(channels_last, training, weights, **kwargs), inputs.shape)

  def get_config(self) -> Dict[str, Any]:
    return {}


@tf.keras.utils.register_keras_serializable("ppn_tf")
class RoundedTo8Bits(tfmot.quantization.keras.QuantizeConfig):
  """Selection of a layer's values that are rounded.

  Attributes:
    kernel: name of the rounded kernel, or "".
    result: whether the result is rounded.
  """

  def __init__(self, kernel: str, result: bool):
    self.kernel, self.result = kernel, result

  def get_weights_and_quantizers(self, layer: Any) -> List[Tuple[tf.Variable, Any]]:
    if not self.kernel:
      return []
    quantizer = DepthwiseQuantizer()
    if not isinstance(layer, _layers.DepthwiseConv2D):
      # The last axis of a transposed convolution's kernel is its input channels.
      per_axis = not isinstance(layer, _layers.Conv2DTranspose)
      quantizer = tfmot.quantization.keras.quantizers.LastValueQuantizer(8, per_axis, True, True)
    return [(getattr(layer, self.kernel), quantizer)]

  def set_quantize_weights(self, layer: Any, quantize_weights: Sequence[tf.Tensor]) -> None:
    for weight in quantize_weights:
      setattr(layer, self.kernel, weight)

  def get_output_quantizers(self, layer: Any) -> List[Any]:
    del layer
    quantizer = tfmot.quantization.keras.quantizers.MovingAverageQuantizer(8, False, False, False)
    return [quantizer] if self.result else []

  def get_activations_and_quantizers(self, layer: Any) -> List[Any]:
    del layer
    return []

  def set_quantize_activations(self, layer: Any, quantize_activations: Sequence[Any]) -> None:
    del layer, quantize_activations

  def get_config(self) -> Dict[str, Any]:
    return {"kernel": self.kernel, "result": self.result}


@tf.autograph.experimental.do_not_convert
def quantize_aware(model: Framewise) -> Framewise:
  """Builds a model whose networks round, with layers of the same names, and fresh weights.

  Batch norms are frozen: an exported convolution has them in its kernel, whose rounding would
  change with every batch.

  Args:
    model: PPN or Framewise; left unchanged.
  """

  def rounding(network: tf.keras.Model) -> tf.keras.Model:
    return tf.keras.models.clone_model(network, clone_function=_with_rounding)

  if not isinstance(model, PPN):
    return Framewise(rounding(model.body_net))
  head_net, body_net, unit = map(rounding, model.networks)
  return PPN(head_net, body_net, unit, model.skip_connection, model.propagation)


def _with_rounding(layer: tf.keras.layers.Layer) -> tf.keras.layers.Layer:
  copy = type(layer).from_config(layer.get_config())
  copy.trainable = not isinstance(layer, _NORMS)
  kernel = _KERNELS.get(type(layer), "")
  result = isinstance(layer, _RESULTS) and not _is_merged_with_next(layer)
  if layer.name in _FLOAT32 or not (kernel or result):
    return copy
  return tfmot.quantization.keras.QuantizeWrapperV2(
    copy, RoundedTo8Bits(kernel, result), name=layer.name
  )


def _is_merged_with_next(layer: tf.keras.layers.Layer) -> bool:
  """Returns whether an exported network merges a layer with the next one."""
  followers = [node.outbound_layer for node in layer.outbound_nodes]
  if len(followers) != 1 or isinstance(layer, _ACTIVATIONS):
    return False
  merged = _ACTIVATIONS + (_NORMS if type(layer) in _KERNELS else ())
  return isinstance(followers[0], merged)


def is_rounding(network: tf.keras.Model) -> bool:
  """Returns whether a network belongs to a `quantize_aware` model."""
  return any(
    isinstance(layer, tfmot.quantization.keras.QuantizeWrapperV2) for layer in network.layers
  )


def weights_by_name(layer: tf.keras.layers.Layer) -> Dict[str, tf.Variable]:
  """Returns variables of a layer, wrapped or not: "kernel", and if rounded "kernel_min" etc."""
  return {weight.name.split("/")[-1].split(":")[0]: weight for weight in layer.weights}


def get_ranges(layer: tf.keras.layers.Layer) -> Ranges:
  """Returns the ranges of a layer whose kernel and result are rounded.

  Raises:
    KeyError: kernel or result is not rounded.
  """
  weights = weights_by_name(layer)
  return Ranges(
    (weights["kernel_min"], weights["kernel_max"]), (weights["output_min"], weights["output_max"])
  )


def start_from(model: Framewise, trained: Framewise, clips: Iterable[tf.Tensor]) -> None:
  """Sets weights, and the ranges of all rounded values.

  Otherwise a network would start with the ranges of tensorflow-model-optimization, -6 to 6, and
  need thousands of steps to adapt them.

  Args:
    model: result of `quantize_aware`.
    trained: model of the same flags without rounding.
    clips: [B, T, H, W, 3] float32, 0..255, on which the ranges of results are measured.
  Raises:
    ValueError: no clips.
  """
  for network, source in zip(model.networks, trained.networks):
    # Layers without a given name are named differently in each network.
    for layer, trained_layer in zip(network.layers, source.layers):
      weights = weights_by_name(layer)
      for name, weight in weights_by_name(trained_layer).items():
        weights[name].assign(weight)
        if f"{name}_min" in weights:
          low, high = weights[f"{name}_min"], weights[f"{name}_max"]
          reach = _reach(weight, low.shape)
          low.assign(-reach)
          high.assign(reach)
  for network, ranges in zip(model.networks, _result_ranges(model, trained, clips)):
    for name, (low, high) in ranges.items():
      weights = weights_by_name(network.get_layer(name))
      # The range includes zero, which has to stay zero.
      weights["output_min"].assign(min(low, 0.0))
      weights["output_max"].assign(max(high, 0.0))


def _reach(kernel: tf.Variable, shape: tf.TensorShape) -> tf.Tensor:
  """Returns the largest absolute weight, by channel unless the shape is scalar."""
  sizes = tf.abs(kernel)
  if shape.rank == 0:
    return tf.reduce_max(sizes)
  return tf.reduce_max(tf.reshape(sizes, [-1, *shape]), axis=0)


def _result_ranges(
  model: Framewise, trained: Framewise, clips: Iterable[tf.Tensor]
) -> List[Dict[str, Tuple[float, float]]]:
  """Returns (min, max) of rounded results, by layer name, for each network."""
  observers = [
    tf.keras.Model(
      source.inputs,
      {
        layer.name: trained_layer.output
        for layer, trained_layer in zip(network.layers, source.layers)
        if "output_min" in weights_by_name(layer)
      },
    )
    for network, source in zip(model.networks, trained.networks)
  ]

  @tf.function(autograph=False)
  def extremes(clip: tf.Tensor) -> List[Dict[str, tf.Tensor]]:
    extremes_by_network = []
    for network, inputs in zip(observers, _get_network_inputs(trained, clip)):
      results = network(inputs, training=False)
      extremes_by_network.append(
        {
          name: tf.stack([tf.reduce_min(result), tf.reduce_max(result)])
          for name, result in results.items()
        }
      )
    return extremes_by_network

  batches = [extremes(clip) for clip in clips]
  if not batches:
    raise ValueError("clips must be at least one batch of clips. Received: none")
  return [
    {
      name: (
        float(np.min([results[name][0] for results in by_batch])),
        float(np.max([results[name][1] for results in by_batch])),
      )
      for name in by_batch[0]
    }
    for by_batch in zip(*batches)
  ]


def _get_network_inputs(trained: Framewise, clips: tf.Tensor) -> List[Any]:
  """Returns the inputs of each network for clips, with all frames in one batch."""
  frames = tf.reshape(clips, [-1, *clips.shape[2:]])
  if not isinstance(trained, PPN):
    return [frames]
  return [clips[:, 0], frames, list(trained.unroll(clips).ppu_inputs())]
