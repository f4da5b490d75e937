"""Describes the creation of the page and its runs: command, flags, versions, device."""

import datetime
import importlib.metadata
import json
import pathlib
import platform
import shlex
import statistics
import sys
from typing import Any, Dict, List, Sequence, Tuple

import ppn_tf
from ppn_tf.evaluation.reporting.runs import Run, number
from ppn_tf.runtime import command_names
from ppn_tf.runtime.cores import count_cores

_PACKAGES = ("tensorflow", "tf-keras", "keras-cv", "tensorflow-datasets", "numpy", "ai-edge-litert")


def command(argv: Sequence[str]) -> str:
  """Returns the command line of this program, one flag per line, ready to paste."""
  return " \\\n  ".join(
    [command_names.command("report"), *(shlex.quote(argument) for argument in argv[1:])]
  )


def facts(now: datetime.datetime) -> List[Tuple[str, str]]:
  """Returns date, device and versions as (name, value) pairs."""
  rows = [("Made", now.strftime("%Y-%m-%d %H:%M")), ("Device", _device())]
  rows.append(("System", f"{platform.system()} {platform.release()}, Python {_python()}"))
  versions = [f"ppn-tf {ppn_tf.__version__}"]
  for package in _PACKAGES:
    try:
      versions.append(f"{package} {importlib.metadata.version(package)}")
    except importlib.metadata.PackageNotFoundError:
      continue
  rows.append(("Versions", ", ".join(versions)))
  return rows


def training_facts(run: Run) -> str:
  """Describes the steps and speed of a run's training; empty if nothing was logged."""
  if not run.metrics:
    return ""
  words = f"{run.metrics[-1]['step']:,} steps"
  speeds = [number(row.get("frames_per_second")) for row in run.metrics]
  known = [speed for speed in speeds if speed]
  if known:
    words += f", {statistics.median(known):,.0f} frames per second in training"
  return words


def flag_rows(runs: Sequence[Run]) -> Tuple[List[Dict[str, Any]], List[Dict[str, Any]]]:
  """Splits the runs' flags into those that differ between runs and those that are equal.

  Returns:
    Two lists of {"flag": name, "values": text per run}, ordered by name; a run
    without the flag has "–". The flags of a single run are all equal.
  """
  differing: List[Dict[str, Any]] = []
  shared: List[Dict[str, Any]] = []
  for flag in sorted({flag for run in runs for flag in run.flags}):
    values = [_text(run.flags[flag]) if flag in run.flags else "–" for run in runs if run.flags]
    (shared if len(set(values)) == 1 else differing).append({"flag": flag, "values": values})
  return differing, shared


def _text(value: Any) -> str:
  return value if isinstance(value, str) and value else json.dumps(value)


def _python() -> str:
  return ".".join(str(part) for part in sys.version_info[:3])


def _device() -> str:
  import tensorflow as tf  # slow to import, and not needed elsewhere in this module

  gpus = [
    tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
    for gpu in tf.config.list_physical_devices("GPU")
  ]
  return ", ".join([*gpus, _processor()])


def _processor() -> str:
  try:
    lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
  except OSError:
    return platform.processor() or platform.machine()
  names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
  cores = count_cores()
  if not names:
    return f"{platform.machine()}, {cores} cores"
  return f"{names[0]}, {cores} core{'s' if cores != 1 else ''}"
