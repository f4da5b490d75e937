"""The page's graphs: learning curves and PCK along a clip, for light and dark pages."""

import dataclasses
import io
from typing import Any, Callable, List, Optional, Sequence, Tuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ppn_tf.reporting.images import Picture
from ppn_tf.reporting.runs import Run
from ppn_tf.reporting.scores import number


@dataclasses.dataclass(frozen=True)
class Theme:
  """Colours of a graph: its text, its grid, and one per run in order."""

  text: str
  grid: str
  runs: Tuple[str, ...]


# Blue and orange first: they differ to every kind of colour vision.
LIGHT = Theme("#3d4451", "#dfe3e8", ("#1f6feb", "#d9620a", "#1a8a5c", "#9146c4", "#b3263e"))
DARK = Theme("#b3bcc8", "#2d343e", ("#6cabff", "#ff9d4d", "#4fcf9a", "#c792ee", "#ff7d90"))
_DASHES: Tuple[object, ...] = ("-", (0, (5, 1.6)), (0, (1.5, 1.2)), "-.", (0, (7, 2)))
_SIZE = (4.6, 2.9)  # inches at 72 per inch: two fit side by side on the page

Curve = Tuple[str, Sequence[float], Sequence[float]]  # name, x, y


def _draw(
  curves: Sequence[Optional[Curve]], theme: Theme, finish: Callable[[Axes], object]
) -> bytes:
  """An SVG of the curves; None keeps a run's colour free for its other graphs."""
  settings: Any = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica Neue", "Arial", "Liberation Sans", "DejaVu Sans"],
    "font.size": 9.5,
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
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.subplots()
    axes.grid(True, linewidth=0.8)
    axes.tick_params(length=0, which="both")
    for index, curve in enumerate(curves):
      if curve is None:
        continue
      name, x, y = curve
      axes.plot(
        x,
        y,
        label=name,
        color=theme.runs[index % len(theme.runs)],
        linestyle=_DASHES[index % len(_DASHES)],
        linewidth=1.8,
        marker="o" if len(x) < 3 else None,
        markersize=4,
      )
    finish(axes)
    axes.legend(frameon=False, handlelength=2.4)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
  return buffer.getvalue()


def _picture(
  curves: Sequence[Optional[Curve]], alt: str, finish: Callable[[Axes], object]
) -> Picture:
  width, height = (round(inches * 72) for inches in _SIZE)
  light, dark = (_draw(curves, theme, finish) for theme in (LIGHT, DARK))
  return Picture(light, "image/svg+xml", alt, width, height, dark)


def _logged(runs: Sequence[Run], key: str) -> List[Optional[Curve]]:
  curves: List[Optional[Curve]] = []
  for run in runs:
    pairs = [(row["step"], number(row.get(key))) for row in run.metrics]
    steps = [step for step, value in pairs if value is not None]
    values = [value for _, value in pairs if value is not None]
    curves.append((run.name, steps, values) if values else None)
  return curves


def _ends(curves: Sequence[Optional[Curve]], form: str) -> str:
  """Says in words where each curve begins and ends."""
  parts = [
    f"{name} from {form.format(y[0])} at {x[0]} to {form.format(y[-1])} at {x[-1]}"
    for name, x, y in (curve for curve in curves if curve is not None)
  ]
  return "; ".join(parts) + "."


def learning_curves(runs: Sequence[Run]) -> List[Picture]:
  """Loss, and PCK of the training batches, against the step; as far as they were logged.

  The loss is that of the final heatmaps: the whole loss of a PPN has HeadNet's
  as well, so it cannot be compared with a frame-wise network's.
  """
  pictures = []
  losses = _logged(runs, "loss_final")
  if any(losses):

    def finish_loss(axes: Axes) -> None:
      values = [value for curve in losses if curve is not None for value in curve[2]]
      if min(values) > 0 and max(values) > 10 * min(values):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
      axes.set(title="Loss of the final heatmaps", xlabel="training step")

    alt = "Graph of the loss of the final heatmaps against the step: " + _ends(losses, "{:.3g}")
    pictures.append(_picture(losses, alt, finish_loss))
  pck = _logged(runs, "pck")
  if any(pck):

    def finish_pck(axes: Axes) -> None:
      axes.set(title="PCK-torso on training batches, %", xlabel="training step")

    alt = "Graph of PCK-torso on training batches in percent against the step: " + _ends(
      pck, "{:.1f}"
    )
    pictures.append(_picture(pck, alt, finish_pck))
  return pictures


def pck_along_clip(runs: Sequence[Run]) -> Optional[Picture]:
  """PCK-torso against the frame's place in its window or clip, from 1; None without it."""
  curves: List[Optional[Curve]] = []
  for run in runs:
    series = ((run.evaluation or {}).get("per_frame_index") or {}).get("pck_torso") or []
    values = [np.nan if number(value) is None else float(value) for value in series]
    known = [(index, value) for index, value in enumerate(values, start=1) if value == value]
    curves.append((run.name, [i for i, _ in known], [v for _, v in known]) if known else None)
  if not any(curves):
    return None

  def finish(axes: Axes) -> None:
    axes.set(title="PCK-torso, %", xlabel="place of the frame, from 1")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    low, high = axes.get_ylim()
    axes.set_ylim(low, min(high, 100.5))

  alt = "Graph of PCK-torso in percent against the place of the frame: " + _ends(curves, "{:.1f}")
  return _picture(curves, alt, finish)
