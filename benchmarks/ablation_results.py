"""Results of ablations: scores by run and seed, their spread, and verdicts on claims."""

import dataclasses
import statistics
from typing import Any, Dict, List, Sequence

from benchmarks import ablation_plan as plan

# Frame from which the first frame of a long clip has no more effect.
LATE = 30


@dataclasses.dataclass(frozen=True)
class Results:
  """Results of all runs.

  Attributes:
    table: results by run and seed, as written by `benchmarks.ablations`.
  """

  table: Dict[str, Any]

  def seeds(self, *runs: str) -> List[str]:
    """Returns the seeds with which all given runs were trained."""
    known = [set(self.table.get(run, ())) for run in runs]
    return sorted(set.intersection(*known), key=int)

  def scores(
    self, run: str, window: int = plan.TRAINED_T, metric: str = "pck_torso"
  ) -> List[float]:
    """Returns the PCK of a run in percent, for each seed."""
    return [
      self.table[run][seed]["scores"][str(window)][metric]["micro"] for seed in self.seeds(run)
    ]

  def along_clip(self, run: str) -> List[List[float]]:
    """Returns PCK-torso by frame index in whole clips, for each seed."""
    scored = [self.table[run][seed]["scores"][str(plan.WHOLE_CLIP)] for seed in self.seeds(run)]
    return [scores["per_frame_index"]["pck_torso"] for scores in scored]

  def late(self, run: str) -> List[float]:
    """Returns the mean PCK-torso of frames from LATE on, for each seed."""
    return [statistics.fmean(curve[LATE:]) for curve in self.along_clip(run)]


def spread(values: Sequence[float]) -> str:
  """Formats mean and standard deviation over seeds."""
  if len(values) < 2:
    return f"{values[0]:.1f}"
  return f"{statistics.fmean(values):.1f} ± {statistics.stdev(values):.1f}"


def change(new: Sequence[float], old: Sequence[float]) -> str:
  """Describes the difference of two networks, on average and for each seed."""
  differences = [a - b for a, b in zip(new, old)]
  mean = statistics.fmean(differences)
  return f"{mean:+.1f} on average, {', '.join(f'{value:+.1f}' for value in differences)} by seed"


def verdict(better: Sequence[float], worse: Sequence[float]) -> str:
  """Describes whether a network is better than another with every seed."""
  differences = [a - b for a, b in zip(better, worse)]
  details = change(better, worse)
  if all(value > 0 for value in differences):
    return f"**holds** ({details})"
  if all(value <= 0 for value in differences):
    return f"**does not hold** ({details})"
  return f"**undecided** ({details})"
