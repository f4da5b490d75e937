"""Measures a server under the load of many cameras on this computer.

  python -m benchmarks.serving --video=clip.mp4

For each number of workers, starts `ppn-tf serve`; for each number of cameras, sends the frames of
the video as JPEG at their rate and reads the answers. Checks that every frame is answered or named
as dropped. --requests=10000 sends as many single requests instead, and prints the memory after each
tenth. Without --video, the frames are drawn.
"""

import asyncio
import base64
import contextlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Set

import cv2
import numpy as np
from absl import flags

from benchmarks.drawn_clips import run_command
from ppn_tf.evaluation.tables import format_rows
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.settings import Bounds
from ppn_tf.tracking.video.sources import open_source

FLAGS = flags.FLAGS
_CLIENTS = 4  # of single requests
_HEADER = ("workers", "cameras", "sent/s", "answered/s", "p50 ms", "p99 ms", "dropped", "MB")


class Load(NamedTuple):
  """Measurements of some cameras.

  Attributes:
    sent: frames sent.
    dropped: frames that the server named as dropped.
    seconds: from the first frame to the last answer.
    latencies: seconds from sending to receiving, of each answered frame.
    memory: resident bytes of all processes of the server.
  """

  sent: int
  dropped: int
  seconds: float
  latencies: List[float]
  memory: float


def define_flags() -> None:
  """Defines the flags of this command."""
  flags.DEFINE_string("video", None, "Video whose frames are sent; without it they are drawn.")
  command_flags.define_numbers("workers", [1, 2], "Worker processes.", Bounds(1, 1024, True))
  command_flags.define_numbers("cameras", [1, 8, 32], "Cameras.", Bounds(1, 10_000, True))
  command_flags.define_float("seconds", 10.0, "Seconds for which the cameras send.", 0.1, 86_400.0)
  command_flags.define_float("fps", 30.0, "Frames per second of each camera.", 0.1, 1000.0)
  command_flags.define_integer("height", 480, "Height of the frames.", 16, 4320)
  command_flags.define_integer("requests", 0, "Single requests to send instead.", 0, 10**9)


def read_pictures(video: str, height: int, count: int = 60) -> List[bytes]:
  """Returns frames of a video as JPEG, forwards and then backwards, so that no cut comes.

  Args:
    video: see `open_source`.
    height: height of the pictures; wider videos are scaled down.
    count: frames that are read, at most.
  """
  pictures = []
  for frame in open_source(video).frames():
    zoom = min(1.0, height / frame.image.shape[0])
    scaled = cv2.resize(frame.image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    encoded = cv2.imencode(".jpg", cv2.cvtColor(scaled, cv2.COLOR_RGB2BGR))[1]
    pictures.append(encoded.tobytes())
    if len(pictures) == count:
      break
  return pictures + pictures[-2:0:-1]


@contextlib.contextmanager
def start_server(workers: int) -> Iterator[int]:
  """Starts a server, yields its port, and checks that it stops without an error."""
  command = [sys.executable, "-m", "ppn_tf.serving", "--port=0", f"--workers={workers}"]
  command += ["--max_streams=10000", "--max_rate=1000"]
  with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
    try:
      assert process.stdout is not None
      line = process.stdout.readline()
      found = re.search(r":(\d+)/", line)
      if not found:
        raise InputError("the server did not start. Its error is above.")
      yield int(found[1])
    finally:
      process.terminate()
      process.wait(60)
  if process.returncode:
    raise InputError(f"the server ended with code {process.returncode}.")


def read_memory(port: int) -> Dict[str, float]:
  """Returns the resident bytes of each process of a server."""
  with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
    text = answer.read().decode()
  found = re.findall(r'ppn_memory_bytes\{process="(.*)"\} (.*)', text)
  return {name: float(value) for name, value in found}


class Camera:
  """Client that sends frames at a rate and reads the answers."""

  def __init__(self, pictures: Sequence[bytes]):
    self._pictures = pictures
    self._stream: Any = None

  async def open(self, port: int) -> None:
    """Opens a stream, and waits for the answer to a first frame, whose search takes longer."""
    from websockets.asyncio.client import connect

    self._stream = await connect(
      f"ws://127.0.0.1:{port}/v1/stream", max_size=None, open_timeout=60, ping_timeout=None
    )
    await self._stream.send(self._pictures[0])
    await self._stream.recv()

  async def run(self, fps: float, seconds: float) -> Load:
    """Sends frames, and checks that each is answered or named as dropped.

    Args:
      fps: frames per second.
      seconds: for which it sends.
    Raises:
      InputError: a frame is neither answered nor dropped, or both.
    """
    begin = time.perf_counter()
    sent: List[float] = []
    answered: Dict[int, float] = {}
    dropped: Set[int] = set()

    async def read() -> None:
      async for message in self._stream:
        answer = json.loads(message)
        dropped.update(answer["dropped"])
        if "frame" in answer:  # the first one is that of `open`
          answered[answer["frame"]] = time.perf_counter() - sent[answer["frame"] - 1]

    reader = asyncio.ensure_future(read())
    while time.perf_counter() < begin + seconds:
      sent.append(time.perf_counter())
      await self._stream.send(self._pictures[len(sent) % len(self._pictures)])
      await asyncio.sleep(max(0.0, begin + len(sent) / fps - time.perf_counter()))
    await self._stream.send('{"end": true}')
    await reader
    missing = set(range(1, 1 + len(sent))) - set(answered) - dropped
    if missing or dropped & set(answered):
      raise InputError(f"{len(missing)} of {len(sent)} frames are neither answered nor dropped.")
    spent = time.perf_counter() - begin
    return Load(len(sent), len(dropped), spent, list(answered.values()), 0.0)


async def run_cameras(
  port: int, pictures: Sequence[bytes], count: int, fps: float, seconds: float
) -> Load:
  """Runs several cameras at a time; returns their measurements together."""
  cameras = [Camera(pictures) for _ in range(count)]
  await asyncio.gather(*(camera.open(port) for camera in cameras))
  loads = await asyncio.gather(*(camera.run(fps, seconds) for camera in cameras))
  memory = await asyncio.get_running_loop().run_in_executor(None, read_memory, port)
  return Load(
    sum(load.sent for load in loads),
    sum(load.dropped for load in loads),
    max(load.seconds for load in loads),
    [latency for load in loads for latency in load.latencies],
    sum(memory.values()),
  )


def describe(workers: int, cameras: int, load: Load) -> List[str]:
  """Returns the cells of _HEADER."""
  middle, late = np.percentile(load.latencies, [50, 99]) * 1000
  return [
    str(workers),
    str(cameras),
    f"{load.sent / load.seconds:.1f}",
    f"{len(load.latencies) / load.seconds:.1f}",
    f"{middle:.0f}",
    f"{late:.0f}",
    str(load.dropped),
    f"{load.memory / 1e6:.0f}",
  ]


class Requester:
  """Client that sends one request after the other over one connection."""

  def __init__(self, port: int):
    import http.client

    self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    self._state = ""

  def send(self, number: int, picture: bytes) -> None:
    """Sends a still every tenth time, else the next frame of a stream whose state it keeps."""
    is_still = number % 10 == 0
    boundary = "boundary-of-the-benchmark"
    name = f"--{boundary}\r\nContent-Disposition: form-data; name="
    body = f'{name}"image"; filename="a.jpg"\r\n\r\n'.encode() + picture + b"\r\n"
    if not is_still:
      body += f'{name}"state"\r\n\r\n{self._state}\r\n'.encode()
    body += f"--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    path = "/v1/pose" if is_still else "/v1/step"
    self._connection.request("POST", path, body, {"Content-Type": kind})
    response = self._connection.getresponse()
    answer = json.loads(response.read())
    if response.status != 200:
      raise InputError(f"{path}: status {response.status}, {answer}")
    if not is_still:
      self._state = answer["state"]

  @property
  def state_bytes(self) -> int:
    """Returns the size of the state."""
    return len(base64.b64decode(self._state))


def send_requests(port: int, pictures: Sequence[bytes], count: int) -> None:
  """Sends single requests, and prints the memory of the server after each tenth."""
  import concurrent.futures

  clients = [Requester(port) for _ in range(_CLIENTS)]
  done = 0
  with concurrent.futures.ThreadPoolExecutor(_CLIENTS) as threads:
    for tenth in range(10):
      begin, end = time.perf_counter(), count * (tenth + 1) // 10

      def run(index: int, first: int = done, last: int = end) -> None:
        for number in range(first + index, last, _CLIENTS):
          clients[index].send(number, pictures[number % len(pictures)])

      list(threads.map(run, range(_CLIENTS)))
      rate = (end - done) / (time.perf_counter() - begin)
      done = end
      memory = read_memory(port)
      parts = ", ".join(f"{name} {value / 1e6:.0f}" for name, value in memory.items())
      print(f"{done} requests, {rate:.1f} per second, MB: {parts}", flush=True)
  print(f"state: {clients[0].state_bytes} bytes")


def _draw(folder: str) -> str:
  """Draws a clip; returns the folder of its frames."""
  run_command(
    *("data.synthetic", f"--output={folder}", "--seed=3", "--num_train_clips=0"),
    *("--num_test_clips=1", "--num_frames=60", "--difficulty=0"),
  )
  return str(pathlib.Path(folder) / "frames" / "5001")


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  with tempfile.TemporaryDirectory() as folder:
    video: Optional[str] = FLAGS.video
    pictures = read_pictures(video or _draw(folder), FLAGS.height)
  size = sum(map(len, pictures)) / len(pictures) / 1000
  print(f"{len(pictures)} pictures of {size:.0f} kB", flush=True)
  rows: List[List[str]] = []
  answered: Dict[Any, float] = {}
  for workers in FLAGS.workers:
    with start_server(workers) as port:
      if FLAGS.requests:
        send_requests(port, pictures, FLAGS.requests)
        continue
      for cameras in FLAGS.cameras:
        load = asyncio.run(run_cameras(port, pictures, cameras, FLAGS.fps, FLAGS.seconds))
        rows.append(describe(workers, cameras, load))
        answered[workers, cameras] = len(load.latencies) / load.seconds
        print(format_rows(_HEADER, rows[-1:]), flush=True)
  if rows:
    print(f"\n{format_rows(_HEADER, rows, markdown=True)}")
    first, last = FLAGS.workers[0], FLAGS.workers[-1]
    for cameras in FLAGS.cameras if first != last else []:
      ratio = answered[last, cameras] / answered[first, cameras]
      print(f"{cameras} cameras: {last} workers answer {ratio:.2f} times what {first} answers")


if __name__ == "__main__":
  define_flags()
  app.run(main)
