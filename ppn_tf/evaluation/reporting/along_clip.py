"""PCK against the place of a frame in its window or clip: whether propagation drifts."""

import dataclasses
from typing import List, Optional, Sequence, Tuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ppn_tf.evaluation.reporting.graphs import WIDE, Curve, Theme, ends, graph, plot_curves
from ppn_tf.evaluation.reporting.images import Picture
from ppn_tf.evaluation.reporting.runs import Run, number
from ppn_tf.evaluation.reporting.scores import METRICS
from ppn_tf.evaluation.tables import Cell, Row, Section, Table, format_cell

# Parts of the first place's frames. With fewer than SOLID a line is drawn faintly; where less
# than SHOWN are left, a handful of long clips decides, and nothing is shown.
SOLID, SHOWN = 0.2, 0.05


@dataclasses.dataclass(frozen=True)
class Places:
  """PCK of one run by the place of a frame, from 1; NaN where no joint is visible.

  Attributes:
    values: a PCK in percent for each place.
    counts: the number of frames at each place; all 1 where they were not counted.
  """

  values: np.ndarray
  counts: np.ndarray

  def known(self, low: float, high: float = np.inf) -> np.ndarray:
    """Indices of places with a value and a part of the first place's frames in [low, high)."""
    part = self.counts / max(self.counts[0], 1)
    return np.flatnonzero(np.isfinite(self.values) & (part >= low) & (part < high))

  @property
  def fall(self) -> bool:
    """Whether fewer and fewer frames are left, as in whole clips."""
    return bool(self.counts.min() < 0.9 * self.counts[0])


def places_of(run: Run, key: str) -> Optional[Places]:
  """What the evaluation says of a kind of PCK by the frames' places; None if nothing."""
  series = run.measured("per_frame_index", key) or []
  values = np.array([np.nan if number(v) is None else v for v in series], float)
  if not np.isfinite(values).any():
    return None
  counts = run.measured("per_frame_index", "num_frames") or []
  known = len(counts) == len(values) and all(number(count) is not None for count in counts)
  return Places(values, np.array(counts, float) if known else np.ones(len(values)))


def falls(run: Run) -> bool:
  """Whether the run was evaluated on clips of different lengths from end to end."""
  places = places_of(run, "pck_torso")
  return places is not None and places.fall


def along_clip(runs: Sequence[Run]) -> List[Picture]:
  """PCK-body and PCK-torso by the frame's place; as far as they were measured."""
  pictures = []
  for key, title in METRICS[1::-1]:
    places = [places_of(run, key) for run in runs]
    if any(places):
      pictures.append(_graph([run.name for run in runs], places, title))
  return pictures


def _curve(name: str, places: Optional[Places]) -> Optional[Curve]:
  if places is None:
    return None
  solid, faint = places.known(SOLID), places.known(SHOWN, SOLID)
  if not len(solid):
    return None
  joined = np.concatenate([solid[-1:], faint]) if len(faint) else faint
  return Curve(
    name,
    (solid + 1).tolist(),
    places.values[solid].tolist(),
    (joined + 1).tolist(),
    places.values[joined].tolist(),
  )


def _graph(names: Sequence[str], places: Sequence[Optional[Places]], title: str) -> Picture:
  curves = [_curve(name, one) for name, one in zip(names, places)]
  values = np.concatenate([curve.y for curve in curves if curve is not None])
  first = next(one for one in places if one is not None)
  counts = first.counts[first.counts >= SHOWN * first.counts[0]]

  def paint(axes: Axes, theme: Theme) -> None:
    plot_curves(axes, theme, curves)
    margin = max(0.08 * np.ptp(values), 0.5)
    low, high = values.min() - margin, values.max() + margin
    if first.fall:
      # In parts of the graph's height, below the curves.
      low -= 0.3 * (high - low)
      heights = 0.2 * counts / counts.max()
      x = np.arange(len(counts)) + 1
      across = axes.get_xaxis_transform()
      axes.fill_between(x, 0, heights, transform=across, color=theme.grid, linewidth=0)
    axes.set(title=f"{title}, %", xlabel="place of the frame, from 1", ylim=(low, min(high, 100.5)))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=3))
    axes.set_xlim(left=1 if len(counts) > 10 else None)

  alt = f"Graph of {title} in percent against the place of the frame: {ends(curves, '{:.1f}')}"
  return graph(WIDE, alt, paint)


def drift_table(runs: Sequence[Run]) -> Optional[Table]:
  """Runs x PCK-torso in the first and the last third of the places, and the difference.

  Of the places that the graph draws in full; every frame counts alike.
  """
  rows = []
  for run in runs:
    places = places_of(run, "pck_torso")
    thirds = None if places is None else _thirds(places)
    if thirds:
      first, last = thirds
      cells = (format_cell(first), format_cell(last), _signed(last - first))
      rows.append(Row(run.name, cells))
  columns = ("First third", "Last third", "Change")
  return Table(columns, (Section("", tuple(rows)),)) if rows else None


def _signed(value: float) -> Cell:
  return Cell(f"{value:+.1f}".replace("-", "−"))


def _thirds(places: Places) -> Optional[Tuple[float, float]]:
  solid = places.known(SOLID)
  if len(solid) < 2:
    return None
  third = max(len(solid) // 3, 1)
  first, last = (
    float(np.average(places.values[chosen], weights=places.counts[chosen]))
    for chosen in (solid[:third], solid[-third:])
  )
  return first, last
