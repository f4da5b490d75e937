"""Draws graphs of training: loss and PCK against the step."""

from typing import List, Optional, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from ppn_tf.evaluation.reporting.graphs import WIDE, Curve, Theme, describe_ends, graph, plot_curves
from ppn_tf.evaluation.reporting.images import Picture
from ppn_tf.evaluation.reporting.runs import Run, number


def learning_curves(runs: Sequence[Run]) -> List[Picture]:
  """Draws the logged loss and PCK of the training batches against the step.

  The loss is that of the final heatmaps. The total loss of a PPN also includes
  HeadNet's, and is not comparable with that of a frame-wise network.
  """
  pictures = []
  losses = _logged(runs, "loss_final")
  if any(losses):

    def paint_loss(axes: Axes, theme: Theme) -> None:
      plot_curves(axes, theme, losses)
      values = [value for curve in losses if curve is not None for value in curve.y]
      if min(values) > 0 and max(values) > 10 * min(values):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("")
      axes.set(title="Loss of the final heatmaps", xlabel="training step")

    alt = "Graph of the loss of the final heatmaps against the step: " + describe_ends(
      losses, "{:.3g}"
    )
    pictures.append(graph(WIDE, alt, paint_loss))
  pck = _logged(runs, "pck")
  if any(pck):

    def paint_pck(axes: Axes, theme: Theme) -> None:
      plot_curves(axes, theme, pck)
      axes.set(title="PCK-torso on training batches, %", xlabel="training step")

    alt = "Graph of PCK-torso on training batches in percent against the step: "
    pictures.append(graph(WIDE, alt + describe_ends(pck, "{:.1f}"), paint_pck))
  return pictures


def _logged(runs: Sequence[Run], key: str) -> List[Optional[Curve]]:
  curves: List[Optional[Curve]] = []
  for run in runs:
    pairs = [(row["step"], number(row.get(key))) for row in run.metrics]
    steps = [step for step, value in pairs if value is not None]
    values = [value for _, value in pairs if value is not None]
    curves.append(Curve(run.name, steps, values) if values else None)
  return curves
