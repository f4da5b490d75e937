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
  flags.DEFINE_string("peers", "", "Folder of other projects' .tflite files, which are timed too.")
  flags.DEFINE_string("reference", "", "Name of the file that the ratios are to; else the first.")
  flags.DEFINE_list("runtimes", available_runtimes(), "What runs them.")
  command_flags.define_numbers("threads", (1, 2), "Numbers of threads.", Bounds(1, 1024, True))
  command_flags.define_integer("repeats", 30, "Turns.", 3, 10**6)
  command_flags.define_integer("ops", 12, "Lines of the ops of each file; 0: none.", 0, 10**4)
  flags.DEFINE_string(
    "scores", "", f"The --output_json of `{command('export verify')}`, for the plot."
  )
  flags.DEFINE_string("plot", "", "A .svg or .png: latency, against PCK where there are --scores.")
  flags.DEFINE_string("output_markdown", "", "A .md with the tables.")
  flags.DEFINE_string("output_json", "", "A .json with all figures.")


def reference_of(timed: Sequence[Timed], name: str) -> Timed:
  """What the ratios are to: the last call (a PPN's `step`) of the named file, or of the first.

  Raises:
    InputError: no such file is timed.
  """
  wanted = name or timed[0].file
  found = [one for one in timed if one.file == wanted]
  if not found:
    files = ", ".join(sorted({one.file for one in timed}))
    raise InputError(f"--reference={name}: is not among the files, {files}.")
  return found[-1]


def rows(timed: Sequence[Timed], reference: Timed) -> List[List[str]]:
  return [
    [
      one.file,
      one.signature,
      f"{one.percentile(50):.1f}",
      f"{one.percentile(90):.1f}",
      f"{np.median(one.seconds / reference.seconds):.2f}",
    ]
    for one in timed
  ]


def _paths(arguments: Sequence[str]) -> List[pathlib.Path]:
  """The files to time, peers last; InputError where there are none, or not those."""
  if not arguments:
    raise InputError(f"give one or more files: {command('export benchmark')} FILE.tflite")
  peers = sorted(pathlib.Path(FLAGS.peers).glob("*.tflite")) if FLAGS.peers else []
  if FLAGS.peers and not peers:
    raise InputError(f"--peers={FLAGS.peers}: holds no .tflite file.")
  return [*map(pathlib.Path, arguments), *peers]


def read_scores(path: str) -> Dict[str, float]:
  """PCK-torso in percent by file name; InputError where the file is not export.verify's."""
  if not path:
    return {}
  try:
    found = json.loads(pathlib.Path(path).read_text())
    pairs = [(name, float(one["pck_torso"]["micro"])) for name, one in found.items()]
  except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
    raise InputError(
      f"--scores={path}: not a file of `{command('export verify')} --output_json` ({error!r})."
    ) from error
  # The first runtime of each file counts.
  return {name.split(" (")[0]: score for name, score in reversed(pairs)}


def draw(path: str, timed: Sequence[Timed], scores: Dict[str, float]) -> None:
  """PCK-torso against milliseconds of a step, or bars of milliseconds."""
  steps = [one for one in timed if one.signature in ("step", WHOLE)]
  with matplotlib.rc_context({"svg.hashsalt": "ppn_tf", "font.size": 9.5}):
    figure = Figure(figsize=(7.2, 4.2), layout="constrained", facecolor="white")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    if scores:
      for one in steps:
        if one.file in scores:
          place = one.percentile(50), scores[one.file]
          axes.plot(*place, "o", color="#1f6feb")
          axes.annotate(one.file, place, xytext=(6, 4), textcoords="offset points")
      axes.set(ylabel="PCK-torso, %")
    else:
      names = [f"{one.file}, {one.signature}" for one in steps]
      axes.barh(names[::-1], [one.percentile(50) for one in steps][::-1], color="#1f6feb")
    first = timed[0]
    axes.set(
      xlabel=f"milliseconds a frame, {first.runtime}, {first.threads} threads", xlim=(0, None)
    )
    axes.grid(True, linewidth=0.6, color="#dfe3e8")
    axes.set_axisbelow(True)
    with complete_or_absent(path) as partial:
      figure.savefig(partial)


def describe_ops(path: pathlib.Path, count: int, markdown: bool) -> str:
  """The ops of `step` that take longest, as a table, or why there is none."""
  try:
    found = op_times.measure(path, "step")
  except op_times.UnavailableError as error:
    return f"{path.name}: times of single ops were not measured ({error})."
  whole = sum(one.milliseconds for one in found)
  lines = [
    [one.kind, str(one.number), f"{one.milliseconds:.2f}", f"{100 * one.milliseconds / whole:.0f}%"]
    for one in found[:count]
  ]
  title = f"{path.name}: `step` on 1 thread, by op, {whole:.1f} ms together"
  return f"{title}\n\n{format_rows(['op', 'count', 'ms', 'share'], lines, markdown)}"


def main(argv: Sequence[str]) -> None:
  paths = _paths(argv[1:])
  scores = read_scores(FLAGS.scores)
  unknown = sorted(set(FLAGS.runtimes) - set(available_runtimes()))
  if unknown:
    raise InputError(f"--runtimes={','.join(FLAGS.runtimes)}: {unknown[0]} is not installed.")
  threads = FLAGS.threads
  sections, everything = [], []
  markdown = bool(FLAGS.output_markdown)
  for runtime in FLAGS.runtimes:
    for count in threads:
      timed = time_all(paths, runtime, count, FLAGS.repeats)
      reference = reference_of(timed, FLAGS.reference)
      header = ["file", "call", "median ms", "p90 ms", f"ratio to {reference.file}"]
      title = f"{runtime}, {count} thread{'s' * (count > 1)}, {FLAGS.repeats} turns"
      sections.append(f"{title}\n\n{format_rows(header, rows(timed, reference), markdown)}")
      everything += timed
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
      partial.write_text(json.dumps([_as_json(one) for one in everything], indent=1) + "\n")
  if FLAGS.plot:
    draw(FLAGS.plot, everything[: len(everything) // (len(threads) * len(FLAGS.runtimes))], scores)


def _as_json(one: Timed) -> Dict[str, Any]:
  figures = {"median_ms": one.percentile(50), "p90_ms": one.percentile(90)}
  return {**one._asdict(), "seconds": one.seconds.tolist(), **figures}


if __name__ == "__main__":
  define_flags()
  app.run(main)
