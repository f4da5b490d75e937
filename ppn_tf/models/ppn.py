"""PosePropagationNet and its frame-wise counterpart (section III-A)."""

from typing import Any, Dict, Optional, Tuple

from ppn_tf.models.video_pose_model import Unrolled, VideoPoseModel
from ppn_tf.runtime.errors import InputError

import tensorflow as tf

# The path of poses through a clip: Fig. 3(c), the paper's, and Fig. 3(b).
PROPAGATIONS = ("chained", "from_first")


@tf.keras.utils.register_keras_serializable("ppn_tf")
class Framewise(VideoPoseModel):
  """Applies a pose network to each frame independently.

  Attributes:
    body_net: frames to heatmaps.
  """

  NETWORKS = ("body_net",)

  def __init__(self, body_net: tf.keras.Model):
    """Creates a model of one network.

    Args:
      body_net: functional model, [B, H, W, 3] float32, 0..255, to [B, H/S, W/S, K] float32.
    Raises:
      ValueError: `body_net` is not a functional Keras model.
    """
    super().__init__("framewise", body_net=body_net)

  def start(self, frames: tf.Tensor, training: bool = False) -> tf.Tensor:
    return self.body_net(frames, training=training)

  def final_and_preliminary(
    self, frames: tf.Tensor, previous: tf.Tensor
  ) -> Tuple[tf.Tensor, tf.Tensor]:
    """Returns BodyNet's heatmaps twice, whatever the previous ones are."""
    del previous
    maps = self.body_net(frames, training=False)
    return maps, maps

  def unroll(
    self, clips: tf.Tensor, state: Optional[tf.Tensor] = None, training: bool = False
  ) -> Unrolled:
    del state
    maps = _apply_to_frames(self.body_net, clips, training)
    return Unrolled(None, maps, None, maps, maps[:, -1])


@tf.keras.utils.register_keras_serializable("ppn_tf")
class PPN(VideoPoseModel):
  """Runs HeadNet on the first frame, then BodyNet and PPU on every frame.

  With h_0 = HeadNet(I_1), the heatmaps of frame t = 1..T are
  h_t = BodyNet(I_t) + PPU(h_{t-1}, BodyNet(I_t)): the first frame passes twice.

  Attributes:
    head_net: large network, frames to heatmaps.
    body_net: light network, frames to heatmaps of the same size.
    ppu: [previous, preliminary] heatmaps to propagated heatmaps.
    skip_connection: whether the preliminary heatmaps are added to the propagated ones;
      otherwise h_t is the PPU's output alone.
    propagation: "chained" as above, or "from_first", h_t = BodyNet(I_t) + PPU(h_0, BodyNet(I_t)),
      which the paper argues against.
  """

  NETWORKS = ("head_net", "body_net", "ppu")

  def __init__(
    self,
    head_net: tf.keras.Model,
    body_net: tf.keras.Model,
    ppu: tf.keras.Model,
    skip_connection: bool = True,
    propagation: str = "chained",
  ):
    """Creates a model of three networks.

    Args:
      head_net: functional model, [B, H, W, 3] float32, 0..255, to [B, H/S, W/S, K] float32.
      body_net: functional model of the same input and output shapes.
      ppu: functional model of two inputs and one output, each [B, H/S, W/S, K] float32.
      skip_connection: see the attribute.
      propagation: one of PROPAGATIONS.
    Raises:
      ValueError: the networks do not fit each other, or an unknown propagation.
    """
    if propagation not in PROPAGATIONS:
      raise ValueError(f"propagation must be one of {PROPAGATIONS}. Received: {propagation!r}")
    super().__init__("ppn", head_net=head_net, body_net=body_net, ppu=ppu)
    self._check_parts()
    self.skip_connection = skip_connection
    self.propagation = propagation

  def _check_parts(self) -> None:
    """Raises ValueError unless frames and heatmaps of the three networks have equal shapes."""
    frames, heatmaps = (
      shape[1:] for shape in (self.body_net.input_shape, self.body_net.output_shape)
    )
    if self.head_net.input_shape[1:] != frames:
      raise ValueError(
        "head_net and body_net must take frames of one size. "
        f"Received: {self.head_net.input_shape[1:]} and {frames}"
      )
    if self.head_net.output_shape[1:] != heatmaps:
      raise ValueError(
        "head_net and body_net must give heatmaps of one size. "
        f"Received: {self.head_net.output_shape[1:]} and {heatmaps}"
      )
    inputs, outputs = (
      [tuple(tensor.shape[1:]) for tensor in tensors]
      for tensors in (self.ppu.inputs, self.ppu.outputs)
    )
    if (inputs, outputs) != ([heatmaps] * 2, [heatmaps]):
      raise ValueError(
        f"ppu must map two heatmaps {heatmaps}, as body_net gives them, to one. "
        f"Received: {inputs} to {outputs}"
      )

  def get_config(self) -> Dict[str, Any]:
    settings = {"skip_connection": self.skip_connection, "propagation": self.propagation}
    return {**super().get_config(), **settings}

  def start(self, frames: tf.Tensor, training: bool = False) -> tf.Tensor:
    """Returns initial heatmaps h_0 [B, H/S, W/S, K] of first frames [B, H, W, 3]."""
    return self.head_net(frames, training=training)

  def final_and_preliminary(
    self, frames: tf.Tensor, previous: tf.Tensor
  ) -> Tuple[tf.Tensor, tf.Tensor]:
    """Returns h_t and BodyNet's heatmaps of frames [B, H, W, 3].

    Args:
      frames: [B, H, W, 3] float32, 0..255.
      previous: [B, H/S, W/S, K], h_{t-1}; h_0 where poses are propagated from the first frame.
    """
    preliminary = self.body_net(frames, training=False)
    return self.propagate(previous, preliminary)[1], preliminary

  def propagate(
    self, previous: tf.Tensor, preliminary: tf.Tensor, training: bool = False
  ) -> Tuple[tf.Tensor, tf.Tensor]:
    """Returns propagated and final heatmaps, given an earlier frame's and the preliminary ones."""
    propagated = self.ppu([previous, preliminary], training=training)
    return propagated, preliminary + propagated if self.skip_connection else propagated

  def unroll(
    self, clips: tf.Tensor, state: Optional[tf.Tensor] = None, training: bool = False
  ) -> Unrolled:
    initial = None
    if state is None:
      state = initial = self.start(clips[:, 0], training=training)
    preliminary = _apply_to_frames(self.body_net, clips, training)
    return self.propagate_clip(state, preliminary, training)._replace(initial=initial)

  def propagate_clip(
    self, state: tf.Tensor, preliminary: tf.Tensor, training: bool = False
  ) -> Unrolled:
    """Computes heatmaps of T consecutive frames from those of HeadNet and BodyNet.

    Args:
      state: [B, H/S, W/S, K], HeadNet's heatmaps of the first frame, or those of the frame before.
      preliminary: [B, T, H/S, W/S, K], BodyNet's heatmaps.
      training: whether batch statistics are used and updated.
    Returns:
      heatmaps with `state` as the initial ones.
    """
    initial, steps = state, []
    for current in tf.unstack(preliminary, axis=1):
      steps.append((state, *self.propagate(state, current, training=training)))
      if self.propagation == "chained":
        state = steps[-1][-1]
    previous, propagated, final = (tf.stack(maps, axis=1) for maps in zip(*steps))
    return Unrolled(initial, preliminary, propagated, final, state, previous)


def check_steps_alone(model: VideoPoseModel) -> None:
  """Checks that the next step of a network needs only its last heatmaps.

  Raises:
    InputError: its poses are propagated from the first frame.
  """
  if getattr(model, "propagation", "chained") != "chained":
    raise InputError(
      "this network propagates from the first frame (--propagation=from_first), an ablation that "
      "can be trained and evaluated. Export and track one with --propagation=chained."
    )


def _apply_to_frames(network: tf.keras.Model, clips: tf.Tensor, training: bool) -> tf.Tensor:
  """Applies a network to all frames of clips [B, T, H, W, 3] in one batch."""
  batch, num_frames = tf.shape(clips)[0], clips.shape[1]
  outputs = network(tf.reshape(clips, [-1, *clips.shape[2:]]), training=training)
  return tf.reshape(outputs, [batch, num_frames, *outputs.shape[1:]])
