"""Compares exported networks with the run they were made from, along whole clips.

  python -m export.verify FILE.tflite FOLDER... --workdir=RUN --dataset=DATASET

Runs .tflite files in every installed runtime and SavedModels in TensorFlow, recurrently on
their own outputs. Reports PCK, the drift of the heatmaps from those of the network by frame,
and whether phones can run the ops: the report of TensorFlow's static analyzer on GPU
delegates and, where Vulkan is installed, the result of compiling the whole file for a GPU.
"""

import json
import pathlib
from typing import Dict, List, Sequence

import matplotlib
import numpy as np
from absl import flags
from matplotlib.figure import Figure

from ppn_tf.clips import records
from ppn_tf.clips.damaged_records import naming_damage
from ppn_tf.config import flags as experiment_flags
from ppn_tf.evaluation.tables import format_rows
from ppn_tf.inference.pose_model import PoseModel
from ppn_tf.inference.runs import load_run
from ppn_tf.inference.tensorflow_models import KerasPoseModel
from ppn_tf.inference.tflite import convert
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

from .drift import FormResult, compare_forms
from .forms import Form, check_exists, open_forms

FLAGS = flags.FLAGS


def define_flags() -> None:
  """Defines the flags of this command."""
  command_flags.define_integer("num_clips", 0, "Clips to compare on; 0: all.", 0, 10**6)
  command_flags.define_float(
    "max_drop",
    1.0,
    "Largest accepted loss of PCK-torso in points; a larger one is an error.",
    0.0,
    100.0,
  )
  flags.DEFINE_string("output_json", "", "File for all figures.")
  flags.DEFINE_string("plot", "", "A .svg or .png of the drift along the clips.")
  experiment_flags.define(from_run=True)
  command_flags.mark_required("workdir", "dataset")


def draw(path: str, results: Dict[str, FormResult]) -> None:
  """Plots the drift of each form along the clips."""
  with matplotlib.rc_context({"svg.hashsalt": "ppn_tf", "font.size": 9.5}):
    figure = Figure(figsize=(7.2, 3.6), layout="constrained", facecolor="white")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    for title, result in results.items():
      if title:
        drift = result.mean_drift()
        axes.plot(range(1, len(drift) + 1), np.maximum(drift, 1e-9), label=title)
    axes.set(xlabel="frame of the clip", ylabel="mean difference of heatmaps", yscale="log")
    axes.grid(True, linewidth=0.6, color="#dfe3e8")
    axes.legend(frameon=False)
    with complete_or_absent(path) as partial:
      figure.savefig(partial)


def find_faults(
  forms: Sequence[Form], results: Dict[str, FormResult], pck: Dict[str, float]
) -> List[str]:
  """Lists the faults of the forms, a line each."""
  faults = []
  for form in forms:
    result, drop = results[form.title], pck[""] - pck[form.title]
    if form.ops not in ("", "builtin"):
      faults.append(f"{form.title}: requires {form.ops}, which plain runtimes lack")
    if form.is_exact and not result.largest <= convert.TOLERANCE:
      faults.append(
        f"{form.title}: differs by {result.largest:.2g}, more than {convert.TOLERANCE:g}"
      )
    if not drop <= FLAGS.max_drop:
      faults.append(f"{form.title}: loses {drop:.1f} points, more than --max_drop={FLAGS.max_drop}")
  return faults


def format_table(
  forms: Sequence[Form], results: Dict[str, FormResult], pck: Dict[str, float]
) -> str:
  """Formats the figures of the network and its forms."""
  rows = [["the network", "TensorFlow", f"{pck['']:.2f}", "", "", "", "", "", ""]]
  for form in forms:
    drift = results[form.title].mean_drift()
    rows.append(
      [
        form.name,
        form.runtime,
        f"{pck[form.title]:.2f}",
        f"{pck[form.title] - pck['']:+.2f}",
        f"{drift[0]:.1e}",
        f"{drift[-1]:.1e}",
        form.ops,
        form.gpu,
        form.compiled,
      ]
    )
  last = f"frame {max(len(result.mean_drift()) for result in results.values())}"
  header = [
    "form", "runtime", "PCK-torso", "change", "drift, frame 1", last, "ops", "GPU analyzer", "GPU"
  ]  # fmt: skip
  return format_rows(header, rows)


def _open_all(paths: Sequence[str], network: PoseModel) -> List[Form]:
  """Opens all exports.

  Raises:
    InputError: see `open_forms`; or an export has other sizes than the network.
  """
  forms = [form for path in paths for form in open_forms(pathlib.Path(path))]
  for form in forms:
    if (form.model.image_size, form.model.num_joints) != (network.image_size, network.num_joints):
      raise InputError(
        f"{form.name}: frames of {form.model.image_size} and {form.model.num_joints} joints, but "
        f"{FLAGS.workdir} has {network.image_size} and {network.num_joints}. Give its own run."
      )
  return forms


def main(argv: Sequence[str]) -> None:
  if len(argv) < 2:
    raise InputError(
      f"give one or more exports: {command('export verify')} FILE.tflite --workdir=RUN"
    )
  command_flags.check_required()
  for path in argv[1:]:
    check_exists(pathlib.Path(path))
  experiment = experiment_flags.experiment_of_run()
  network = KerasPoseModel(load_run(FLAGS.workdir, FLAGS.checkpoint).model)
  split = FLAGS.eval_split
  builder = records.open_split(FLAGS.dataset, split, experiment.skeleton)
  forms = _open_all(argv[1:], network)
  with naming_damage(builder):
    results = compare_forms(forms, network, builder, split, experiment, FLAGS.num_clips)
  pck = {title: result.pck(FLAGS.alpha) for title, result in results.items()}
  print(format_table(forms, results, pck))
  if FLAGS.output_json:
    figures = {
      title or "network": {
        "pck_torso": {"micro": pck[title]},
        "largest_difference": result.largest,
        "drift": result.mean_drift().tolist(),
      }
      for title, result in results.items()
    }
    with complete_or_absent(FLAGS.output_json) as partial:
      partial.write_text(json.dumps(figures, indent=1) + "\n")
  if FLAGS.plot:
    draw(FLAGS.plot, results)
  faults = find_faults(forms, results, pck)
  if faults:
    raise InputError("; ".join(faults))
  print(f"{len(forms)} forms agree with {FLAGS.workdir}.")


if __name__ == "__main__":
  define_flags()
  app.run(main)
