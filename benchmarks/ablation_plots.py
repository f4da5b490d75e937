"""The plots of docs/results.md: this project's small networks beside the paper's figures."""

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
SMOOTH = 5  # frames that a point of a clip's curve is the mean of
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
  """An SVG of two axes: ours to the left, the paper's to the right."""
  with matplotlib.rc_context(STYLE):
    figure = Figure(figsize=(8.4, height), layout="constrained", facecolor="white")
    ours, papers = figure.subplots(1, 2)
    ours.set(ylabel="PCK-torso, %")
    paint(ours, papers)
    for axes in (ours, papers):
      axes.grid(True, axis="y", linewidth=0.6, color="#dfe3e8")
      axes.tick_params(length=0)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
  return buffer.getvalue()


def _bar(axes: Axes, place: float, found: Sequence[float], width: float, color: str) -> None:
  """A bar at the mean of some values, with its height above it, and a dot for each value."""
  mean = statistics.fmean(found)
  axes.bar(place, mean, width, color=color)
  axes.annotate(f"{mean:.1f}", (place, max(found)), (0, 3), textcoords="offset points", ha="center")
  if len(found) > 1:
    axes.plot([place] * len(found), found, "o", color="#24292f", markersize=3.5, alpha=0.7)


def _bars(axes: Axes, names: Sequence[str], values: Sequence[Sequence[float]], color: str) -> None:
  """A bar for each name."""
  for place, found in enumerate(values):
    _bar(axes, place, found, 0.6, color)
  axes.set_xticks(range(len(names)), names)
  _zoom(axes, [one for found in values for one in found])


def _zoom(axes: Axes, values: Sequence[float]) -> None:
  room = max(0.25 * (max(values) - min(values)), 1.0)
  axes.set_ylim(max(0.0, min(values) - room), min(100.0, max(values) + room))


def _pairs(axes: Axes, rows: Sequence[Tuple[str, Sequence[float], Sequence[float]]]) -> None:
  """Frame-wise and PPN side by side for each backbone."""
  for place, (_, framewise, ppn) in enumerate(rows):
    _bar(axes, place - 0.2, framewise, 0.36, ORANGE)
    _bar(axes, place + 0.2, ppn, 0.36, BLUE)
  axes.set_xticks(range(len(rows)), [name for name, _, _ in rows])
  _zoom(axes, [one for _, *both in rows for found in both for one in found])


def table_1(results: Results) -> bytes:
  """Frame-wise and PPN with one backbone for both its networks."""

  def paint(ours: Axes, papers: Axes) -> None:
    rows = [
      (f"{size}", results.scores(f"framewise_{size}"), results.scores(f"ppn_{size}"))
      for size in ("small", "large")
    ]
    _pairs(ours, rows)
    _pairs(papers, [(name, [framewise], [ppn]) for name, framewise, ppn in PAPER_TABLE_1])
    ours.set_title("this project, drawn people, a dot for each seed")
    papers.set_title("the paper, Penn Action")
    handles = [matplotlib.patches.Patch(color=color) for color in (ORANGE, BLUE)]
    papers.legend(handles, ["frame-wise", "PPN"], loc="upper left", frameon=False)

  return _plot(paint)


def table_2(results: Results) -> bytes:
  """Upsampling, propagation and skip connection."""

  def paint(ours: Axes, papers: Axes) -> None:
    runs = (
      "framewise_small_deconv", "framewise_small", "ppn_large_small_without_skip", "ppn_large_small"
    )  # fmt: skip
    names = [name for name, _ in PAPER_TABLE_2]
    _bars(ours, names, [results.scores(run) for run in runs], color=BLUE)
    _bars(papers, names, [[value] for _, value in PAPER_TABLE_2], color="#8c96a3")
    ours.set_title("this project, drawn people, a dot for each seed")
    papers.set_title("the paper, MobileNet-V2, Penn Action")
    for axes in (ours, papers):
      axes.tick_params(axis="x", labelsize=7.5)

  return _plot(paint)


def table_3(results: Results) -> bytes:
  """Longer windows than those of training."""

  def paint(ours: Axes, papers: Axes) -> None:
    found = np.array([results.scores("ppn_large_small", window) for window in plan.WINDOWS])
    framewise = results.scores("framewise_small")
    ours.fill_between(plan.WINDOWS, found.min(axis=1), found.max(axis=1), color=BLUE, alpha=0.2)
    ours.plot(plan.WINDOWS, found.mean(axis=1), "o-", color=BLUE, label="PPN")
    ours.axhline(statistics.fmean(framewise), color=ORANGE, linestyle="--", label="frame-wise")
    ours.legend(frameon=False)
    papers.plot(list(PAPER_TABLE_3), list(PAPER_TABLE_3.values()), "o-", color="#57606a")
    papers.axhline(88.3, color=ORANGE, linestyle="--")
    ours.set_title("this project; the band spans the seeds")
    papers.set_title("the paper, PPN-Stable, Penn Action")
    for axes in (ours, papers):
      axes.set(xlabel="T, frames of a window", xticks=plan.WINDOWS)

  return _plot(paint)


def _smoothed(curves: List[List[float]]) -> np.ndarray:
  """[seeds, frames] moving means."""
  kernel = np.ones(SMOOTH) / SMOOTH
  return np.array([np.convolve(curve, kernel, "valid") for curve in curves])


def figure_3(results: Results) -> bytes:
  """Paths of propagation along clips, and what each adds to the frame-wise network."""

  def paint(along: Axes, gained: Axes) -> None:
    base = _smoothed(results.along_clip("framewise_small"))
    for name, run, color in (
      ("chained, Fig. 3(c)", "ppn_large_small", BLUE),
      ("from the first frame, Fig. 3(b)", "ppn_large_small_from_first", GREEN),
      ("frame-wise", "framewise_small", ORANGE),
    ):
      found = _smoothed(results.along_clip(run))
      frames = np.arange(found.shape[1]) + SMOOTH // 2 + 1
      along.plot(frames, found.mean(axis=0), color=color, label=name)
      if run != "framewise_small":
        gain = found - base
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
  """Mean and sum of the dilations' maps: loss while training, and scores."""

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
  """The plots by file name."""
  return {
    "results_table_1.svg": table_1(results),
    "results_table_2.svg": table_2(results),
    "results_table_3.svg": table_3(results),
    "results_figure_3.svg": figure_3(results),
    "results_equation_5.svg": equation_5(results),
  }
