"""A run's folder: its flags, checkpoints, metrics and TensorBoard files.

flags.json       the experiment's flags, to build the model again
checkpoints/     the last few checkpoints, model and optimizer
metrics.jsonl    a line per report: step, loss, PCK, speed
tensorboard/     the same as curves, and heatmaps as images
"""

import hashlib
import json
import os
import pathlib
from typing import Any, Dict, List, Mapping, Optional, Union

from ppn_tf.errors import InputError
from ppn_tf.outputs import complete_or_absent

import tensorflow as tf


class Workdir:
  """A run's folder.

  Attributes:
    path: the folder.
  """

  def __init__(self, path: Union[str, os.PathLike]):
    self.path = pathlib.Path(path).expanduser()

  @property
  def metrics_path(self) -> pathlib.Path:
    return self.path / "metrics.jsonl"

  @property
  def tensorboard_path(self) -> pathlib.Path:
    return self.path / "tensorboard"

  @property
  def checkpoints_path(self) -> pathlib.Path:
    return self.path / "checkpoints"

  def read_flags(self) -> Dict[str, Any]:
    """The flags of the run.

    Raises:
      InputError: the folder holds no run.
    """
    path = self.path / "flags.json"
    if not path.is_file():
      raise InputError(
        f"{self.path}: holds no run (no flags.json). Give --workdir a folder that "
        "`python -m ppn_tf.train` wrote."
      )
    try:
      return json.loads(path.read_text())
    except ValueError as error:
      raise InputError(f"{path}: not readable as JSON ({error}).") from error

  def claim(self, flags: Mapping[str, Any]) -> None:
    """Starts a run here, or goes on with the one of the same flags.

    Raises:
      InputError: the folder cannot be written, or holds a run of other flags.
    """
    if (self.path / "flags.json").exists():
      self.check_flags(flags)
      return
    with complete_or_absent(self.path / "flags.json") as partial:
      partial.write_text(json.dumps(dict(flags), indent=2) + "\n")

  def check_flags(self, flags: Mapping[str, Any]) -> None:
    """Raises InputError, naming the flags, if the run here has other values of them."""
    saved = self.read_flags()
    differing = [
      f"--{name}={saved.get(name)} there, {value} now"
      for name, value in flags.items()
      if saved.get(name) != json.loads(json.dumps(value))
    ]
    if differing:
      raise InputError(
        f"{self.path}: holds a run of another configuration ({'; '.join(differing)}). "
        "Give the same flags or another --workdir."
      )

  def checkpoints(self, tracked: tf.train.Checkpoint, keep: int = 3) -> tf.train.CheckpointManager:
    """A manager that saves to this run and keeps the last few checkpoints."""
    return tf.train.CheckpointManager(tracked, os.fspath(self.checkpoints_path), max_to_keep=keep)

  def latest_checkpoint(self) -> str:
    """Path of the newest checkpoint.

    Raises:
      InputError: there is none yet.
    """
    latest = tf.train.latest_checkpoint(os.fspath(self.checkpoints_path))
    if latest is None:
      raise InputError(
        f"{self.checkpoints_path}: no checkpoint there. Train with "
        f"`python -m ppn_tf.train --workdir={self.path}` first."
      )
    return latest

  def checkpoint_fingerprint(self) -> str:
    """The newest checkpoint's name, and a digest that another one of that name will not have.

    A checkpoint's index holds checksums of all its tensors.
    """
    latest = pathlib.Path(self.latest_checkpoint())
    index = latest.with_name(f"{latest.name}.index")
    return f"{latest.name} {hashlib.sha256(index.read_bytes()).hexdigest()[:12]}"

  def read_metrics(self) -> List[Dict[str, float]]:
    """The reported metrics, oldest first; a line that was cut short is left out."""
    if not self.metrics_path.exists():
      return []
    rows = []
    for line in self.metrics_path.read_text().splitlines():
      try:
        rows.append(json.loads(line))
      except ValueError:
        continue
    return rows

  def forget_metrics_after(self, step: int) -> None:
    """Drops reports of steps that the restored checkpoint does not have."""
    rows = [row for row in self.read_metrics() if row["step"] <= step]
    with complete_or_absent(self.metrics_path) as partial:
      partial.write_text("".join(json.dumps(row) + "\n" for row in rows))

  def append_metrics(self, row: Mapping[str, float]) -> None:
    """Adds a report at the end."""
    with open(self.metrics_path, "a") as file:
      file.write(json.dumps(dict(row)) + "\n")


def restore(tracked: tf.train.Checkpoint, path: str) -> None:
  """Restores what `tracked` names from a checkpoint, all of it.

  Raises:
    InputError: the checkpoint is damaged or of another architecture.
  """
  try:
    tracked.restore(path).expect_partial().assert_existing_objects_matched()
  except (AssertionError, IndexError, RuntimeError, ValueError, tf.errors.OpError) as error:
    # Else TensorFlow lists at exit, a line each, what it did not get to.
    tf.get_logger().setLevel("ERROR")
    reason: Optional[str] = next(iter(str(error).strip().splitlines()), None)
    raise InputError(
      f"{path}: the checkpoint does not fit the network ({reason}). "
      "Use the flags that it was trained with, or another checkpoint."
    ) from error
