"""ImageNet weights, for the backbones that Keras publishes them for, and its mean colors."""

from typing import Callable, Dict, List

from ppn_tf.runtime.errors import InputError, first_line

import tensorflow as tf

# Mean and standard deviation of red, green and blue in ImageNet, 0..1.
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


def _mobilenet_v2(alpha: float) -> tf.keras.Model:
  return tf.keras.applications.MobileNetV2(
    input_shape=(224, 224, 3), alpha=alpha, include_top=False, weights="imagenet"
  )


def _resnet50() -> tf.keras.Model:
  import keras_cv  # slow, and prints messages

  # Trained on pixels from 0 to 1, as backbones/resnet.py scales them.
  return keras_cv.models.ResNetBackbone.from_preset("resnet50_imagenet")


# The ResNets of tf.keras.applications differ: convolutions have biases and other padding, and
# pixels are BGR.
_PUBLISHED: Dict[str, Callable[[], tf.keras.Model]] = {
  "mobilenet_v2": lambda: _mobilenet_v2(1.0),
  "mobilenet_v2_0.5": lambda: _mobilenet_v2(0.5),
  "mobilenet_v2_0.35": lambda: _mobilenet_v2(0.35),
  "resnet50": _resnet50,
}


def load_imagenet(network: tf.keras.Model, backbone: str) -> List[tf.keras.layers.Layer]:
  """Sets a network's backbone to ImageNet weights, from Keras' cache or its download.

  Args:
    network: a flat model, as `pose_net` makes it.
    backbone: its backbone's name in `pose_net.BACKBONES`.
  Returns:
    Layers that were set: all layers of the backbone with weights.
  Raises:
    InputError: Keras publishes no weights for this backbone, or they could not be loaded.
  """
  fix = "Give --head_weights or --body_weights an .npz file of backbone weights"
  if backbone not in _PUBLISHED:
    names = ", ".join(sorted(_PUBLISHED))
    raise InputError(
      f"imagenet: Keras has no such weights for {backbone}, only for {names}. {fix}."
    )
  try:
    published = _PUBLISHED[backbone]()
  except Exception as error:  # Keras raises bare exceptions, and downloaders their own.
    raise InputError(
      f"imagenet: Keras could not download or read its weights for {backbone} "
      f"({first_line(error)}). {fix}, or fix the connection or Keras' cache."
    ) from error
  layers = {layer.name: layer for layer in network.layers}
  sources = [layer for layer in published.layers if layer.weights and layer.name in layers]
  for layer in sources:
    layers[layer.name].set_weights(layer.get_weights())
  return [layers[layer.name] for layer in sources]
