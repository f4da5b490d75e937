"""Frame-wise pose networks: backbone, upsampling, 1x1 convolution to heatmaps.

`pose_net` builds HeadNet and BodyNet.
"""

from typing import Callable, Dict, Optional, Sequence, Tuple

from ppn_tf.models.backbones.hrnet import hrnet
from ppn_tf.models.backbones.lite_hrnet import lite_hrnet, lite_hrnet_enlarged
from ppn_tf.models.backbones.mobilenet import (
  PYRAMID_FEATURES,
  mobilenet_v2,
  mobilenet_v2_fpn,
  separable,
)
from ppn_tf.models.backbones.resnet import resnet
from ppn_tf.models.layers.person_selection import SelectPerson
from ppn_tf.models.layers.upsample import UPSAMPLINGS, upsample

import tensorflow as tf

BACKBONES: Dict[str, Callable[[Tuple[int, int]], Tuple[tf.Tensor, tf.Tensor]]] = {
  "mobilenet_v2": mobilenet_v2,
  "mobilenet_v2_0.5": lambda size: mobilenet_v2(size, alpha=0.5),
  "mobilenet_v2_0.35": lambda size: mobilenet_v2(size, alpha=0.35),
  "mobilenet_v2_fpn": mobilenet_v2_fpn,
  "mobilenet_v2_1.75_fpn": lambda size: mobilenet_v2_fpn(size, alpha=1.75),
  "movenet": mobilenet_v2_fpn,
  "movenet_thunder": lambda size: mobilenet_v2_fpn(size, alpha=1.75),
  "lite_hrnet": lite_hrnet,
  "lite_hrnet_enlarged": lite_hrnet_enlarged,
  "resnet18": lambda size: resnet(size, 18),
  "resnet34": lambda size: resnet(size, 34),
  "resnet50": lambda size: resnet(size, 50),
  "resnet101": lambda size: resnet(size, 101),
  "hrnet_w48": lambda size: hrnet(size, 48),
}

# Output channels of the three units. The paper does not state the widths of DUC. With these,
# the frame-wise networks cost as much as in its Table 2, 3.07 and 0.59 GMACs at 256x256.
# Backbones of stride 4 need no upsampling. Deconvolutions have the widths of Simple Baselines.
_DUC_WIDTHS: Dict[str, Tuple[int, ...]] = {
  "resnet18": (256, 96, 48),
  "resnet34": (256, 96, 48),
  "resnet50": (256, 96, 48),
  "resnet101": (256, 96, 48),
  "mobilenet_v2": (112, 64, 32),
  "mobilenet_v2_0.5": (64, 48, 32),
  "mobilenet_v2_0.35": (64, 48, 32),
  "hrnet_w48": (),
  "lite_hrnet": (),
  "lite_hrnet_enlarged": (),
  "mobilenet_v2_fpn": (),
  "mobilenet_v2_1.75_fpn": (),
  "movenet": (),
  "movenet_thunder": (),
}
# These keep the heatmaps of one person, see `_select_person`.
_SELECTING = ("movenet", "movenet_thunder")
# Heatmaps of these are probabilities, as in MoveNet. They are then scaled joint by joint, because
# BodyNet's heatmaps are a part of the final heatmaps.
_PROBABILITIES = ("mobilenet_v2_fpn", "mobilenet_v2_1.75_fpn", *_SELECTING)
# Untrained probabilities are 0.01, as few cells contain a joint (Lin et al. 2017, "Focal Loss for
# Dense Object Detection"). From 0.5, they fall to zero in the first steps and stay there.
_INITIAL_LOGIT = -4.6
_DECONV_WIDTHS = (256, 256, 256)


def upsampling_widths(backbone: str, upsampling: str, num_upsamplings: int = 3) -> Tuple[int, ...]:
  """Returns default output channels of the 2x units behind a backbone.

  Raises:
    ValueError: there are no defaults for that many units.
  """
  if not _DUC_WIDTHS[backbone]:
    return ()
  widths = _DECONV_WIDTHS if upsampling == "deconv" else _DUC_WIDTHS[backbone]
  if num_upsamplings > len(widths):
    raise ValueError(f"num_upsamplings must be at most {len(widths)}. Received: {num_upsamplings}")
  return widths[:num_upsamplings]


@tf.autograph.experimental.do_not_convert
def pose_net(
  backbone: str,
  image_size: Tuple[int, int],
  num_joints: int,
  upsampling: str = "duc",
  num_upsamplings: int = 3,
  widths: Optional[Sequence[int]] = None,
  name: str = "pose_net",
) -> tf.keras.Model:
  """Builds a flat functional model from frames to joint heatmaps.

  Args:
    backbone: one of BACKBONES. "movenet" is "mobilenet_v2_fpn" with MoveNet's selection of a
      person, which is not trained: it requires weights of MoveNet Lightning and COCO's 17 joints.
      "movenet_thunder" is the same for "mobilenet_v2_1.75_fpn" and MoveNet Thunder.
    image_size: (H, W) in pixels, multiples of 32.
    num_joints: K.
    upsampling: one of UPSAMPLINGS; HRNets and feature pyramids end at stride 4 and need none.
    num_upsamplings: 2x units behind a stride-32 backbone: 3 lead to stride 4.
    widths: output channels of each unit; by default those of the backbone.
    name: the model's name.
  Returns:
    A model [B, H, W, 3] float32, 0..255 -> [B, H/S, W/S, K] float32.
  Raises:
    ValueError: an unknown backbone or upsampling, a size that is not a
      multiple of 32, or more units than there are default widths for.
  """
  if backbone not in BACKBONES:
    raise ValueError(f"backbone must be one of {sorted(BACKBONES)}. Received: {backbone!r}")
  if upsampling not in UPSAMPLINGS:
    raise ValueError(f"upsampling must be one of {sorted(UPSAMPLINGS)}. Received: {upsampling!r}")
  if image_size[0] % 32 or image_size[1] % 32:
    raise ValueError(f"image_size must be multiples of 32. Received: {image_size}")
  frames, outputs = BACKBONES[backbone](image_size)
  if widths is None:
    widths = upsampling_widths(backbone, upsampling, num_upsamplings)
  outputs = upsample(outputs, upsampling, widths)
  outputs = tf.keras.layers.Conv2D(
    num_joints,
    1,
    activation="sigmoid" if backbone in _PROBABILITIES else None,
    kernel_initializer=tf.keras.initializers.RandomNormal(stddev=0.001),
    bias_initializer=tf.keras.initializers.Constant(
      _INITIAL_LOGIT if backbone in _PROBABILITIES else 0.0
    ),
    dtype="float32",
    name="heatmaps",
  )(outputs)
  if backbone in _SELECTING:
    outputs = _select_person(tf.keras.Model(frames, outputs))
  if backbone in _PROBABILITIES:
    outputs = tf.keras.layers.DepthwiseConv2D(
      1, use_bias=False, depthwise_initializer="ones", dtype="float32", name="scaled_heatmaps"
    )(outputs)
  return tf.keras.Model(frames, outputs, name=name)


def _select_person(network: tf.keras.Model) -> tf.Tensor:
  """Keeps heatmaps of the person in the middle, in a network with a feature pyramid.

  The layers that find people come from MoveNet and are not trained.
  """
  heatmaps = network.output
  pyramid = network.get_layer("fpn_3_relu").output
  maps = []
  for name, channels in (("middles", 1), ("places", 2 * heatmaps.shape[-1])):
    features = separable(pyramid, PYRAMID_FEATURES, f"{name}_features")
    activation = "sigmoid" if name == "middles" else None
    head = tf.keras.layers.Conv2D(channels, 1, activation=activation, dtype="float32", name=name)
    maps.append(head(features))
  for layer in tf.keras.Model(network.input, maps).layers:
    if layer not in network.layers:
      layer.trainable = False
  return SelectPerson(dtype="float32", name="selected_heatmaps")([heatmaps, *maps])
