"""Work of one process: an interpreter with one thread, and the sessions of its clients."""

import io
import itertools
import json
import pathlib
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ppn_tf.inference import people
from ppn_tf.serving import state
from ppn_tf.serving.pictures import decode_picture
from ppn_tf.serving.refusals import RefusedError
from ppn_tf.serving.sessions import Session
from ppn_tf.serving.worker_settings import WorkerSettings
from ppn_tf.tracking.bulk.fingerprints import hash_model
from ppn_tf.tracking.output.tables import frame_fields
from ppn_tf.tracking.tracker import Tracker
from ppn_tf.tracking.video.sources import LiveVideo

# Frames of a video that are tracked at a time; in between, the worker serves its streams.
VIDEO_STEP = 4
_DIGITS = 16  # of the hash of a network in states


class Worker:
  """Answers of one process. Public methods are the requests of `worker_process.run`."""

  def __init__(self, settings: WorkerSettings):
    """Loads the network.

    Raises:
      InputError: there is no such model.
    """
    self._settings = settings
    self._tracker = Tracker.from_preset(settings.model, num_threads=1)
    path = people.FILE if settings.model == people.NAME else pathlib.Path(settings.model)
    self._network = hash_model(path)[:_DIGITS]
    self._sessions: Dict[int, Session] = {}
    self._counts: Dict[int, int] = {}
    self._videos: Dict[int, Iterator[Dict[str, Any]]] = {}

  def describe_joints(self) -> Dict[str, Any]:
    """Returns `joint_names`, and `limbs` as pairs of indices of joints."""
    skeleton = self._tracker.skeleton
    limbs = [[int(i), int(j)] for i, j in skeleton.limbs]
    return {"joint_names": list(skeleton.joint_names), "limbs": limbs}

  def track(
    self,
    key: int,
    begins: bool,
    number: int,
    time: float,
    picture: bytes,
    max_people: int,
    smooth: bool,
  ) -> Dict[str, Any]:
    """Tracks the next frame of a stream.

    Args:
      key: number of the stream.
      begins: whether no frame of it has been answered yet. Otherwise, a process that does not
        know the stream restarts it.
      number: number of the frame among those that the client has sent, from 0 on.
      time: seconds.
      picture: JPEG, PNG or WebP.
      max_people: number of people tracked at a time, at most.
      smooth: whether the joints are smoothed.
    Returns:
      the fields of `frame_fields`, and `restarted`.
    Raises:
      RefusedError: the picture cannot be used.
    """
    image = decode_picture(picture, self._settings.max_pixels)
    is_new = key not in self._sessions
    if is_new:
      self._sessions[key] = Session(self._tracker, max_people, smooth)
      self._counts[key] = 0
    tracked, restarted = self._sessions[key].update(image, time)
    self._counts[key] += 1
    fields = frame_fields(self._counts[key] - 1, number, time, tracked)
    return {**fields, "restarted": restarted or (is_new and not begins)}

  def forget(self, key: int) -> None:
    """Ends a stream or a video."""
    self._sessions.pop(key, None)
    self._counts.pop(key, None)
    self._videos.pop(key, None)

  def look(self, picture: bytes, max_people: int) -> Dict[str, Any]:
    """Returns the people in a still: width, height and people.

    Raises:
      RefusedError: the picture cannot be used.
    """
    image = decode_picture(picture, self._settings.max_pixels)
    tracked, _ = Session(self._tracker, max_people, smooth=False).update(image, 0.0)
    fields = frame_fields(0, 0, 0.0, tracked)
    return {"width": image.shape[1], "height": image.shape[0], "people": fields["people"]}

  def step(
    self, picture: bytes, blob: bytes, time: Optional[float], max_people: int, smooth: bool
  ) -> Tuple[Dict[str, Any], bytes]:
    """Tracks one frame from a state that the client keeps.

    Args:
      picture: JPEG, PNG or WebP.
      blob: state of the preceding frame; empty for the first.
      time: seconds; None: 1 / 30 s after the preceding frame.
      max_people: number of people tracked at a time, at most.
      smooth: whether the joints are smoothed.
    Returns:
      the fields of `frame_fields`, with `restarted`, and the next state.
    Raises:
      RefusedError: the picture or the state cannot be used.
    """
    image = decode_picture(picture, self._settings.max_pixels)
    session = Session(self._tracker, max_people, smooth)
    count, last = state.restore(session, self._network, blob) if blob else (0, None)
    if time is None:
      time = 0.0 if last is None else last + 1 / 30
    tracked, restarted = session.update(image, time)
    fields = {**frame_fields(count, count, time, tracked), "restarted": restarted}
    try:
      json.dumps(fields, allow_nan=False)
    except ValueError as error:  # from values of a state that no tracker reaches
      raise RefusedError(422, "state: leads to no pose. Start again.") from error
    return fields, state.save(session, self._network, count + 1, time)

  def open_video(self, key: int, content: bytes, max_people: int, smooth: bool) -> None:
    """Opens a video, whose frames `read_video` tracks.

    Raises:
      InputError: it is no video.
    """
    self._videos[key] = self._track_video(content, max_people, smooth)

  def read_video(self, key: int) -> List[Dict[str, Any]]:
    """Returns the fields of the next VIDEO_STEP frames of a video; fewer at its end.

    Raises:
      InputError: a frame cannot be read.
      RefusedError: the video is unknown, too large or too long.
    """
    if key not in self._videos:
      raise RefusedError(422, "the process that tracked this video ended. Send it again.")
    return list(itertools.islice(self._videos[key], VIDEO_STEP))

  def _track_video(self, content: bytes, max_people: int, smooth: bool) -> Iterator[Dict[str, Any]]:
    video = LiveVideo("video", io.BytesIO(content))
    session = Session(self._tracker, max_people, smooth)
    for index, frame in enumerate(video.frames()):
      height, width = frame.image.shape[:2]
      if height * width > self._settings.max_pixels:
        most = self._settings.max_pixels
        raise RefusedError(413, f"{width}x{height} pixels, more than {most:,}. Scale it down.")
      if index >= self._settings.max_video_frames:
        raise RefusedError(413, f"more than {index:,} frames. Send a shorter video.")
      tracked, _ = session.update(frame.image, frame.time)
      yield frame_fields(index, frame.number, frame.time, tracked)
