"""Notes in outputs that name the video they were made from."""

import json
import os
import pathlib
from typing import Any, Optional

from PIL import Image

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.video.containers import open_input

_NOTE = "poses in "
_COMMENT = "comment"  # attribute of HDF5 files that holds the note
_IMAGES, _TABLES = (".png", ".jpg", ".jpeg"), (".csv", ".jsonl")


def describe_source(video: str) -> str:
  """Returns the note that an output holds, as text without undecodable parts of a name."""
  return _NOTE + to_text(video)


def to_text(video: str) -> str:
  """Returns the path of a video as text that can be encoded."""
  return os.fsencode(video).decode("utf-8", "backslashreplace")


def note_hdf5(path: pathlib.Path, video: str) -> None:
  """Writes the note into a complete HDF5 file."""
  import h5py

  with h5py.File(path, "r+") as file:
    file.attrs[_COMMENT] = describe_source(video)


def check_replaceable(path: str, video: str, is_live: bool) -> None:
  """Checks that an output does not replace one of another video.

  CSV tables and JSON lines hold no note, and are replaced.

  Args:
    path: the output.
    video: the video as given, or the name of a camera or stream.
    is_live: whether the video is a camera or a stream, which never comes again.
  Raises:
    InputError: the file is there and was not made from the video.
  """
  file = pathlib.Path(path).expanduser()
  if file.suffix.lower() in _TABLES or not file.is_file() or not file.stat().st_size:
    return
  note = _read_note(file)
  if note is None:
    raise InputError(
      f"{path}: is there, and was not written by this command. Give another output, or "
      "overwrite=true."
    )
  if is_live or not _is_same(note, describe_source(video)):
    raise InputError(f"{path}: is there, with the {note}. Give another output, or overwrite=true.")


def _is_same(first: str, second: str) -> bool:
  paths = [os.path.realpath(note[len(_NOTE) :]) for note in (first, second)]
  return paths[0] == paths[1]


def _read_note(file: pathlib.Path) -> Optional[str]:
  """Returns the note in an output; None without one."""
  try:
    if file.suffix.lower() in _IMAGES:
      with Image.open(file) as image:
        note: Any = image.info.get("comment")
      note = note.decode("utf-8") if isinstance(note, bytes) else note
    elif file.suffix.lower() == ".json":
      note = _read_json_note(file)
    elif file.suffix.lower() in (".h5", ".nwb"):
      note = _read_hdf5_note(file)
    else:
      with open_input(str(file.absolute())) as container:
        note = {key.lower(): text for key, text in container.metadata.items()}.get("comment")
  except Exception:  # no file of this kind
    return None
  return note if isinstance(note, str) and note.startswith(_NOTE) else None


def _read_json_note(file: pathlib.Path) -> Any:
  """Reads the first line of a table, without its frames."""
  with file.open(encoding="utf-8") as opened:
    header = json.loads(opened.readline(1 << 20) + "]}")
  video = header.get("video")
  return header["info"]["description"] if video is None else describe_source(video)


def _read_hdf5_note(file: pathlib.Path) -> Any:
  import h5py

  with h5py.File(file, "r") as opened:
    if file.suffix.lower() == ".nwb":  # the format has a place for it
      return opened["session_description"][()].decode()
    return opened.attrs[_COMMENT]
