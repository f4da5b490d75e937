"""Small videos of a bright spot, for the network of tests/test_track.py."""

import av
import numpy as np

SIZE = (120, 160)  # height, width


def draw_spot(x, y, background=(0, 0, 0)):
  """Returns a frame [120, 160, 3] uint8 with a spot at (x, y)."""
  rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
  light = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 5.0**2))[..., None]
  return (np.array(background) * (1 - light) + 240 * light).astype(np.uint8)


def write_frames(path, frames, fps=25):
  """Writes frames as H.264 with a key frame every 10 frames; returns the path."""
  with av.open(str(path), "w") as container:
    stream = container.add_stream("libx264", rate=fps)
    stream.height, stream.width = SIZE
    stream.pix_fmt, stream.options = "yuv420p", {"crf": "8", "g": "10"}
    for frame in frames:
      container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
    container.mux(stream.encode(None))
  return path


def write_clip(path, row=50, num_frames=12):
  """Writes a spot that moves to the right along a row."""
  return write_frames(path, [draw_spot(50 + 2 * index, row) for index in range(num_frames)])
