"""Tests of stills, videos, states, health and metrics."""

import base64
import re

import numpy as np
import pytest

from ppn_tf.tracking.people_tracker import PeopleTracker
from ppn_tf.tracking.smoothing import PoseSmoother
from ppn_tf.tracking.tracker import Tracker
from ppn_tf.tracking.video.writer import write_video
from tests.serving.served import SIZE, encode, frames, pictures, read, state_time


def joints(people):
  """Returns the joints [N, K, 3] of the people in an answer."""
  return np.array([list(person["keypoints"].values()) for person in people])


@pytest.fixture(scope="module")
def tracker():
  return Tracker.from_preset("people", num_threads=1)


def test_a_still_has_the_pose_of_the_tracker(server, tracker):
  (image,) = frames(1)
  answer = server.post("/v1/pose", {"image": encode(image)})
  assert answer.status == 200
  assert (answer.fields["width"], answer.fields["height"]) == (SIZE[1], SIZE[0])
  (expected,) = tracker([image])
  found = joints(answer.fields["people"])[0]
  np.testing.assert_allclose(found[:, :2], expected.keypoints, atol=2e-3)


def test_a_video_has_the_poses_of_the_tracker(server, tracker, tmp_path):
  path = tmp_path / "clip.mp4"
  with write_video(str(path), 25.0) as writer:
    for index, image in enumerate(frames(6)):
      writer.write(np.ascontiguousarray(image), index / 25)
  answer = server.post("/v1/video", {"video": path.read_bytes()})
  assert answer.status == 200
  rows = answer.fields["frames"]
  assert [row["time"] for row in rows] == [round(index / 25, 6) for index in range(6)]
  assert [row["frame"] for row in rows] == list(range(6))
  from ppn_tf.tracking.video.sources import open_source

  smoother, people = PoseSmoother(), PeopleTracker(tracker)
  for row, frame in zip(rows, open_source(path).frames()):
    pose = smoother(people.update(frame.image, frame.time)[0].pose, frame.time)
    np.testing.assert_allclose(joints(row["people"])[0, :, :2], pose.keypoints, atol=2e-3)


@pytest.mark.parametrize("query", ["", "max_people=2", "max_people=2&smooth=false"])
def test_a_state_goes_on_like_a_stream(server, query):
  state, sizes = "", []
  with server.stream(query) as stream:
    for index, image in enumerate(frames(4)):
      picture, time = encode(image), index / 20
      fields = {"image": picture, "time": str(time), "state": state}
      answer = server.post(f"/v1/step?{query}", fields)
      assert answer.status == 200, answer.content
      stream.send(state_time(time))
      stream.send(picture)
      row, expected = answer.fields, read(stream)
      state = row["state"]
      sizes.append(len(base64.b64decode(state)))
      assert (row["index"], row["time"]) == (expected["index"], expected["time"])
      assert len(row["people"]) == len(expected["people"])
      # Heatmaps in a state are float16, whose steps are a 2,000th of a value.
      np.testing.assert_allclose(joints(row["people"]), joints(expected["people"]), atol=0.1)
  assert max(sizes) < 300_000


def test_a_state_counts_frames_where_no_time_is_given(server):
  picture = pictures(1)[0]
  first = server.post("/v1/step", {"image": picture}).fields
  second = server.post("/v1/step", {"image": picture, "state": first["state"]}).fields
  assert (first["index"], first["time"]) == (0, 0.0)
  assert (second["index"], second["time"]) == (1, round(1 / 30, 6))


def test_states_are_checked(server):
  picture = pictures(1)[0]
  state = server.post("/v1/step", {"image": picture}).fields["state"]
  blob = base64.b64decode(state)
  damaged = blob[:200] + bytes([blob[200] ^ 1]) + blob[201:]
  for text, reason in [
    ("no state", "not Base64"),
    (base64.b64encode(b"no state").decode(), "not a state"),
    (base64.b64encode(blob[:4] + b"\1" + blob[5:]).decode(), "not of version 2"),
    (base64.b64encode(damaged).decode(), "damaged"),
    (base64.b64encode(blob[:-9]).decode(), "damaged"),
  ]:
    answer = server.post("/v1/step", {"image": picture, "state": text})
    assert answer.status == 422 and reason in answer.fields["error"]
  answer = server.post("/v1/step?smooth=false", {"image": picture, "state": state})
  assert answer.status == 422 and "max_people or smooth" in answer.fields["error"]


@pytest.mark.parametrize(
  ("path", "fields", "status", "reason"),
  [
    ("/v1/pose", {"image": b"no picture"}, 415, "not a picture"),
    ("/v1/pose", {"image": pictures(1)[0][:-60]}, 422, "damaged"),
    ("/v1/pose", {"video": b"..."}, 422, "body.image: Field required."),
    ("/v1/pose", {"image": "text"}, 422, "body.image: "),
    ("/v1/pose?max_people=0", {"image": b""}, 422, "max_people=0: give 1 to 5"),
    ("/v1/pose?max_people=x", {"image": b""}, 422, "query.max_people: "),
    ("/v1/video", {"video": b"no video"}, 422, "video: "),
    ("/v1/video", {"video": b"#EXTM3U\nhttp://127.0.0.1/a.ts\n"}, 422, "video: "),
    ("/v1/step", {"image": pictures(1)[0], "time": "soon"}, 422, "body.time: "),
    ("/v1/step", {"image": pictures(1)[0], "time": "nan"}, 422, "time"),
    ("/v1/step", {"image": pictures(1)[0], "time": "1e300"}, 422, "time"),
  ],
)
def test_what_cannot_be_used_is_refused_with_a_reason(server, path, fields, status, reason):
  answer = server.post(path, fields)
  assert (answer.status, list(answer.fields)) == (status, ["error"])
  assert reason in answer.fields["error"]


def test_unknown_paths_and_methods_are_refused(server):
  assert server.get("/v2/pose").status == 404
  assert server.get("/v1/pose").status == 405
  answer = server.request("POST", "/v1/pose", b"{}", Content_Type="application/json")
  assert answer.status == 422


def test_health_and_description(server):
  assert server.get("/healthz").fields == {"status": "ok"}
  assert server.get("/readyz").fields == {"status": "ready"}
  paths = server.get("/openapi.json").fields["paths"]
  assert {"/v1/pose", "/v1/video", "/v1/step", "/metrics"} <= set(paths)


def test_the_page_of_requests_loads_nothing_from_elsewhere(server):
  text = server.get("/docs").content.decode()
  assert "swagger-ui" in text and "//" not in "".join(re.findall(r'(?:src|href)="(.*?)"', text))
  for address in re.findall(r'(?:src|href)="(.*?)"', text):
    assert server.get(address).status == 200


def test_streams_are_described(server, tracker):
  answer = server.get("/v1/stream").fields
  assert answer["max_people"] == 5
  assert answer["joint_names"] == list(tracker.skeleton.joint_names)
  assert answer["limbs"] == [list(limb) for limb in tracker.skeleton.limbs]


def test_metrics_count_frames_people_and_refusals(server):
  names = (
    'ppn_frames_total{kind="still"}',
    'ppn_frame_seconds_count{kind="still"}',
    'ppn_frames_total{kind="stream"}',
    'ppn_refused_total{status="415"}',
  )
  before = [server.metric(name) for name in names]
  picture = pictures(1)[0]
  with server.stream() as stream:
    for _ in range(3):
      stream.send(picture)
      read(stream)
    assert server.metric("ppn_open_streams") >= 1
    server.wait_for_metric(names[2], before[2] + 3)
  server.post("/v1/pose", {"image": picture})
  server.post("/v1/pose", {"image": b"no picture"})
  assert [server.metric(name) - old for name, old in zip(names, before)] == [1, 1, 3, 1]
  text = server.get("/metrics").content.decode()
  memory = dict(re.findall(r'ppn_memory_bytes\{process="(.*)"\} (.*)', text))
  assert {"front", "worker 0", "worker 1"} <= set(memory)
  assert all(1e7 < float(value) < 2e9 for value in memory.values())
