"""Compares speed and scores of variants of PPN-Swift.

  python -m benchmarks.mobile_variants

Each variant is exported in full size with random weights; all are timed in turns, together with
the --reference. Scores are those of small versions of the variants, from `python -m
benchmarks.ablations`. Writes docs/mobile.md with its plot, and the figures in docs/mobile.json.
"""

import dataclasses
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
from typing import Dict, List, Sequence, Tuple

import matplotlib
import numpy as np
from absl import flags
from matplotlib.figure import Figure
from tqdm import tqdm

from benchmarks import ablation_plan as plan
from benchmarks.ablation_plots import BLUE, ORANGE, STYLE
from benchmarks.ablation_report import get_costs
from benchmarks.ablation_results import Results, change, spread
from benchmarks.markdown_pages import render
from ppn_tf.evaluation.tables import format_rows
from ppn_tf.inference.tflite.timing import time_all
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

FLAGS = flags.FLAGS
ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs"
TEMPLATE = pathlib.Path(__file__).with_name("mobile_variants.md.jinja")
# `step` does not contain HeadNet, so a small HeadNet saves time.
SWIFT = ("--flagfile=configs/ppn_swift.cfg", "--head_backbone=mobilenet_v2_0.35")
LITE = ("--flagfile=configs/ppn_swift_lite.cfg", "--head_backbone=mobilenet_v2_0.35")


@dataclasses.dataclass(frozen=True)
class Variant:
  """Exported network.

  Attributes:
    name: name in the table.
    flags: flags of the network in full size.
    sampler: value of --sampler for the export.
    quantize: value of --quantize for the export.
    small: run of ablation_plan.py with a small version of the network, or "".
  """

  name: str
  flags: Tuple[str, ...]
  sampler: str
  quantize: str = "none"
  small: str = ""


FRAMEWISE = "frame-wise"
VARIANTS = (
  Variant("PPN-Swift, exact sampler", SWIFT, "exact", small="swift"),
  Variant("PPN-Swift", SWIFT, "table", small="swift_rounded"),
  Variant("4 blocks", (*SWIFT, "--ppu_blocks=4"), "table", small="swift_four_blocks"),
  Variant(
    "4 blocks, 2 rates",
    (*SWIFT, "--ppu_blocks=4", "--dilations=3,12"),
    "table",
    small="swift_two_rates",
  ),
  Variant("lite, exact sampler", LITE, "exact", small="swift_lite"),
  Variant("lite", LITE, "table", small="swift_lite_rounded"),
  Variant("PPN-Swift, int8", SWIFT, "table", "int8"),
  Variant("lite, int8", LITE, "table", "int8"),
  Variant(FRAMEWISE, (*SWIFT, "--method=framewise"), "exact", small="framewise_small"),
)


@dataclasses.dataclass(frozen=True)
class Measured:
  """Costs of a variant.

  Attributes:
    macs: multiply-accumulates of a step.
    bytes: size of the file, which has a small HeadNet.
    milliseconds: median time of a step.
    ratio: median ratio of its time to that of the reference, over turns.
  """

  macs: int
  bytes: int
  milliseconds: float
  ratio: float


def define_flags() -> None:
  flags.DEFINE_string(
    "reference", "", "A .tflite file to compare times with, such as MoveNet Thunder."
  )
  flags.DEFINE_string("results", str(DOCS / "results.json"), "Results from `benchmarks.ablations`.")
  flags.DEFINE_string("output", str(DOCS / "mobile.md"), "Page to write; its plot goes to images/.")
  flags.DEFINE_string("runtime", "ai-edge-litert", "Runtime of the files.")
  command_flags.define_integer("repeats", 50, "Turns.", 3, 10**6)


def export(variant: Variant, path: pathlib.Path) -> None:
  """Exports a variant with random weights."""
  completed = subprocess.run(
    [
      sys.executable, "-m", "export.tflite", *variant.flags, "--random_weights",
      f"--sampler={variant.sampler}", f"--quantize={variant.quantize}", f"--output={path}",
    ],
    cwd=ROOT, capture_output=True, text=True, check=False,
  )  # fmt: skip
  if completed.returncode:
    raise InputError(
      f"{variant.name} was not exported: {completed.stderr.strip().splitlines()[-1]}"
    )


def step_macs(variant: Variant) -> int:
  return get_costs(variant.flags)["step"].macs


def measure(reference: pathlib.Path) -> Dict[str, Measured]:
  """Exports all variants, and times their steps on one thread; returns costs by name."""
  if not reference.is_file():
    raise InputError(f"--reference={reference}: no such file. Give a .tflite to compare with.")
  with tempfile.TemporaryDirectory() as name:
    paths = [pathlib.Path(name) / f"{number}.tflite" for number in range(len(VARIANTS))]
    for variant, path in zip(tqdm(VARIANTS, unit="file", desc="export"), paths):
      export(variant, path)
    sizes = [path.stat().st_size for path in paths]
    timed = time_all([*paths, reference], FLAGS.runtime, 1, FLAGS.repeats)
  # The last signature of a file is `step`.
  last = {times.file: times.seconds for times in timed}
  measured = {}
  for variant, path, size in zip(VARIANTS, paths, sizes):
    seconds = last[path.name]
    ratio = float(np.median(seconds / last[reference.name]))
    milliseconds = float(np.median(1e3 * seconds))
    measured[variant.name] = Measured(step_macs(variant), size, milliseconds, ratio)
  return measured


def small_scores(results: Results, variant: Variant) -> List[float]:
  """Returns PCK-torso on whole clips of the small version, for each seed; [] without one."""
  return results.scores(variant.small, plan.WHOLE_CLIP) if variant.small else []


def table(results: Results, measured: Dict[str, Measured]) -> str:
  """Formats the table of variants in Markdown."""
  rows = []
  for variant in VARIANTS:
    costs, scores = measured[variant.name], small_scores(results, variant)
    rows.append(
      [
        variant.name,
        variant.sampler if variant.name != FRAMEWISE else "–",
        f"{costs.macs / 1e9:.2f}",
        f"{costs.milliseconds:.1f}",
        f"{costs.ratio:.2f}",
        spread(scores) if scores else "–",
      ]
    )
  header = ("network", "sampler", "GMACs", "ms per frame", "reference = 1", "PCK-torso, small")
  return format_rows(header, rows, markdown=True)


def plot(results: Results, measured: Dict[str, Measured]) -> Figure:
  """Plots scores by time: a dot for each variant, with a line that spans its seeds."""
  with matplotlib.rc_context(STYLE):
    figure = Figure(figsize=(7.6, 4.2), layout="constrained", facecolor="white")
    axes = figure.subplots()
    for variant in VARIANTS:
      scores = small_scores(results, variant)
      if not scores:
        continue
      time, color = measured[variant.name].ratio, ORANGE if variant.name == FRAMEWISE else BLUE
      axes.plot([time] * 2, [min(scores), max(scores)], color=color, linewidth=1, alpha=0.5)
      axes.plot(time, statistics.fmean(scores), "o", color=color)
      top = (time, max(scores))
      axes.annotate(variant.name, top, (-2, 5), textcoords="offset points", rotation=40)
    axes.axvline(1.0, color="#8c959f", linewidth=0.8, linestyle="--")
    low, high = axes.get_ylim()
    axes.annotate("the reference", (1.0, low), (4, 4), textcoords="offset points", color="#57606a")
    axes.set(
      xlabel="time of a full-size step, the reference's being 1",
      ylabel="PCK-torso of the same network in small, %",
      xlim=(0, 1.25 * max(costs.ratio for costs in measured.values())),
      ylim=(low, high + 0.45 * (high - low)),  # room for the names
    )
    axes.grid(True, linewidth=0.6, color="#dfe3e8")
    axes.tick_params(length=0)
  return figure


def page(results: Results, measured: Dict[str, Measured], reference: str) -> str:
  """Returns the text of docs/mobile.md."""

  def compared(new: str, old: str) -> str:
    return change(results.scores(new, plan.WHOLE_CLIP), results.scores(old, plan.WHOLE_CLIP))

  return render(
    TEMPLATE,
    table=table(results, measured),
    reference=reference,
    runtime=FLAGS.runtime,
    repeats=FLAGS.repeats,
    compared=compared,
    num_seeds=len(results.seeds(*_runs())),
  )


def _runs() -> List[str]:
  return [variant.small for variant in VARIANTS if variant.small]


def read_results(path: str) -> Results:
  """Reads the results of ablations.

  Raises:
    InputError: no such file, or no seed has all variants yet.
  """
  source = pathlib.Path(path)
  if not source.is_file():
    raise InputError(f"{source}: no such file. Make it with `python -m benchmarks.ablations`.")
  results = Results(json.loads(source.read_text()))
  if not results.seeds(*_runs()):
    missing = sorted(set(_runs()) - set(results.table))
    raise InputError(
      f"{source}: no seed has all variants yet. Continue `python -m benchmarks.ablations "
      f"--networks={','.join(missing or _runs())}`."
    )
  return results


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  reference, output = pathlib.Path(FLAGS.reference), pathlib.Path(FLAGS.output)
  results = read_results(FLAGS.results)
  measured = measure(reference)
  figures = {
    "reference": reference.name,
    "runtime": FLAGS.runtime,
    "repeats": FLAGS.repeats,
    "variants": {name: dataclasses.asdict(costs) for name, costs in measured.items()},
  }
  with complete_or_absent(output.with_suffix(".json")) as partial:
    partial.write_text(json.dumps(figures, indent=1) + "\n")
  with complete_or_absent(output.parent / "images" / "mobile_variants.svg") as partial:
    with matplotlib.rc_context(STYLE):  # with a fixed salt, for reproducible files
      plot(results, measured).savefig(partial, format="svg", metadata={"Date": None})
  with complete_or_absent(output) as partial:
    partial.write_text(page(results, measured, reference.stem))
  print(output)


if __name__ == "__main__":
  define_flags()
  app.run(main)
