"""Counts parameters and multiply-accumulates of a network.

  python -m ppn_tf.cost --config=ppn_swift

--all prints the rows of the paper's tables next to the networks of the configurations.
"""

import contextlib
import dataclasses
import functools
import json
import os
import sys
from typing import Sequence

import numpy as np
from absl import flags
from tqdm import tqdm

from ppn_tf.config import flags as experiment_flags
from ppn_tf.config import named
from ppn_tf.config.experiment import build_model
from ppn_tf.evaluation import cost_tables
from ppn_tf.evaluation import costs as evaluation_costs
from ppn_tf.evaluation.paper_rows import find_rows
from ppn_tf.models import pruning
from ppn_tf.models.build import build_network
from ppn_tf.models.pose_net import pose_net
from ppn_tf.models.ppn import PPN
from ppn_tf.models.ppu import ppu
from ppn_tf.runtime import app
from ppn_tf.runtime.errors import InputError

FLAGS = flags.FLAGS


def define_flags() -> None:
  """Defines the flags of this command."""
  flags.DEFINE_bool("layers", False, "List the layers of each part.")
  flags.DEFINE_bool("json", False, "Print JSON.")
  flags.DEFINE_bool("markdown", False, "Print tables in Markdown.")
  flags.DEFINE_bool(
    "all", False, "Print the paper's rows next to the networks of the configurations."
  )
  flags.DEFINE_string(
    "configs", None, "With --all: folder of configurations, instead of the package's."
  )
  flags.DEFINE_string(
    "rows", "", "With --all: print only rows and parts that contain this, such as 'table 4' or PPU."
  )
  flags.mark_bool_flags_as_mutual_exclusive(["all", "json", "layers"])
  flags.mark_bool_flags_as_mutual_exclusive(["json", "markdown"])
  experiment_flags.define()


def print_all() -> None:
  """Prints the paper's rows and the published parts."""
  rows, parts = find_rows(FLAGS.rows)
  if not rows and not parts:
    raise InputError(f"--rows={FLAGS.rows}: no row or part contains it. See docs/networks.md.")
  folder = FLAGS.configs or named.configs_folder()
  experiments = {
    row.config: experiment_flags.read_flagfile(os.path.join(folder, f"{row.config}.cfg"))
    for row in rows
  }
  # Libraries greet on stdout, where the tables go.
  with contextlib.redirect_stdout(sys.stderr):
    cached = [functools.lru_cache(maxsize=None)(make) for make in (pose_net, ppu)]
    costs = {
      config: evaluation_costs.model_costs(build_network(experiment.network, 1.0, *cached))
      for config, experiment in tqdm(experiments.items(), unit="network", disable=None)
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


def print_network() -> None:
  """Prints the cost of the network that the flags describe."""
  # Rounding adds nothing that is counted.
  experiment = experiment_flags.experiment().replace(quantize_aware="")
  with contextlib.redirect_stdout(sys.stderr):
    model = build_model(experiment)
  if experiment.network.ppu_samples and isinstance(model, PPN):
    pruning.keep_any(model.ppu, experiment.network.ppu_samples, np.random.default_rng(0))
  costs = evaluation_costs.model_costs(model)
  if FLAGS.json:
    print(json.dumps({part: dataclasses.asdict(cost) for part, cost in costs.items()}, indent=2))
    return
  networks = evaluation_costs.model_networks(model) if FLAGS.layers else {}
  layers = {part: evaluation_costs.layer_costs(network) for part, network in networks.items()}
  print(cost_tables.format_model(costs, layers, FLAGS.markdown))


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  show = print_all if FLAGS.all else print_network
  show()


if __name__ == "__main__":
  define_flags()
  app.run(main)
