"""Folder of a run: its flags, checkpoints, metrics and TensorBoard files.

flags.json       flags of the experiment, to rebuild the model
flags.cfg        the same as a --flagfile
made_by.json     command, git revision and versions of its beginning
checkpoints/     the last few checkpoints, model and optimizer
best/            the checkpoint with the best score on --validation_split, the model alone
lock             held by the process that trains here
metrics.jsonl    a line per report: step, loss, PCK, speed
tensorboard/     the same as curves, and heatmaps as images
"""

import contextlib
import datetime
import json
import math
import os
import pathlib
import platform
import shutil
import subprocess
import sys
from typing import Any, Dict, Iterator, List, Mapping, Optional, Union

import filelock

import ppn_tf
from ppn_tf.runtime import checkpoints
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import check_no_links, check_space, complete_or_absent
from ppn_tf.runtime.json_text import parse_json

import tensorflow as tf


class Workdir:
  """Reads and writes the folder of a run.

  Attributes:
    path: the folder.
    defaults: values of flags that did not exist when the run began.
  """

  def __init__(self, path: Union[str, os.PathLike], defaults: Optional[Mapping[str, Any]] = None):
    self.path = pathlib.Path(path).expanduser()
    self.defaults = dict(defaults or {})

  @property
  def metrics_path(self) -> pathlib.Path:
    return self.path / "metrics.jsonl"

  @property
  def tensorboard_path(self) -> pathlib.Path:
    return self.path / "tensorboard"

  @property
  def checkpoints_path(self) -> pathlib.Path:
    return self.path / "checkpoints"

  @property
  def best_path(self) -> pathlib.Path:
    return self.path / "best"

  def is_there(self) -> bool:
    """Returns whether the folder holds a run."""
    return (self.path / "flags.json").is_file()

  def read_flags(self) -> Dict[str, Any]:
    """Reads the flags of the run.

    Raises:
      InputError: the folder holds no run.
    """
    return {**self.defaults, **self._read_saved_flags()}

  def missing_flags(self) -> Dict[str, Any]:
    """Returns the values of flags that did not exist when the run began; none without a run."""
    saved = self._read_saved_flags() if self.is_there() else self.defaults
    return {name: value for name, value in self.defaults.items() if name not in saved}

  def _read_saved_flags(self) -> Dict[str, Any]:
    path = self.path / "flags.json"
    if not path.is_file():
      raise InputError(
        f"{self.path}: holds no run (no flags.json). Give --workdir a folder that "
        f"`{command('train')}` wrote."
      )
    try:
      saved = parse_json(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
      raise InputError(f"{path}: not readable as JSON ({error}).") from error
    if not isinstance(saved, dict):
      raise InputError(f"{path}: expected an object. Received: {saved!r:.60}")
    return saved

  def claim(self, flags: Mapping[str, Any]) -> None:
    """Starts a run here, or resumes a run with the same flags.

    Raises:
      InputError: the folder cannot be written, holds a run of other flags, or refers to files
        elsewhere.
    """
    check_no_links(self.path)
    for folder in (self.checkpoints_path, self.best_path):
      checkpoints.check_list(folder)
    if self.is_there():
      self.check_flags(flags)
      return
    for name, content in (
      ("made_by.json", json.dumps(_made_by(), indent=2) + "\n"),
      ("flags.cfg", "".join(f"--{name}={_flag_text(value)}\n" for name, value in flags.items())),
      # Last: a folder that has it is a run.
      ("flags.json", json.dumps(dict(flags), indent=2) + "\n"),
    ):
      with complete_or_absent(self.path / name) as partial:
        partial.write_text(content)

  @contextlib.contextmanager
  def locked(self) -> Iterator[None]:
    """Keeps other processes from training here meanwhile; the lock ends with the process.

    Raises:
      InputError: another process is training here.
    """
    lock = filelock.FileLock(self.path / "lock")
    try:
      lock.acquire(timeout=0)
    except filelock.Timeout as error:
      raise InputError(
        f"{self.path}: another process is training there. Wait for it, stop it, or give another "
        "--workdir."
      ) from error
    try:
      yield
    finally:
      lock.release()

  def check_space(self, num_bytes: int) -> None:
    """Checks that the disk can hold what a new run will write.

    Raises:
      InputError: less is free.
    """
    if not self.is_there():
      fix = "Lower --keep_checkpoints or give another --workdir."
      check_space(self.path, num_bytes, "checkpoints", fix)

  def check_flags(self, flags: Mapping[str, Any]) -> None:
    """Checks that the run has the same values of flags.

    Raises:
      InputError: flags differ; the message names them.
    """
    saved = self.read_flags()
    differing = [
      f"--{name}={_flag_text(saved.get(name))} there, {_flag_text(value)} now"
      for name, value in flags.items()
      if _comparable(saved.get(name)) != _comparable(value)
    ]
    if differing:
      raise InputError(
        f"{self.path}: holds a run of another configuration ({'; '.join(differing)}). "
        "Give the same flags or another --workdir."
      )

  def checkpoints(self, tracked: tf.train.Checkpoint, keep: int = 3) -> tf.train.CheckpointManager:
    """Creates a manager that saves to this run and keeps the last few checkpoints."""
    return tf.train.CheckpointManager(tracked, os.fspath(self.checkpoints_path), max_to_keep=keep)

  def has_checkpoint(self) -> bool:
    """Returns whether there is a checkpoint to resume from."""
    return bool(tf.train.latest_checkpoint(os.fspath(self.checkpoints_path)))

  def latest_checkpoint(self) -> str:
    """Returns the path of the latest checkpoint.

    Raises:
      InputError: there is none yet.
    """
    advice = f"Train with `{command('train')} --workdir={self.path}` first."
    return checkpoints.find_newest(self.checkpoints_path, advice)

  def best_checkpoint(self) -> str:
    """Returns the path of the checkpoint with the best validation score.

    Raises:
      InputError: the run has none.
    """
    advice = "Runs with --validation_split keep the best one; give --checkpoint=latest."
    return checkpoints.find_newest(self.best_path, advice)

  def checkpoint(self, which: str) -> str:
    """Returns the path of the "latest" or the "best" checkpoint."""
    return self.best_checkpoint() if which == "best" else self.latest_checkpoint()

  def save_if_best(self, model: tf.Module, step: int, score: float) -> bool:
    """Saves a model if its validation score exceeds all earlier ones; returns whether it does.

    NaN, the score of a split without visible joints, exceeds nothing.
    """
    path = self.best_path / "best.json"
    if math.isnan(score):
      return False
    if path.exists() and json.loads(path.read_text())["score"] >= score:
      return False
    manager = tf.train.CheckpointManager(
      tf.train.Checkpoint(model=model), os.fspath(self.best_path), max_to_keep=1
    )
    manager.save(checkpoint_number=step)
    with complete_or_absent(path) as partial:
      partial.write_text(json.dumps({"step": step, "score": score}) + "\n")
    return True

  def read_metrics(self) -> List[Dict[str, float]]:
    """Reads the reported metrics, oldest first, without an incomplete line."""
    if not self.metrics_path.exists():
      return []
    rows = []
    for line in self.metrics_path.read_bytes().splitlines():
      try:
        rows.append(json.loads(line))
      except (ValueError, RecursionError):
        continue
    return rows

  def forget_metrics_after(self, step: int) -> None:
    """Drops reports of steps after the restored checkpoint, also from TensorBoard's files."""
    for path in self.tensorboard_path.glob("events.out.tfevents.*"):
      _drop_events_after(step, path)
    rows = [row for row in self.read_metrics() if row["step"] <= step]
    with complete_or_absent(self.metrics_path) as partial:
      partial.write_text("".join(json.dumps(row) + "\n" for row in rows))

  def append_metrics(self, row: Mapping[str, float]) -> None:
    """Adds a report at the end."""
    with open(self.metrics_path, "a") as file:
      file.write(json.dumps(dict(row)) + "\n")


def _drop_events_after(step: int, path: pathlib.Path) -> None:
  """Rewrites a file of TensorBoard without later steps, and without an incomplete last event."""
  with complete_or_absent(path) as partial, tf.io.TFRecordWriter(os.fspath(partial)) as writer:
    try:
      for record in tf.data.TFRecordDataset(os.fspath(path)):
        if tf.compat.v1.Event.FromString(record.numpy()).step <= step:
          writer.write(record.numpy())
    except tf.errors.DataLossError:
      pass


def _flag_text(value: Any) -> str:
  """Returns a flag's value as on a command line; lists have commas."""
  return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _comparable(value: Any) -> Any:
  """Returns a value in a form that is equal for numbers and their texts."""
  if isinstance(value, (list, tuple)):
    return [_comparable(element) for element in value]
  try:
    return float(value)
  except (TypeError, ValueError):
    return value


def _made_by() -> Dict[str, Any]:
  """Command, revision and versions; the revision is None where the package is no git checkout."""
  described = (
    subprocess.run(
      ["git", "describe", "--always", "--dirty", "--abbrev=12"],
      cwd=pathlib.Path(__file__).parent,
      capture_output=True,
      text=True,
      check=False,
    )
    if shutil.which("git")
    else None
  )
  return {
    "command": sys.argv,
    "git": described.stdout.strip() or None if described else None,
    "ppn_tf": ppn_tf.__version__,
    "tensorflow": tf.__version__,
    "python": platform.python_version(),
    "began": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
  }
