"""Training step in PyTorch: Eq. 1 over T frames, Adam with weight decay in the gradient."""

from typing import Any, Dict, Mapping, Tuple

import numpy as np
import torch

from benchmarks.pytorch_twin.networks import PPN, load_weights


def encode(keypoints: torch.Tensor, size: Tuple[int, int], stride: int, sigma: float) -> Any:
  """Returns Gaussians [..., K, h, w] with peak 1 at keypoints [..., K, 2], (x, y) in pixels."""
  cells = (keypoints - (stride - 1) / 2.0) / stride

  def profile(length: int, center: torch.Tensor) -> torch.Tensor:
    distance = torch.arange(float(length)) - center[..., None]
    return torch.exp(-(distance**2) / (2.0 * sigma**2))

  along_y, along_x = profile(size[0], cells[..., 1]), profile(size[1], cells[..., 0])
  return along_y[..., :, None] * along_x[..., None, :]


def heatmap_mse(
  predicted: torch.Tensor, target: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
  """Returns the mean squared error of [B, K, h, w] over cells and joints weighted by [B, K]."""
  error = torch.square(predicted - target).mean((2, 3))
  return (weights * error).sum() / weights.sum().clamp(min=1.0)


class Step:
  """Model with weights, a batch in memory, and Adam.

  The memory format, and whether Adam is fused, do not change the results.
  """

  def __init__(
    self,
    settings: Mapping[str, Any],
    weights: Mapping[str, np.ndarray],
    batch: Mapping[str, np.ndarray],
    memory_format: str = "contiguous_format",
    fused: bool = False,
  ):
    self.settings = settings
    self.model = PPN(settings)
    load_weights(self.model, weights)
    self.model.train()
    format_ = getattr(torch, memory_format)
    self.model.to(memory_format=format_)
    self.keypoints, self.weights, self.torso = (
      torch.from_numpy(batch[name]) for name in ("keypoints", "weights", "torso")
    )
    frames = torch.from_numpy(batch["frames"]).permute(0, 1, 4, 2, 3)
    self.frames = frames if format_ == torch.channels_last else frames.contiguous()
    self.optimizer = torch.optim.Adam(
      self.model.parameters(),
      lr=settings["learning_rate"],
      eps=1e-7,
      weight_decay=settings["weight_decay"],
      fused=fused,
    )
    self.done = 0
    self.right = torch.zeros(())

  def loss(self) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Returns Eq. 1, the initial [B, K, h, w] and the final heatmaps [B, T, K, h, w]."""
    initial, final = self.model(self.frames)
    size = tuple(final.shape[-2:])
    stride = self.frames.shape[-1] // size[1]
    targets = encode(self.keypoints, size, stride, self.settings["sigma"])
    total = heatmap_mse(initial, targets[:, 0], self.weights[:, 0])
    for t in range(final.shape[1]):
      total = total + heatmap_mse(final[:, t], targets[:, t], self.weights[:, t])
    return total, initial, final

  def __call__(self) -> float:
    """Runs a training step; returns its loss."""
    rate = self.settings["learning_rate"] * (1.0 - self.done / self.settings["num_steps"])
    for group in self.optimizer.param_groups:
      group["lr"] = rate
    total, _, final = self.loss()
    total.backward()
    self.optimizer.step()
    self.optimizer.zero_grad()
    self.done += 1
    self.right += self.share_right(final.detach())
    return float(total.detach())

  def share_right(self, final: torch.Tensor) -> torch.Tensor:
    """Returns the share of weighted joints within 0.2 of the torso, as in training."""
    width = final.shape[-1]
    stride = self.frames.shape[-1] // width
    index = final.flatten(-2).argmax(-1)
    cells = torch.stack((index % width, index // width), -1)
    distance = (cells * stride + (stride - 1) / 2.0 - self.keypoints).norm(dim=-1)
    right = (distance <= 0.2 * self.torso[..., None]).float()
    return (right * self.weights).sum() / self.weights.sum()

  def heatmaps(self) -> Dict[str, np.ndarray]:
    """Returns loss, norm of its gradient, and heatmaps, channels last, in training mode."""
    total, initial, final = self.loss()
    total.backward()
    norms = [p.grad.norm() for p in self.model.parameters() if p.grad is not None]
    self.optimizer.zero_grad()
    return {
      "loss": total.detach().numpy(),
      "gradient_norm": torch.stack(norms).norm().numpy(),
      "initial": initial.detach().permute(0, 2, 3, 1).numpy(),
      "final": final.detach().permute(0, 1, 3, 4, 2).numpy(),
    }
