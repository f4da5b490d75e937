"""Prints what a network costs: `python -m ppn_tf.cost --config=NAME`.

--all prints the rows of the paper's tables next to the networks of the configurations.
"""

import contextlib
import copy
import dataclasses
import json
import os
import sys
from typing import Any, Dict, Sequence

import numpy as np
from absl import flags
from tqdm import tqdm

from ppn_tf.config import experiment, named
from ppn_tf.evaluation import cost_tables
from ppn_tf.evaluation import costs as evaluation_costs
from ppn_tf.evaluation.paper_rows import find_rows
from ppn_tf.models import pruning
from ppn_tf.models.ppn import PPN
from ppn_tf.runtime import app
from ppn_tf.runtime.errors import InputError

FLAGS = flags.FLAGS
flags.DEFINE_bool("layers", False, "List the layers of each part.")
flags.DEFINE_bool("json", False, "Print JSON.")
flags.DEFINE_bool("markdown", False, "Print tables in Markdown.")
flags.DEFINE_bool("all", False, "Print the paper's rows beside the networks of --configs.")
flags.DEFINE_string(
  "configs", None, "With --all: a folder of configurations, in place of the package's."
)
flags.DEFINE_string(
  "rows", "", "With --all: only rows and parts that contain this, such as 'table 4' or 'PPU'."
)
flags.mark_bool_flags_as_mutual_exclusive(["all", "json", "layers"])
flags.mark_bool_flags_as_mutual_exclusive(["json", "markdown"])


def settings_of(path: str) -> Dict[str, Any]:
  """A configuration's values by flag name, defaults where it has none; FLAGS stay as they are.

  Raises:
    InputError: no such file, or one that the experiment's flags do not understand.
  """
  if not os.path.isfile(path):
    raise InputError(f"{path}: no such file. Give --configs, the folder of the configurations.")
  values = flags.FlagValues()
  for flag in FLAGS.flags_by_module_dict()[experiment.__name__]:
    values[flag.name] = copy.deepcopy(flag)
  values.unparse_flags()
  try:
    values(["", f"--flagfile={path}"])
  except flags.Error as error:
    raise InputError(f"{path}: {error}. Mend it, or give another --configs.") from error
  return values.flag_values_dict()


def print_all() -> None:
  """The paper's rows and the published parts."""
  rows, parts = find_rows(FLAGS.rows)
  if not rows and not parts:
    raise InputError(f"--rows={FLAGS.rows}: no row or part contains it. See docs/networks.md.")
  folder = FLAGS.configs or named.configs_folder()
  settings = {r.config: settings_of(os.path.join(folder, f"{r.config}.cfg")) for r in rows}
  # Libraries greet on stdout, where the tables go.
  with contextlib.redirect_stdout(sys.stderr):
    costs = {
      config: evaluation_costs.model_costs(experiment.build_model(values))
      for config, values in tqdm(settings.items(), unit="network", disable=None)
    }
    measured = [
      (part, evaluation_costs.network_cost(part.build()))
      for part in tqdm(parts, unit="part", disable=None)
    ]
  if rows:
    print(
      cost_tables.format_paper_rows([(r, costs[r.config]) for r in rows], FLAGS.markdown) + "\n"
    )
  if parts:
    print(cost_tables.format_parts(measured, FLAGS.markdown))


def print_one() -> None:
  """The network of the flags."""
  with contextlib.redirect_stdout(sys.stderr):
    # Rounding costs nothing that is counted.
    model = experiment.build_model({**experiment.run_flags(), "quantize_aware": ""})
  if FLAGS.ppu_samples and isinstance(model, PPN):
    pruning.keep_any(model.ppu, FLAGS.ppu_samples, np.random.default_rng(0))
  costs = evaluation_costs.model_costs(model)
  if FLAGS.json:
    print(json.dumps({part: dataclasses.asdict(cost) for part, cost in costs.items()}, indent=2))
    return
  networks = evaluation_costs.model_networks(model) if FLAGS.layers else {}
  layers = {part: evaluation_costs.layer_costs(network) for part, network in networks.items()}
  print(cost_tables.format_model(costs, layers, FLAGS.markdown))


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  show = print_all if FLAGS.all else print_one
  show()


if __name__ == "__main__":
  app.run(main)
