"""Video files, devices and streams, opened with FFmpeg."""

import errno
import os
from typing import Any, Dict, Optional

import av

from ppn_tf.runtime.errors import InputError

# A file of a few kB can declare pictures of many GB. This is 256 MB of RGB, and Pillow's limit.
MAX_PIXELS = 89_478_485
# The network and the encoder need the other cores, and each thread holds frames.
DECODER_THREADS = 4
# Formats that are read. Others, such as playlists, open further files and addresses.
_FORMATS = (
  *("mov", "matroska", "avi", "mpegts", "mpeg", "flv", "live_flv", "kux", "asf", "asf_o", "ogg"),
  *("mxf", "gxf", "wtv", "nut", "nsv", "rm", "dv", "swf", "ivf", "obu", "dhav", "ty", "lmlm4"),
  *("amv", "bink", "flic", "mtv", "roq", "smk", "vivo", "gif", "apng", "jpegxl_anim"),
  *("mpegvideo", "m4v", "h261", "h263", "h264", "hevc", "vvc", "av1", "vc1", "vc1test", "dirac"),
  *("cavsvideo", "avs2", "avs3", "evc", "apv", "dnxhd", "mjpeg", "mjpeg_2000", "mpjpeg", "smjpeg"),
  *("ingenient", "yuv4mpegpipe"),
  *(f"{kind}_pipe" for kind in ("jpeg", "png", "bmp", "tiff", "webp", "gif", "jpegxl", "j2k")),
  *(f"{kind}_pipe" for kind in ("dpx", "exr", "hdr", "pam", "pbm", "pgm", "ppm", "qoi", "sgi")),
)
# Codecs whose packets are image files, perhaps with EXIF data.
PICTURE_CODECS = ("mjpeg", "png", "apng", "webp")
# FFmpeg's flag of a cover picture.
_ATTACHED_PICTURE = 0x400
_VERSION = tuple(map(int, av.__version__.split(".")[:2]))
_BOUND = {"max_pixels": str(MAX_PIXELS)}
_OPTIONS: Dict[str, Any] = {
  # Earlier versions of PyAV crash with options for streams that are not known from the start.
  **({"options": _BOUND} if _VERSION >= (17, 1) else {}),
  # PyAV 19 has no such argument, and reads such metadata anyway.
  **({"metadata_errors": "ignore"} if _VERSION < (19,) else {}),
}


def open_input(source: Any, device: Optional[str] = None) -> Any:
  """Opens a source with FFmpeg, whatever the encoding of its metadata.

  Nothing else is opened: a file cannot name further files or addresses to read.

  Args:
    source: a path or a device, or a binary file that need not seek.
    device: FFmpeg's input format of a device; None for files.
  Returns:
    PyAV's container.
  """
  if device:
    return av.open(source, format=device, **_OPTIONS)
  allowed = {"protocol_whitelist": "file", "format_whitelist": ",".join(_FORMATS)}
  return av.open(source, container_options=allowed, **_OPTIONS)


def open_container(source: Any, name: str, device: Optional[str] = None) -> Any:
  """Opens a source as `open_input` does.

  Args:
    source: a path or a device, or a binary file that need not seek.
    name: name in messages.
    device: FFmpeg's input format of a device; None for files.
  Raises:
    InputError: no such file, or not a video.
  """
  # FFmpeg reads a name such as %d.png as a pattern of names.
  if isinstance(source, str) and not device and not os.path.exists(source):
    raise InputError(f"{name}: no such file. Check the path of the video.")
  try:
    return open_input(source, device)
  except (av.FFmpegError, OSError, ValueError) as error:
    if getattr(error, "errno", None) == errno.EINVAL:  # none of _FORMATS
      raise InputError(
        f"{name}: a playlist, text, or another format that is not a video file. "
        "Give the video file itself, such as mp4, mov, avi, mkv or webm."
      ) from error
    raise InputError(
      f"{name}: not a video that can be read ({getattr(error, 'strerror', None) or error}). "
      "Give a complete video file (mp4, mov, avi, mkv, webm) or a folder of images."
    ) from error


def video_stream(container: Any, name: str) -> Any:
  """Returns the first video stream that is no cover picture, ready to be decoded.

  Args:
    container: from `open_container`.
    name: name in messages.
  Raises:
    InputError: there is no such stream, or its frames are too large.
  """
  for stream in container.streams.video:
    disposition = getattr(stream, "disposition", 0)  # enum or number by PyAV version
    codec = stream.codec_context
    if int(getattr(disposition, "value", disposition)) & _ATTACHED_PICTURE or codec is None:
      continue
    check_size(codec.width, codec.height, name)
    codec.options = _BOUND
    codec.thread_count = DECODER_THREADS
    # Without threads for whole frames, a picture belongs to the packet just sent.
    codec.thread_type = "SLICE" if codec.name in PICTURE_CODECS else "AUTO"
    return stream
  raise InputError(f"{name}: no video stream that can be decoded. Give a video file.")


def frame_rate(stream: Any) -> float:
  """Returns the mean number of frames per second of a video stream; 30 if it is unknown."""
  return float(stream.average_rate or stream.guessed_rate or 30)


def check_size(width: int, height: int, name: str) -> None:
  """Checks that a picture is not too large to be decoded.

  Raises:
    InputError: it has more than MAX_PIXELS.
  """
  if width * height > MAX_PIXELS:
    raise InputError(
      f"{name}: {width}x{height} pixels (width x height), more than {MAX_PIXELS:,}. Scale it down."
    )
