"""Settings that decide the joints of every video."""

import dataclasses
import functools
import hashlib
import json
import os
import pathlib
from typing import Any, Dict, Optional, Tuple, Union

import ppn_tf
from ppn_tf.inference import people
from ppn_tf.keypoints import skeletons
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.tracking import smoothing
from ppn_tf.tracking.bulk.fingerprints import hash_model
from ppn_tf.tracking.people_tracker import PeopleTracker
from ppn_tf.tracking.tracker import Tracker


@dataclasses.dataclass(frozen=True)
class BulkSettings:
  """Settings with the names and meanings of the arguments of `track_video`.

  Attributes:
    segment_seconds: length of the parts into which long videos are split, in seconds; 0: whole
      videos. See `splits`.
  """

  model: Union[str, pathlib.Path] = people.NAME
  checkpoint: str = "latest"
  skeleton: Optional[Skeleton] = None
  margin: Optional[float] = None
  refresh_after: Optional[float] = None
  max_people: int = 1
  box: Optional[Tuple[float, ...]] = None
  min_score: float = 0.2
  restart_every: int = 0
  fps: float = 30.0
  start: float = 0.0
  end: Optional[float] = None
  every: int = 1
  smooth: bool = True
  min_cutoff: float = smoothing.MIN_CUTOFF
  beta: float = smoothing.BETA
  segment_seconds: float = 0.0

  def describe(self) -> Dict[str, Any]:
    """Returns all settings in JSON types, with the hash of the model and the version of ppn-tf.

    Raises:
      InputError: there is no such model.
    """
    fields: Dict[str, Any] = {
      field.name: getattr(self, field.name) for field in dataclasses.fields(self)
    }
    fields["model"] = os.fspath(self.model)
    fields["skeleton"] = None if self.skeleton is None else skeletons.to_text(self.skeleton)
    fields["box"] = None if self.box is None else list(self.box)
    model_hash = hash_model(people.FILE if self.model == people.NAME else pathlib.Path(self.model))
    return {**fields, "model_hash": model_hash, "ppn_tf": ppn_tf.__version__}

  def resolve(self) -> "BulkSettings":
    """Returns the settings for processes with other working folders: a path becomes absolute."""
    if self.model == people.NAME:
      return self
    return dataclasses.replace(self, model=pathlib.Path(os.path.abspath(self.model)))

  def make_tracker(self) -> PeopleTracker:
    """Returns a tracker that is reset to the start of a video.

    Raises:
      InputError: the model cannot be loaded.
    """
    tracker = PeopleTracker(_load_tracker(self), self.max_people)
    tracker.reset(self.box)
    return tracker

  def make_smoother(self) -> smoothing.PoseSmoother:
    """Returns the smoother of one person."""
    return smoothing.PoseSmoother(self.min_cutoff, self.beta, self.min_score)


@functools.lru_cache(maxsize=1)
def _load_tracker(settings: BulkSettings) -> Tracker:
  """Loads the model once per process, with one CPU thread."""
  given = {"margin": settings.margin, "refresh_after": settings.refresh_after}
  changes = {name: value for name, value in given.items() if value is not None}
  return Tracker.from_preset(
    settings.model,
    settings.skeleton,
    num_threads=1,
    checkpoint=settings.checkpoint,
    min_score=settings.min_score,
    restart_every=settings.restart_every,
    **changes,
  )


def hash_description(description: Dict[str, Any]) -> str:
  """Returns a hash of what decides the joints; where the model lies does not."""
  decisive = {name: value for name, value in description.items() if name != "model"}
  return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()
