"""Storage of drawn clips in Penn Action's layout, written clip by clip and resumable.

  OUTPUT/synthetic.json          settings of all clips in the folder
  OUTPUT/frames/NNNN/NNNNNN.jpg
  OUTPUT/labels/NNNN.mat         written last: a clip without it is unfinished

Training clips are numbered from 1 and test clips from 5001, so that a number
means the same clip for any number of clips. As in Penn Action, x and y are
1-based (MATLAB's pixel centers), joints start with the person's right, and
`visibility` is 1 or 0. Unlike Penn Action, joints that are hidden or outside the
frame keep their true positions, and bbox is the extent of all joints x 1.2 about
its center, clipped to the image.
"""

import dataclasses
import io
import json
import pathlib
import shutil
from typing import Tuple

import cv2
import numpy as np
import scipy.io

from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

from . import clip as clip_lib

FIRST_TRAIN, FIRST_TEST, LAST = 1, 5001, 9999
# Raise it when a change alters the clips of given settings.
GENERATOR = 1

_SETTINGS_FILE = "synthetic.json"
_MAT_HEADER = b"MATLAB 5.0 MAT-file, synthetic clip in the layout of Penn Action".ljust(116)


def _label_path(output: pathlib.Path, number: int) -> pathlib.Path:
  return output / "labels" / f"{number:04d}.mat"


def prepare(output: pathlib.Path, settings: clip_lib.Settings) -> None:
  """Creates the output folder, or checks that an existing one has these settings.

  Raises:
    InputError: the folder holds other clips, or cannot be written.
  """
  expected = {"generator": GENERATOR, **dataclasses.asdict(settings)}
  path = output / _SETTINGS_FILE
  try:
    existing = json.loads(path.read_text())
  except FileNotFoundError:
    if any((output / name).exists() for name in ("frames", "labels")):
      raise InputError(
        f"{output}: has frames/ or labels/ from elsewhere, because {_SETTINGS_FILE} is missing. "
        "Give another --output."
      ) from None
    with complete_or_absent(path) as partial:
      partial.write_text(json.dumps(expected, indent=2) + "\n")
    existing = expected
  except (OSError, ValueError) as error:
    raise InputError(f"{path}: cannot be read ({error}). Give another --output.") from error
  if existing != expected:
    existing = existing if isinstance(existing, dict) else {}
    differing = [
      f"{name} {existing.get(name)} instead of {value}"
      for name, value in expected.items()
      if existing.get(name) != value
    ]
    raise InputError(
      f"{path}: the folder has clips of other settings ({', '.join(differing)}). "
      "Give another --output, or the same settings."
    )
  try:
    for name in ("frames", "labels"):
      (output / name).mkdir(exist_ok=True)
  except OSError as error:
    raise InputError(
      f"{output}: cannot be written ({error.strerror}). Give another --output."
    ) from error


def is_finished(output: pathlib.Path, number: int) -> bool:
  return _label_path(output, number).exists()


def start_worker() -> None:
  # There is one process per CPU, whose threads would only compete.
  cv2.setNumThreads(0)


def write_clip(task: Tuple[pathlib.Path, int, clip_lib.Settings]) -> int:
  """Makes and writes a clip, and returns its number.

  Args:
    task: output folder, number of the clip, settings.

  Raises:
    InputError: the output cannot be written.
  """
  output, number, settings = task
  made = clip_lib.make_clip(number, settings)
  folder = output / "frames" / f"{number:04d}"
  try:
    if folder.exists():
      shutil.rmtree(folder)
    folder.mkdir()
    for t, frame in enumerate(made.frames):
      (folder / f"{t + 1:06d}.jpg").write_bytes(frame)
    with complete_or_absent(_label_path(output, number)) as partial:
      partial.write_bytes(_labels(made, settings, is_train=number < FIRST_TEST))
  except OSError as error:
    raise InputError(
      f"{folder}: cannot be written ({error.strerror}). Fix that and start again to resume."
    ) from error
  return number


def _labels(made: clip_lib.Clip, settings: clip_lib.Settings, is_train: bool) -> bytes:
  count = len(made.frames)
  fields = {
    "action": made.action,
    "pose": "synthetic",
    "x": made.keypoints[..., 0] + 1,
    "y": made.keypoints[..., 1] + 1,
    "visibility": made.visibility.astype(np.uint8),
    "train": 1 if is_train else -1,
    "bbox": made.boxes + 1,
    "dimensions": np.array([[settings.height, settings.width, count]], np.float64),
    "nframes": count,
  }
  buffer = io.BytesIO()
  scipy.io.savemat(buffer, fields)
  # The header of scipy contains the time of day, but equal clips must have
  # equal bytes.
  return _MAT_HEADER + buffer.getvalue()[len(_MAT_HEADER) :]
