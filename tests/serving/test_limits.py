"""Tests of API keys, limits, and of data that is made to do harm."""

import asyncio
import concurrent.futures
import contextlib
import functools
import io
import random
import socket
import threading

import pytest
from PIL import Image
from websockets.exceptions import InvalidStatus

from benchmarks.fuzz_mutations import mutate_bytes, mutate_text
from ppn_tf.runtime.errors import InputError
from ppn_tf.serving.access import Gate, read_keys
from ppn_tf.serving.limits import Limits
from ppn_tf.serving.metrics import Metrics
from ppn_tf.serving.pool import WorkerPool
from ppn_tf.serving.worker_settings import WorkerSettings
from tests.serving import served
from tests.serving.served import make_form, pictures, read, serve
from tests.serving.test_stream import close_of

KEY = "0123456789abcdef"
NUM_MUTATIONS = 500


@pytest.fixture(scope="module", name="strict_server")
def fixture_strict_server(tmp_path_factory):
  """Starts a server with keys and low limits."""
  path = tmp_path_factory.mktemp("keys") / "keys.txt"
  path.write_text(f"# of tests\n\n{KEY}\nfedcba9876543210\n")
  with serve(
    "--workers=1",
    f"--api_keys={path}",
    "--max_frame_mb=0.1",
    "--max_megapixels=0.05",
    "--max_rate=10",
    "--max_streams=2",
    "--max_people=2",
    "--max_video_frames=5",
    "--idle_after=1",
    "--request_after=1",
  ) as running:
    yield running
    assert served.end(running) == 0
    assert "Traceback" not in running.log


@pytest.fixture(name="strict")
def fixture_strict(strict_server):
  """Returns the server when the streams of the test before have ended."""
  served.wait_until(lambda: strict_server.metric("ppn_open_streams", X_API_Key=KEY) == 0)
  return strict_server


def blank(width, height):
  """Returns a PNG that is much smaller than its pixels."""
  file = io.BytesIO()
  Image.new("1", (width, height)).save(file, "png")
  return file.getvalue()


def test_keys_are_required_for_frames_and_metrics(strict):
  assert strict.get("/metrics").status == 401
  assert strict.get("/metrics", X_API_Key="another key").status == 401
  assert strict.get("/metrics", X_API_Key=KEY).status == 200
  assert strict.get("/metrics", Authorization=f"Bearer {KEY}").status == 200
  assert strict.get("/metrics", Authorization=f"Basic {KEY}").status == 401
  fields = {"image": pictures(1)[0]}
  answer = strict.post("/v1/pose", fields)
  assert answer.status == 401 and "Authorization" in answer.fields["error"]
  assert answer.headers["www-authenticate"] == "Bearer"
  assert strict.post("/v1/pose", fields, X_API_Key="fedcba9876543210").status == 200
  assert strict.get("/v1/stream").status == 401
  assert strict.get("/v1/stream", X_API_Key=KEY).fields["max_people"] == 2
  assert strict.get("/healthz").status == strict.get("/readyz").status == 200


def test_keys_of_streams_are_in_the_header_or_the_query(strict):
  for query, headers in (("", {"Authorization": f"Bearer {KEY}"}), (f"key={KEY}", {})):
    with strict.stream(query, additional_headers=headers) as stream:
      stream.send(pictures(1)[0])
      assert read(stream)["frame"] == 0
  for query in ("", "key=", "key=another", f"other={KEY}"):
    with pytest.raises(InvalidStatus) as error, strict.stream(query):
      pass
    assert error.value.response.status_code == 401


@pytest.mark.parametrize(
  ("content", "reason"),
  [("# none\n", "no key"), ("short\n", "key 1 has fewer than 16"), (None, "cannot be read")],
)
def test_files_of_keys_are_checked(tmp_path, content, reason):
  path = tmp_path / "keys.txt"
  if content is not None:
    path.write_text(content)
  with pytest.raises(InputError, match=reason):
    read_keys(path)


def test_streams_beyond_the_limit_are_refused(strict):
  query = f"key={KEY}"
  with strict.stream(query), strict.stream(query):
    with pytest.raises(InvalidStatus) as error, strict.stream(query):
      pass
    assert error.value.response.status_code == 429
    assert b"2 streams are open" in error.value.response.body
    # Browsers see no status of a refused WebSocket, and ask by this request.
    answer = strict.get("/v1/stream", X_API_Key=KEY)
    assert answer.status == 429 and "2 streams are open" in answer.fields["error"]


def test_requests_beyond_the_limit_are_refused():
  async def check():
    leave = asyncio.Event()
    statuses = []

    async def wait(scope, receive, send):
      await leave.wait()
      await send({"type": "http.response.start", "status": 200})

    async def send(message):
      statuses.extend(value for name, value in message.items() if name == "status")

    async def receive():
      return {"type": "http.request"}

    limits = Limits(max_requests=2)
    gate = Gate(wait, limits, Metrics(WorkerPool(1, WorkerSettings("people", 1, 1))), frozenset())
    scope = {"type": "http", "path": "/v1/pose", "headers": []}
    first = [asyncio.ensure_future(gate(scope, receive, send)) for _ in range(2)]
    await asyncio.sleep(0)
    await gate(scope, receive, send)
    assert statuses == [429]
    leave.set()
    await asyncio.gather(*first)
    await gate(scope, receive, send)
    assert statuses == [429, 200, 200, 200]

  asyncio.run(check())


@pytest.mark.parametrize("query", ["max_people=3", "max_people=x", "smooth=maybe"])
def test_options_of_streams_are_checked(strict, query):
  with pytest.raises(InvalidStatus) as error, strict.stream(f"key={KEY}&{query}"):
    pass
  assert error.value.response.status_code == 422


@pytest.mark.parametrize(
  ("messages", "code", "reason"),
  [
    ([b"x" * 100_001], 1009, ""),
    ([blank(400, 400)], 1009, "frame 0: 400x400 pixels, more than 50,000."),
    ([blank(20_000, 20_000)], 1009, "frame 0: more than 50,000 pixels."),
    ([pictures(1)[0]] * 11, 1008, "more than 10 frames per second."),
    ([], 1008, "no frame for 1 seconds."),
    (['{"time": 1}'], 1008, "no frame for 1 seconds."),
  ],
)
def test_limits_close_the_stream_with_a_reason(strict, messages, code, reason):
  with strict.stream(f"key={KEY}") as other:
    other.send(pictures(1)[0])
    received = close_of(strict, *messages, query=f"key={KEY}")
    assert received[0] == code and received[1].startswith(reason)
    assert read(other)["frame"] == 0  # goes on


@pytest.mark.parametrize(
  ("path", "fields", "reason"),
  [
    ("/v1/pose", {"image": b"x" * 100_001}, "more than 100,000 bytes"),
    ("/v1/pose", {"image": b"x" * 5_000_000}, "more than 2,100,000 bytes"),
    ("/v1/pose", {"image": blank(20_000, 20_000)}, "more than 50,000 pixels"),
    ("/v1/pose", {"image": blank(300, 200)}, "300x200 pixels"),
  ],
)
def test_what_is_too_large_is_refused(strict, path, fields, reason):
  answer = strict.post(path, fields, X_API_Key=KEY)
  assert answer.status == 413 and reason in answer.fields["error"]


def send_raw(server, *parts):
  """Sends bytes over a new connection, each part after an answer to the one before.

  Returns what comes back until the server closes the connection.
  """
  with socket.create_connection(("127.0.0.1", server.port), served.PATIENCE) as connection:
    received = b""
    with contextlib.suppress(ConnectionError):
      for part in parts:
        if received or part is not parts[0]:
          received += connection.recv(65536)
        connection.sendall(part)
      while True:
        part = connection.recv(65536)
        if not part:
          break
        received += part
    return received


def make_request(method="POST", path="/v1/pose", body=b"", kind="", length=None):
  """Returns the bytes of a request."""
  head = [
    f"{method} {path} HTTP/1.1",
    "Host: localhost",
    f"X-API-Key: {KEY}",
    f"Content-Type: {kind}",
    f"Content-Length: {len(body) if length is None else length}",
    "Connection: close",
  ]
  return "\r\n".join([*head, "", ""]).encode() + body


def test_slow_headers_and_bodies_are_refused(strict):
  header = b"POST /v1/pose HTTP/1.1\r\nHost: loc"
  assert send_raw(strict, header).startswith(b"HTTP/1.1 408 ")
  assert send_raw(strict).startswith(b"HTTP/1.1 408 ")
  body, kind = make_form({"image": b"picture"})
  request = make_request(body=body[:-10], kind=kind, length=len(body))
  answer = send_raw(strict, request)
  assert answer.startswith(b"HTTP/1.1 408 ") and b"the body takes too long" in answer


def test_slow_headers_of_a_second_request_are_refused(strict):
  first = make_request("GET", "/healthz").replace(b"Connection: close", b"X: y")
  answers = send_raw(strict, first, b"GET /healthz HTT")
  assert answers.startswith(b"HTTP/1.1 200 ") and b"HTTP/1.1 408 " in answers


def list_requests():
  """Returns bytes of valid requests and streams, which the test damages."""
  picture = pictures(1, ".jpg")[0]
  upgrade = (
    b"GET /v1/stream?key=%s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"Sec-WebSocket-Version: 13\r\n\r\n" % KEY.encode()
  )
  text = b'{"time": 0.5}'
  masked = b"\x81" + bytes([0x80 | len(text)]) + bytes(4) + text  # a mask of zeros changes nothing
  binary = b"\x82\xfe" + len(picture).to_bytes(2, "big") + bytes(4) + picture
  requests = [upgrade + masked + binary + b"\x88\x80" + bytes(4)]
  for path, fields in (
    ("/v1/pose?max_people=2", {"image": picture}),
    ("/v1/step", {"image": picture, "state": "UFBOUwE=", "time": "1.5"}),
    ("/v1/video", {"video": b"\0\0\0\x20ftypisom" + bytes(200)}),
  ):
    body, kind = make_form(fields)
    requests.append(make_request(path=path, body=body, kind=kind))
  requests.append(make_request("GET", "/metrics"))
  return requests


@pytest.mark.slow
def test_mutated_requests_neither_harm_nor_hang(strict):
  """Damages requests while a stream goes on."""
  rng, done = random.Random(7), threading.Event()
  answered = []

  def stream_on():
    with strict.stream(f"key={KEY}") as stream:
      while not done.is_set():
        stream.send(pictures(1)[0])
        answered.append(read(stream)["frame"])
        done.wait(0.15)

  camera = threading.Thread(target=stream_on)
  camera.start()
  valid = list_requests()
  damaged = [
    (mutate_text if rng.random() < 0.5 else mutate_bytes)(valid[number % len(valid)], rng)
    for number in range(NUM_MUTATIONS)
  ]
  try:
    with concurrent.futures.ThreadPoolExecutor(32) as senders:
      answers = list(senders.map(functools.partial(send_raw, strict), damaged))
  finally:
    done.set()
    camera.join(served.PATIENCE)
  statuses = [int(answer.split()[1]) for answer in answers if answer.startswith(b"HTTP/")]
  assert {101, 200, 400, 401, 404, 408, 422} <= set(statuses) and max(statuses) < 500
  assert answered == list(range(len(answered))) and len(answered) > 5
  assert strict.get("/readyz").status == 200
  assert strict.log == ""
