"""Conversion of decoded frames to the pictures that a player shows."""

from typing import Any, Dict, Optional, Tuple

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter

from ppn_tf.tracking.video.containers import check_size
from ppn_tf.tracking.video.decoder import DecodedFrame
from ppn_tf.tracking.video.orientation import FrameOrientation
from ppn_tf.tracking.video.tone_mapping import to_sdr

# Converting a frame takes less time than starting threads for it. PyAV before 17 uses none.
_ONE_THREAD: Dict[str, Any] = {"threads": 1} if int(av.__version__.split(".")[0]) >= 17 else {}


class PictureMaker:
  """Converts the frames of one video to RGB pictures of one size.

  Pictures have square pixels, stand upright and have the tones of an SDR display. If a frame has
  another shape than the first one, it is fitted into the first one's, with black margins.
  """

  def __init__(self, stream: Any, name: str):
    """Creates a converter.

    Args:
      stream: PyAV's stream that is decoded.
      name: name of the video in messages.
    """
    self._codec, self._name = stream.codec_context, name
    # The container's ratio counts, until the stream itself changes its own.
    self._stated = stream.sample_aspect_ratio or self._codec.sample_aspect_ratio or 1
    self._coded = self._codec.sample_aspect_ratio
    self._reformatter = VideoReformatter()
    self._orientation = FrameOrientation()
    self._shape: Optional[Tuple[int, int]] = None

  def make(self, decoded: DecodedFrame) -> np.ndarray:
    """Returns a frame as [H, W, 3] uint8 RGB, C-contiguous.

    Raises:
      InputError: it has more than `containers.MAX_PIXELS`.
    """
    frame = decoded.frame
    width = max(1, round(frame.width * self._aspect_ratio()))
    check_size(width, frame.height, self._name)
    image = self._reformatter.reformat(
      frame, width, frame.height, "rgb24", **_ONE_THREAD
    ).to_ndarray()
    image = to_sdr(image, self._codec.color_trc)
    image = self._orientation.get(frame, decoded.packet).apply(image)
    height, width = self._shape = self._shape or (image.shape[0], image.shape[1])
    return image if image.shape[:2] == self._shape else _fit(image, height, width)

  def _aspect_ratio(self) -> float:
    """Returns the width of a stored pixel over its height."""
    coded = self._codec.sample_aspect_ratio
    return float(self._stated if coded == self._coded or not coded else coded)


def _fit(image: np.ndarray, height: int, width: int) -> np.ndarray:
  """Returns a black image [height, width, 3] with another one scaled into its middle."""
  zoom = min(height / image.shape[0], width / image.shape[1])
  size = (max(1, round(image.shape[1] * zoom)), max(1, round(image.shape[0] * zoom)))
  scaled = cv2.resize(image, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
  fitted = np.zeros((height, width, 3), np.uint8)
  top, left = (height - size[1]) // 2, (width - size[0]) // 2
  fitted[top : top + size[1], left : left + size[0]] = scaled
  return fitted
