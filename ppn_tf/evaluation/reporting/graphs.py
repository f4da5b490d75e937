"""Draws graphs as SVG in the style of the page, for light and dark themes."""

import dataclasses
import io
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ppn_tf.evaluation.reporting.images import Picture
from ppn_tf.evaluation.reporting.runs import Run


@dataclasses.dataclass(frozen=True)
class Theme:
  """Holds colors of a graph: page, text, grid, and one per run in order."""

  page: str
  text: str
  grid: str
  runs: Tuple[str, ...]


# Blue and orange come first: they differ in every kind of color vision.
LIGHT = Theme(
  "#ffffff",
  "#3d4451",
  "#dfe3e8",
  ("#1f6feb", "#d9620a", "#1a8a5c", "#9146c4", "#b3263e", "#6b7280", "#0e93a8", "#a67c00"),
)
DARK = Theme(
  "#14181e",
  "#b3bcc8",
  "#2d343e",
  ("#6cabff", "#ff9d4d", "#4fcf9a", "#c792ee", "#ff7d90", "#a3acb9", "#4fd3e6", "#e3c04a"),
)
_DASHES: Tuple[Tuple[float, ...], ...] = ((), (5, 1.6), (1.5, 1.2), (6, 1.5, 1.5, 1.5), (9, 3))
_LINE = 1.8  # line width in points; the unit of dashes
# (width, height) in inches of 72 points. Two wide or three narrow graphs fit side by side.
WIDE, NARROW = (4.6, 2.7), (3.0, 2.5)

Paint = Callable[[Axes, Theme], object]


@dataclasses.dataclass(frozen=True)
class Curve:
  """Holds a run's line in a graph.

  Attributes:
    name: name of the run.
    x: ascending.
    y: a value for each x.
    faint_x: continuation of the line with less certain values.
    faint_y: a value for each faint_x.
  """

  name: str
  x: Sequence[float]
  y: Sequence[float]
  faint_x: Sequence[float] = ()
  faint_y: Sequence[float] = ()


def get_color_index(index: int) -> int:
  """Returns the index of a run's color in a theme, by the index of the run."""
  return index % len(LIGHT.runs)


def get_dashes(index: int) -> Tuple[float, ...]:
  """Returns lengths of dashes and gaps in line widths; () for a solid line.

  Runs with the same color differ in their dashes.
  """
  return _DASHES[(index + index // len(LIGHT.runs)) % len(_DASHES)]


def legend(runs: Sequence[Run]) -> Dict[str, Dict[str, Any]]:
  """Returns the color index and the SVG dashes of each run's line."""
  return {
    run.name: {
      "color": get_color_index(index),
      "dashes": " ".join(f"{_LINE * length:g}" for length in get_dashes(index)),
    }
    for index, run in enumerate(runs)
  }


def graph(size: Tuple[float, float], alt: str, paint: Paint) -> Picture:
  """Draws an SVG without legend for the light and the dark theme."""
  width, height = (round(inches * 72) for inches in size)
  light, dark = (_draw(size, theme, paint) for theme in (LIGHT, DARK))
  return Picture(light, "image/svg+xml", alt, width, height, dark)


def _draw(size: Tuple[float, float], theme: Theme, paint: Paint) -> bytes:
  settings: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica Neue", "Arial", "Liberation Sans", "DejaVu Sans"],
    "font.size": 9.5,
    "axes.titlesize": 10,
    "svg.fonttype": "none",
    "svg.hashsalt": "ppn_tf",
    "text.color": theme.text,
    "axes.labelcolor": theme.text,
    "axes.edgecolor": theme.grid,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": theme.text,
    "ytick.color": theme.text,
    "grid.color": theme.grid,
  }
  with matplotlib.rc_context(settings):
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.grid(True, linewidth=0.8)
    axes.tick_params(length=0, which="both")
    paint(axes, theme)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
  return buffer.getvalue()


def plot_curves(axes: Axes, theme: Theme, curves: Sequence[Optional[Curve]]) -> None:
  """Draws a line for each run in its color; None skips a run and its color."""
  for index, curve in enumerate(curves):
    if curve is None:
      continue
    style: Dict[str, Any] = {
      "color": theme.runs[get_color_index(index)],
      "linestyle": (0, get_dashes(index)) if get_dashes(index) else "-",
    }
    if curve.faint_x:
      axes.plot(curve.faint_x, curve.faint_y, linewidth=1.0, alpha=0.45, **style)
    marker = "o" if len(curve.x) < 8 else None
    axes.plot(curve.x, curve.y, linewidth=_LINE, marker=marker, markersize=4, **style)


def describe_ends(curves: Sequence[Optional[Curve]], form: str) -> str:
  """Describes where each curve starts and ends."""
  parts: List[str] = [
    f"{curve.name} from {form.format(curve.y[0])} at {curve.x[0]} "
    f"to {form.format(curve.y[-1])} at {curve.x[-1]}"
    for curve in curves
    if curve is not None
  ]
  return "; ".join(parts) + "."
