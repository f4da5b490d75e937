"""Checks files that an APK stores uncompressed, and runs the models among them.

python android_demo/check/apk_content.py FILE.apk ENTRY=ORIGINAL ...
"""

import pathlib
import sys
import tempfile
import zipfile
from typing import Sequence

import numpy as np

from ppn_tf.inference.load import load_pose_model
from ppn_tf.runtime.errors import InputError

_ALIGNMENT = 4  # bytes, as Android maps uncompressed files


def check_stored(archive: zipfile.ZipFile, name: str) -> bytes:
  """Returns the content of an entry.

  Raises:
    InputError: it is missing, compressed or not aligned.
  """
  try:
    entry = archive.getinfo(name)
  except KeyError as error:
    raise InputError(f"{archive.filename}: no {name}") from error
  if entry.compress_type != zipfile.ZIP_STORED:
    raise InputError(f"{archive.filename}: {name} is compressed, so Android cannot map it")
  with open(str(archive.filename), "rb") as file:
    file.seek(entry.header_offset + 26)
    lengths = np.frombuffer(file.read(4), "<u2")
  begin = entry.header_offset + 30 + int(lengths.sum())
  if begin % _ALIGNMENT:
    raise InputError(f"{archive.filename}: {name} begins at byte {begin}, not aligned")
  return archive.read(name)


def check_model(content: bytes, name: str) -> None:
  """Runs both signatures of a model.

  Raises:
    InputError: heatmaps are not finite, or do not depend on the frame.
  """
  with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "model.tflite"
    path.write_bytes(content)
    model = load_pose_model(path)
    frames = np.random.default_rng(0).uniform(0, 255, (2, *model.image_size, 3)).astype(np.float32)
    first, second = (model.step(frame, model.start(frame)) for frame in frames)
  if not (np.isfinite(first).all() and np.isfinite(second).all()) or np.allclose(first, second):
    raise InputError(f"{name}: its heatmaps are not those of a network")
  size = f"{len(content) / 1e6:.2f} MB"
  print(f"{name}: {size}, runs in Python's interpreter, heatmaps {list(first.shape)}")


def main(arguments: Sequence[str]) -> None:
  apk, *entries = arguments
  with zipfile.ZipFile(apk) as archive:
    # Apps for Android 11 and later are not installed with a compressed table of resources.
    check_stored(archive, "resources.arsc")
    for entry in entries:
      name, _, original = entry.partition("=")
      content = check_stored(archive, name)
      if content != pathlib.Path(original).read_bytes():
        raise InputError(f"{apk}: {name} differs from {original}")
      if name.endswith(".tflite"):
        check_model(content, name)


if __name__ == "__main__":
  main(sys.argv[1:])
