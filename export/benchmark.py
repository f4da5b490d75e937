"""Times .tflite files against each other.

  python -m export.benchmark FILE.tflite... --peers=FOLDER

Files take turns, call by call, so that a machine that slows down slows all of them. Ratios are
medians over the turns; absolute times of separate runs are hardly comparable. --peers adds
.tflite files of other projects, such as MoveNet.
"""

import json
import pathlib
from typing import Any, Dict, List, Sequence

import matplotlib
import numpy as np
from absl import flags
from matplotlib.figure import Figure

from ppn_tf.evaluation.tables import format_rows
from ppn_tf.inference.tflite.timing import WHOLE, Timed, time_all
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.runtime.interpreter import available_runtimes
from ppn_tf.runtime.settings import Bounds

from . import interpreter_memory, op_times

FLAGS = flags.FLAGS


def define_flags() -> None:
  """Defines the flags of this command."""
  flags.DEFINE_string("peers", "", "Folder of third-party .tflite files to time as well.")
  flags.DEFINE_string(
    "reference", "", "Name of the file that ratios refer to. Default: the first file."
  )
  flags.DEFINE_list("runtimes", available_runtimes(), "Runtimes of the files.")
  command_flags.define_numbers("threads", (1, 2), "Numbers of threads.", Bounds(1, 1024, True))
  command_flags.define_integer("repeats", 30, "Number of turns.", 3, 10**6)
  command_flags.define_integer("ops", 12, "Number of ops to list for each file; 0: none.", 0, 10**4)
  flags.DEFINE_string(
    "scores", "", f"Output of `{command('export verify')} --output_json`, for the plot."
  )
  flags.DEFINE_string(
    "plot", "", "Plot of the latency, or with --scores of PCK over latency: a .svg or .png file."
  )
  flags.DEFINE_string("output_markdown", "", "Markdown file for the tables.")
  flags.DEFINE_string("output_json", "", "JSON file for all figures.")


def select_reference(timed: Sequence[Timed], name: str) -> Timed:
  """Returns the last call, `step` of a PPN, of the named file or of the first one.

  Raises:
    InputError: the file is not timed.
  """
  calls = [call for call in timed if call.file == (name or timed[0].file)]
  if not calls:
    files = ", ".join(sorted({call.file for call in timed}))
    raise InputError(f"--reference={name}: not one of the files. Give one of {files}.")
  return calls[-1]


def format_times(timed: Sequence[Timed], reference: Timed) -> List[List[str]]:
  """Formats a row for each call: file, signature, median, 90th percentile, ratio."""
  return [
    [
      call.file,
      call.signature,
      f"{call.percentile(50):.1f}",
      f"{call.percentile(90):.1f}",
      f"{np.median(call.seconds / reference.seconds):.2f}",
    ]
    for call in timed
  ]


def _list_files(arguments: Sequence[str]) -> List[pathlib.Path]:
  """Lists the files to time, third-party ones last.

  Raises:
    InputError: there are no files.
  """
  if not arguments:
    raise InputError(f"give one or more files: {command('export benchmark')} FILE.tflite")
  peers = sorted(pathlib.Path(FLAGS.peers).glob("*.tflite")) if FLAGS.peers else []
  if FLAGS.peers and not peers:
    raise InputError(f"--peers={FLAGS.peers}: no .tflite file in this folder.")
  return [*map(pathlib.Path, arguments), *peers]


def read_scores(path: str) -> Dict[str, float]:
  """Reads PCK-torso in percent by file name; returns {} without a path.

  Raises:
    InputError: the file is not an output of export.verify.
  """
  if not path:
    return {}
  try:
    figures = json.loads(pathlib.Path(path).read_text())
    pairs = [(title, float(form["pck_torso"]["micro"])) for title, form in figures.items()]
  except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
    raise InputError(
      f"--scores={path}: not a file of `{command('export verify')} --output_json` ({error!r})."
    ) from error
  # Of several runtimes of a file, the first is used.
  return {title.split(" (")[0]: score for title, score in reversed(pairs)}


def draw(path: str, timed: Sequence[Timed], scores: Dict[str, float]) -> None:
  """Plots PCK-torso over milliseconds per frame, or without scores bars of milliseconds."""
  steps = [call for call in timed if call.signature in ("step", WHOLE)]
  with matplotlib.rc_context({"svg.hashsalt": "ppn_tf", "font.size": 9.5}):
    figure = Figure(figsize=(7.2, 4.2), layout="constrained", facecolor="white")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    if scores:
      for call in steps:
        if call.file in scores:
          point = call.percentile(50), scores[call.file]
          axes.plot(*point, "o", color="#1f6feb")
          axes.annotate(call.file, point, xytext=(6, 4), textcoords="offset points")
      axes.set(ylabel="PCK-torso, %")
    else:
      names = [f"{call.file}, {call.signature}" for call in steps]
      axes.barh(names[::-1], [call.percentile(50) for call in steps][::-1], color="#1f6feb")
    first = timed[0]
    axes.set(
      xlabel=f"milliseconds per frame, {first.runtime}, {first.threads} threads", xlim=(0, None)
    )
    axes.grid(True, linewidth=0.6, color="#dfe3e8")
    axes.set_axisbelow(True)
    with complete_or_absent(path) as partial:
      figure.savefig(partial)


def describe_ops(path: pathlib.Path, count: int, markdown: bool) -> str:
  """Returns a table of the slowest ops of `step`, or the reason why there is none."""
  try:
    times = op_times.measure(path, "step")
  except op_times.UnavailableError as error:
    return f"{path.name}: times of ops were not measured ({error})."
  total = sum(op.milliseconds for op in times)
  rows = [
    [op.kind, str(op.number), f"{op.milliseconds:.2f}", f"{100 * op.milliseconds / total:.0f}%"]
    for op in times[:count]
  ]
  title = f"{path.name}: `step` on 1 thread, by op, {total:.1f} ms in total"
  return f"{title}\n\n{format_rows(['op', 'count', 'ms', 'share'], rows, markdown)}"


def main(argv: Sequence[str]) -> None:
  paths = _list_files(argv[1:])
  scores = read_scores(FLAGS.scores)
  unknown = sorted(set(FLAGS.runtimes) - set(available_runtimes()))
  if unknown:
    raise InputError(f"--runtimes={','.join(FLAGS.runtimes)}: {unknown[0]} is not installed.")
  threads = FLAGS.threads
  sections, calls = [], []
  markdown = bool(FLAGS.output_markdown)
  for runtime in FLAGS.runtimes:
    for count in threads:
      timed = time_all(paths, runtime, count, FLAGS.repeats)
      reference = select_reference(timed, FLAGS.reference)
      header = ["file", "call", "median ms", "p90 ms", f"ratio to {reference.file}"]
      title = f"{runtime}, {count} thread{'s' * (count > 1)}, {FLAGS.repeats} turns"
      table = format_rows(header, format_times(timed, reference), markdown)
      sections.append(f"{title}\n\n{table}")
      calls += timed
  sizes = [
    [
      path.name,
      f"{path.stat().st_size / 1e6:.2f}",
      f"{interpreter_memory.measure(path, FLAGS.runtimes[0]) / 1e6:.0f}",
    ]
    for path in paths
  ]
  sections.append(format_rows(["file", "MB", f"peak MB in {FLAGS.runtimes[0]}"], sizes, markdown))
  if FLAGS.ops:
    sections += [describe_ops(path, FLAGS.ops, markdown) for path in paths[: len(argv) - 1]]
  text = "\n\n".join(sections) + "\n"
  print(text)
  if FLAGS.output_markdown:
    with complete_or_absent(FLAGS.output_markdown) as partial:
      partial.write_text(text)
  if FLAGS.output_json:
    with complete_or_absent(FLAGS.output_json) as partial:
      partial.write_text(json.dumps([_to_json(call) for call in calls], indent=1) + "\n")
  if FLAGS.plot:
    draw(FLAGS.plot, calls[: len(calls) // (len(threads) * len(FLAGS.runtimes))], scores)


def _to_json(call: Timed) -> Dict[str, Any]:
  figures = {"median_ms": call.percentile(50), "p90_ms": call.percentile(90)}
  return {**call._asdict(), "seconds": call.seconds.tolist(), **figures}


if __name__ == "__main__":
  define_flags()
  app.run(main)
