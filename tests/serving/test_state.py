"""Tests of states: what they hold, their checks, and what they lead to."""

import json
import random
import zlib

import numpy as np
import pytest

from ppn_tf.inference.recurrence import Recurrence
from ppn_tf.serving import state
from ppn_tf.serving.refusals import RefusedError
from ppn_tf.serving.sessions import Session
from ppn_tf.tracking.cuts import CutDetector
from ppn_tf.tracking.motion import Motion
from ppn_tf.tracking.people_tracker import PeopleTracker
from ppn_tf.tracking.smoothing import OneEuroFilter
from ppn_tf.tracking.tracker import Tracker
from tests.tracking.discs import DiscEye, paint

NETWORK = "discs"
# Attributes that do not change from frame to frame, or are not needed after the first.
CONSTANT = {
  Tracker: {"model", "skeleton", "settings", "search", "_first_box"},
  CutDetector: set(),
  Recurrence: {"model", "steady_crops", "decoder"},
  OneEuroFilter: {"min_cutoff", "beta", "derivative_cutoff"},
  Motion: {"_min_score"},
  PeopleTracker: {
    *("tracker", "max_people", "skeleton", "min_score", "new_score", "looks_per_second"),
    *("drop_after", "forget_after", "same_person", "merge_after"),
    *("_first", "_has_box", "_before_cut"),
  },
}
STORED = {
  Tracker: {"_state", "_cut_detector", "_clock", "_period"},
  CutDetector: {"_thumbnail", "_histogram", "_usual"},
  Recurrence: {"_previous", "_places"},
  OneEuroFilter: {"_values", "_speeds", "_times"},
  Motion: {"unseen_for", "_place", "_height", "_speed"},
  PeopleTracker: {
    *("_cut_detector", "_clock", "_tracks", "_gone", "_last_id", "_begins", "_looks", "_turn"),
    "_places",
  },
}


def session(max_people=1, smooth=True):
  return Session(Tracker(DiscEye()), max_people, smooth)


def scene(index):
  """Returns a frame with two people; one hides from frame 3 on."""
  people = [(120 + 4 * index, 150, 16), (330 - 3 * index, 140, 14)]
  return paint(people if index < 3 else people[:1])


def equal(first, second):
  """Compares the people of two frames to a tenth of a pixel."""
  assert [person.track_id for person in first] == [person.track_id for person in second]
  for one, other in zip(first, second):
    np.testing.assert_allclose(one.pose.keypoints, other.pose.keypoints, atol=0.1)
    assert (one.pose.found, one.pose.restarted) == (other.pose.found, other.pose.restarted)


def test_every_attribute_is_stored_or_constant():
  tracker = Tracker(DiscEye())
  tracker.update(scene(0))
  people = PeopleTracker(tracker, 2)
  people.update(scene(0))
  members = (
    tracker,
    CutDetector(),
    tracker._state.recurrence,
    OneEuroFilter(),
    people._tracks[0].motion,
    people,
  )
  for member in members:
    kind = type(member)
    assert set(vars(member)) == STORED[kind] | CONSTANT[kind], kind
  kinds = {
    Tracker: state.tracker_kind(tracker.copy),
    CutDetector: state.cut_detector_kind(),
    PeopleTracker: state.people_kind(tracker, 2),
  }
  for kind, stored in kinds.items():
    assert set(stored.fields) == STORED[kind]


@pytest.mark.parametrize(("max_people", "smooth"), [(1, True), (1, False), (3, True)])
def test_a_state_from_frame_to_frame_leads_to_the_same_poses(max_people, smooth):
  stream, blob, time = session(max_people, smooth), b"", 0.0
  counts = set()
  for index in range(22):
    expected, _ = stream.update(scene(index), time)
    step = session(max_people, smooth)
    if blob:
      assert state.restore(step, NETWORK, blob) == (index, pytest.approx(time - 1 / 30))
    found, _ = step.update(scene(index), time)
    equal(found, expected)
    counts.add(len(found))
    blob = state.save(step, NETWORK, index + 1, time)
    time += 1 / 30
  assert counts == {1} if max_people == 1 else len(counts) > 1  # somebody leaves


@pytest.fixture(name="blob", scope="module")
def fixture_blob():
  stream = session(2)
  for index in range(3):
    stream.update(scene(index), index / 30)
  return state.save(stream, NETWORK, 3, 2 / 30)


def repack(blob, change):
  """Returns a state with a valid checksum whose JSON and values were changed."""
  content = zlib.decompress(blob[13:])
  length = int.from_bytes(content[:4], "little")
  header = json.loads(content[4 : 4 + length])
  header, values = change(header, bytearray(content[4 + length :]))
  text = header if isinstance(header, bytes) else json.dumps(header).encode()
  packed = zlib.compress(len(text).to_bytes(4, "little") + text + bytes(values))
  return blob[:5] + state.checksum(packed) + packed


def set_values(**changes):
  return lambda header, values: ({**header, **changes}, values)


@pytest.mark.parametrize(
  "change",
  [
    set_values(count=0),
    set_values(count=True),
    set_values(count=1.5),
    set_values(time=float("nan")),
    set_values(time="soon"),
    set_values(session=None),
    set_values(session=[[], None, [300, 480]]),
    set_values(arrays=[]),
    set_values(arrays=[["<f2", [10**9, 10**9]]]),
    set_values(arrays=[["<O8", [1]]]),
    set_values(arrays=7),
    lambda header, values: (header, values + b"\0"),
    lambda header, values: (header, values[:-1]),
    lambda header, values: (header, b"\xff" * len(values)),  # NaN
    lambda header, values: (b"[" * 5000, values),
    lambda header, values: (b"[]", values),
    lambda header, values: (header, bytes(20_000_000)),
  ],
)
def test_values_that_no_tracker_reaches_are_refused(blob, change):
  with pytest.raises(RefusedError, match="values that no frame leads to"):
    state.restore(session(2), NETWORK, repack(blob, change))


@pytest.mark.parametrize(
  ("other", "network"), [(session(1), NETWORK), (session(2, False), NETWORK), (session(2), "other")]
)
def test_states_of_other_options_and_networks_are_refused(blob, other, network):
  with pytest.raises(RefusedError, match="of another network, max_people or smooth"):
    state.restore(other, network, blob)


def test_changed_numbers_are_refused_or_lead_to_finite_poses(blob):
  """Changes values whose checksum then fits, as a client might that keeps states."""
  rng = random.Random(3)

  def change(header, values):
    for _ in range(rng.randint(1, 30)):
      values[rng.randrange(len(values))] = rng.randrange(256)
    return header, values

  outcomes = set()
  for _ in range(30):
    step = session(2)
    try:
      state.restore(step, NETWORK, repack(blob, change))
    except RefusedError:
      outcomes.add("refused")
      continue
    with np.errstate(all="ignore"):
      step.update(scene(3), 0.1)
    outcomes.add("tracked")
  assert outcomes == {"refused", "tracked"}
