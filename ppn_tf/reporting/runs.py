"""What a run left in its workdir: flags, logged metrics, evaluation."""

import dataclasses
import json
import pathlib
from typing import Any, Dict, List, Optional, Sequence

from ppn_tf.errors import InputError
from ppn_tf.workdir import Workdir

Evaluation = Dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Run:
  """One run as the page shows it.

  Attributes:
    name: what the page calls it.
    workdir: the folder that train wrote.
    flags: the flags of the run, by name.
    metrics: one dict per report, ascending in "step".
    evaluation: evaluate's --output_json in percent, or None.
  """

  name: str
  workdir: pathlib.Path
  flags: Dict[str, Any]
  metrics: List[Dict[str, Any]]
  evaluation: Optional[Evaluation]


def read_runs(values: Sequence[str]) -> List[Run]:
  """Reads the runs named by the values of --run.

  Args:
    values: "NAME=WORKDIR" each.

  Raises:
    InputError: none given, not of that form, a name twice, or a folder that
      holds no run or files that cannot be read.
  """
  if not values:
    raise InputError("--run is missing. Give --run=NAME=WORKDIR for each run of the report.")
  runs: List[Run] = []
  for value in values:
    name, _, workdir = (part.strip() for part in value.partition("="))
    if not (name and workdir):
      raise InputError(f"--run={value}: received no NAME=WORKDIR. Write e.g. --run=ppn=runs/ppn.")
    if name in [run.name for run in runs]:
      raise InputError(f"--run={value}: the name {name!r} is taken. Give each run its own name.")
    runs.append(read_run(name, workdir))
  return runs


def read_run(name: str, workdir: str) -> Run:
  """Reads flags.json, and metrics.jsonl and evaluation.json as far as they are there."""
  folder = Workdir(workdir)
  flags = folder.read_flags()
  if not isinstance(flags, dict):
    raise InputError(f"{folder.path / 'flags.json'}: wanted an object. Received: {flags!r:.60}")
  by_step = {}
  for row in folder.read_metrics():
    if not (isinstance(row, dict) and isinstance(row.get("step"), int)):
      raise InputError(
        f'{folder.metrics_path}: wanted an object with "step" on each line. '
        f"Received: {row!r:.60}. Remove that line."
      )
    by_step[row["step"]] = row
  metrics = [by_step[step] for step in sorted(by_step)]
  return Run(name, folder.path, flags, metrics, _read_evaluation(folder.path / "evaluation.json"))


def _read_evaluation(path: pathlib.Path) -> Optional[Evaluation]:
  if not path.exists():
    return None
  try:
    evaluation = json.loads(path.read_text(encoding="utf-8"))
  except (OSError, ValueError) as error:
    raise InputError(f"{path}: not readable as JSON ({error}). Write or remove it.") from error
  for reference in ("pck_body", "pck_torso"):
    scores = evaluation.get(reference) if isinstance(evaluation, dict) else None
    if not isinstance(scores, dict) or not isinstance(scores.get("groups"), dict):
      raise InputError(
        f'{path}: lacks "{reference}" with its "groups". '
        f"Write it anew with `python -m ppn_tf.evaluate --output_json={path}`."
      )
  return evaluation
