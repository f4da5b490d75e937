"""PosePropagationNet: accurate human pose in video at a small network's cost.

Shapes are written with these letters throughout the package:

  B  clips in a batch          T  frames in a clip
  H  frame height in pixels    W  frame width in pixels
  S  total stride of a network (heatmaps are H/S x W/S cells)
  K  joints

Public names are imported on first use, so that `import ppn_tf` stays cheap:

  model = ppn_tf.PPN.from_preset("people")
  model = ppn_tf.PPN(head_net, body_net, ppu)

  for pose in ppn_tf.Tracker.from_preset("people")(frames):
    pose.keypoints, pose.scores
  ppn_tf.track_video("in.mp4", "out.mp4", output_json="out.json")
"""

import importlib
import importlib.metadata
import os
import sys
from typing import Any, List, Optional

__version__ = "0.2.0"

# Public names, and the modules that define them.
_PUBLIC = {
  "PPN": "ppn_tf.models.ppn",
  "PeopleTracker": "ppn_tf.tracking.people_tracker",
  "PoseSmoother": "ppn_tf.tracking.smoothing",
  "Tracker": "ppn_tf.tracking.tracker",
  "track_video": "ppn_tf.tracking.track_video",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
  """Imports a public name when it is first used (PEP 562)."""
  if name not in _PUBLIC:
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
  value = getattr(importlib.import_module(_PUBLIC[name]), name)
  globals()[name] = value
  return value


def __dir__() -> List[str]:
  return sorted({*globals(), *_PUBLIC})


# The names under which TensorFlow's module `tensorflow` is distributed.
_DISTRIBUTIONS = ("tensorflow", "tensorflow-cpu", "tensorflow-macos", "tensorflow-rocm")


def _tensorflow_version() -> Optional[str]:
  """The installed TensorFlow's version, without importing it; None if unknown."""
  for name in _DISTRIBUTIONS:
    try:
      return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
      continue
  return None


def _select_keras_2(version: Optional[str]) -> None:
  """Makes `tf.keras` mean Keras 2, whichever TensorFlow is installed.

  TensorFlow up to 2.15 is Keras 2; from 2.16 on `tf.keras` is Keras 3 unless
  TF_USE_LEGACY_KERAS=1 is in the environment before TensorFlow is imported.
  With the variable set, TensorFlow 2.15 would look for the package tf-keras.
  """
  if version is None:
    return  # a TensorFlow of unknown origin: leave the environment alone
  major, minor = (int(part) for part in version.split(".")[:2])
  if (major, minor) >= (2, 16):
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
  else:
    os.environ.pop("TF_USE_LEGACY_KERAS", None)


def _check_keras_2() -> None:
  """Raises ImportError if a Keras 3 came in before this package could choose."""
  keras = getattr(sys.modules.get("tensorflow"), "keras", None)
  if keras is None:
    return
  # Keras 3 always tells its version here; Keras 2 behind tf.keras need not.
  version = getattr(keras, "__version__", "2.")
  if callable(getattr(keras, "version", None)):
    version = keras.version()
  if not str(version).startswith("2."):
    raise ImportError(
      "ppn_tf needs Keras 2, and TensorFlow was imported before ppn_tf with another Keras. "
      "Import ppn_tf before tensorflow, or set TF_USE_LEGACY_KERAS=1 and install tf-keras. "
      f"Received: tf.keras {version}."
    )


_select_keras_2(_tensorflow_version())
_check_keras_2()
# TensorFlow logs the absence of a GPU as errors.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
