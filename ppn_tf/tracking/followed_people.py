"""People in one frame after the other, with smoothed joints."""

from typing import TYPE_CHECKING, Callable, Dict, Iterable, Iterator, List, Optional, Tuple

from ppn_tf.keypoints.poses import Person
from ppn_tf.tracking.smoothing import PoseSmoother
from ppn_tf.tracking.video.frame import Frame

if TYPE_CHECKING:
  from ppn_tf.tracking.people_tracker import PeopleTracker


def follow_people(
  tracker: "PeopleTracker",
  frames: Iterable[Frame],
  smoother: Optional[Callable[[], PoseSmoother]] = PoseSmoother,
) -> Iterator[Tuple[Frame, List[Person]]]:
  """Yields each frame with the people in it.

  Args:
    tracker: tracker that is reset to the start of a video.
    frames: frames of the video.
    smoother: creates the smoother of one person; None leaves joints as they are read.
  Raises:
    InputError: see `PeopleTracker.update`.
  """
  smoothers: Dict[int, PoseSmoother] = {}
  for frame in frames:
    people = tracker.update(frame.image, frame.time)
    if smoother:
      ids = [person.track_id for person in people]
      smoothers = {track_id: smoothers.get(track_id) or smoother() for track_id in ids}
      people = [
        Person(person.track_id, smoothers[person.track_id](person.pose, frame.time))
        for person in people
      ]
    yield frame, people
