"""Prints what a network costs: `python -m ppn_tf.cost --flagfile=configs/NAME.cfg`.

--all prints the rows of the paper's tables beside the networks of configs/.
"""

import contextlib
import copy
import dataclasses
import json
import os
import sys
from typing import Any, Dict, Sequence

from absl import flags
from tqdm import tqdm

from ppn_tf import cost_tables, doors, experiment, profiler
from ppn_tf.errors import InputError
from ppn_tf.paper_rows import PARTS, ROWS

FLAGS = flags.FLAGS


def define_flags() -> None:
  flags.DEFINE_bool("layers", False, "List the layers of each part.")
  flags.DEFINE_bool("json", False, "Print JSON.")
  flags.DEFINE_bool("markdown", False, "Print tables in Markdown.")
  flags.DEFINE_bool("all", False, "Print the paper's rows beside the networks of --configs.")
  flags.DEFINE_string("configs", "configs", "With --all: the folder of the configurations.")
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
  values = flags.FlagValues()
  for flag in FLAGS.flags_by_module_dict()[experiment.__name__]:
    values[flag.name] = copy.deepcopy(flag)
  values.unparse_flags()
  try:
    values(["", f"--flagfile={path}"])
  except flags.Error as error:
    raise InputError(f"{path}: {error}. --configs names the folder to look in.") from error
  return values.flag_values_dict()


def print_all(configs: str, wanted: str) -> None:
  """The paper's rows and the published parts, those that contain `wanted`."""
  rows = [row for row in ROWS if wanted in f"table {row.table} {row.name} {row.config}".lower()]
  parts = [part for part in PARTS if wanted in part.name.lower()]
  if not rows and not parts:
    raise InputError(f"--rows={wanted}: no row or part contains that. See docs/networks.md.")
  settings = {row.config: settings_of(os.path.join(configs, f"{row.config}.cfg")) for row in rows}
  costs = {}
  with tqdm(total=len(settings) + len(parts), unit="network", disable=None) as progress:
    # Libraries greet on stdout, where the tables go.
    with contextlib.redirect_stdout(sys.stderr):
      for config, values in settings.items():
        costs[config] = profiler.model_costs(experiment.build_model(values))
        progress.update()
      measured = []
      for part in parts:
        measured.append((part, profiler.network_cost(part.build())))
        progress.update()
  tables = []
  if rows:
    tables.append(cost_tables.paper_table([(r, costs[r.config]) for r in rows], FLAGS.markdown))
  if parts:
    tables.append(cost_tables.parts_table(measured, FLAGS.markdown))
  print("\n\n".join(tables))


def print_one() -> None:
  """The network of the flags."""
  with contextlib.redirect_stdout(sys.stderr):
    model = experiment.build_model(experiment.run_flags())
  costs = profiler.model_costs(model)
  if FLAGS.json:
    print(json.dumps({part: dataclasses.asdict(cost) for part, cost in costs.items()}, indent=2))
    return
  networks = profiler.model_networks(model) if FLAGS.layers else {}
  layers = {part: profiler.layer_costs(network) for part, network in networks.items()}
  print(cost_tables.model_table(costs, layers, FLAGS.markdown))


def main(argv: Sequence[str]) -> None:
  doors.no_arguments(argv)
  if FLAGS.all:
    print_all(FLAGS.configs, FLAGS.rows.lower())
  else:
    print_one()


if __name__ == "__main__":
  define_flags()
  doors.run(main)
