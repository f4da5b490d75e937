"""Settings of the tracker of one person."""

import dataclasses
from typing import Optional


@dataclasses.dataclass(frozen=True)
class TrackerSettings:
  """Settings of a `Tracker`.

  Attributes:
    min_score: lowest score of a joint that shapes the next crop.
    min_joints: with fewer joints above `min_score` the crop stays where it is.
    box_lag: seconds by which the box lags behind the pose; 1 / 30 makes it the mean of the
      previous box and the pose's at 30 frames per second.
    refinements: looks at a frame without a box before the recurrence starts. Each is cropped
      about the pose of the last.
    restart_score: mean score below which a frame has lost the person; by default
      0.75 * min_score.
    part_score: mean score of the visible joints, five or more, from which a part of a person,
      such as head and shoulders, counts as found whatever the other joints score.
    restart_after: seconds without the person after which the tracker searches. While it finds
      nobody, the time between searches doubles, up to `tracker.LONGEST_WAIT`.
    restart_every: frames after which HeadNet restarts the recurrence in the current box; 0: never.
    refresh_after: seconds since HeadNet's last look at which its heatmaps of the current frame
      refresh the previous ones, see `Recurrence.step`; 0: never.
    cuts: whether the tracker searches as soon as a new shot begins, see `cuts.CutDetector`.
    roam: whether it searches the whole frame, and not only the last place of the person.
    steady_crops: whether the previous heatmaps move along with the crop, see
      `inference.recurrence`, as networks trained with steady crops require.
    margin: side of the crop over the longer side of the box, as in training.
    decoder: one of `keypoints.heatmaps.DECODERS`.
    start_margin: as `margin`, of the crops in which HeadNet looks for the person and starts; by
      default `margin`.
  """

  min_score: float = 0.2
  min_joints: int = 4
  box_lag: float = 1 / 30
  refinements: int = 2
  restart_score: Optional[float] = None
  part_score: float = 0.6
  restart_after: float = 0.17
  restart_every: int = 0
  refresh_after: float = 0.0
  cuts: bool = True
  roam: bool = True
  steady_crops: bool = False
  margin: float = 1.25
  decoder: str = "dark"
  start_margin: Optional[float] = None

  @property
  def look_margin(self) -> float:
    """Returns the margin of HeadNet's crops."""
    return self.margin if self.start_margin is None else self.start_margin

  @property
  def lowest_confidence(self) -> float:
    """Returns the lowest mean score of a frame in which the person counts as found."""
    return 0.75 * self.min_score if self.restart_score is None else self.restart_score
