"""Draws PCK against the position of a frame in its window or clip, to show drift."""

import dataclasses
from typing import List, Optional, Sequence, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ppn_tf.evaluation.reporting.graphs import WIDE, Curve, Theme, describe_ends, graph, plot_curves
from ppn_tf.evaluation.reporting.images import Picture
from ppn_tf.evaluation.reporting.runs import Run, number
from ppn_tf.evaluation.reporting.scores import METRICS
from ppn_tf.evaluation.tables import Cell, Row, Section, Table, format_cell

# Fractions of the number of frames at the first position. Lines are faint below SOLID, and
# end below SHOWN, where a few long clips would determine the value.
SOLID, SHOWN = 0.2, 0.05


@dataclasses.dataclass(frozen=True)
class Positions:
  """Holds PCK of one run by frame position, from 1; NaN if no joint is visible.

  Attributes:
    values: [N] float, PCK in percent at each position.
    counts: [N] float, number of frames at each position; all 1 if unknown.
  """

  values: np.ndarray
  counts: np.ndarray

  def known(self, low: float, high: float = np.inf) -> np.ndarray:
    """Returns indices with a value and a fraction of the first position's frames in [low, high)."""
    fraction = self.counts / max(self.counts[0], 1)
    return np.flatnonzero(np.isfinite(self.values) & (fraction >= low) & (fraction < high))

  @property
  def decreasing(self) -> bool:
    """Returns whether later positions have fewer frames, as in whole clips."""
    return bool(self.counts.min() < 0.9 * self.counts[0])


def get_positions(run: Run, key: str) -> Optional[Positions]:
  """Returns a kind of PCK by frame position from the evaluation, or None."""
  series = run.measured("per_frame_index", key) or []
  values = np.array([np.nan if number(v) is None else v for v in series], float)
  if not np.isfinite(values).any():
    return None
  counts = run.measured("per_frame_index", "num_frames") or []
  known = len(counts) == len(values) and all(number(count) is not None for count in counts)
  return Positions(values, np.array(counts, float) if known else np.ones(len(values)))


def has_decreasing_counts(run: Run) -> bool:
  """Returns whether the run was evaluated on whole clips of different lengths."""
  positions = get_positions(run, "pck_torso")
  return positions is not None and positions.decreasing


def along_clip(runs: Sequence[Run]) -> List[Picture]:
  """Draws PCK-torso and PCK-body by frame position, if measured."""
  pictures = []
  for key, title in METRICS[1::-1]:
    positions = [get_positions(run, key) for run in runs]
    if any(positions):
      pictures.append(_graph([run.name for run in runs], positions, title))
  return pictures


def _curve(name: str, positions: Optional[Positions]) -> Optional[Curve]:
  if positions is None:
    return None
  solid, faint = positions.known(SOLID), positions.known(SHOWN, SOLID)
  if not len(solid):
    return None
  joined = np.concatenate([solid[-1:], faint]) if len(faint) else faint
  return Curve(
    name,
    (solid + 1).tolist(),
    positions.values[solid].tolist(),
    (joined + 1).tolist(),
    positions.values[joined].tolist(),
  )


def _graph(names: Sequence[str], positions: Sequence[Optional[Positions]], title: str) -> Picture:
  curves = list(map(_curve, names, positions))
  values = np.concatenate([curve.y for curve in curves if curve is not None])
  first = next(item for item in positions if item is not None)
  counts = first.counts[first.counts >= SHOWN * first.counts[0]]

  def paint(axes: Axes, theme: Theme) -> None:
    plot_curves(axes, theme, curves)
    margin = max(0.08 * np.ptp(values), 0.5)
    low, high = values.min() - margin, values.max() + margin
    if first.decreasing:
      # In fractions of the graph's height, below the curves.
      low -= 0.3 * (high - low)
      heights = 0.2 * counts / counts.max()
      x = np.arange(len(counts)) + 1
      across = axes.get_xaxis_transform()
      axes.fill_between(x, 0, heights, transform=across, color=theme.grid, linewidth=0)
    axes.set(
      title=f"{title}, %", xlabel="position of the frame, from 1", ylim=(low, min(high, 100.5))
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=3))
    axes.set_xlim(left=1 if len(counts) > 10 else None)

  ends = describe_ends(curves, "{:.1f}")
  alt = f"Graph of {title} in percent against the position of the frame: {ends}"
  return graph(WIDE, alt, paint)


def drift_table(runs: Sequence[Run]) -> Optional[Table]:
  """Builds PCK-torso in the first and the last third of the positions, and the difference.

  Only positions with a solid line count; each is weighted by its number of frames.
  """
  rows = []
  for run in runs:
    positions = get_positions(run, "pck_torso")
    thirds = None if positions is None else _thirds(positions)
    if thirds:
      first, last = thirds
      cells = (format_cell(first), format_cell(last), _signed(last - first))
      rows.append(Row(run.name, cells))
  columns = ("First third", "Last third", "Change")
  return Table(columns, (Section("", tuple(rows)),)) if rows else None


def _signed(value: float) -> Cell:
  return Cell(f"{value:+.1f}".replace("-", "−"))


def _thirds(positions: Positions) -> Optional[Tuple[float, float]]:
  solid = positions.known(SOLID)
  if len(solid) < 2:
    return None
  third = max(len(solid) // 3, 1)
  first, last = (
    float(np.average(positions.values[part], weights=positions.counts[part]))
    for part in (solid[:third], solid[-third:])
  )
  return first, last
