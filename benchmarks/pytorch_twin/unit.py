"""Pose Propagation Unit in PyTorch, with the warping of PoseWarper by `grid_sample`."""

from typing import Sequence

import torch
from torch import nn


class _BasicBlock(nn.Module):
  def __init__(self, channels: int, filters: int):
    super().__init__()
    self.widens = channels != filters
    if self.widens:
      self.shortcut_conv = nn.Conv2d(channels, filters, 1, bias=False)
      self.shortcut_bn = nn.BatchNorm2d(filters, eps=1e-5)
    self.conv1 = nn.Conv2d(channels, filters, 3, padding=1, bias=False)
    self.bn1 = nn.BatchNorm2d(filters, eps=1e-5)
    self.conv2 = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
    self.bn2 = nn.BatchNorm2d(filters, eps=1e-5)

  def forward(self, inputs: torch.Tensor) -> torch.Tensor:
    shortcut = self.shortcut_bn(self.shortcut_conv(inputs)) if self.widens else inputs
    outputs = self.bn1(self.conv1(inputs)).relu_()
    return self.bn2(self.conv2(outputs)).add_(shortcut).relu_()


class Warp(nn.Module):
  """Deformable 3x3 convolution (Eq. 4) that samples the map of each joint at separate offsets."""

  def __init__(self, joints: int, rate: int):
    super().__init__()
    self.rate = rate
    self.weight = nn.Parameter(torch.zeros(joints, 9 * joints, 1, 1))

  def forward(self, maps: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    """Warps [B, K, h, w] by [B, 2 * 9 * K, h, w]: all dy, then all dx, each tap by tap."""
    batch, joints, height, width = maps.shape
    steps = self.rate * torch.arange(-1.0, 2.0)
    taps = torch.stack(torch.meshgrid(steps, steps, indexing="ij")).reshape(2, 9, 1, 1, 1)
    cells = torch.stack(
      torch.meshgrid(torch.arange(float(height)), torch.arange(float(width)), indexing="ij")
    )
    base = taps + cells[:, None, None]
    positions = offsets.reshape(batch, 2, 9, joints, height, width) + base
    # Coordinates of grid_sample are (x, y), from -1 to 1 between the centers of outer cells.
    grid = torch.stack(
      (positions[:, 1] * (2.0 / (width - 1)) - 1.0, positions[:, 0] * (2.0 / (height - 1)) - 1.0),
      -1,
    )
    grid = grid.transpose(1, 2).reshape(batch * joints, 9 * height, width, 2)
    samples = nn.functional.grid_sample(
      maps.reshape(batch * joints, 1, height, width), grid, align_corners=True
    )
    return nn.functional.conv2d(samples.reshape(batch, joints * 9, height, width), self.weight)


class Unit(nn.Module):
  """Unit from previous and preliminary to propagated heatmaps [B, K, h, w] (section III-B)."""

  def __init__(self, joints: int, width: int, num_blocks: int, dilations: Sequence[int]):
    super().__init__()
    self.blocks = [f"phi_{number}" for number in range(1, num_blocks + 1)]
    channels = joints
    for name in self.blocks:
      self.add_module(name, _BasicBlock(channels, width or joints))
      channels = width or joints
    self.dilations = list(dilations)
    for rate in self.dilations:
      offsets = nn.Conv2d(channels, 18 * joints, 3, padding=rate, dilation=rate, bias=False)
      self.add_module(f"offsets_{rate}", offsets)
      self.add_module(f"warp_{rate}", Warp(joints, rate))

  def forward(self, previous: torch.Tensor, preliminary: torch.Tensor) -> torch.Tensor:
    features = preliminary - previous  # Eq. 2
    for name in self.blocks:
      features = getattr(self, name)(features)
    warped = [
      getattr(self, f"warp_{rate}")(previous, getattr(self, f"offsets_{rate}")(features))
      for rate in self.dilations
    ]
    return torch.stack(warped).mean(0)  # Eq. 5
