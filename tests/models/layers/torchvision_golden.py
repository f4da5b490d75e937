"""Writes torchvision_deform_conv2d.npz, outputs of torchvision's deformable convolution.

Requires torch and torchvision, which the project does not require. The file was made with
torchvision 0.29.1: `python tests/models/layers/torchvision_golden.py`.
"""

import pathlib

import numpy as np
import torch
from torchvision.ops import deform_conv2d

# (channels, filters, kernel size, dilation, groups of offsets); padding keeps the size.
CASES = {
  "one_group": (4, 3, 3, 1, 1),
  "each_channel": (4, 4, 3, 3, 4),
  "two_groups": (4, 2, 3, 2, 2),
  "single_tap": (3, 2, 1, 1, 3),
}


def main() -> None:
  arrays = {}
  generator = torch.Generator().manual_seed(0)
  for name, (channels, filters, size, dilation, groups) in CASES.items():
    inputs = torch.randn(2, channels, 7, 6, generator=generator)
    offsets = 3 * torch.randn(2, 2 * groups * size**2, 7, 6, generator=generator)
    weight = torch.randn(filters, channels, size, size, generator=generator)
    padding = dilation * (size // 2)
    output = deform_conv2d(inputs, offsets, weight, padding=padding, dilation=dilation)
    values = {"input": inputs, "offset": offsets, "weight": weight, "output": output}
    arrays.update({f"{name}/{key}": value.numpy() for key, value in values.items()})
    arrays.update({f"{name}/groups": groups, f"{name}/dilation": dilation})
  np.savez_compressed(pathlib.Path(__file__).with_name("torchvision_deform_conv2d.npz"), **arrays)


if __name__ == "__main__":
  main()
