"""HRNet (Sun et al., CVPR 2019) as a flat feature extractor of stride 4.

Branch i has stride 4 * 2**i and width * 2**i channels. At the end of each module, every branch
receives the sum of all branches, resampled to its stride.
"""

from typing import List, Optional, Sequence, Tuple

from ppn_tf.models.layers.batch_norm import batch_norm

import tensorflow as tf

_layers = tf.keras.layers
# Modules of the stages with two, three and four branches.
MODULES = {2: 1, 3: 4, 4: 3}
BLOCKS = 4  # basic blocks per branch and module


def _conv_bn(
  inputs: tf.Tensor, filters: int, kernel_size: int, name: str, strides: int = 1, relu: bool = True
) -> tf.Tensor:
  outputs = _layers.Conv2D(
    filters, kernel_size, strides, padding="same", use_bias=False, name=f"{name}_conv"
  )(inputs)
  outputs = batch_norm(f"{name}_bn")(outputs)
  return _layers.ReLU(name=f"{name}_relu")(outputs) if relu else outputs


def _add_relu(branches: Sequence[tf.Tensor], name: str) -> tf.Tensor:
  total = _layers.Add(name=f"{name}_add")(list(branches)) if len(branches) > 1 else branches[0]
  return _layers.ReLU(name=f"{name}_out")(total)


def _bottleneck(inputs: tf.Tensor, filters: int, name: str) -> tf.Tensor:
  shortcut = inputs
  if inputs.shape[-1] != 4 * filters:
    shortcut = _conv_bn(inputs, 4 * filters, 1, f"{name}_shortcut", relu=False)
  outputs = _conv_bn(inputs, filters, 1, f"{name}_1")
  outputs = _conv_bn(outputs, filters, 3, f"{name}_2")
  outputs = _conv_bn(outputs, 4 * filters, 1, f"{name}_3", relu=False)
  return _add_relu([outputs, shortcut], name)


def _basic_block(inputs: tf.Tensor, name: str) -> tf.Tensor:
  filters = inputs.shape[-1]
  outputs = _conv_bn(inputs, filters, 3, f"{name}_1")
  outputs = _conv_bn(outputs, filters, 3, f"{name}_2", relu=False)
  return _add_relu([outputs, inputs], name)


def _resample(inputs: tf.Tensor, source: int, target: int, width: int, name: str) -> tf.Tensor:
  """Resamples branch `source` to the stride and width of branch `target`."""
  filters = width * 2**target
  if source == target:
    return inputs
  if source > target:
    outputs = _conv_bn(inputs, filters, 1, f"{name}_reduce", relu=False)
    return _layers.UpSampling2D(2 ** (source - target), name=f"{name}_grow")(outputs)
  outputs = inputs
  for step in range(target - source):
    last = step == target - source - 1
    channels = filters if last else inputs.shape[-1]
    outputs = _conv_bn(outputs, channels, 3, f"{name}_down{step}", strides=2, relu=not last)
  return outputs


def _module(
  branches: List[tf.Tensor], width: int, name: str, num_outputs: Optional[int] = None
) -> List[tf.Tensor]:
  """Builds the basic blocks of each branch, and the exchange between branches."""
  deep = []
  for i, branch in enumerate(branches):
    for block in range(BLOCKS):
      branch = _basic_block(branch, f"{name}_branch{i}_block{block}")
    deep.append(branch)
  fused = []
  for target in range(num_outputs or len(deep)):
    received = [
      _resample(branch, source, target, width, f"{name}_fuse{source}to{target}")
      for source, branch in enumerate(deep)
    ]
    fused.append(_add_relu(received, f"{name}_fuse{target}"))
  return fused


def hrnet(image_size: Tuple[int, int], width: int = 48) -> Tuple[tf.Tensor, tf.Tensor]:
  """Builds the highest-resolution branch of HRNet-W`width`.

  Args:
    image_size: (H, W) in pixels, multiples of 32.
    width: channels of the stride-4 branch (48 for HRNet-W48).
  Returns:
    Keras tensors: frames [B, H, W, 3] float32, 0..255, and their features
    [B, H/4, W/4, width] float32.
  """
  frames = tf.keras.Input((*image_size, 3), name="frame")
  outputs = _layers.Rescaling(1.0 / 127.5, offset=-1.0, name="scale_pixels")(frames)
  outputs = _conv_bn(outputs, 64, 3, "stem_1", strides=2)
  outputs = _conv_bn(outputs, 64, 3, "stem_2", strides=2)
  for block in range(4):
    outputs = _bottleneck(outputs, 64, f"stage1_block{block}")
  branches = [
    _conv_bn(outputs, width, 3, "transition1_branch0"),
    _conv_bn(outputs, 2 * width, 3, "transition1_branch1", strides=2),
  ]
  for stage, num_modules in MODULES.items():
    if len(branches) < stage:
      branches.append(
        _conv_bn(branches[-1], width * 2 ** (stage - 1), 3, f"transition{stage - 1}", strides=2)
      )
    for number in range(num_modules):
      last = stage == max(MODULES) and number == num_modules - 1
      branches = _module(branches, width, f"stage{stage}_module{number}", 1 if last else None)
  return frames, branches[0]
