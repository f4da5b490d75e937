"""Pictures that clients send: JPEG, PNG or WebP."""

import io

import cv2
import numpy as np
from PIL import Image

from ppn_tf.serving.refusals import RefusedError

FORMATS = ("JPEG", "PNG", "WEBP")


def decode_picture(content: bytes, max_pixels: int) -> np.ndarray:
  """Decodes a picture, upright.

  The header is read first, since a few bytes may declare a picture of many gigabytes.

  Args:
    content: a JPEG, PNG or WebP file.
    max_pixels: width times height, at most.
  Returns:
    [H, W, 3] uint8 RGB.
  Raises:
    RefusedError: it is none of these, damaged or too large.
  """
  try:
    # Opening reads no pixels. Pillow raises many kinds of errors for invalid bytes.
    with Image.open(io.BytesIO(content), formats=FORMATS) as header:
      width, height = header.size
  except Image.DecompressionBombError as error:
    raise RefusedError(413, f"more than {max_pixels:,} pixels. Scale the picture down.") from error
  except Exception as error:
    raise RefusedError(415, "not a picture. Send JPEG, PNG or WebP.") from error
  if width * height > max_pixels:
    raise RefusedError(
      413, f"{width}x{height} pixels, more than {max_pixels:,}. Scale the picture down."
    )
  try:
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
  except cv2.error:
    image = None
  if image is None or image.size == 0:
    raise RefusedError(422, "a damaged picture. Send a complete JPEG, PNG or WebP.")
  return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
