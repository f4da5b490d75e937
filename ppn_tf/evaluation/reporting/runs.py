"""Reads flags, logged metrics and evaluation from the workdirs of runs."""

import dataclasses
import json
import math
import pathlib
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.workdir import Workdir

Evaluation = Dict[str, Any]


def number(value: Any) -> Optional[float]:
  """Returns `value` as a finite float, or None if it is none."""
  if isinstance(value, bool) or not isinstance(value, (int, float)):
    return None
  return float(value) if math.isfinite(value) else None


@dataclasses.dataclass(frozen=True)
class Run:
  """Holds the contents of one run's workdir.

  Attributes:
    name: name on the page.
    workdir: folder written by the command train.
    flags: flags of the run by name.
    metrics: logged values, one dict per report, ascending in "step".
    evaluation: --output_json of the command evaluate, in percent, or None.
  """

  name: str
  workdir: pathlib.Path
  flags: Dict[str, Any]
  metrics: List[Dict[str, Any]]
  evaluation: Optional[Evaluation]

  @property
  def predictions(self) -> Optional[pathlib.Path]:
    """Returns the folder of the run's predictions, or None."""
    folder = self.workdir / "predictions"
    return folder if folder.is_dir() else None

  @property
  def propagates(self) -> bool:
    """Returns whether the run is a trained PPN."""
    trained = (self.workdir / "checkpoints" / "checkpoint").is_file()
    return trained and self.flags.get("method", "ppn") == "ppn"

  @property
  def alpha(self) -> Optional[float]:
    """Returns the PCK threshold of the evaluation, or None."""
    return number((self.evaluation or {}).get("alpha"))

  def measured(self, key: str, *path: str) -> Any:
    """Returns the value of the evaluation at key / path, or None."""
    value: Any = self.evaluation
    for name in (key, *path):
      value = value.get(name) if isinstance(value, dict) else None
    return value


def read_runs(values: Sequence[str]) -> List[Run]:
  """Reads the runs of a report.

  Args:
    values: each NAME=WORKDIR, or WORKDIR, whose last part is the name.

  Raises:
    InputError: If there is no value, a name has no folder or occurs twice, or a
      folder holds no run or an unreadable file.
  """
  if not values:
    raise InputError(f"no run given. Write e.g. `{command('report')} runs/swift runs/stable`.")
  named: Dict[str, str] = {}
  for value in values:
    name, workdir = _name_and_workdir(value)
    if name in named:
      raise InputError(
        f"{value}: the name {name!r} is already used for {named[name]}. "
        f"Give one of them another name, e.g. {name}_2={workdir}."
      )
    named[name] = workdir
  return [read_run(name, workdir) for name, workdir in named.items()]


def _name_and_workdir(value: str) -> Tuple[str, str]:
  # An existing folder may have an equals sign in its name.
  if value.strip() and ("=" not in value or pathlib.Path(value).expanduser().is_dir()):
    return pathlib.Path(value).expanduser().resolve().name or value, value
  name, _, workdir = (part.strip() for part in value.partition("="))
  if not (name and workdir):
    raise InputError(f"{value!r}: neither WORKDIR nor NAME=WORKDIR. Write e.g. ppn=runs/ppn.")
  return name, workdir


def read_run(name: str, workdir: str) -> Run:
  """Reads flags.json and, if they exist, metrics.jsonl and evaluation.json."""
  folder = Workdir(workdir)
  flags = folder.read_flags()
  by_step: Dict[int, Dict[str, Any]] = {}
  for row in folder.read_metrics():
    if not (isinstance(row, dict) and isinstance(row.get("step"), int)):
      raise InputError(
        f'{folder.metrics_path}: expected an object with "step" on each line. '
        f"Received: {row!r:.60}. Remove that line."
      )
    by_step.setdefault(int(row["step"]), {}).update(row)
  metrics = [by_step[step] for step in sorted(by_step)]
  return Run(name, folder.path, flags, metrics, _read_evaluation(folder.path / "evaluation.json"))


def _read_evaluation(path: pathlib.Path) -> Optional[Evaluation]:
  if not path.exists():
    return None
  try:
    evaluation = json.loads(path.read_text(encoding="utf-8"))
  except (OSError, ValueError) as error:
    raise InputError(
      f"{path}: not readable as JSON ({error}). Write it again or remove it."
    ) from error
  for reference in ("pck_body", "pck_torso"):
    scores = evaluation.get(reference) if isinstance(evaluation, dict) else None
    if not isinstance(scores, dict) or not isinstance(scores.get("groups"), dict):
      raise InputError(
        f'{path}: lacks "{reference}" with its "groups". '
        f"Write it anew with `{command('evaluate')} --output_json={path}`."
      )
  return evaluation
