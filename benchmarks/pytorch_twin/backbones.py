"""MobileNetV2, ResNet-18 and HRNet with the same layers as in `ppn_tf.models`.

The path of a module, joined by underscores, is the name of the Keras layer.
"""

from typing import Dict, List, Sequence, Tuple

import torch
from torch import nn


class Conv(nn.Conv2d):
  """Convolution without bias, padded like "same", which at stride 2 pads the end more."""

  def __init__(
    self, channels: int, filters: int, kernel_size: int, stride: int = 1, groups: int = 1
  ):
    padding = kernel_size // 2 if stride == 1 else 0
    super().__init__(channels, filters, kernel_size, stride, padding, groups=groups, bias=False)
    # At stride 2, all maps have even sides.
    first = (kernel_size - 2) // 2
    last = kernel_size - 2 - first
    self.frame = (first, last, first, last) if stride == 2 and kernel_size > 1 else ()

  def forward(self, inputs: torch.Tensor) -> torch.Tensor:
    return super().forward(nn.functional.pad(inputs, self.frame) if self.frame else inputs)


class ConvBN(nn.Module):
  """Convolution, batch norm, and by default a ReLU."""

  def __init__(
    self,
    channels: int,
    filters: int,
    kernel_size: int,
    stride: int = 1,
    relu: bool = True,
    epsilon: float = 1e-5,
  ):
    super().__init__()
    self.conv = Conv(channels, filters, kernel_size, stride)
    self.bn = nn.BatchNorm2d(filters, eps=epsilon)
    self.relu = relu

  def forward(self, inputs: torch.Tensor) -> torch.Tensor:
    outputs = self.bn(self.conv(inputs))
    return outputs.relu_() if self.relu else outputs


class _InvertedResidual(nn.Module):
  def __init__(self, channels: int, filters: int, stride: int, expansion: int):
    super().__init__()
    wide = channels * expansion
    self.expands = expansion > 1
    if self.expands:
      self.expand = Conv(channels, wide, 1)
      self.expand_BN = nn.BatchNorm2d(wide, eps=1e-3)
    self.depthwise = Conv(wide, wide, 3, stride, groups=wide)
    self.depthwise_BN = nn.BatchNorm2d(wide, eps=1e-3)
    self.project = Conv(wide, filters, 1)
    self.project_BN = nn.BatchNorm2d(filters, eps=1e-3)
    self.adds = stride == 1 and channels == filters

  def forward(self, inputs: torch.Tensor) -> torch.Tensor:
    outputs = inputs
    if self.expands:
      outputs = nn.functional.relu6(self.expand_BN(self.expand(outputs)), inplace=True)
    outputs = nn.functional.relu6(self.depthwise_BN(self.depthwise(outputs)), inplace=True)
    outputs = self.project_BN(self.project(outputs))
    return inputs + outputs if self.adds else outputs


class MobileNetV2(nn.Module):
  """Backbone from frames [N, 3, H, W] 0..255 to features of stride 32."""

  def __init__(self, alpha: float):
    super().__init__()

    def scaled(filters: int) -> int:
      """Returns scaled filters, rounded to a multiple of 8, by at most 10 % down."""
      exact = filters * alpha
      rounded = max(8, int(exact + 4) // 8 * 8)
      return rounded + 8 if rounded < 0.9 * exact else rounded

    channels = scaled(32)
    self.Conv1 = Conv(3, channels, 3, 2)
    self.bn_Conv1 = nn.BatchNorm2d(channels, eps=1e-3)
    self.blocks: List[str] = []
    for expansion, filters, repeats, stride in (
      (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
      (6, 320, 1, 1),
    ):  # fmt: skip
      for number in range(repeats):
        name = f"block_{len(self.blocks)}" if self.blocks else "expanded_conv"
        block = _InvertedResidual(channels, scaled(filters), 1 if number else stride, expansion)
        self.add_module(name, block)
        self.blocks.append(name)
        channels = scaled(filters)
    self.channels = channels

  def forward(self, frames: torch.Tensor) -> torch.Tensor:
    outputs = self.bn_Conv1(self.Conv1(frames / 127.5 - 1.0))
    outputs = nn.functional.relu6(outputs, inplace=True)
    for name in self.blocks:
      outputs = getattr(self, name)(outputs)
    return outputs


class _BasicBlock(nn.Module):
  """Two 3x3 convolutions, and a third one on the shortcut if it has a name."""

  def __init__(
    self, channels: int, filters: int, stride: int = 1, shortcut: str = "", epsilon: float = 1e-5
  ):
    super().__init__()
    self.add_module("1", ConvBN(channels, filters, 3, stride, epsilon=epsilon))
    self.add_module("2", ConvBN(filters, filters, 3, relu=False, epsilon=epsilon))
    self.shortcut = shortcut
    if shortcut:
      self.add_module(shortcut, ConvBN(channels, filters, 1, stride, False, epsilon))

  def forward(self, inputs: torch.Tensor) -> torch.Tensor:
    shortcut = getattr(self, self.shortcut)(inputs) if self.shortcut else inputs
    return getattr(self, "2")(getattr(self, "1")(inputs)).add_(shortcut).relu_()


class ResNet18(nn.Module):
  """Backbone from frames [N, 3, H, W] 0..255 to features of stride 32."""

  channels = 512

  def __init__(self) -> None:
    super().__init__()
    self.conv1 = ConvBN(3, 64, 7, 2, epsilon=1.001e-5)
    # ceil_mode pads a last row and column, like "same".
    self.pool1 = nn.MaxPool2d(3, 2, ceil_mode=True)
    channels = 64
    self.blocks: List[str] = []
    for stack, filters in enumerate((64, 128, 256, 512)):
      for number in (1, 2):
        strided = stack > 0 and number == 1
        name = f"v2_stack_{stack}_block{number}"
        block = _BasicBlock(
          channels, filters, 2 if strided else 1, "0" if strided else "", 1.001e-5
        )
        self.add_module(name, block)
        self.blocks.append(name)
        channels = filters

  def forward(self, frames: torch.Tensor) -> torch.Tensor:
    outputs = self.pool1(self.conv1(frames / 255.0))
    for name in self.blocks:
      outputs = getattr(self, name)(outputs)
    return outputs


class _Bottleneck(nn.Module):
  def __init__(self, channels: int, filters: int):
    super().__init__()
    self.widens = channels != 4 * filters
    if self.widens:
      self.shortcut = ConvBN(channels, 4 * filters, 1, relu=False)
    self.add_module("1", ConvBN(channels, filters, 1))
    self.add_module("2", ConvBN(filters, filters, 3))
    self.add_module("3", ConvBN(filters, 4 * filters, 1, relu=False))

  def forward(self, inputs: torch.Tensor) -> torch.Tensor:
    outputs = inputs
    for name in ("1", "2", "3"):
      outputs = getattr(self, name)(outputs)
    return outputs.add_(self.shortcut(inputs) if self.widens else inputs).relu_()


class _Resample(nn.Module):
  """Resampling from branch `source` to branch `target`."""

  def __init__(self, source: int, target: int, width: int):
    super().__init__()
    self.growth = 2 ** max(source - target, 0)
    filters = width * 2**target
    if source > target:
      self.reduce = ConvBN(width * 2**source, filters, 1, relu=False)
    self.downs = [f"down{step}" for step in range(target - source)]
    for name in self.downs:
      last = name == self.downs[-1]
      channels = width * 2**source
      self.add_module(name, ConvBN(channels, filters if last else channels, 3, 2, relu=not last))

  def forward(self, inputs: torch.Tensor) -> torch.Tensor:
    if self.growth > 1:
      return nn.functional.interpolate(self.reduce(inputs), scale_factor=self.growth)
    for name in self.downs:
      inputs = getattr(self, name)(inputs)
    return inputs


class _Module(nn.Module):
  """Four basic blocks per branch, then the exchange between branches."""

  def __init__(self, num_branches: int, num_outputs: int, width: int):
    super().__init__()
    self.num_branches, self.num_outputs = num_branches, num_outputs
    for i in range(num_branches):
      for block in range(4):
        self.add_module(f"branch{i}_block{block}", _BasicBlock(width * 2**i, width * 2**i))
    for target in range(num_outputs):
      for source in range(num_branches):
        if source != target:
          self.add_module(f"fuse{source}to{target}", _Resample(source, target, width))

  def forward(self, branches: Sequence[torch.Tensor]) -> List[torch.Tensor]:
    deep = list(branches)
    for i in range(self.num_branches):
      for block in range(4):
        deep[i] = getattr(self, f"branch{i}_block{block}")(deep[i])
    fused = []
    for target in range(self.num_outputs):
      received = [
        branch if source == target else getattr(self, f"fuse{source}to{target}")(branch)
        for source, branch in enumerate(deep)
      ]
      total = received[0] + received[1]
      for branch in received[2:]:
        total.add_(branch)
      fused.append(total.relu_())
    return fused


class HRNet(nn.Module):
  """HRNet from frames [N, 3, H, W] 0..255 to features of stride 4."""

  _STAGES: Tuple[Tuple[int, int], ...] = ((2, 1), (3, 4), (4, 3))

  def __init__(self, width: int):
    super().__init__()
    self.channels = width
    self.stem_1 = ConvBN(3, 64, 3, 2)
    self.stem_2 = ConvBN(64, 64, 3, 2)
    for block in range(4):
      self.add_module(f"stage1_block{block}", _Bottleneck(256 if block else 64, 64))
    self.transition1_branch0 = ConvBN(256, width, 3)
    self.transition1_branch1 = ConvBN(256, 2 * width, 3, 2)
    for stage, num_modules in self._STAGES:
      if stage > 2:
        filters = width * 2 ** (stage - 1)
        self.add_module(f"transition{stage - 1}", ConvBN(filters // 2, filters, 3, 2))
      for number in range(num_modules):
        last = stage == 4 and number == num_modules - 1
        module = _Module(stage, 1 if last else stage, width)
        self.add_module(f"stage{stage}_module{number}", module)

  def forward(self, frames: torch.Tensor) -> torch.Tensor:
    outputs = self.stem_2(self.stem_1(frames / 127.5 - 1.0))
    for block in range(4):
      outputs = getattr(self, f"stage1_block{block}")(outputs)
    branches = [self.transition1_branch0(outputs), self.transition1_branch1(outputs)]
    for stage, num_modules in self._STAGES:
      if stage > 2:
        branches.append(getattr(self, f"transition{stage - 1}")(branches[-1]))
      for number in range(num_modules):
        branches = getattr(self, f"stage{stage}_module{number}")(branches)
    return branches[0]


def backbone(name: str) -> nn.Module:
  """Builds a backbone by its name in `ppn_tf.models.pose_net.BACKBONES`.

  Raises:
    KeyError: the twin does not have this backbone.
  """
  if name.startswith("mobilenet_v2"):
    alphas: Dict[str, float] = {
      "mobilenet_v2": 1.0, "mobilenet_v2_0.5": 0.5, "mobilenet_v2_0.35": 0.35
    }  # fmt: skip
    return MobileNetV2(alphas[name])
  if name == "hrnet_w48":
    return HRNet(48)
  return {"resnet18": ResNet18}[name]()
