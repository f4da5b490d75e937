"""Times the training step, and its twin in PyTorch.

  python -m benchmarks.train_step

Each configuration is measured in a separate process. Steps of this project on a batch in
memory, steps of the twin on the same batch, and steps of this project on real input take turns,
so that a machine that slows down slows all of them. The twin starts from the same weights and
computes the same (tests/benchmarks/test_train_step.py); --pytorch_python names a Python with
PyTorch.

The batch of the paper, 8 clips at 256x256, is too much for two cores with HRNet-W48; the
defaults for its networks are smaller. They have two clips in a batch, since PyTorch is slower
for a single image.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from absl import flags

from benchmarks.drawn_clips import draw_clips
from benchmarks.training_turns import Work, take_turns
from benchmarks.twin_process import ROOT, TwinProcess, check_torch, hand_over
from ppn_tf.config import flags as experiment_flags
from ppn_tf.evaluation.tables import format_rows
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.resident_memory import GIVE_BACK, measure_peak

FLAGS = flags.FLAGS


class Configuration(NamedTuple):
  """Configuration to measure.

  Attributes:
    flagfile: name in configs/.
    smaller: flags that make it smaller.
    steps: steps per turn.
  """

  flagfile: str
  smaller: Tuple[str, ...]
  steps: int


_SMALLER = ("--batch_size=2", "--image_size=128,128")
CONFIGURATIONS: Dict[str, Configuration] = {
  "demo": Configuration("demo.cfg", (), 10),
  "swift": Configuration("ppn_swift.cfg", _SMALLER, 2),
  "stable": Configuration("ppn_stable.cfg", _SMALLER, 2),
}
_SIZES = ("batch_size", "image_size", "num_frames")
NOT_MEASURED = "not measured"


def define_flags() -> None:
  flags.DEFINE_list(
    "configurations", list(CONFIGURATIONS), "Configurations to measure: demo, swift, stable."
  )
  command_flags.define_integer("repeats", 5, "Turns of each kind of step.", 1, 10**6)
  command_flags.define_integer(
    "steps", 0, "Steps per turn; 0 means 10 for demo, 2 for the others.", 0, 10**6
  )
  flags.DEFINE_string(
    "pytorch_python", "", "Python with PyTorch; without it the twin is not timed."
  )
  flags.DEFINE_enum("measure", "", ["", "time", "memory"], "Internal: measure this and exit.")
  experiment_flags.define()


def _prepare_work() -> Work:
  command_flags.required("dataset")
  return Work(experiment_flags.experiment(), experiment_flags.run_config())


def measure_memory() -> Dict[str, Any]:
  """Measures the peak memory of a step on a batch in memory, in bytes above that before it."""
  work = _prepare_work()
  work.stop_input()
  return {"bytes": measure_peak(work.step, repeats=2)}


def measure_time() -> Dict[str, Any]:
  """Measures a configuration; returns values by the names that `row` reads."""
  work = _prepare_work()
  sizes = {"repeats": FLAGS.repeats, "steps": FLAGS.steps}
  result: Dict[str, Any] = {
    **{name: FLAGS[name].value for name in _SIZES},
    "parameters": sum(network.count_params() for network in work.model.networks),
    "threads": len(os.sched_getaffinity(0)),
  }
  if not FLAGS.pytorch_python:
    return {**result, **take_turns(work, None, **sizes)}
  with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    hand_over(work.model, work.batch, work.experiment.to_flags(), folder)
    with TwinProcess(FLAGS.pytorch_python, folder) as twin:
      _check_equal(result, work, twin)
      result.update(twin_way=twin.choose_fastest(), twin_version=twin.version)
      result.update(take_turns(work, twin, **sizes))
    with TwinProcess(FLAGS.pytorch_python, folder, GIVE_BACK) as twin:
      result["twin_bytes"] = twin.memory()
  return result


def _check_equal(result: Mapping[str, Any], work: Work, twin: TwinProcess) -> None:
  """Checks that the twin has the same size and the same first loss."""
  assert twin.parameters == result["parameters"], (twin.parameters, result["parameters"])
  assert twin.threads == result["threads"], (twin.threads, result["threads"])
  work.step()
  expected, loss = work.trainer.read_means()["loss"], twin.step()["loss"]
  assert abs(expected - loss) <= 1e-3 * abs(expected), f"first loss {loss}, not {expected}"


def row(name: str, measured: Mapping[str, Any]) -> List[str]:
  """Formats the measurements of a configuration as a row of the table."""
  frames = measured["batch_size"] * measured["num_frames"]

  def megabytes(key: str) -> str:
    return f"{measured[key] / 1e6:.0f} MB" if key in measured else NOT_MEASURED

  waiting, whole = measured["seconds_waiting"], measured["seconds_real"]
  twins = "twin_seconds" in measured
  return [
    name,
    f"{1e3 * measured['seconds']:.0f} ms",
    f"{frames / measured['seconds']:.1f}",
    f"{frames / whole:.1f}",
    f"{1e3 * waiting:.1f} ms = {100 * waiting / whole:.1f}%",
    megabytes("bytes"),
    f"{frames / measured['twin_seconds']:.1f}" if twins else NOT_MEASURED,
    megabytes("twin_bytes"),
    f"{measured['speed']:.2f}x" if twins else NOT_MEASURED,
  ]


HEADER = (
  "configuration",
  "step",
  "frames/s",
  "frames/s, real input",
  "input wait",
  "memory of a step",
  "PyTorch frames/s",
  "PyTorch memory",
  "speed to PyTorch",
)


def description(name: str, measured: Mapping[str, Any]) -> str:
  """Returns one line about the configuration of a row."""
  text = (
    f"{name}: configs/{CONFIGURATIONS[name].flagfile} with {measured['batch_size']} clips of "
    f"T = {measured['num_frames']} at {'x'.join(measured['image_size'])} pixels, "
    f"{measured['parameters'] / 1e6:.2f} million parameters"
  )
  if "twin_way" in measured:
    text += (
      f"; PyTorch {measured['twin_version']} with as many parameters, and its fastest settings, "
    )
    text += f"{measured['twin_way']}"
  return text


def run_configuration(name: str, dataset: str) -> Dict[str, Any]:
  """Measures a configuration in separate processes."""
  configuration = CONFIGURATIONS[name]
  present = [FLAGS[size] for size in (*_SIZES, "pytorch_python", "repeats") if FLAGS[size].present]
  command = [
    sys.executable,
    *("-m", "benchmarks.train_step"),
    f"--flagfile={ROOT / 'configs' / configuration.flagfile}",
    *configuration.smaller,
    *(argument for flag in present for argument in flag.serialize().split("\n")),
    f"--steps={FLAGS.steps or configuration.steps}",
    f"--dataset={dataset}",
  ]

  def run(kind: str, **environment: str) -> Dict[str, Any]:
    completed = subprocess.run(
      [*command, f"--measure={kind}"],
      env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", **environment},
      stdout=subprocess.PIPE,
      text=True,
    )
    if completed.returncode:
      raise InputError(f"{name}: not measured; see the error above.")
    return json.loads(completed.stdout.splitlines()[-1])

  return {**run("time"), **run("memory", **GIVE_BACK)}


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  if FLAGS.measure:
    print(json.dumps({"time": measure_time, "memory": measure_memory}[FLAGS.measure]()))
    return
  unknown = sorted(set(FLAGS.configurations) - set(CONFIGURATIONS))
  if unknown or not FLAGS.configurations:
    raise InputError(
      f"--configurations={','.join(FLAGS.configurations)}: choose from {', '.join(CONFIGURATIONS)}."
    )
  if FLAGS.pytorch_python:
    check_torch(FLAGS.pytorch_python)
  results = {}
  with tempfile.TemporaryDirectory() as folder:
    dataset = FLAGS.dataset or draw_clips(
      pathlib.Path(folder), num_train=32, num_test=0, num_frames=max(12, FLAGS.num_frames)
    )
    for name in FLAGS.configurations:
      print(f"measuring {name} ...", file=sys.stderr, flush=True)
      results[name] = run_configuration(name, dataset)
  threads = results[FLAGS.configurations[0]]["threads"]
  print(
    f"Training step in float32 on {threads} CPU cores, medians of {FLAGS.repeats} turns; input: "
    f"{FLAGS.dataset or '32 drawn clips of 240x320 pixels'}"
  )
  print(format_rows(HEADER, [row(name, measured) for name, measured in results.items()]))
  for name, measured in results.items():
    print(description(name, measured))
  print("The step was traced once. Memory excludes weights, the state of Adam, and the batch.")
  if not FLAGS.pytorch_python:
    print(
      "PyTorch was not measured: give --pytorch_python the Python of a venv with "
      "benchmarks/pytorch_twin/requirements.txt."
    )


if __name__ == "__main__":
  define_flags()
  app.run(main)
