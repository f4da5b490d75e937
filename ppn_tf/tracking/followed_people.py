"""People in one frame after the other, with smoothed joints."""

from typing import (
  TYPE_CHECKING,
  Callable,
  Dict,
  Iterable,
  Iterator,
  List,
  Mapping,
  Optional,
  Sequence,
  Tuple,
)

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
      people, smoothers = smooth_people(people, frame.time, smoothers, smoother)
    yield frame, people


def smooth_people(
  people: Sequence[Person],
  time: float,
  smoothers: Mapping[int, PoseSmoother],
  smoother: Callable[[], PoseSmoother] = PoseSmoother,
) -> Tuple[List[Person], Dict[int, PoseSmoother]]:
  """Returns people with smoothed joints, and the smoothers for the next frame.

  Args:
    people: people in a frame.
    time: time of the frame in seconds.
    smoothers: smoothers of the preceding frame by number of the person. Those of people who are
      no longer in the frame are dropped.
    smoother: creates the smoother of a new person.
  """
  kept = {person.track_id: smoothers.get(person.track_id) or smoother() for person in people}
  smoothed = [
    Person(person.track_id, kept[person.track_id](person.pose, time)) for person in people
  ]
  return smoothed, kept
