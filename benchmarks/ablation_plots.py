"""Plots of docs/results.md: small networks of this project next to results of the paper."""

import io
import statistics
from typing import Any, Callable, Dict, List, Sequence, Tuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import ablation_plan as plan
from benchmarks.ablation_results import Results

BLUE, ORANGE, GREEN, PURPLE = "#1f6feb", "#d9620a", "#1a8a5c", "#9146c4"
SMOOTH = 5  # frames averaged in a point of a curve along clips
STYLE: Any = {
  "font.family": "sans-serif",
  "font.size": 9.5,
  "axes.titlesize": 10,
  "axes.spines.top": False,
  "axes.spines.right": False,
  "axes.axisbelow": True,
  "svg.hashsalt": "ppn_tf",
}
# PCK-torso on Penn Action, Tables 1 to 3 of the paper.
PAPER_TABLE_1 = (
  ("ResNet-18", 88.7, 92.1),
  ("ResNet-34", 90.4, 93.3),
  ("ResNet-50", 92.2, 94.1),
  ("ResNet-101", 94.1, 95.0),
)
PAPER_TABLE_2 = (
  ("frame-wise,\ndeconvolution", 87.9),
  ("frame-wise,\nDUC", 87.7),
  ("PPN without\nskip connection", 92.9),
  ("PPN", 93.8),
)
PAPER_TABLE_3 = {1: 95.0, 2: 94.7, 5: 94.2, 10: 92.9, 15: 92.0}

Paint = Callable[[Axes, Axes], None]


def _plot(paint: Paint, height: float = 2.9) -> bytes:
  """Returns an SVG with two axes: this project on the left, the paper on the right."""
  with matplotlib.rc_context(STYLE):
    figure = Figure(figsize=(8.4, height), layout="constrained", facecolor="white")
    own, paper = figure.subplots(1, 2)
    own.set(ylabel="PCK-torso, %")
    paint(own, paper)
    for axes in (own, paper):
      axes.grid(True, axis="y", linewidth=0.6, color="#dfe3e8")
      axes.tick_params(length=0)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
  return buffer.getvalue()


def _bar(axes: Axes, place: float, values: Sequence[float], width: float, color: str) -> None:
  """Draws a bar at the mean of values, labeled with its height, and a dot for each value."""
  mean = statistics.fmean(values)
  axes.bar(place, mean, width, color=color)
  axes.annotate(
    f"{mean:.1f}", (place, max(values)), (0, 3), textcoords="offset points", ha="center"
  )
  if len(values) > 1:
    axes.plot([place] * len(values), values, "o", color="#24292f", markersize=3.5, alpha=0.7)


def _bars(axes: Axes, names: Sequence[str], values: Sequence[Sequence[float]], color: str) -> None:
  """Draws a bar for each name."""
  for place, row in enumerate(values):
    _bar(axes, place, row, 0.6, color)
  axes.set_xticks(range(len(names)), names)
  _zoom(axes, [value for row in values for value in row])


def _zoom(axes: Axes, values: Sequence[float]) -> None:
  room = max(0.25 * (max(values) - min(values)), 1.0)
  axes.set_ylim(max(0.0, min(values) - room), min(100.0, max(values) + room))


def _pairs(axes: Axes, rows: Sequence[Tuple[str, Sequence[float], Sequence[float]]]) -> None:
  """Draws bars of frame-wise networks and PPN for each backbone."""
  for place, (_, framewise, ppn) in enumerate(rows):
    _bar(axes, place - 0.2, framewise, 0.36, ORANGE)
    _bar(axes, place + 0.2, ppn, 0.36, BLUE)
  axes.set_xticks(range(len(rows)), [name for name, _, _ in rows])
  _zoom(axes, [value for _, *pair in rows for row in pair for value in row])


def table_1(results: Results) -> bytes:
  """Plots frame-wise networks and PPN with the same backbone for both networks."""

  def paint(own: Axes, paper: Axes) -> None:
    rows = [
      (f"{size}", results.scores(f"framewise_{size}"), results.scores(f"ppn_{size}"))
      for size in ("small", "large")
    ]
    _pairs(own, rows)
    _pairs(paper, [(name, [framewise], [ppn]) for name, framewise, ppn in PAPER_TABLE_1])
    own.set_title("this project, drawn people, a dot for each seed")
    paper.set_title("the paper, Penn Action")
    handles = [matplotlib.patches.Patch(color=color) for color in (ORANGE, BLUE)]
    paper.legend(handles, ["frame-wise", "PPN"], loc="upper left", frameon=False)

  return _plot(paint)


def table_2(results: Results) -> bytes:
  """Plots upsampling, propagation and skip connection."""

  def paint(own: Axes, paper: Axes) -> None:
    runs = (
      "framewise_small_deconv", "framewise_small", "ppn_large_small_without_skip", "ppn_large_small"
    )  # fmt: skip
    names = [name for name, _ in PAPER_TABLE_2]
    _bars(own, names, [results.scores(run) for run in runs], color=BLUE)
    _bars(paper, names, [[value] for _, value in PAPER_TABLE_2], color="#8c96a3")
    own.set_title("this project, drawn people, a dot for each seed")
    paper.set_title("the paper, MobileNet-V2, Penn Action")
    for axes in (own, paper):
      axes.tick_params(axis="x", labelsize=7.5)

  return _plot(paint)


def table_3(results: Results) -> bytes:
  """Plots scores against the length of windows."""

  def paint(own: Axes, paper: Axes) -> None:
    scores = np.array([results.scores("ppn_large_small", window) for window in plan.WINDOWS])
    framewise = results.scores("framewise_small")
    own.fill_between(plan.WINDOWS, scores.min(axis=1), scores.max(axis=1), color=BLUE, alpha=0.2)
    own.plot(plan.WINDOWS, scores.mean(axis=1), "o-", color=BLUE, label="PPN")
    own.axhline(statistics.fmean(framewise), color=ORANGE, linestyle="--", label="frame-wise")
    own.legend(frameon=False)
    paper.plot(list(PAPER_TABLE_3), list(PAPER_TABLE_3.values()), "o-", color="#57606a")
    paper.axhline(88.3, color=ORANGE, linestyle="--")
    own.set_title("this project; the band spans the seeds")
    paper.set_title("the paper, PPN-Stable, Penn Action")
    for axes in (own, paper):
      axes.set(xlabel="T, frames of a window", xticks=plan.WINDOWS)

  return _plot(paint)


def _smoothed(curves: List[List[float]]) -> np.ndarray:
  """Returns moving means [seeds, frames]."""
  kernel = np.ones(SMOOTH) / SMOOTH
  return np.array([np.convolve(curve, kernel, "valid") for curve in curves])


def figure_3(results: Results) -> bytes:
  """Plots paths of propagation along clips, and their gain over the frame-wise network."""

  def paint(along: Axes, gained: Axes) -> None:
    base = _smoothed(results.along_clip("framewise_small"))
    for name, run, color in (
      ("chained, Fig. 3(c)", "ppn_large_small", BLUE),
      ("from the first frame, Fig. 3(b)", "ppn_large_small_from_first", GREEN),
      ("frame-wise", "framewise_small", ORANGE),
    ):
      curves = _smoothed(results.along_clip(run))
      frames = np.arange(curves.shape[1]) + SMOOTH // 2 + 1
      along.plot(frames, curves.mean(axis=0), color=color, label=name)
      if run != "framewise_small":
        gain = curves - base
        gained.fill_between(frames, gain.min(axis=0), gain.max(axis=0), color=color, alpha=0.15)
        gained.plot(frames, gain.mean(axis=0), color=color)
    gained.axhline(0, color=ORANGE)
    low, high = along.get_ylim()
    along.set_ylim(low, high + 0.3 * (high - low))  # room for the legend
    along.legend(frameon=False, fontsize=8, loc="upper right")
    along.set(title=f"along whole clips, means of {SMOOTH} frames", xlabel="frame")
    gained.set(title="the same, over frame-wise; bands span the seeds", xlabel="frame")
    gained.set_ylabel("points")

  return _plot(paint, 3.2)


def equation_5(results: Results) -> bytes:
  """Plots mean and sum over dilation rates: training loss and scores."""

  def paint(scores: Axes, losses: Axes) -> None:
    runs = (("mean", "ppn_large_small", BLUE), ("sum", "ppn_large_small_sum", PURPLE))
    _bars(scores, [n for n, _, _ in runs], [results.scores(run) for _, run, _ in runs], color=BLUE)
    for name, run, color in runs:
      for number, seed in enumerate(results.seeds(run)):
        rows = results.table[run][seed]["metrics"]
        losses.plot(
          [row["step"] for row in rows], [row["loss_final"] for row in rows], color=color,
          label=None if number else name,
        )  # fmt: skip
    losses.set(
      title="loss of the final heatmaps, a line for each seed", xlabel="step", yscale="log"
    )
    losses.legend(frameon=False)
    scores.set_title("a dot for each seed")

  return _plot(paint)


def all_plots(results: Results) -> Dict[str, bytes]:
  """Returns all plots by file name."""
  return {
    "results_table_1.svg": table_1(results),
    "results_table_2.svg": table_2(results),
    "results_table_3.svg": table_3(results),
    "results_figure_3.svg": figure_3(results),
    "results_equation_5.svg": equation_5(results),
  }
