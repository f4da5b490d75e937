"""Writes docs/results.md from the results of the ablations.

  python -m benchmarks.ablation_report

Plots go to docs/images.
"""

import json
import pathlib
from typing import Dict, Optional, Sequence, Tuple

from absl import flags

from benchmarks import ablation_plan as plan
from benchmarks import ablation_plots as plots
from benchmarks.ablation_results import LATE, Results, spread, verdict
from benchmarks.markdown_pages import render
from ppn_tf.config import flags as experiment_flags
from ppn_tf.config.experiment import build_model
from ppn_tf.evaluation.costs import Cost, model_costs
from ppn_tf.evaluation.tables import format_rows
from ppn_tf.runtime import app
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

FLAGS = flags.FLAGS
DOCS = pathlib.Path(__file__).parents[1] / "docs"
TEMPLATE = pathlib.Path(__file__).with_name("ablation_report.md.jinja")


def define_flags() -> None:
  flags.DEFINE_string("results", str(DOCS / "results.json"), "Results from `benchmarks.ablations`.")
  flags.DEFINE_string("output", str(DOCS / "results.md"), "Page to write; plots go to images/.")


def get_costs(network_flags: Sequence[str]) -> Dict[str, Cost]:
  """Returns the costs of the network that flags describe; see `model_costs`."""
  return model_costs(build_model(experiment_flags.parse(network_flags)))


def cost(run: str) -> Tuple[float, float]:
  """Returns 1e6 MACs per frame after the first, and of HeadNet in the first frame."""
  costs = get_costs(plan.training_flags(plan.RUNS[run]))
  head = costs.pop("head_net", None)
  return sum(part.macs for part in costs.values()) / 1e6, head.macs / 1e6 if head else 0.0


def format_table(results: Results, rows: Sequence[Tuple[str, str, Optional[str]]]) -> str:
  """Formats a table in Markdown: network, MACs, both metrics, PCK-torso of the paper.

  Args:
    results: results of all runs.
    rows: label, name of the run, and the value of the paper or None.
  """
  lines = []
  for name, run, paper in rows:
    lines.append(
      [
        name,
        f"{cost(run)[0]:.1f}",
        spread(results.scores(run, metric="pck_body")),
        spread(results.scores(run)),
        paper or "–",
      ]
    )
  header = ("network", "MMACs", "PCK-body", "PCK-torso", "PCK-torso, the paper's row")
  return format_rows(header, lines, markdown=True)


def windows_table(results: Results) -> str:
  """Formats Table 3 in Markdown."""
  windows = (*plan.WINDOWS, plan.WHOLE_CLIP)
  header = ["T", *map(str, plan.WINDOWS), "whole clips"]
  own = [spread(results.scores("ppn_large_small", window)) for window in windows]
  papers = [f"{plots.PAPER_TABLE_3[window]}" for window in plan.WINDOWS]
  rows = [["PCK-torso", *own], ["the paper", *papers, "–"]]
  return format_rows(header, rows, markdown=True)


def page(results: Results) -> str:
  """Returns the text of docs/results.md."""
  return render(
    TEMPLATE,
    results=results,
    plan=plan,
    spread=spread,
    verdict=verdict,
    table=lambda rows: format_table(results, rows),
    windows_table=windows_table(results),
    late=LATE,
    markdown=lambda header, rows: format_rows(header, rows, markdown=True),
    num_seeds=len(results.seeds(*(run.name for run in plan.TRAINED))),
  )


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  source, output = pathlib.Path(FLAGS.results), pathlib.Path(FLAGS.output)
  if not source.is_file():
    raise InputError(f"{source}: no such file. Make it with `python -m benchmarks.ablations`.")
  results = Results(json.loads(source.read_text()))
  if not results.seeds(*(run.name for run in plan.TRAINED)):
    raise InputError(
      f"{source}: no seed has all networks yet. Continue `python -m benchmarks.ablations`."
    )
  for name, picture in plots.all_plots(results).items():
    with complete_or_absent(output.parent / "images" / name) as partial:
      partial.write_bytes(picture)
  with complete_or_absent(output) as partial:
    partial.write_text(page(results))
  print(output)


if __name__ == "__main__":
  define_flags()
  app.run(main)
