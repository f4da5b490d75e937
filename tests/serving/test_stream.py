"""Tests of streams: poses, times, dropped frames, workers that die, and the end."""

import json
import os
import signal
import sys

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from ppn_tf.tracking.people_tracker import PeopleTracker
from ppn_tf.tracking.smoothing import PoseSmoother
from ppn_tf.tracking.tracker import Tracker
from ppn_tf.tracking.video.sources import open_source
from tests.serving import served
from tests.serving.served import ROOT, encode, frames, pictures, read, read_all, serve, state_time

VIDEO = ROOT.parent / "shared" / "data" / "videos" / "permissive" / "tfjs_squats.mp4"
linux = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")


def track(images, times, max_people=1, smooth=True):
  """Yields the people of each frame as {track_id: (joints [K, 3], box)}, tracked here."""
  tracker = PeopleTracker(Tracker.from_preset("people", num_threads=1), max_people)
  smoothers = {}
  for image, time in zip(images, times):
    people = {}
    for person in tracker.update(image, time):
      pose = person.pose
      if smooth:
        pose = smoothers.setdefault(person.track_id, PoseSmoother())(pose, time)
      people[person.track_id] = np.column_stack([pose.keypoints, pose.scores]), pose.box
    yield people


def check_people(answer, expected):
  """Compares the people of an answer with those of `track`."""
  names = Tracker.from_preset("people").skeleton.joint_names
  assert [person["track_id"] for person in answer["people"]] == list(expected)
  for person in answer["people"]:
    joints, box = expected[person["track_id"]]
    assert list(person["keypoints"]) == list(names)
    np.testing.assert_allclose(list(person["keypoints"].values()), joints, atol=2e-3)
    np.testing.assert_allclose(person["box"], box, atol=0.01)


def stream_frames(server, images, times, query=""):
  """Sends frames one by one, and returns the answers."""
  answers = []
  with server.stream(query) as stream:
    for image, time in zip(images, times):
      stream.send(state_time(time))
      stream.send(encode(image))
      answers.append(read(stream))
  return answers


@pytest.mark.parametrize("smooth", [True, False])
def test_poses_are_those_of_the_tracker(server, smooth):
  images, times = frames(), [0.0, 0.04, 0.08, 0.2, 0.24, 0.28]
  answers = stream_frames(server, images, times, f"smooth={smooth}")
  for number, (answer, expected) in enumerate(zip(answers, track(images, times, smooth=smooth))):
    assert (answer["index"], answer["frame"], answer["time"]) == (number, number, times[number])
    assert answer["dropped"] == [] and not answer["restarted"]
    check_people(answer, expected)


@pytest.mark.skipif(not VIDEO.exists(), reason=f"{VIDEO.name} of the shared data is missing")
def test_two_people_of_a_real_video(server):
  found = [frame for _, frame in zip(range(12), open_source(VIDEO).frames())][::2]
  # The person twice, side by side.
  images = [np.hstack([frame.image[::4, ::4]] * 2) for frame in found]
  times = [frame.time for frame in found]
  answers = stream_frames(server, images, times, "max_people=2")
  assert max(len(answer["people"]) for answer in answers) == 2
  for answer, expected in zip(answers, track(images, times, max_people=2)):
    check_people(answer, expected)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_pictures_of_all_formats_are_tracked(server, suffix):
  with server.stream() as stream:
    stream.send(pictures(1, suffix)[0])
    assert len(read(stream)["people"]) == 1


def test_times_are_those_of_arrival_unless_they_are_stated(server):
  with server.stream() as stream:
    moments = []
    for picture in pictures(3):
      stream.send(picture)
      moments.append(read(stream)["time"])
  assert moments[0] == 0.0 and moments == sorted(set(moments))


def test_a_frame_of_another_size_restarts_tracking(server):
  image = frames(1)[0]
  with server.stream() as stream:
    restarted = []
    for picture in (image, image, image[:100], image[:100]):
      stream.send(encode(np.ascontiguousarray(picture)))
      restarted.append(read(stream)["restarted"])
  assert restarted == [False, False, True, False]


@linux
def test_every_frame_is_answered_or_named_as_dropped():
  with serve("--workers=1", "--max_waiting=4") as server:
    (worker,) = server.workers()
    with server.stream() as stream:
      stream.send(pictures(1)[0])
      assert read(stream)["frame"] == 0
      os.kill(worker, signal.SIGSTOP)  # a worker that takes forever
      for picture in pictures(20):
        stream.send(picture)
      server.wait_for_metric("ppn_dropped_frames_total", 15)
      os.kill(worker, signal.SIGCONT)
      stream.send(json.dumps({"end": True}))
      *answers, last = read_all(stream)
    # The worker has taken one of the first frames, unless all came before.
    answered = [answer["frame"] for answer in answers]
    dropped = [number for answer in answers for number in answer["dropped"]]
    assert len(answered) in (4, 5) and answered[-4:] == [17, 18, 19, 20]
    assert sorted(answered + dropped) == list(range(1, 21)) and dropped == sorted(dropped)
    assert all(answer["num_dropped"] == len(answer["dropped"]) for answer in answers)
    assert [answer["index"] for answer in answers] == list(range(1, 1 + len(answers)))
    ends = last["frames"], last["answers"], last["num_dropped_in_all"]
    assert ends == (21, 1 + len(answered), len(dropped))
    assert last["dropped"] == [] and stream.protocol.close_code == 1000


@linux
def test_a_killed_worker_is_replaced_and_its_streams_go_on():
  with serve("--workers=2") as server:
    with server.stream() as first, server.stream() as second:
      for number, picture in enumerate(pictures(5)):
        if number == 2:
          for pid in server.workers():
            os.kill(pid, signal.SIGKILL)
        first.send(picture), second.send(picture)
        for stream in (first, second):
          answer = read(stream)
          assert answer["frame"] == number and answer["restarted"] == (number == 2)
    assert sum(server.metric(f'ppn_worker_restarts{{process="worker {n}"}}') for n in (0, 1)) == 2
    assert served.end(server) == 0
    assert "Traceback" not in server.log


@linux
def test_a_worker_that_dies_without_requests_is_replaced():
  with serve("--workers=1") as server:
    (worker,) = server.workers()
    os.kill(worker, signal.SIGKILL)
    served.wait_until(lambda: server.workers() not in ([], [worker]))
    served.wait_until(lambda: server.get("/readyz").status == 200)
    with server.stream() as stream:
      stream.send(pictures(1)[0])
      assert not read(stream)["restarted"]


@pytest.mark.parametrize(
  "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_streams_are_drained_when_the_server_stops(number):
  with serve("--workers=1", "--max_waiting=1000", "--max_rate=1000") as server:
    with server.stream() as stream, server.stream() as idle:
      for picture in pictures(10):
        stream.send(picture)
      read(stream)
      server.process.send_signal(number)
      *answers, last = read_all(stream)
      (told,) = read_all(idle)
    assert [answer["frame"] for answer in answers] == list(range(1, 10))
    assert last["end"] == told["end"] == "the server is stopping."
    assert (last["frames"], last["answers"]) == (10, 10)
    assert stream.protocol.close_code == idle.protocol.close_code == 1001
    assert stream.protocol.close_reason == "the server is stopping."
    assert server.process.wait(served.PATIENCE) == 0
    assert "Traceback" not in server.log


def close_of(server, *messages, query=""):
  """Returns code and reason with which the server closes a stream after some messages."""
  with server.stream(query) as stream:
    try:
      for message in messages:
        stream.send(message)
      while True:
        stream.recv(timeout=served.PATIENCE)
    except ConnectionClosed:
      return stream.protocol.close_code, stream.protocol.close_reason


@pytest.mark.parametrize(
  ("messages", "code", "reason"),
  [
    ([b"no picture"], 1003, "frame 0: not a picture. Send JPEG, PNG or WebP."),
    ([b""], 1003, "frame 0: not a picture. Send JPEG, PNG or WebP."),
    ([pictures(1)[0][:-60]], 1007, "frame 0: a damaged picture."),
    (["[1]"], 1007, "unknown text."),
    (['{"time": NaN}'], 1007, "unknown text."),
    (['{"time": 1e300}'], 1007, "unknown text."),
    (['{"time": true}'], 1007, "unknown text."),
    (['{"time": 1}', '{"time": 2}'], 1007, "two times before one frame."),
    (["[" * 900], 1007, "unknown text."),
    (["x" * 2000], 1007, "unknown text."),
    (['{"time": 1}', pictures(1)[0], pictures(1)[0]], 1007, "a time for some"),
  ],
)
def test_what_is_no_frame_closes_the_stream_with_a_reason(server, messages, code, reason):
  received = close_of(server, *messages)
  assert received[0] == code and received[1].startswith(reason)
