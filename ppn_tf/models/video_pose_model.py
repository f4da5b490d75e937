"""Base of pose models for video: parts, sizes, and the interface of Keras."""

import importlib
import os
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple, Union

from ppn_tf.keypoints import heatmaps
from ppn_tf.models.training_step import StepSettings, TrainingStep

import tensorflow as tf


class Unrolled(NamedTuple):
  """Heatmaps of T consecutive frames, float32.

  Attributes:
    initial: [B, H/S, W/S, K], HeadNet's heatmaps of the first frame; None where a clip is
      continued, and in frame-wise networks.
    preliminary: [B, T, H/S, W/S, K], BodyNet's heatmaps.
    propagated: [B, T, H/S, W/S, K], the PPU's heatmaps; None in frame-wise networks.
    final: [B, T, H/S, W/S, K], the answer.
    state: [B, H/S, W/S, K], heatmaps that the next frame is propagated from.
    previous: [B, T, H/S, W/S, K], heatmaps that each frame is propagated from; None in frame-wise
      networks.
  """

  initial: Optional[tf.Tensor]
  preliminary: tf.Tensor
  propagated: Optional[tf.Tensor]
  final: tf.Tensor
  state: tf.Tensor
  previous: Optional[tf.Tensor] = None

  def ppu_inputs(self) -> Tuple[tf.Tensor, tf.Tensor]:
    """Returns previous and preliminary heatmaps, [B * T, H/S, W/S, K], of a PPN."""
    assert self.previous is not None
    shape = [-1, *self.preliminary.shape[2:]]
    return tf.reshape(self.previous, shape), tf.reshape(self.preliminary, shape)


class VideoPoseModel(tf.keras.Model):
  """Estimates poses in clips of T frames by flat functional networks.

  Subclasses define `NETWORKS`, `start`, `final_and_preliminary` and `unroll`.

  Datasets for `fit` and `evaluate` yield dictionaries: `frames` [B, T, H, W, 3], RGB, 0..255;
  `keypoints` [B, T, K, 2] float32, (x, y) in pixels of the frames; `visibility` [B, T, K], 0 or
  False for joints that do not count; and optionally `torso` [B, T] float32, the length in pixels
  that PCK-torso refers to. T is fixed; other entries are ignored.

  Attributes:
    body_net: frames to heatmaps.
  """

  # Names of the networks, as arguments and attributes.
  NETWORKS: Tuple[str, ...] = ()
  body_net: tf.keras.Model
  _training_step: TrainingStep

  def __init__(self, name: str, **networks: tf.keras.Model):
    """Creates a model.

    Args:
      name: the model's name.
      **networks: functional Keras models by attribute name. Their order is that of the model's
        variables, by whose numbers checkpoints store an optimizer.
    Raises:
      ValueError: a network is not a functional Keras model, or does not map what it must.
    """
    # Networks cast their inputs themselves, whatever the global policy.
    super().__init__(name=name, dtype="float32")
    for attribute, network in networks.items():
      if not getattr(network, "inputs", None):
        raise ValueError(f"{attribute} must be a functional Keras model. Received: {network!r}")
      if attribute != "ppu":
        _check_pose_network(attribute, network)
      setattr(self, attribute, network)
    # The networks are built, so `summary` and `load_weights` need no first call.
    self.built = True

  @classmethod
  def from_preset(
    cls, preset: Union[str, os.PathLike], checkpoint: str = "latest"
  ) -> "VideoPoseModel":
    """Loads a trained model.

    Args:
      preset: "people", the network that comes with the package, or the workdir of a training run.
      checkpoint: checkpoint of a run, "latest" or "best".
    Returns:
      A model of this class. Batch norms of "people" are folded into its convolutions, and
      therefore frozen.
    Raises:
      InputError: there is no such model, or it is not of this class.
    """
    # Presets are configurations, which a later layer reads.
    presets = importlib.import_module("ppn_tf.inference.presets")
    return presets.load_network(preset, cls, checkpoint)

  @property
  def networks(self) -> Tuple[tf.keras.Model, ...]:
    """Keras models of which the model consists."""
    return tuple(getattr(self, name) for name in self.NETWORKS)

  def get_config(self) -> Dict[str, Any]:
    """Returns the networks by argument name, for `save`."""
    return dict(zip(self.NETWORKS, self.networks))

  @classmethod
  def from_config(cls, config: Mapping[str, Any]) -> "VideoPoseModel":
    """Creates a model from the configuration that `save` wrote."""
    return cls(**{name: _deserialize(value) for name, value in config.items()})

  def get_compile_config(self) -> None:
    """Returns None: a loaded model is not compiled, because Keras does not save `sigma` etc."""
    return None

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
    """K, joints of the heatmaps."""
    return int(self.body_net.output_shape[-1])

  @property
  def stride(self) -> int:
    """S, pixels per cell."""
    return self.image_size[0] // self.heatmap_size[0]

  def start(self, frames: tf.Tensor, training: bool = False) -> tf.Tensor:
    """Returns heatmaps [B, H/S, W/S, K] of first frames [B, H, W, 3] float32, 0..255."""
    raise NotImplementedError

  def step(self, frames: tf.Tensor, previous: tf.Tensor) -> tf.Tensor:
    """Returns final heatmaps h_t of frames [B, H, W, 3], given h_{t-1} [B, H/S, W/S, K]."""
    return self.final_and_preliminary(frames, previous)[0]

  def final_and_preliminary(
    self, frames: tf.Tensor, previous: tf.Tensor
  ) -> Tuple[tf.Tensor, tf.Tensor]:
    """Returns final and BodyNet's heatmaps of frames, given h_{t-1}."""
    raise NotImplementedError

  def unroll(
    self, clips: tf.Tensor, state: Optional[tf.Tensor] = None, training: bool = False
  ) -> Unrolled:
    """Computes heatmaps of T consecutive frames.

    Args:
      clips: [B, T, H, W, 3] float32, 0..255.
      state: [B, H/S, W/S, K], `Unrolled.state` of the frames before; None starts a clip.
      training: whether batch statistics are used and updated.
    """
    raise NotImplementedError

  def call(
    self, inputs: Union[tf.Tensor, Mapping[str, tf.Tensor]], training: bool = False
  ) -> tf.Tensor:
    """Returns final heatmaps [B, T, H/S, W/S, K] of clips.

    Args:
      inputs: frames [B, T, H, W, 3], 0..255, or a dictionary with `frames`.
      training: whether batch statistics are used and updated.
    """
    frames = inputs["frames"] if isinstance(inputs, Mapping) else inputs
    return self.unroll(self._check_frames(frames), training=training).final

  def compile(
    self,
    optimizer: Any = None,
    *,
    sigma: float = 2.0,
    weight_decay: float = 1e-5,
    clip_norm: float = 0.0,
    accumulation: int = 1,
    **kwargs: Any,
  ) -> None:
    """Configures the model for `fit` and `evaluate`, which use the loss of Eq. 1.

    Args:
      optimizer: a Keras optimizer or its name; by default Adam at a learning rate of 1e-4.
      sigma: standard deviation of the target heatmaps in cells.
      weight_decay: factor of the L2 term in the gradient.
      clip_norm: largest global norm of the gradients; 0: unlimited.
      accumulation: parts that a batch is computed in, to need less memory.
      **kwargs: see `tf.keras.Model.compile`; loss and metrics are fixed.
    Raises:
      ValueError: a number is not finite or out of range, or a loss or metrics were given.
    """
    for name in ("loss", "loss_weights", "metrics", "weighted_metrics"):
      if kwargs.get(name) is not None:
        raise ValueError(f"{name} cannot be chosen: the model learns by Eq. 1. Leave it out.")
    optimizer = tf.keras.optimizers.get(optimizer or tf.keras.optimizers.Adam(1e-4))
    if isinstance(optimizer, tf.keras.optimizers.legacy.Optimizer):
      raise ValueError(
        "optimizer must be a tf.keras.optimizers.Optimizer, not a legacy one. "
        f"Received: {optimizer!r}"
      )
    settings = StepSettings(sigma, weight_decay, clip_norm, accumulation)
    self._training_step = TrainingStep(self, optimizer, settings)
    super().compile(optimizer=self._training_step.optimizer, **kwargs)

  @property
  def metrics(self) -> Any:
    """Running means that `fit` and `evaluate` report."""
    return list(self._training_step.means.values()) if hasattr(self, "_training_step") else []

  def train_step(self, data: Any) -> Dict[str, tf.Tensor]:
    """Updates the model by a batch, as `training.trainer.Trainer` does."""
    batch = self._read_batch(data)
    self._training_step.train(batch)
    return self._get_results(batch)

  def test_step(self, data: Any) -> Dict[str, tf.Tensor]:
    """Scores a batch."""
    batch = self._read_batch(data)
    self._training_step.test(batch)
    return self._get_results(batch)

  def predict_step(self, data: Any) -> Dict[str, tf.Tensor]:
    """Returns keypoints [B, T, K, 2], (x, y) in pixels of the frames, and scores [B, T, K]."""
    frames, _, _ = tf.keras.utils.unpack_x_y_sample_weight(data)
    keypoints, scores = heatmaps.decode(self(frames, training=False), self.stride)
    return {"keypoints": keypoints, "scores": scores}

  def _get_results(self, batch: Mapping[str, tf.Tensor]) -> Dict[str, tf.Tensor]:
    """Returns the running means; PCK only where batches have its reference length."""
    return {
      name: mean.result()
      for name, mean in self._training_step.means.items()
      if name != "pck" or "torso" in batch
    }

  def _read_batch(self, data: Any) -> Dict[str, tf.Tensor]:
    """Returns a batch as `TrainingStep` takes it; ValueError if entries are missing or differ."""
    data, _, _ = tf.keras.utils.unpack_x_y_sample_weight(data)
    if not isinstance(data, Mapping):
      raise ValueError(
        "batches must be dictionaries with frames, keypoints and visibility. "
        f"Received: {type(data).__name__}"
      )
    missing = sorted({"frames", "keypoints"} - set(data))
    if not {"visibility", "weights"} & set(data):
      missing.append("visibility")
    if missing:
      raise ValueError(
        f"batches lack {', '.join(missing)}. Received a dictionary of: {', '.join(sorted(data))}"
      )
    frames = self._check_frames(data["frames"])
    keypoints = tf.cast(data["keypoints"], tf.float32)
    weights = tf.cast(data["weights" if "weights" in data else "visibility"], tf.float32)
    expected = (frames.shape[1], self.num_joints)
    for name, shape in (("keypoints", keypoints.shape[1:3]), ("visibility", weights.shape[1:])):
      if tuple(shape) != expected:
        raise ValueError(
          f"{name} must be of {expected[0]} frames and {expected[1]} joints. Received: {shape}"
        )
    batch = {"frames": frames, "keypoints": keypoints, "weights": weights}
    if "torso" in data:
      batch["torso"] = tf.cast(data["torso"], tf.float32)
    return batch

  def _check_frames(self, frames: tf.Tensor) -> tf.Tensor:
    """Returns frames as float32; ValueError if they are not the clips of the model's size."""
    shape = frames.shape
    if len(shape) != 5 or shape[1] is None or tuple(shape[2:]) != (*self.image_size, 3):
      raise ValueError(
        f"frames must be [B, T, {', '.join(map(str, self.image_size))}, 3] with a fixed T. "
        f"Received: {shape}"
      )
    return tf.cast(frames, tf.float32)


def _deserialize(value: Any) -> Any:
  """Returns a network if `value` is the configuration of one, else `value`."""
  is_network = isinstance(value, Mapping) and "class_name" in value
  return tf.keras.saving.deserialize_keras_object(dict(value)) if is_network else value


def _check_pose_network(name: str, network: tf.keras.Model) -> None:
  """Raises ValueError unless a network maps frames [B, H, W, 3] to heatmaps [B, H/S, W/S, K]."""
  shapes = [tuple(tensor.shape[1:]) for tensor in (*network.inputs, *network.outputs)]
  fits = len(shapes) == 2 and all(len(shape) == 3 and None not in shape for shape in shapes)
  if fits:
    (height, width, channels), (rows, columns, _) = shapes
    stride = height // rows
    fits = channels == 3 and stride > 0 and (height, width) == (rows * stride, columns * stride)
  if not fits:
    raise ValueError(
      f"{name} must map frames [B, H, W, 3] to heatmaps [B, H/S, W/S, K] of one stride S. "
      f"Received: {network.input_shape} to {network.output_shape}"
    )
