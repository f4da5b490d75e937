"""State of a stream as bytes, with which any server of the same network goes on.

A state is MAGIC, a version, a checksum, and compressed: the length of a JSON object, the object,
and the values of arrays. Heatmaps are float16, and everything else has the precision of the
tracker. Every value is checked when it is read, since clients keep states.
"""

import functools
import hashlib
import json
import zlib
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ppn_tf.inference.frame_times import Clock
from ppn_tf.inference.moved_heatmaps import MovedHeatmaps
from ppn_tf.inference.present_places import PresentPlaces
from ppn_tf.inference.recurrence import Recurrence
from ppn_tf.keypoints.poses import Pose
from ppn_tf.serving.refusals import RefusedError
from ppn_tf.serving.sessions import Session
from ppn_tf.serving.state_kinds import (
  Array,
  Flag,
  Kind,
  Maybe,
  Number,
  Numbered,
  Object,
  Several,
  describe_arrays,
  split_arrays,
)
from ppn_tf.tracking import boxes
from ppn_tf.tracking.cuts import COLORS, THUMBNAIL, CutDetector
from ppn_tf.tracking.motion import Motion
from ppn_tf.tracking.people_tracker import PeopleTracker, Track
from ppn_tf.tracking.smoothing import OneEuroFilter, PoseSmoother
from ppn_tf.tracking.tracker import Tracker, TrackerState

MAGIC, VERSION = b"PPNS", 2
_CHECKSUM = 8  # bytes
_LARGEST = 16_000_000  # bytes of a state that is not compressed, at most
_DTYPES = ("<f2", "<f4", "<f8", "|u1")
_MOST_GONE = 100


def save(session: Session, network: str, count: int, time: float) -> bytes:
  """Returns the state of a stream after a frame.

  Args:
    session: the stream.
    network: name or digest of the network.
    count: number of its frames so far.
    time: time of the last one in seconds.
  """
  arrays: List[np.ndarray] = []
  stored = _session_kind(session).write(session, arrays)
  header = {
    **_identity(session, network),
    "count": count,
    "time": time,
    "session": stored,
    "arrays": describe_arrays(arrays),
  }
  text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
  content = len(text).to_bytes(4, "little") + text + b"".join(part.tobytes() for part in arrays)
  packed = zlib.compress(content, 6)
  return MAGIC + bytes([VERSION]) + checksum(packed) + packed


def restore(session: Session, network: str, blob: bytes) -> Tuple[int, float]:
  """Continues a stream in a new session.

  Args:
    session: a session before its first frame, with the same network and options.
    network: name or digest of the network.
    blob: what `save` returned.
  Returns:
    the number of frames so far, and the time of the last one in seconds.
  Raises:
    RefusedError: the bytes are no state, damaged, of another version, network or options.
  """
  if blob[:4] != MAGIC:
    raise RefusedError(422, "state: not a state of this server. Send it as the answer has it.")
  if blob[4:5] != bytes([VERSION]):
    raise RefusedError(422, f"state: not of version {VERSION}. Start again.")
  head = 5 + _CHECKSUM
  if blob[5:head] != checksum(blob[head:]):
    raise RefusedError(422, "state: damaged. Send it as the answer has it.")
  try:
    header, content = _unpack(blob[head:])
    identity = _identity(session, network)
    if {name: header.get(name) for name in identity} != identity:
      raise RefusedError(422, "state: of another network, max_people or smooth. Start again.")
    arrays = split_arrays(content, header["arrays"], _DTYPES)
    count = Number(whole=True, low=1).read(header["count"], [])
    time = Number().read(header["time"], [])
    read = _session_kind(session).read(header["session"], arrays)
  except (ValueError, KeyError, TypeError, RecursionError, zlib.error) as error:
    raise RefusedError(422, "state: values that no frame leads to. Start again.") from error
  session.people, session.smoothers, session.size = read.people, read.smoothers, read.size
  return count, time


def _unpack(packed: bytes) -> Tuple[Dict[str, Any], bytes]:
  inflater = zlib.decompressobj()
  content = inflater.decompress(packed, _LARGEST)
  if inflater.unconsumed_tail or not inflater.eof:
    raise ValueError("too large, or cut off")
  length = int.from_bytes(content[:4], "little")
  header = json.loads(content[4 : 4 + length])
  if not isinstance(header, dict):
    raise ValueError("no object")
  return header, content[4 + length :]


def _identity(session: Session, network: str) -> Dict[str, Any]:
  """Returns what must be the same in the session that goes on."""
  people = session.people
  return {
    "network": network,
    "max_people": people.max_people,
    "smooth": session.smoothers is not None,
  }


def checksum(packed: bytes) -> bytes:
  """Returns the checksum of the compressed part of a state."""
  return hashlib.sha256(packed).digest()[:_CHECKSUM]


def _session_kind(session: Session) -> Kind:
  people = session.people
  tracker, most = people.tracker, people.max_people
  smoothers: Kind = Numbered(_smoother_kind(people), most)
  size = Several(Number(whole=True, low=1), 2)
  return Object(
    lambda people, smoothers, size: _Parts(people, smoothers, (size[0], size[1])),
    {"people": people_kind(tracker, most), "smoothers": Maybe(smoothers), "size": size},
    keywords=True,
  )


class _Parts:
  """Attributes of a session that is read."""

  def __init__(
    self,
    people: PeopleTracker,
    smoothers: Optional[Dict[int, PoseSmoother]],
    size: Tuple[int, int],
  ):
    self.people, self.smoothers, self.size = people, smoothers, size


def people_kind(tracker: Tracker, most: int) -> Object:
  """Returns the kind of a tracker of up to `most` people, each followed as by `tracker`."""
  make = functools.partial(PeopleTracker, tracker, most)
  if most == 1:
    return Object(make, {"_first": tracker_kind(tracker.copy)})
  of_one = functools.partial(tracker.copy, roam=False, cuts=False)
  track = Object(
    Track,
    {
      "track_id": Number(whole=True, low=1),
      "tracker": tracker_kind(of_one),
      "pose": _pose_kind(tracker),
      "motion": _motion_kind(tracker),
      "doubled_for": Number(low=0),
    },
    keywords=True,
  )
  return Object(
    make,
    {
      "_cut_detector": cut_detector_kind(),
      "_clock": Object(Clock, {"_time": Maybe(Number())}),
      "_tracks": Several(track, most),
      "_gone": Several(track, _MOST_GONE),
      "_last_id": Number(whole=True, low=0),
      "_begins": Flag(),
      "_looks": Number(infinite=True),
      "_turn": Number(whole=True, low=0),
      "_places": Several(Array([4], "f4"), 2 * boxes.MAX_LOOKS),
    },
  )


def tracker_kind(make: Any) -> Object:
  """Returns the kind of a tracker of one person.

  Args:
    make: returns such a tracker before its first frame.
  """
  tracker = make()
  state = Object(
    TrackerState,
    {
      "box": Array([4], "f4"),
      "recurrence": _recurrence_kind(tracker),
      "search_at": Number(low=0),
      "age": Number(whole=True, low=0),
      "unrefreshed_for": Number(low=0),
      "lost_for": Number(low=0),
    },
    keywords=True,
  )
  return Object(
    make,
    {
      "_state": Maybe(state),
      "_cut_detector": cut_detector_kind(),
      "_clock": Object(Clock, {"_time": Maybe(Number())}),
      "_period": Number(low=0),
    },
  )


def cut_detector_kind() -> Object:
  """Returns the kind of a detector of cuts."""
  return Object(
    CutDetector,
    {
      "_thumbnail": Maybe(Array([THUMBNAIL, THUMBNAIL, 3], "u1")),
      "_histogram": Maybe(Array([COLORS**3], "f4")),
      "_usual": Number(low=0),
    },
  )


def _recurrence_kind(tracker: Tracker) -> Object:
  model, settings = tracker.model, tracker.settings
  shape = (*model.heatmap_size, model.num_joints)
  return Object(
    functools.partial(Recurrence, model, settings.steady_crops, settings.decoder),
    {
      "_previous": Maybe(
        Object(
          lambda: MovedHeatmaps(np.zeros(shape, np.float32), np.zeros((2, 3)), model.stride),
          {
            "maps": Array(shape, "f4", stored="f2"),
            "_affine": Array([2, 3], "f4"),
            "_speed": Maybe(Array([2], "f8")),
          },
        )
      ),
      "_places": Object(PresentPlaces, {"_places": Maybe(Array([model.num_joints, 2], "f8"))}),
    },
  )


def _pose_kind(tracker: Tracker) -> Object:
  joints = tracker.model.num_joints
  return Object(
    lambda box, **fields: Pose(box=tuple(box), joint_names=tracker.skeleton.joint_names, **fields),
    {
      "keypoints": Array([joints, 2], "f4"),
      "scores": Array([joints], "f4"),
      "box": Array([4], "f8"),
      "restarted": Flag(),
      "found": Flag(),
    },
    keywords=True,
  )


def _motion_kind(tracker: Tracker) -> Object:
  joints = tracker.model.num_joints
  blank = Pose(np.zeros((joints, 2)), np.zeros(joints), tracker.skeleton.joint_names, (0, 0, 1, 1))
  return Object(
    lambda: Motion(blank, tracker.settings.min_score),
    {
      "unseen_for": Number(low=0),
      "_place": Array([2], "f8"),
      "_height": Number(low=1e-3),
      "_speed": Array([2], "f8"),
    },
  )


def _smoother_kind(people: PeopleTracker) -> Object:
  shape = (people.tracker.model.num_joints, 2)
  values = Array(shape, "f8", missing=True)
  samples = {"_values": values, "_speeds": values, "_times": values}
  filter_kind = _FilterKind(OneEuroFilter, samples)
  return Object(lambda: PoseSmoother(min_score=people.min_score), {"_filter": filter_kind})


class _FilterKind(Object):
  """Filter, which has no samples right after it was reset."""

  def write(self, value: Any, arrays: List[np.ndarray]) -> Any:
    return None if value._values is None else super().write(value, arrays)

  def read(self, stored: Any, arrays: List[np.ndarray]) -> Any:
    return OneEuroFilter() if stored is None else super().read(stored, arrays)
