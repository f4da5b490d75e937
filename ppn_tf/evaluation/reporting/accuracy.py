"""Draws graphs of PCK by threshold and by joint group."""

from typing import Dict, List, Optional, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer

from ppn_tf.evaluation.reporting.graphs import (
  NARROW,
  WIDE,
  Curve,
  Theme,
  get_color_index,
  graph,
  plot_curves,
)
from ppn_tf.evaluation.reporting.images import Picture
from ppn_tf.evaluation.reporting.runs import Run, number
from ppn_tf.evaluation.reporting.scores import METRICS, get_groups

_MAX_LABELED = 4  # bars of more runs are too narrow for a number


def get_alphas(runs: Sequence[Run]) -> List[float]:
  """Returns the distinct thresholds of the evaluations."""
  return list(dict.fromkeys(run.alpha for run in runs if run.alpha is not None))


def threshold_curves(runs: Sequence[Run]) -> List[Picture]:
  """Draws each measured kind of PCK against the threshold."""
  pictures = []
  for key, title in METRICS:
    curves = [_threshold_curve(run, key) for run in runs]
    if any(curves):
      pictures.append(_threshold_graph(curves, title, get_alphas(runs)))
  return pictures


def _threshold_curve(run: Run, key: str) -> Optional[Curve]:
  alphas, values = run.measured("curve", "alphas") or [], run.measured("curve", key) or []
  pairs = [(number(a), number(v)) for a, v in zip(alphas, values)]
  known = [(a, v) for a, v in pairs if a is not None and v is not None]
  return Curve(run.name, [a for a, _ in known], [v for _, v in known]) if known else None


def _threshold_graph(
  curves: Sequence[Optional[Curve]], title: str, alphas: Sequence[float]
) -> Picture:
  drawn = [curve for curve in curves if curve is not None]

  def paint(axes: Axes, theme: Theme) -> None:
    plot_curves(axes, theme, curves)
    for alpha in alphas:
      axes.axvline(alpha, color=theme.text, linestyle=":", linewidth=1.2)
      axes.annotate(f"{alpha:g}", (alpha, 3), (3, 0), textcoords="offset points")
    axes.set(title=f"{title}, %", xlabel="threshold alpha", ylim=(0, 100.5))
    axes.set_xlim(0, max(curve.x[-1] for curve in drawn))

  values = [
    f"{curve.name} {np.interp(alpha, curve.x, curve.y):.1f} at {alpha:g}"
    for curve in drawn
    for alpha in alphas or (curve.x[-1],)
  ]
  return graph(NARROW, f"Graph of {title} in percent by threshold: {'; '.join(values)}.", paint)


def group_bars(runs: Sequence[Run]) -> List[Picture]:
  """Draws bars of PCK-torso and PCK-torso clean by joint group and for all joints."""
  groups = get_groups(runs)
  pictures = []
  for key, title in METRICS[1:]:
    # By run; a run without values keeps its color but takes no space.
    bars: Dict[int, List[float]] = {}
    for index, run in enumerate(runs):
      values = [number(run.measured(key, "groups", group)) for group in groups]
      values.append(number(run.measured(key, "micro")))
      if set(values) - {None}:
        bars[index] = [np.nan if value is None else value for value in values]
    if bars:
      names = {index: runs[index].name for index in bars}
      pictures.append(_bars(bars, names, [*groups, "Mean"], title))
  return pictures


def _bars(
  bars: Dict[int, List[float]], names: Dict[int, str], heads: Sequence[str], title: str
) -> Picture:
  width = 0.84 / len(bars)

  def paint(axes: Axes, theme: Theme) -> None:
    axes.grid(False, axis="x")
    for position, (index, values) in enumerate(bars.items()):
      x = np.arange(len(heads)) + (position - (len(bars) - 1) / 2) * width
      drawn = axes.bar(
        x, np.nan_to_num(values), 0.9 * width, color=theme.runs[get_color_index(index)]
      )
      if len(bars) <= _MAX_LABELED:
        _label(axes, theme, drawn, values)
    axes.set_xticks(range(len(heads)), heads)
    axes.set(title=f"{title}, %", ylim=(0, 100))

  words = [
    f"{names[index]} " + ", ".join(f"{h} {v:.1f}" for h, v in zip(heads, values) if v == v)
    for index, values in bars.items()
  ]
  alt = f"Bars of {title} in percent by joint group: {'; '.join(words)}."
  return graph(WIDE, alt, paint)


def _label(axes: Axes, theme: Theme, drawn: BarContainer, values: Sequence[float]) -> None:
  """Writes vertical numbers into the tops of the bars, or above short bars."""
  for bar, value in zip(drawn, values):
    if value != value:
      continue
    inside = value > 22
    axes.annotate(
      f"{value:.1f}",
      (bar.get_x() + bar.get_width() / 2, value),
      (0, -3 if inside else 3),
      textcoords="offset points",
      ha="center",
      va="top" if inside else "bottom",
      rotation=90,
      fontsize=7.5,
      color=theme.page if inside else theme.text,
    )
