"""Video files, devices and streams, opened with FFmpeg."""

from typing import Any, Dict

import av

from ppn_tf.runtime.errors import InputError

# PyAV 19 has no such argument, and reads such metadata anyway.
_OPTIONS: Dict[str, Any] = (
  {"metadata_errors": "ignore"} if int(av.__version__.split(".")[0]) < 19 else {}
)


def open_input(source: Any, **options: Any) -> Any:
  """Returns `av.open(source, **options)`, whatever the encoding of the metadata."""
  return av.open(source, **_OPTIONS, **options)


def open_container(source: Any, name: str, **options: Any) -> Any:
  """Opens a source with FFmpeg.

  Args:
    source: a path or a device, or a binary file that need not seek.
    name: name in messages.
    **options: keyword arguments of `av.open`.
  Raises:
    InputError: no such file, or not a video.
  """
  try:
    container = open_input(source, **options)
  except FileNotFoundError as error:
    raise InputError(f"{name}: no such file. Check the path of the video.") from error
  except (av.FFmpegError, OSError, ValueError) as error:
    raise InputError(
      f"{name}: not a video that can be read ({getattr(error, 'strerror', None) or error}). "
      "Give a complete video file (mp4, mov, avi, mkv, webm) or a folder of images."
    ) from error
  if container.format.name == "tty":  # FFmpeg plays .txt files as a terminal
    container.close()
    raise InputError(f"{name}: a text file, not a video. Give a video file.")
  return container
