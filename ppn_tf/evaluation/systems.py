"""Systems that are scored side by side: folders of predictions, and .tflite networks."""

import dataclasses
import hashlib
import pathlib
import sys
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ppn_tf.clips import records
from ppn_tf.clips.labels import ClipLabels
from ppn_tf.evaluation.exported_networks import load_network
from ppn_tf.evaluation.prediction_files import PredictionFolder, gather, read_predictions
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.runtime.errors import InputError


@dataclasses.dataclass(frozen=True)
class System:
  """Predictions that are scored under one name.

  Attributes:
    about: what is known of their making, by name, as predictions.json has it.
    predictions: joints by clip.
  """

  about: Dict[str, Any]
  predictions: Dict[str, ClipPredictions]

  @property
  def num_frames(self) -> int:
    """T of the predicted windows; 0 for whole clips, or where nothing is said of windows.

    Raises:
      InputError: `about` has another value.
    """
    num_frames = self.about.get("num_frames", 0)
    if not isinstance(num_frames, int) or num_frames < 0:
      raise InputError(
        f"predictions.json has num_frames={num_frames!r}. Expected T, or 0 for whole clips."
      )
    return num_frames


@dataclasses.dataclass(frozen=True)
class FrameSource:
  """Frames that a .tflite network is run on.

  Attributes:
    dataset: folder of the data set.
    split: its split.
    box: crop by the data set's box ("given") or by the labeled joints ("joints").
    box_margin: side of the crop divided by the longer side of the box; None: as each network
      requires.
    num_frames: T of windows, at whose start the recurrence restarts; 0 for whole clips.
  """

  dataset: str
  split: str
  box: str
  box_margin: Optional[float]
  num_frames: int


def parse_named_paths(flag: str, values: Sequence[str]) -> List[Tuple[str, str]]:
  """Splits values of a repeated flag NAME=PATH.

  Raises:
    InputError: a value has another form.
  """
  pairs = []
  for value in values:
    name, _, path = (part.strip() for part in value.partition("="))
    if not (name and path):
      raise InputError(f"--{flag}={value}: received no NAME=PATH. Write e.g. --{flag}=ours=PATH.")
    pairs.append((name, path))
  return pairs


def run_network(
  name: str, file: str, builder: Any, source: FrameSource, output: Optional[str] = None
) -> System:
  """Runs a .tflite network on the frames of a split.

  Args:
    name: name of the system.
    file: the .tflite file.
    builder: the data set.
    source: its frames and crops.
    output: folder whose subfolder `name` keeps the predictions.
  Raises:
    InputError: the file is no known pose network.
  """
  network = load_network(file)
  margin = source.box_margin or network.margin
  about = {
    "dataset": source.dataset,
    "eval_split": source.split,
    "box": source.box,
    "box_margin": margin,
    "tflite": file,
    "sha256": hashlib.sha256(pathlib.Path(file).read_bytes()).hexdigest()[:12],
  }
  if network.recurrent:
    about["num_frames"] = source.num_frames
  predictions = gather(
    lambda done: network.predict(
      builder, source.split, source.box, margin, source.num_frames, done
    ),
    records.num_clips(builder, source.split),
    PredictionFolder(pathlib.Path(output) / name, about) if output else None,
    name,
  )
  return System(about, predictions)


def read_systems(
  folders: Sequence[Tuple[str, str]],
  files: Sequence[Tuple[str, str]],
  builder: Any,
  source: FrameSource,
  output: Optional[str] = None,
) -> Dict[str, System]:
  """Reads predictions, and runs networks.

  Args:
    folders: (name, folder of predictions) of systems.
    files: (name, .tflite file) of systems.
    builder: the data set.
    source: frames and crops of .tflite networks.
    output: folder for the predictions of .tflite networks.
  Returns:
    The systems by name, folders first.
  Raises:
    InputError: there is none, or two have one name.
  """
  names = [name for name, _ in (*folders, *files)]
  if not names:
    raise InputError("nothing to score. Give --predictions=NAME=FOLDER or --tflite=NAME=FILE.")
  for name in names:
    if names.count(name) > 1:
      raise InputError(f"{name}: is the name of two systems. Give each its own.")
  systems = {name: System(*read_predictions(folder)) for name, folder in folders}
  for name, file in files:
    systems[name] = run_network(name, file, builder, source, output)
  return systems


def select_clips(
  labels: Mapping[str, ClipLabels], systems: Mapping[str, System], allow_missing: bool = False
) -> List[str]:
  """Selects clips that all systems predict, and warns on stderr about others.

  Args:
    labels: labels by clip.
    systems: systems by name.
    allow_missing: whether systems may lack clips.
  Raises:
    InputError: a system lacks clips without `allow_missing`, or no clip is left.
  """
  chosen = list(labels)
  for name, system in systems.items():
    unknown = sorted(set(system.predictions) - set(labels))
    if unknown:
      print(
        f"warning: {name}: {len(unknown)} clips are not in the split and are not scored: "
        f"{list_some(unknown)}",
        file=sys.stderr,
      )
    missing = [clip for clip in labels if clip not in system.predictions]
    if missing and not allow_missing:
      raise InputError(
        f"{name}: predicts no joints for {len(missing)} of {len(labels)} clips: "
        f"{list_some(missing)}. Predict them, or give --allow_missing to score the others alone."
      )
    chosen = [clip for clip in chosen if clip in system.predictions]
  left_out = [clip for clip in labels if clip not in chosen]
  if left_out:
    frames = sum(len(labels[clip].keypoints) for clip in left_out)
    print(
      f"warning: {len(left_out)} of {len(labels)} clips ({frames} frames) are not scored, because "
      f"a system does not predict them: {list_some(left_out)}",
      file=sys.stderr,
    )
  if not chosen:
    raise InputError("no clip is predicted by every system. Is --dataset the set they predicted?")
  return chosen


def list_some(names: Sequence[str]) -> str:
  """Returns the first few names, separated by commas."""
  return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
