"""Runs the comparisons of the paper at small scale.

  python -m benchmarks.ablations --output=FOLDER

Draws clips, then trains and scores every network of ablation_plan.py with every seed, which
takes a few hours on two cores. The same command resumes a stopped run. Each network adds its
results to --results; `python -m benchmarks.ablation_report` turns them into tables and plots.
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import threading
from typing import Any, Dict, List, Sequence

from absl import flags
from tqdm import tqdm

from benchmarks import ablation_plan as plan
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.runtime.settings import Bounds
from ppn_tf.runtime.workdir import Workdir

FLAGS = flags.FLAGS
RESULTS = pathlib.Path(__file__).parents[1] / "docs" / "results.json"


def define_flags() -> None:
  flags.DEFINE_string(
    "output", None, "Folder for clips, checkpoints and logs, about 1 GB per seed."
  )
  command_flags.mark_required("output")
  flags.DEFINE_string("results", str(RESULTS), "File for the scores and learning curves.")
  flags.DEFINE_string(
    "large_weights",
    "imagenet",
    "Initial weights of the large network; see --body_weights of ppn_tf.train.",
  )
  command_flags.define_numbers(
    "seeds", (0, 1, 2), "Seeds; each network is trained once with each.", Bounds(0, 2**31 - 1, True)
  )
  flags.DEFINE_list(
    "networks",
    [],
    "Networks to train, by their names in ablation_plan.py. Empty: all.",
  )
  command_flags.define_integer(
    "num_workers", os.cpu_count() or 1, "Networks trained in parallel, one thread each.", 1, 1024
  )


def _command(log: pathlib.Path, module: str, *arguments: str) -> None:
  """Runs a command in one thread, and appends its output to a log.

  Raises:
    InputError: the command failed.
  """
  log.parent.mkdir(parents=True, exist_ok=True)
  with open(log, "a") as file:
    completed = subprocess.run(
      [sys.executable, "-m", module, *arguments],
      stdout=file,
      stderr=subprocess.STDOUT,
      check=False,
      env={**os.environ, "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"},
    )
  if completed.returncode:
    raise InputError(
      f"{log}: python -m {module} ended with exit code {completed.returncode}. "
      "See the end of that log."
    )


def draw_clips(output: pathlib.Path, name: str, flags_: Sequence[str]) -> pathlib.Path:
  """Draws clips and makes records of them, unless they exist; returns the folder of records."""
  records, log = output / name, output / f"{name}.log"
  if not records.exists():
    drawn = output / f"{name}_drawn"
    _command(log, "data.synthetic", f"--output={drawn}", *plan.LOOKS, *flags_)
    _command(log, "data.penn_action", f"--source={drawn}", f"--data_dir={records}")
  return records


class Ablations:
  """Ablation runs in a folder.

  Attributes:
    output: the folder.
    results: JSON file of the results.
    large_weights: initial weights of the large network.
  """

  def __init__(self, output: pathlib.Path, results: pathlib.Path, large_weights: str):
    self.output, self.results, self.large_weights = output, results, large_weights
    self._train = draw_clips(output, "records", plan.TRAIN_CLIPS)
    self._test = draw_clips(output, "unseen", plan.TEST_CLIPS)
    self._lock = threading.Lock()

  def workdir(self, run: plan.Run, seed: int) -> pathlib.Path:
    return self.output / f"seed_{seed}" / run.name

  def make(self, run: plan.Run, seed: int) -> None:
    """Trains and scores a network, except for finished parts, and adds it to the results."""
    workdir = self.workdir(run, seed)
    initial = [
      f"--{part}_weights={self.workdir(plan.RUNS[name], seed)}"
      for part, name in (("head", run.head), ("body", run.body))
      if name
    ]
    if run.name == "pretrained_large":
      initial = [f"--body_weights={self.large_weights}"]
    _command(
      workdir.with_suffix(".log"), run.command, *plan.training_flags(run), *initial,
      f"--seed={seed}", f"--dataset={self._train}", f"--workdir={workdir}",
    )  # fmt: skip
    for num_frames in run.windows:
      scores = workdir / f"T{num_frames}.json"
      if not scores.exists():
        _command(
          workdir.with_suffix(".log"), "ppn_tf.evaluate", *plan.EVALUATION,
          f"--num_frames={num_frames}", f"--dataset={self._test}", f"--workdir={workdir}",
          f"--output_json={scores}",
        )  # fmt: skip
    self._add(run, seed)

  def _add(self, run: plan.Run, seed: int) -> None:
    workdir = self.workdir(run, seed)
    entry: Dict[str, Any] = {"flags": plan.training_flags(run)}
    entry["metrics"] = Workdir(workdir).read_metrics()
    entry["scores"] = {
      str(num_frames): _select_scores(json.loads((workdir / f"T{num_frames}.json").read_text()))
      for num_frames in run.windows
    }
    with self._lock:
      known = json.loads(self.results.read_text()) if self.results.exists() else {}
      known.setdefault(run.name, {})[str(seed)] = entry
      ordered = {name: dict(sorted(known[name].items())) for name in plan.RUNS if name in known}
      with complete_or_absent(self.results) as partial:
        partial.write_text(json.dumps(ordered, indent=1) + "\n")


def _select_scores(table: Dict[str, Any]) -> Dict[str, Any]:
  """Returns the scores of an evaluation that tables and plots require."""
  selected = {metric: table[metric] for metric in ("pck_torso", "pck_body")}
  names = ("num_clips", "num_frames", "per_frame_index", "jitter")
  return {**selected, **{name: table[name] for name in names}}


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  command_flags.check_required()
  try:
    runs = plan.with_prerequisites(FLAGS.networks or list(plan.RUNS))
  except ValueError as error:
    raise InputError(f"--networks={','.join(FLAGS.networks)}: {error}") from error
  output = pathlib.Path(FLAGS.output).expanduser()
  results = pathlib.Path(FLAGS.results).expanduser()
  ablations = Ablations(output, results, FLAGS.large_weights)
  jobs: List[concurrent.futures.Future[None]] = []
  with concurrent.futures.ThreadPoolExecutor(FLAGS.num_workers) as pool:
    for seed in FLAGS.seeds:
      # Jobs start in this order, so a job waits only for jobs that have started.
      started: Dict[str, concurrent.futures.Future[None]] = {}

      def job(run: plan.Run, seed: int = seed, started: Dict[str, Any] = started) -> None:
        for name in filter(None, (run.head, run.body)):
          started[name].result()
        ablations.make(run, seed)

      for run in runs:
        started[run.name] = pool.submit(job, run)
      jobs += started.values()
    try:
      done = concurrent.futures.as_completed(jobs)
      for finished in tqdm(done, total=len(jobs), unit="network", desc="ablations"):
        finished.result()
    except BaseException:
      pool.shutdown(wait=False, cancel_futures=True)
      raise
  print(f"{FLAGS.results}: {len(jobs)} networks. Next: python -m benchmarks.ablation_report")


if __name__ == "__main__":
  define_flags()
  app.run(main)
