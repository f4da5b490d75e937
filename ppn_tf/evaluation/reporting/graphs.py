"""How the page's graphs look, on light and on dark pages."""

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
  """Colours of a graph: the page's, its text, its grid, and one per run in order."""

  page: str
  text: str
  grid: str
  runs: Tuple[str, ...]


# Blue and orange first: they differ to every kind of colour vision.
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
_LINE = 1.8  # points; dashes are in multiples of it
# Inches at 72 per inch. Two wide graphs or three narrow ones fit side by side on the page.
WIDE, NARROW = (4.6, 2.7), (3.0, 2.5)

Paint = Callable[[Axes, Theme], object]


@dataclasses.dataclass(frozen=True)
class Curve:
  """A run's line in a graph.

  Attributes:
    name: the run's.
    x: ascending.
    y: a value for each x.
    faint_x: where the line goes on, known less well.
    faint_y: a value for each of them.
  """

  name: str
  x: Sequence[float]
  y: Sequence[float]
  faint_x: Sequence[float] = ()
  faint_y: Sequence[float] = ()


def colour_of(index: int) -> int:
  """The place of a run's colour in a theme, by the run's place among the runs."""
  return index % len(LIGHT.runs)


def dashes_of(index: int) -> Tuple[float, ...]:
  """On and off in widths of the line, () for a solid one.

  Runs that have to share a colour differ in their dashes.
  """
  return _DASHES[(index + index // len(LIGHT.runs)) % len(_DASHES)]


def legend(runs: Sequence[Run]) -> Dict[str, Dict[str, Any]]:
  """What the page needs to draw each run's line: its colour's number and an SVG's dashes."""
  return {
    run.name: {
      "colour": colour_of(index),
      "dashes": " ".join(f"{_LINE * length:g}" for length in dashes_of(index)),
    }
    for index, run in enumerate(runs)
  }


def graph(size: Tuple[float, float], alt: str, paint: Paint) -> Picture:
  """An SVG for light pages and one for dark ones; the page itself has the legend."""
  width, height = (round(inches * 72) for inches in size)
  light, dark = (_drawn(size, theme, paint) for theme in (LIGHT, DARK))
  return Picture(light, "image/svg+xml", alt, width, height, dark)


def _drawn(size: Tuple[float, float], theme: Theme, paint: Paint) -> bytes:
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
  """Draws a line for each run in its colour; None keeps a run's colour free for other graphs."""
  for index, curve in enumerate(curves):
    if curve is None:
      continue
    style: Dict[str, Any] = {
      "color": theme.runs[colour_of(index)],
      "linestyle": (0, dashes_of(index)) if dashes_of(index) else "-",
    }
    if curve.faint_x:
      axes.plot(curve.faint_x, curve.faint_y, linewidth=1.0, alpha=0.45, **style)
    marker = "o" if len(curve.x) < 8 else None
    axes.plot(curve.x, curve.y, linewidth=_LINE, marker=marker, markersize=4, **style)


def ends(curves: Sequence[Optional[Curve]], form: str) -> str:
  """Says in words where each curve begins and ends."""
  parts: List[str] = [
    f"{curve.name} from {form.format(curve.y[0])} at {curve.x[0]} "
    f"to {form.format(curve.y[-1])} at {curve.x[-1]}"
    for curve in curves
    if curve is not None
  ]
  return "; ".join(parts) + "."
