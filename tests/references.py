"""Reference layers in NumPy and float64, written from their definitions."""

import itertools

import numpy as np


def bilinear(channel: np.ndarray, y: float, x: float) -> float:
  """Returns the value of a [h, w] map at a fractional position; cells outside are zero."""
  total = 0.0
  for row, column in itertools.product(range(channel.shape[0]), range(channel.shape[1])):
    total += max(0, 1 - abs(y - row)) * max(0, 1 - abs(x - column)) * channel[row, column]
  return total


def deformable_convolution(
  inputs: np.ndarray, offsets: np.ndarray, kernel: np.ndarray, rate: int = 1
) -> np.ndarray:
  """Computes a deformable convolution of stride 1 with zero padding, without mask and bias.

  Args:
    inputs: [h, w, C].
    offsets: [h, w, 2, taps, G], (dy, dx); G groups of consecutive channels.
    kernel: [taps, C, F].
    rate: dilation rate.
  Returns:
    [h, w, F].
  """
  height, width, channels = inputs.shape
  taps, _, filters = kernel.shape
  size = int(round(taps**0.5))
  output = np.zeros((height, width, filters))
  for i, j in itertools.product(range(height), range(width)):
    for tap, c in itertools.product(range(taps), range(channels)):
      row, column = divmod(tap, size)
      dy, dx = offsets[i, j, :, tap, c * offsets.shape[-1] // channels]
      y = i + rate * (row - size // 2) + dy
      x = j + rate * (column - size // 2) + dx
      output[i, j] += bilinear(inputs[..., c], y, x) * kernel[tap, c]
  return output


def convolution(inputs: np.ndarray, kernel: np.ndarray, rate: int = 1) -> np.ndarray:
  """Convolves a [h, w, C] map with a [k, k, C, F] kernel, with zero padding and stride 1."""
  height, width, _ = inputs.shape
  size = kernel.shape[0]
  reach = rate * (size // 2)
  padded = np.pad(inputs, [(reach, reach), (reach, reach), (0, 0)])
  output = np.zeros((height, width, kernel.shape[-1]))
  for row, column in itertools.product(range(size), range(size)):
    window = padded[row * rate : row * rate + height, column * rate : column * rate + width]
    output += window @ kernel[row, column]
  return output


def batch_norm(
  inputs: np.ndarray,
  gamma: np.ndarray,
  beta: np.ndarray,
  mean: np.ndarray,
  variance: np.ndarray,
  epsilon: float = 1e-5,
) -> np.ndarray:
  """Applies batch norm with given statistics."""
  return gamma * (inputs - mean) / np.sqrt(variance + epsilon) + beta
