"""Compares exported networks with the one they were made from, over recurrent clips:

  python -m export.verify FILE.tflite FOLDER... --workdir=RUN --dataset=RECORDS

Each form goes through whole clips on its own answers: .tflite files in every
installed runtime, SavedModels in TensorFlow. Reported are PCK, how far heatmaps
have drifted from the network's by the frame, and whether phones can run the ops:
what the static analyser says of GPU delegates, and where there is Vulkan, if only
SwiftShader's, what a GPU made of the whole file.
"""

import contextlib
import io
import json
import pathlib
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import matplotlib
import numpy as np
from absl import flags
from matplotlib.figure import Figure
from tqdm import tqdm

from ppn_tf.clips import pipeline
from ppn_tf.clips.labels import ClipLabels, read_labels
from ppn_tf.config import experiment
from ppn_tf.evaluation import scores
from ppn_tf.evaluation.tables import format_rows
from ppn_tf.inference.pose_model import (
  KerasPoseModel,
  PoseModel,
  SavedModelPoseModel,
  TFLitePoseModel,
)
from ppn_tf.inference.recurrence import unroll
from ppn_tf.inference.tflite import convert
from ppn_tf.keypoints import multi_scale
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.runtime import app
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.runtime.interpreter import available_runtimes

import tensorflow as tf

from .gpu_compile import Compiled, compile_strictly

FLAGS = flags.FLAGS
_COMPATIBLE = "compatible"


def define_flags() -> None:
  flags.DEFINE_integer("num_clips", 0, "Clips of the split to go through; 0: all.", lower_bound=0)
  flags.DEFINE_float(
    "max_drop",
    1.0,
    "Points of PCK-torso that a quantized or rounding form may lose; more is an error.",
    lower_bound=0.0,
  )
  flags.DEFINE_string("output_json", "", "File for all figures.")
  flags.DEFINE_string("plot", "", "A .svg or .png of the drift along the clips.")


class Form(NamedTuple):
  """An exported network in a runtime.

  Attributes:
    name: the file's or folder's.
    runtime: what runs it.
    model: the network.
    is_exact: whether it computes what the network computes.
    ops: what stands in the way of its ops, or "builtin"; of a SavedModel "".
    gpu: what TensorFlow's static analyser says of GPU delegates.
    compiled: what a GPU made of it.
  """

  name: str
  runtime: str
  model: PoseModel
  is_exact: bool
  ops: str
  gpu: str
  compiled: str

  @property
  def title(self) -> str:
    return f"{self.name} ({self.runtime})"


def gpu_compatibility(content: bytes) -> str:
  """What TensorFlow's analyser finds in the way of GPU delegates, or "compatible"."""
  said = io.StringIO()
  with contextlib.redirect_stdout(said):
    tf.lite.experimental.Analyzer.analyze(model_content=content, gpu_compatibility=True)
  lines = [line.strip() for line in said.getvalue().splitlines() if "GPU COMPATIBILITY" in line]
  return lines[0].split(":", 1)[-1].strip() if lines else _COMPATIBLE


def describe_compiled(found: Optional[Compiled]) -> str:
  """What came of compiling for a GPU, in a few words."""
  if found is None:
    return "no Vulkan here"
  return found.reason or f"all of it, {found.difference:.0e} off"


def open_forms(path: pathlib.Path) -> List[Form]:
  """A SavedModel in TensorFlow, or a .tflite file in each runtime.

  Raises:
    InputError: nothing is there, or it is no exported pose network.
  """
  if path.is_dir():
    return [Form(path.name, "TensorFlow", SavedModelPoseModel(path), True, "", "", "")]
  if not path.is_file():
    raise InputError(
      f"{path}: no such file or folder. Give what `{command('export tflite')}` wrote."
    )
  content = path.read_bytes()
  counts = convert.count_ops(content)
  custom = convert.custom_ops(counts)
  is_exact = convert.is_float32(content) and not counts.get("RESIZE_BILINEAR")
  gpu, compiled = gpu_compatibility(content), describe_compiled(compile_strictly(path))
  return [
    Form(
      path.name,
      runtime,
      TFLitePoseModel(path, runtime=runtime),
      is_exact,
      ", ".join(custom) or "builtin",
      gpu,
      compiled,
    )
    for runtime in available_runtimes()
  ]


def clips(builder: Any, image_size: Tuple[int, int]) -> Iterator[Dict[str, Any]]:
  """Crops of whole clips, rounded as a client's are: clip, frames, affines, image_size."""
  windows = pipeline.evaluation_windows(
    builder,
    FLAGS.eval_split,
    num_frames=pipeline.chunk_length(1),
    image_size=image_size,
    box_margin=FLAGS.box_margin,
    steady_crops=FLAGS.steady_crops,
  )
  current: Dict[str, Any] = {}
  for window in windows.prefetch(2):
    name, valid = window["clip"].numpy().decode(), window["valid"].numpy()
    part = {key: window[key][0].numpy()[valid] for key in ("frames", "affines")}
    part["frames"] = np.round(part["frames"])
    if current and current["clip"] != name:
      yield current
      current = {}
    joined = {
      key: np.concatenate([current[key], part[key]]) if current else part[key] for key in part
    }
    current = {"clip": name, "image_size": window["image_size"].numpy(), **joined}
  if current:
    yield current


def follow(model: PoseModel, frames: np.ndarray) -> np.ndarray:
  """A form's heatmaps [T, h, w, K] along a clip, on its own answers."""
  return np.stack(list(unroll(model, frames))[1:])


def predictions(maps: np.ndarray, clip: Dict[str, Any], stride: int) -> ClipPredictions:
  """The joints in heatmaps, in frame pixels."""
  keypoints, found = multi_scale.read(
    tf.constant(maps[None]), tf.constant(clip["affines"][None]), stride, clip["image_size"], "dark"
  )
  names = experiment.skeleton().joint_names
  return ClipPredictions(clip["clip"], names, keypoints.numpy(), found.numpy())


class Compared:
  """What is gathered about a form.

  Attributes:
    pairs: labels and predictions of each clip.
    drift: the mean absolute difference of heatmaps, by frame, of each clip.
    largest: the greatest difference anywhere.
  """

  def __init__(self) -> None:
    self.pairs: List[Tuple[ClipLabels, ClipPredictions]] = []
    self.drift: List[np.ndarray] = []
    self.largest = 0.0

  def pck(self) -> float:
    """PCK-torso in percent."""
    found = scores.score(self.pairs, experiment.skeleton(), FLAGS.alpha)
    return float(found["pck_torso"]["micro"])

  def mean_drift(self) -> np.ndarray:
    """By the frame's place, over the clips that are long enough."""
    longest = max(map(len, self.drift))
    return np.array(
      [np.mean([one[t] for one in self.drift if len(one) > t]) for t in range(longest)]
    )


def compare(forms: Sequence[Form], network: PoseModel, builder: Any) -> Dict[str, Compared]:
  """Takes all forms, and the network itself (""), through the split's clips."""
  labels = read_labels(builder, FLAGS.eval_split)
  count = min(FLAGS.num_clips or len(labels), len(labels))
  found = {title: Compared() for title in ["", *(form.title for form in forms)]}
  bar = tqdm(total=count, unit="clip", desc="verify")
  for _, clip in zip(range(count), clips(builder, network.image_size)):
    expected = follow(network, clip["frames"])
    for title, model in [("", network), *((form.title, form.model) for form in forms)]:
      maps = expected if model is network else follow(model, clip["frames"])
      one, difference = found[title], np.abs(maps - expected)
      one.pairs.append((labels[clip["clip"]], predictions(maps, clip, network.stride)))
      one.drift.append(difference.mean(axis=(1, 2, 3)))
      one.largest = max(one.largest, float(difference.max()))
    bar.update()
  bar.close()
  return found


def draw(path: str, found: Dict[str, Compared]) -> None:
  """The drift of each form along the clips."""
  with matplotlib.rc_context({"svg.hashsalt": "ppn_tf", "font.size": 9.5}):
    figure = Figure(figsize=(7.2, 3.6), layout="constrained", facecolor="white")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    for title, one in found.items():
      if title:
        drift = one.mean_drift()
        axes.plot(range(1, len(drift) + 1), np.maximum(drift, 1e-9), label=title)
    axes.set(xlabel="frame of the clip", ylabel="mean difference of heatmaps", yscale="log")
    axes.grid(True, linewidth=0.6, color="#dfe3e8")
    axes.legend(frameon=False)
    with complete_or_absent(path) as partial:
      figure.savefig(partial)


def faults(forms: Sequence[Form], found: Dict[str, Compared], pck: Dict[str, float]) -> List[str]:
  """What is wrong with the forms, a line each."""
  wrong = []
  for form in forms:
    one, drop = found[form.title], pck[""] - pck[form.title]
    if form.ops not in ("", "builtin"):
      wrong.append(f"{form.title}: needs {form.ops}, which plain runtimes do not have")
    if form.is_exact and not one.largest <= convert.TOLERANCE:
      wrong.append(f"{form.title}: differs by {one.largest:.2g}, more than {convert.TOLERANCE:g}")
    if not drop <= FLAGS.max_drop:
      wrong.append(f"{form.title}: loses {drop:.1f} points, more than --max_drop={FLAGS.max_drop}")
  return wrong


def main(argv: Sequence[str]) -> None:
  if len(argv) < 2:
    raise InputError(
      f"give one or more exports: {command('export verify')} FILE.tflite --workdir=RUN"
    )
  model = experiment.load_checked_run()
  builder = experiment.open_dataset(FLAGS.eval_split)
  forms = [form for path in argv[1:] for form in open_forms(pathlib.Path(path))]
  network = KerasPoseModel(model)
  for form in forms:
    if (form.model.image_size, form.model.num_joints) != (network.image_size, network.num_joints):
      raise InputError(
        f"{form.name}: takes frames of {form.model.image_size} and finds {form.model.num_joints} "
        f"joints; {FLAGS.workdir} {network.image_size} and {network.num_joints}. Give its own run."
      )
  found = compare(forms, network, builder)
  pck = {title: one.pck() for title, one in found.items()}
  rows = [["the network", "TensorFlow", f"{pck['']:.2f}", "", "", "", "", "", ""]]
  for form in forms:
    drift = found[form.title].mean_drift()
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
  last = f"frame {max(len(one.mean_drift()) for one in found.values())}"
  header = [
    "form", "runtime", "PCK-torso", "change", "drift, frame 1", last, "ops", "GPU analyser", "GPU"
  ]  # fmt: skip
  print(format_rows(header, rows))
  if FLAGS.output_json:
    everything = {
      title or "network": {
        "pck_torso": {"micro": pck[title]},
        "largest_difference": one.largest,
        "drift": one.mean_drift().tolist(),
      }
      for title, one in found.items()
    }
    with complete_or_absent(FLAGS.output_json) as partial:
      partial.write_text(json.dumps(everything, indent=1) + "\n")
  if FLAGS.plot:
    draw(FLAGS.plot, found)
  wrong = faults(forms, found, pck)
  if wrong:
    raise InputError("; ".join(wrong))
  print(f"{len(forms)} forms agree with {FLAGS.workdir}.")


if __name__ == "__main__":
  define_flags()
  app.run(main)
