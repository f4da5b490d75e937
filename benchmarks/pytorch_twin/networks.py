"""PPN in PyTorch: HeadNet, BodyNet and the recurrence over T frames."""

from typing import Any, Mapping, Sequence, Tuple

import numpy as np
import torch
from torch import nn

from benchmarks.pytorch_twin.backbones import ConvBN, backbone
from benchmarks.pytorch_twin.unit import Unit, Warp


class PoseNet(nn.Module):
  """Pose network from frames [N, 3, H, W] 0..255 to heatmaps [N, K, h, w]."""

  def __init__(self, name: str, widths: Sequence[int], num_joints: int):
    super().__init__()
    self.backbone = backbone(name)
    channels = self.backbone.channels
    self.units = [f"duc_{number}" for number in range(1, len(widths) + 1)]
    for unit, width in zip(self.units, widths):
      self.add_module(unit, ConvBN(channels, 4 * width, 3))
      channels = width
    self.heatmaps = nn.Conv2d(channels, num_joints, 1)

  def forward(self, frames: torch.Tensor) -> torch.Tensor:
    outputs = self.backbone(frames)
    for unit in self.units:
      outputs = nn.functional.pixel_shuffle(getattr(self, unit)(outputs), 2)
    return self.heatmaps(outputs)


class PPN(nn.Module):
  """HeadNet on the first frame, then BodyNet and the unit on every frame (section III-A)."""

  def __init__(self, settings: Mapping[str, Any]):
    super().__init__()
    joints = settings["num_joints"]
    self.head_net = PoseNet(settings["head_backbone"], settings["head_widths"], joints)
    self.body_net = PoseNet(settings["body_backbone"], settings["body_widths"], joints)
    self.ppu = Unit(joints, settings["ppu_width"], settings["ppu_blocks"], settings["dilations"])
    for module in self.modules():
      if isinstance(module, nn.BatchNorm2d):
        module.momentum = 1.0 - settings["batch_norm_momentum"]

  def forward(self, clips: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
    """Returns initial [B, K, h, w] and final heatmaps [B, T, K, h, w] of [B, T, 3, H, W]."""
    initial = state = self.head_net(clips[:, 0])
    preliminary = self.body_net(clips.flatten(0, 1)).unflatten(0, clips.shape[:2])
    final = []
    for current in preliminary.unbind(1):
      state = current + self.ppu(state, current)
      final.append(state)
    return initial, torch.stack(final, 1)


def _layer_name(path: str) -> str:
  return path.replace("backbone.", "").replace(".", "_")


def _shuffled(values: np.ndarray) -> np.ndarray:
  """Reorders output channels, the first axis, from depth_to_space to pixel_shuffle."""
  return values.reshape(4, -1, *values.shape[1:]).swapaxes(0, 1).reshape(values.shape)


def load_weights(model: nn.Module, arrays: Mapping[str, np.ndarray]) -> None:
  """Sets all weights of a model from Keras weights by `<network>/<layer>/<variable>`.

  Raises:
    KeyError: a weight is missing.
    ValueError: a weight belongs to no layer.
  """
  unused = set(arrays)

  def take(key: str, axes: Sequence[int] = (0,)) -> torch.Tensor:
    unused.discard(key)
    values = arrays[key].transpose(axes)
    if "/duc_" in key:
      values = _shuffled(values)
    return torch.from_numpy(np.ascontiguousarray(values))

  with torch.no_grad():
    for network, part in model.named_children():
      for path, module in part.named_modules():
        key = f"{network}/{_layer_name(path)}"
        if isinstance(module, nn.BatchNorm2d):
          module.weight.copy_(take(f"{key}/gamma"))
          module.bias.copy_(take(f"{key}/beta"))
          module.running_mean.copy_(take(f"{key}/moving_mean"))
          module.running_var.copy_(take(f"{key}/moving_variance"))
        elif isinstance(module, Warp):
          kernel = take(f"{key}/kernel", (2, 1, 0))
          module.weight.copy_(kernel.reshape(module.weight.shape))
        elif isinstance(module, nn.Conv2d) and module.groups > 1:
          module.weight.copy_(take(f"{key}/depthwise_kernel", (2, 3, 0, 1)))
        elif isinstance(module, nn.Conv2d):
          module.weight.copy_(take(f"{key}/kernel", (3, 2, 0, 1)))
          if module.bias is not None:
            module.bias.copy_(take(f"{key}/bias"))
  if unused:
    raise ValueError(f"weights of no layer: {', '.join(sorted(unused))}")
