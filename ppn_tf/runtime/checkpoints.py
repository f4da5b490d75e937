"""Checkpoints of a folder: the newest one, its identity, and what is read from it."""

import hashlib
import os
import pathlib
from typing import Optional

from ppn_tf.runtime.errors import InputError

import tensorflow as tf


def find_newest(folder: pathlib.Path, advice: str) -> str:
  """Returns the path of the latest checkpoint of a folder.

  Raises:
    InputError: there is none, then the message ends with `advice`, or it lies elsewhere.
  """
  check_list(folder)
  path = tf.train.latest_checkpoint(os.fspath(folder))
  if path is None:
    raise InputError(f"{folder}: no checkpoint there. {advice}")
  return path


def check_list(folder: pathlib.Path) -> None:
  """Checks that the checkpoints that a folder lists lie in it, because old ones are deleted.

  Raises:
    InputError: a checkpoint lies elsewhere, or the list cannot be read.
  """
  try:
    state = tf.train.get_checkpoint_state(os.fspath(folder))
  except (tf.errors.OpError, UnicodeDecodeError) as error:
    raise InputError(
      f"{folder / 'checkpoint'}: not a list of checkpoints. Restore it from a copy of the run."
    ) from error
  if state is None:
    return
  for path in (state.model_checkpoint_path, *state.all_model_checkpoint_paths):
    if os.path.dirname(path) != os.fspath(folder):
      raise InputError(
        f"{folder / 'checkpoint'}: lists {path}, which is not in this folder. "
        "Give the folder of a run as it was written."
      )


def fingerprint(checkpoint: str) -> str:
  """Returns the name of a checkpoint and a digest of its index, which has checksums of tensors."""
  path = pathlib.Path(checkpoint)
  index = path.with_name(f"{path.name}.index")
  return f"{path.name} {hashlib.sha256(index.read_bytes()).hexdigest()[:12]}"


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
