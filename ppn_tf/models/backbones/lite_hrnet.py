"""Lite-HRNet (Yu et al., CVPR 2021) of shuffle units as a flat feature extractor of stride 4.

This is the network of PP-TinyPose: branch i has stride 4 * 2**i and 40 * 2**i channels, and at the
end of each module, branches receive the sum of all branches. Features of lower resolution are
then enlarged and added step by step.
"""

import math
from typing import Any, List, Optional, Tuple

from ppn_tf.models.backbones.imagenet import DEVIATION, MEAN
from ppn_tf.models.layers.batch_norm import batch_norm
from ppn_tf.models.layers.channels import ShuffleChannels, SplitChannels

import tensorflow as tf

_layers = tf.keras.layers
_STEM = 32
WIDTH = 40
# Modules of the stages with two, three and four branches.
MODULES = {2: 2, 3: 4, 4: 2}
UNITS = 2  # per branch and module


@tf.keras.utils.register_keras_serializable("ppn_tf")
class GrowAligned(tf.keras.layers.Layer):
  """Enlarges [B, h, w, C] twofold, bilinearly, so that corner cells stay corner cells."""

  def call(self, inputs: tf.Tensor) -> tf.Tensor:
    size = (2 * inputs.shape[1], 2 * inputs.shape[2])
    return tf.raw_ops.ResizeBilinear(images=inputs, size=size, align_corners=True)


def _pointwise(inputs: tf.Tensor, filters: int, name: str, relu: bool = True) -> tf.Tensor:
  outputs = _layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_conv")(inputs)
  outputs = batch_norm(f"{name}_bn")(outputs)
  return _layers.ReLU(name=f"{name}_relu")(outputs) if relu else outputs


def _depthwise(inputs: tf.Tensor, name: str, strides: int = 1) -> tf.Tensor:
  """Builds a depthwise 3x3 convolution that pads all borders alike."""
  padding = "same"
  if strides > 1:
    inputs, padding = _layers.ZeroPadding2D(1, name=f"{name}_pad")(inputs), "valid"
  outputs = _layers.DepthwiseConv2D(
    3, strides, padding=padding, use_bias=False, name=f"{name}_depthwise"
  )(inputs)
  return batch_norm(f"{name}_depthwise_bn")(outputs)


def _separable(
  inputs: tf.Tensor, filters: int, name: str, strides: int = 1, relu: bool = True
) -> tf.Tensor:
  return _pointwise(_depthwise(inputs, name, strides), filters, name, relu)


def _stem(frames: tf.Tensor) -> tf.Tensor:
  """Builds a convolution and a shuffle unit, both of stride 2."""
  scaled = _layers.Rescaling(
    [1 / (255 * deviation) for deviation in DEVIATION],
    [-mean / deviation for mean, deviation in zip(MEAN, DEVIATION)],
    name="scale_pixels",
  )(frames)
  outputs = _layers.ZeroPadding2D(1, name="stem_pad")(scaled)
  outputs = _layers.Conv2D(_STEM, 3, 2, use_bias=False, name="stem_conv")(outputs)
  outputs = _layers.ReLU(name="stem_relu")(batch_norm("stem_bn")(outputs))
  first, last = SplitChannels(name="stem_split")(outputs)
  first = _separable(first, _STEM // 2, "stem_first", 2)
  last = _pointwise(last, _STEM, "stem_widen")
  last = _separable(last, _STEM // 2, "stem_last", 2)
  joined = _layers.Concatenate(name="stem_join")([first, last])
  return ShuffleChannels(name="stem_shuffle")(joined)


def _unit(inputs: tf.Tensor, name: str) -> tf.Tensor:
  """Builds a shuffle unit: convolutions of one half of the channels."""
  kept, changed = SplitChannels(name=f"{name}_split")(inputs)
  filters = changed.shape[-1]
  changed = _pointwise(changed, filters, f"{name}_1")
  changed = _separable(changed, filters, f"{name}_2")
  joined = _layers.Concatenate(name=f"{name}_join")([kept, changed])
  return ShuffleChannels(name=f"{name}_shuffle")(joined)


def _resample(inputs: tf.Tensor, source: int, target: int, name: str) -> tf.Tensor:
  """Resamples branch `source` to the stride and width of branch `target`."""
  filters = WIDTH * 2**target
  if source > target:
    outputs = _pointwise(inputs, filters, name, relu=False)
    return _layers.UpSampling2D(2 ** (source - target), name=f"{name}_grow")(outputs)
  outputs = inputs
  for step in range(target - source):
    last = step == target - source - 1
    channels = filters if last else inputs.shape[-1]
    outputs = _separable(outputs, channels, f"{name}_down{step}", 2, relu=not last)
  return outputs


def _resize(inputs: tf.Tensor, size: Tuple[int, int], name: str) -> tf.Tensor:
  return _layers.Resizing(*size, interpolation="bilinear", name=name)(inputs)


def _module(branches: List[tf.Tensor], name: str) -> List[tf.Tensor]:
  """Builds shuffle units in each branch, and the exchange between branches.

  As in PP-TinyPose, the branch of the highest resolution counts twice in its own sum, and the
  other branches receive that sum, before its ReLU, in place of the branch.
  """
  deep = []
  for index, branch in enumerate(branches):
    for unit in range(UNITS):
      branch = _unit(branch, f"{name}_branch{index}_unit{unit}")
    deep.append(branch)
  sums: List[tf.Tensor] = []
  for target in range(len(deep)):
    terms = []
    for source, branch in enumerate(deep):
      link = f"{name}_{source}to{target}"
      terms.append(branch if source == target else _resample(branch, source, target, link))
    if target == 0:
      terms.append(terms[0])
    total = _layers.Add(name=f"{name}_sum{target}")(terms)
    if target == 0:
      deep[0] = total
    sums.append(_layers.ReLU(name=f"{name}_out{target}")(total))
  return sums


def lite_hrnet(
  image_size: Tuple[int, int], seen_size: Optional[Tuple[int, int]] = None
) -> Tuple[tf.Tensor, tf.Tensor]:
  """Builds the features of PP-TinyPose.

  Args:
    image_size: (H, W) in pixels, multiples of 32.
    seen_size: size to which frames are enlarged first, multiples of 32; features get the size for
      `image_size` again. By default, frames are not enlarged.
  Returns:
    Keras tensors: frames [B, H, W, 3] float32, 0..255, and their features
    [B, H/4, W/4, 40] float32.
  """
  frames = tf.keras.Input((*image_size, 3), name="frame")
  seen = frames if seen_size is None else _resize(frames, seen_size, "enlarge_frames")
  stem = _stem(seen)
  branches: List[Any] = [_separable(stem, WIDTH, "transition_branch0")]
  for stage, num_modules in MODULES.items():
    source = stem if stage == 2 else branches[-1]
    filters = WIDTH * 2 ** (stage - 1)
    branches.append(_separable(source, filters, f"transition_branch{stage - 1}", 2))
    for number in range(num_modules):
      branches = _module(branches, f"stage{stage}_module{number}")
  outputs = branches[-1]
  for level in range(len(branches) - 1, -1, -1):
    if level < len(branches) - 1:
      grown = GrowAligned(name=f"head_{level}_grow")(outputs)
      outputs = _layers.Add(name=f"head_{level}_add")([branches[level], grown])
    filters = WIDTH * 2 ** max(level - 1, 0)
    outputs = _separable(outputs, filters, f"head_{level}")
  if seen_size is not None:
    size = (image_size[0] // 4, image_size[1] // 4)
    outputs = _resize(outputs, size, "reduce_features")
  return frames, outputs


def lite_hrnet_enlarged(image_size: Tuple[int, int]) -> Tuple[tf.Tensor, tf.Tensor]:
  """Builds `lite_hrnet` for frames that are enlarged first, from 192 to 256 pixels.

  PP-TinyPose has learned from people of this size, and finds less of smaller ones. Frames grow by
  4/3, rounded up to a multiple of 32 pixels.

  Args:
    image_size: (H, W) in pixels, multiples of 32.
  Returns:
    Keras tensors as of `lite_hrnet`.
  """
  height, width = (32 * math.ceil(length / 24) for length in image_size)
  return lite_hrnet(image_size, (height, width))
