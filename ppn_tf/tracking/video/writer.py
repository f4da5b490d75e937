"""Writing of H.264 videos, with the sound of another file."""

import contextlib
import fractions
import os
from typing import Any, Iterator, Optional, Union

import av
import numpy as np

from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.tracking.video.sound import Sound, open_sound

# Encoder and network share the cores, so speed matters. Compared with "superfast" at 21, this takes
# 0.6 of the time; files have 0.7 to 0.9 of the size (1.4 for a dance), at 1 to 3 dB less. CABAC
# ("coder"), which this preset leaves out, takes a tenth of the time and saves a sixth of the size.
ENCODING = {"preset": "ultrafast", "crf": "23", "coder": "1"}
ENCODER_THREADS = 4  # each of which holds frames


class VideoWriter:
  """Encoder of H.264 frames in an open container; see `write_video`.

  Attributes:
    has_lost_sound: whether the format refused a part of the sound.
  """

  def __init__(self, container: Any, fps: float, time_base: fractions.Fraction):
    self._container = container
    self._rate = fractions.Fraction(fps).limit_denominator(1001)
    self._time_base = time_base
    self._stream: Any = None
    self._pts = -1
    self._sound: Optional[Sound] = None
    self.has_lost_sound = False

  def keep_sound(self, source: Union[str, os.PathLike], begin: float) -> bool:
    """Copies the first audio stream of a file along; call it before `write`.

    Args:
      source: the file, whose packets are copied unchanged.
      begin: time in that file, in seconds, that becomes time 0.
    Returns:
      whether the file has sound that the written format supports.
    """
    self._sound = open_sound(source, begin, self._container)
    return self._sound is not None

  def write(self, image: np.ndarray, time: float) -> None:
    """Appends a frame.

    Args:
      image: [H, W, 3] uint8 RGB, the same size for all frames. H.264 requires even sizes, so the
        last row or column of an odd size is repeated.
      time: seconds, later than the previous frame.
    """
    odd = (image.shape[0] % 2, image.shape[1] % 2)
    if any(odd):
      image = np.pad(image, ((0, odd[0]), (0, odd[1]), (0, 0)), mode="edge")
    if self._stream is None:
      self._stream = self._container.add_stream("libx264", rate=self._rate)
      self._stream.height, self._stream.width = image.shape[:2]
      self._stream.pix_fmt = "yuv420p"
      self._stream.options = ENCODING
      self._stream.codec_context.thread_count = ENCODER_THREADS
      self._stream.codec_context.time_base = self._time_base
      if self._sound:
        self._sound.add_stream(self._container)
    # The encoder converts the picture at once, so the frame may share its memory.
    frame = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(image), format="rgb24")
    self._pts = max(round(time / self._time_base), self._pts + 1)
    frame.pts, frame.time_base = self._pts, self._time_base
    self._container.mux(self._stream.encode(frame))
    self._copy_sound(time)

  def finish(self) -> None:
    """Writes the frames left in the encoder, and the sound of the last frame."""
    if self._stream is not None:
      self._container.mux(self._stream.encode(None))
      self._copy_sound(float(self._pts * self._time_base + 1 / self._rate))
    self.close()

  def close(self) -> None:
    """Closes the source of the sound."""
    if self._sound:
      self._sound.close()
      self._sound = None

  def _copy_sound(self, until: float) -> None:
    if self._sound:
      try:
        for packet in self._sound.packets(until):
          self._container.mux(packet)
      except av.FFmpegError as error:
        if not isinstance(error, ValueError):  # such as a full disk
          raise
        self.has_lost_sound = True
        self.close()


@contextlib.contextmanager
def write_video(
  path: Union[str, os.PathLike],
  fps: float,
  time_base: fractions.Fraction = fractions.Fraction(1, 90000),
  comment: str = "",
) -> Iterator[VideoWriter]:
  """Opens a video for writing; `path` appears if the context ends without an error.

  Args:
    path: an .mp4, .mov or .mkv file.
    fps: mean number of frames per second.
    time_base: unit of the timestamps in seconds; that of the reader preserves its times.
    comment: text to store with the video.
  Yields:
    a writer.
  Raises:
    InputError: the name of the file does not end in a video format.
  """
  if time_base.denominator > 1000000:  # more than some players support
    time_base = fractions.Fraction(1, 90000)
  with complete_or_absent(path) as partial:
    try:
      container = av.open(str(partial), "w", options={"movflags": "faststart"})
    except (av.FFmpegError, ValueError) as error:
      raise InputError(f"{path}: not a video format. End its name in .mp4.") from error
    with container:
      if comment:
        container.metadata["comment"] = comment
      writer = VideoWriter(container, fps, time_base)
      try:
        yield writer
        writer.finish()
      finally:
        writer.close()
