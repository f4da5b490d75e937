"""PosePropagationNet and its frame-wise twin (section III-A)."""

from typing import NamedTuple, Optional, Tuple

from ppn_tf.runtime.errors import InputError

import tensorflow as tf

# The path of poses through a clip: Fig. 3(c), the paper's, and Fig. 3(b).
PROPAGATIONS = ("chained", "from_first")


class Unrolled(NamedTuple):
  """All heatmaps of T consecutive frames, float32.

  Attributes:
    initial: HeadNet's of the first frame, [B, H/S, W/S, K]; None where a clip
      is gone on with, and in frame-wise networks.
    preliminary: BodyNet's, [B, T, H/S, W/S, K].
    propagated: the PPU's, [B, T, H/S, W/S, K]; None in frame-wise networks.
    final: the answer, [B, T, H/S, W/S, K].
    state: what the next frame is propagated from, [B, H/S, W/S, K].
  """

  initial: Optional[tf.Tensor]
  preliminary: tf.Tensor
  propagated: Optional[tf.Tensor]
  final: tf.Tensor
  state: tf.Tensor


class Framewise(tf.Module):
  """A pose network applied to each frame by itself.

  It has PPN's interface, so that both are trained, evaluated, exported and
  tracked with by the same code.

  Attributes:
    body_net: frames to heatmaps.
  """

  def __init__(self, body_net: tf.keras.Model):
    super().__init__(name="framewise")
    self.body_net = body_net

  @property
  def networks(self) -> Tuple[tf.keras.Model, ...]:
    """The Keras models that it is made of."""
    return (self.body_net,)

  @property
  def trainable_variables(self) -> Tuple[tf.Variable, ...]:
    """What training changes; the variables of frozen layers are not among it."""
    return tuple(v for network in self.networks for v in network.trainable_variables)

  @property
  def image_size(self) -> Tuple[int, int]:
    """(H, W) of the frames in pixels."""
    return tuple(self.body_net.input_shape[1:3])

  @property
  def heatmap_size(self) -> Tuple[int, int]:
    """(H/S, W/S) of the heatmaps in cells."""
    return tuple(self.body_net.output_shape[1:3])

  @property
  def num_joints(self) -> int:
    return int(self.body_net.output_shape[-1])

  @property
  def stride(self) -> int:
    """S: pixels per cell."""
    return self.image_size[0] // self.heatmap_size[0]

  def start(self, frames: tf.Tensor, training: bool = False) -> tf.Tensor:
    """Heatmaps [B, H/S, W/S, K] of frames [B, H, W, 3], float32 0..255."""
    return self.body_net(frames, training=training)

  def step(self, frames: tf.Tensor, previous: tf.Tensor) -> tf.Tensor:
    """The final heatmaps h_t of frames [B, H, W, 3], given h_{t-1} [B, H/S, W/S, K]."""
    return self.final_and_preliminary(frames, previous)[0]

  def final_and_preliminary(
    self, frames: tf.Tensor, previous: tf.Tensor
  ) -> Tuple[tf.Tensor, tf.Tensor]:
    """The final heatmaps of frames and BodyNet's; here the same, whatever was before."""
    del previous
    maps = self.body_net(frames, training=False)
    return maps, maps

  def unroll(
    self, clips: tf.Tensor, state: Optional[tf.Tensor] = None, training: bool = False
  ) -> Unrolled:
    """Heatmaps of T consecutive frames.

    Args:
      clips: [B, T, H, W, 3] float32, 0..255.
      state: of the frames before, to go on with a clip; None starts one.
      training: whether batch statistics are used and updated.
    """
    del state
    maps = _each_frame(self.body_net, clips, training)
    return Unrolled(None, maps, None, maps, maps[:, -1])


class PPN(Framewise):
  """HeadNet on the first frame, then BodyNet and PPU on every frame.

  With h_0 = HeadNet(I_1), the heatmaps of frame t = 1..T are
  h_t = BodyNet(I_t) + PPU(h_{t-1}, BodyNet(I_t)): the first frame passes twice.

  Attributes:
    head_net: the large network, frames to heatmaps.
    body_net: the light network, frames to heatmaps of the same size.
    ppu: [previous, preliminary] heatmaps to propagated heatmaps.
    skip_connection: whether the preliminary heatmaps are added to the
      propagated ones; without it h_t is the PPU's output alone.
    propagation: one of PROPAGATIONS: "chained" as above, or "from_first",
      h_t = BodyNet(I_t) + PPU(h_0, BodyNet(I_t)), which the paper argues against.
  """

  def __init__(
    self,
    head_net: tf.keras.Model,
    body_net: tf.keras.Model,
    ppu: tf.keras.Model,
    skip_connection: bool = True,
    propagation: str = "chained",
  ):
    if propagation not in PROPAGATIONS:
      raise ValueError(f"propagation must be one of {PROPAGATIONS}. Received: {propagation!r}")
    if head_net.output_shape != body_net.output_shape:
      raise ValueError(
        "head_net and body_net must give heatmaps of one size. "
        f"Received: {head_net.output_shape}, {body_net.output_shape}"
      )
    super().__init__(body_net)
    self._name = "ppn"
    self.head_net = head_net
    self.ppu = ppu
    self.skip_connection = skip_connection
    self.propagation = propagation

  @property
  def networks(self) -> Tuple[tf.keras.Model, ...]:
    return (self.head_net, self.body_net, self.ppu)

  def start(self, frames: tf.Tensor, training: bool = False) -> tf.Tensor:
    """The initial heatmaps h_0 [B, H/S, W/S, K] of first frames [B, H, W, 3]."""
    return self.head_net(frames, training=training)

  def final_and_preliminary(
    self, frames: tf.Tensor, previous: tf.Tensor
  ) -> Tuple[tf.Tensor, tf.Tensor]:
    """h_t and BodyNet's heatmaps of frames [B, H, W, 3], given h_{t-1} [B, H/S, W/S, K].

    Where poses are propagated from the first frame, h_0 in place of h_{t-1}.
    """
    preliminary = self.body_net(frames, training=False)
    return self.propagate(previous, preliminary)[1], preliminary

  def propagate(
    self, previous: tf.Tensor, preliminary: tf.Tensor, training: bool = False
  ) -> Tuple[tf.Tensor, tf.Tensor]:
    """The propagated and the final heatmaps from an earlier frame's and the preliminary ones."""
    propagated = self.ppu([previous, preliminary], training=training)
    return propagated, preliminary + propagated if self.skip_connection else propagated

  def unroll(
    self, clips: tf.Tensor, state: Optional[tf.Tensor] = None, training: bool = False
  ) -> Unrolled:
    initial = None
    if state is None:
      state = initial = self.start(clips[:, 0], training=training)
    preliminary = _each_frame(self.body_net, clips, training)
    steps = []
    for current in tf.unstack(preliminary, axis=1):
      steps.append(self.propagate(state, current, training=training))
      if self.propagation == "chained":
        state = steps[-1][1]
    propagated, final = (tf.stack(maps, axis=1) for maps in zip(*steps))
    return Unrolled(initial, preliminary, propagated, final, state)


def check_steps_alone(model: Framewise) -> None:
  """Checks that the last answer is all that a network's next step needs.

  Raises:
    InputError: its poses are propagated from the first frame.
  """
  if getattr(model, "propagation", "chained") != "chained":
    raise InputError(
      "this network propagates from the first frame (--propagation=from_first), an ablation that "
      "can be trained and evaluated. Export and track one with --propagation=chained."
    )


def _each_frame(network: tf.keras.Model, clips: tf.Tensor, training: bool) -> tf.Tensor:
  """Applies a network to all frames of [B, T, H, W, 3] clips in one batch."""
  batch, num_frames = tf.shape(clips)[0], clips.shape[1]
  outputs = network(tf.reshape(clips, [-1, *clips.shape[2:]]), training=training)
  return tf.reshape(outputs, [batch, num_frames, *outputs.shape[1:]])
