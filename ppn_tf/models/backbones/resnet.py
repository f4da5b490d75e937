"""ResNet-18/34/50/101 as flat feature extractors of stride 32."""

from typing import Dict, List, Tuple

import tensorflow as tf

BLOCKS: Dict[int, Tuple[str, List[int]]] = {
  18: ("basic_block", [2, 2, 2, 2]),
  34: ("basic_block", [3, 4, 6, 3]),
  50: ("block", [3, 4, 6, 3]),
  101: ("block", [3, 4, 23, 3]),
}


def resnet(image_size: Tuple[int, int], depth: int) -> Tuple[tf.Tensor, tf.Tensor]:
  """Builds ResNet (He et al., CVPR 2016), v1: bottlenecks have their stride in the first 1x1.

  Only the architecture comes from keras-cv, so no weights are downloaded.

  Args:
    image_size: (H, W) in pixels.
    depth: 18, 34, 50 or 101.
  Returns:
    Keras tensors: frames [B, H, W, 3] float32, 0..255, and their features
    [B, H/32, W/32, 512] (18, 34) or [B, H/32, W/32, 2048] float32.
  Raises:
    ValueError: another depth.
  """
  # keras-cv takes seconds to import, and prints messages.
  import keras_cv

  if depth not in BLOCKS:
    raise ValueError(f"depth must be one of {sorted(BLOCKS)}. Received: {depth}")
  block_type, blocks = BLOCKS[depth]
  network = keras_cv.models.ResNetBackbone(
    stackwise_filters=[64, 128, 256, 512],
    stackwise_blocks=blocks,
    stackwise_strides=[1, 2, 2, 2],
    block_type=block_type,
    include_rescaling=True,
    input_shape=(*image_size, 3),
  )
  return network.input, network.output
