"""What the ablations came to: scores by run and seed, their spread, and whether a claim holds."""

import dataclasses
import statistics
from typing import Any, Dict, List, Sequence

from benchmarks import ablation_plan as plan

# From here on a long clip has left its first frame behind.
LATE = 30


@dataclasses.dataclass(frozen=True)
class Results:
  """What the runs came to.

  Attributes:
    table: by run's name and seed, as `benchmarks.ablations` wrote it.
  """

  table: Dict[str, Any]

  def seeds(self, *runs: str) -> List[str]:
    """The seeds that all of these runs were trained with."""
    known = [set(self.table.get(run, ())) for run in runs]
    return sorted(set.intersection(*known), key=int)

  def scores(
    self, run: str, window: int = plan.TRAINED_T, metric: str = "pck_torso"
  ) -> List[float]:
    """A run's PCK in percent with each of its seeds."""
    return [
      self.table[run][seed]["scores"][str(window)][metric]["micro"] for seed in self.seeds(run)
    ]

  def along_clip(self, run: str) -> List[List[float]]:
    """PCK-torso by the frame's place in whole clips, with each seed."""
    scored = [self.table[run][seed]["scores"][str(plan.WHOLE_CLIP)] for seed in self.seeds(run)]
    return [one["per_frame_index"]["pck_torso"] for one in scored]

  def late(self, run: str) -> List[float]:
    """PCK-torso of the frames from LATE on, with each seed."""
    return [statistics.fmean(one[LATE:]) for one in self.along_clip(run)]


def spread(values: Sequence[float]) -> str:
  """Mean and standard deviation over the seeds."""
  if len(values) < 2:
    return f"{values[0]:.1f}"
  return f"{statistics.fmean(values):.1f} ± {statistics.stdev(values):.1f}"


def change(new: Sequence[float], old: Sequence[float]) -> str:
  """How much one network's scores are above another's, on average and with each seed."""
  differences = [a - b for a, b in zip(new, old)]
  mean = statistics.fmean(differences)
  return f"{mean:+.1f} on average, {', '.join(f'{one:+.1f}' for one in differences)} by seed"


def verdict(better: Sequence[float], worse: Sequence[float]) -> str:
  """Whether one network is better than another with every seed, in words."""
  differences = [a - b for a, b in zip(better, worse)]
  found = change(better, worse)
  if all(one > 0 for one in differences):
    return f"**holds** ({found})"
  if all(one <= 0 for one in differences):
    return f"**does not hold** ({found})"
  return f"**undecided** ({found})"
