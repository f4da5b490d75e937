"""Server in a process of its own, and clients of it."""

import contextlib
import http.client
import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple, Union

import cv2
import numpy as np
from websockets.sync.client import connect

from tests.command_calls import obey_signals
from tests.tracking.discs import paint

ROOT = pathlib.Path(__file__).parents[2]
PATIENCE = 60  # seconds; no test depends on the speed of the machine
SIZE = (120, 160)


class Answer(NamedTuple):
  """Answer to a request."""

  status: int
  headers: Dict[str, str]
  content: bytes

  @property
  def fields(self) -> Any:
    return json.loads(self.content)


class Served:
  """Running server."""

  def __init__(self, process: subprocess.Popen, port: int, log: pathlib.Path):
    self.process, self.port, self._log = process, port, log

  @property
  def log(self) -> str:
    return self._log.read_text()

  def request(
    self, method: str, path: str, body: Union[bytes, None] = None, **headers: str
  ) -> Answer:
    """Sends a request; underscores in names of headers are dashes."""
    connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
    with contextlib.closing(connection):
      names = {name.replace("_", "-"): value for name, value in headers.items()}
      connection.request(method, path, body, names)
      response = connection.getresponse()
      return Answer(response.status, dict(response.getheaders()), response.read())

  def get(self, path: str, **headers: str) -> Answer:
    return self.request("GET", path, **headers)

  def post(self, path: str, fields: Dict[str, Union[str, bytes]], **headers: str) -> Answer:
    """Posts a form; values that are bytes are files."""
    body, kind = make_form(fields)
    return self.request("POST", path, body, Content_Type=kind, **headers)

  def stream(self, query: str = "", **options: Any) -> Any:
    """Opens a stream."""
    return connect(
      f"ws://127.0.0.1:{self.port}/v1/stream?{query}", open_timeout=PATIENCE, **options
    )

  def metric(self, name: str, **headers: str) -> float:
    """Returns a metric, such as 'ppn_frames_total{kind="stream"}'; 0 if it is missing."""
    text = self.get("/metrics", **headers).content.decode()
    found = re.search(rf"^{re.escape(name)} (.*)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0

  def wait_for_metric(self, name: str, value: float) -> None:
    """Waits until a metric has reached a value."""
    wait_until(lambda: self.metric(name) >= value)

  def workers(self) -> List[int]:
    """Returns the process ids of the workers (Linux)."""
    pids = []
    for tasks in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
      pids += [int(pid) for pid in (tasks / "children").read_text().split()]
    return sorted(pid for pid in set(pids) if b"--multiprocessing-fork" in _command_line(pid))


@contextlib.contextmanager
def serve(*arguments: str) -> Iterator[Served]:
  """Starts the command with any free port, and kills it in the end if it still runs."""
  with contextlib.ExitStack() as stack:
    log = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory())) / "log.txt"
    process = subprocess.Popen(
      [sys.executable, "-m", "ppn_tf.serving", "--port=0", "--nopin", *arguments],
      stdout=subprocess.PIPE,
      stderr=stack.enter_context(log.open("w")),
      text=True,
      cwd=ROOT,
      preexec_fn=obey_signals,
    )
    stack.enter_context(process)
    stack.callback(process.kill)
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.fullmatch(
      r"Serving .* at http://127\.0\.0\.1:(\d+)/ with \d+ worker processes\. Ctrl-C stops\.\n", line
    )
    assert found, line + log.read_text()
    yield Served(process, int(found[1]), log)


def end(served: Served, number: int = signal.SIGTERM) -> int:
  """Sends a signal, and returns the exit code."""
  served.process.send_signal(number)
  return served.process.wait(PATIENCE)


def make_form(fields: Dict[str, Union[str, bytes]]) -> Tuple[bytes, str]:
  """Returns a multipart body and its content type."""
  boundary = uuid.uuid4().hex
  parts = []
  for name, value in fields.items():
    is_file = isinstance(value, bytes)
    file = '; filename="file"\r\nContent-Type: application/octet-stream' if is_file else ""
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    parts.append(head.encode() + (value if is_file else value.encode()) + b"\r\n")
  content = b"".join(parts) + f"--{boundary}--\r\n".encode()
  return content, f"multipart/form-data; boundary={boundary}"


def frames(count: int = 6) -> List[np.ndarray]:
  """Returns frames [120, 160, 3] uint8 of two discs that move."""
  return [paint([(40 + 2 * index, 60, 9), (115 - index, 55, 8)], SIZE) for index in range(count)]


def encode(frame: np.ndarray, suffix: str = ".png") -> bytes:
  """Returns a frame [H, W, 3] RGB as a picture."""
  return cv2.imencode(suffix, cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))[1].tobytes()


def pictures(count: int, suffix: str = ".png") -> List[bytes]:
  """Returns pictures of 20 x 20 pixels, in which a search takes little time."""
  return [
    encode(np.full((20, 20, 3), 10 * index % 256, np.uint8), suffix) for index in range(count)
  ]


def read(stream: Any) -> Dict[str, Any]:
  """Returns the next answer of a stream."""
  return json.loads(stream.recv(timeout=PATIENCE))


def read_all(stream: Any) -> List[Dict[str, Any]]:
  """Returns the answers until the stream is closed."""
  return [json.loads(message) for message in stream]


def state_time(seconds: Optional[float]) -> str:
  """Returns the message that states the time of the next frame."""
  return json.dumps({"time": seconds})


def wait_until(condition: Any) -> None:
  """Waits for a condition."""
  deadline = time.monotonic() + PATIENCE
  while not condition():
    assert time.monotonic() < deadline, "waited in vain"
    time.sleep(0.02)


def quote(text: str) -> str:
  return urllib.parse.quote(text)


def _command_line(pid: int) -> bytes:
  with contextlib.suppress(OSError):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
  return b""
