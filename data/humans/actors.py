"""People in motion: random takes, transferred to random people, who stand on the floor."""

from typing import NamedTuple

import numpy as np

from ppn_tf.keypoints.skeletons import COCO

from .library import Library
from .motion import Take
from .person import Person, sample_person
from .rasterizer import skin_vertices
from .retargeting import Poses, measure_scale, retarget
from .rotations import rotate_about

FRAME_RATE = 30.0
_UP = np.array([0.0, 1.0, 0.0])
_ENDS = ("head", "root", "foot.L", "foot.R", "wrist.L", "wrist.R", "toe1-1.L", "toe1-1.R")
_UPPER = ("neck01", "upperarm01.L", "upperarm01.R", "spine02")


class Actor(NamedTuple):
  """Person who moves; the floor is at height 0.

  Attributes:
    person: the person.
    poses: poses at N times, in the world.
  """

  person: Person
  poses: Poses

  def get_shifts(self) -> np.ndarray:
    """Returns the bones' shifts [N, B, 3], see rasterizer.skin_vertices."""
    moved = np.einsum("nbij,bj->nbi", self.poses.rotations, self.person.frame.heads)
    return np.asarray(self.poses.heads - moved)

  def get_bones(self, names: tuple) -> np.ndarray:
    """Returns the heads of bones by name, [N, P, 3]."""
    number = self.person.frame.rig.number
    return np.asarray(self.poses.heads[:, [number[name] for name in names if name in number]])

  def get_crown(self) -> np.ndarray:
    """Returns the top of the head, [N, 1, 3]."""
    frame = self.person.frame
    head = frame.rig.number["head"]
    way = frame.tails[head] - frame.heads[head]
    return np.asarray((self.poses.heads[:, head] + self.poses.rotations[:, head] @ way)[:, None])

  def get_whole(self) -> np.ndarray:
    """Returns points [N, P, 3] that span the person."""
    return np.concatenate([self.get_bones(_ENDS), self.get_crown()], axis=1)

  def get_upper(self) -> np.ndarray:
    """Returns points [N, P, 3] that span head and shoulders."""
    return np.concatenate([self.get_bones(_UPPER), self.get_crown()], axis=1)

  def move(self, yaw: float, path: np.ndarray) -> "Actor":
    """Returns the actor turned about the vertical axis, and shifted by `path`, [3] or [N, 3]."""
    turn = rotate_about(_UP, np.array(yaw))
    heads = self.poses.heads @ turn.T + np.broadcast_to(path, (len(self.poses.heads), 3))[:, None]
    return self._replace(poses=Poses(turn @ self.poses.rotations, heads))

  def get_joints(self, library: Library, times: np.ndarray) -> np.ndarray:
    """Returns COCO's joints [T, 17, 3] in dm at some of the N times."""
    regressor = library.regressor
    rotations = self.poses.rotations[times].astype(np.float32)
    shifts = self.get_shifts()[times].astype(np.float32)
    rest = self.person.joint_vertices
    joints = np.empty((len(times), COCO.num_joints, 3))
    posed = np.empty_like(rest)
    for i in range(len(times)):
      skin_vertices(rest, *regressor.skin, rotations[i], shifts[i], posed)
      joints[i] = regressor.matrix @ posed
    return joints


def sample_actor(
  library: Library, rng: np.random.Generator, times: np.ndarray, plain: bool = False
) -> Actor:
  """Draws a person and a motion, about the origin.

  Args:
    library: assets.
    rng: source of all random choices.
    times: [N] in frames of a thirtieth of a second.
    plain: whether the motion stays as recorded: upright, at its own speed, of one recording.
  """
  person = sample_person(library, rng)
  seconds = (times - times.min()) / FRAME_RATE
  take = _sample_take(library, rng, seconds, plain)
  lies = False
  if not plain:
    if rng.random() < 0.3:
      take.take_trunk_and_arms(_sample_take(library, rng, seconds, plain))
    if rng.random() < 0.45:
      take.sway(rng, rng.uniform(0.05, 0.3))
    lies = rng.random() < 0.1
    if lies:
      take.turn_over(_sample_tilt(rng))
  poses = retarget(person.frame, take, rng)
  actor = Actor(person, poses)
  if lies:
    floor = actor.get_whole()[..., 1].min() - 0.7
  else:
    feet = actor.get_bones(("foot.L", "foot.R"))[..., 1].min(axis=1)
    floor = np.median(feet - measure_scale(person.frame, take) * take.lowest) - person.sole - 0.1
  center = poses.heads[:, 0].mean(axis=0)
  return actor.move(0.0, np.array([-center[0], -floor, -center[2]]))


def _sample_take(
  library: Library, rng: np.random.Generator, seconds: np.ndarray, plain: bool
) -> Take:
  """Draws a recording, a window, and a speed; a third of the windows are fast ones."""
  recording = library.get_recording(int(rng.integers(len(library.files.motions))))
  chance = rng.random()
  speed = rng.uniform(1.1, 2.2) if chance < 0.3 else rng.uniform(0.6, 1.0) if chance < 0.5 else 1.0
  if plain:
    speed = 1.0
  length = speed * float(seconds.max())
  start = recording.find_start(rng, length, 4 if rng.random() < 0.35 else 1)
  return recording.sample(start + speed * seconds)


def _sample_tilt(rng: np.random.Generator) -> np.ndarray:
  """Draws a rotation [3, 3] that lays people on their back, front or side, or inverts them."""
  across = rotate_about(_UP, rng.uniform(0, 2 * np.pi)) @ np.array([1.0, 0, 0])
  chance = rng.random()
  if chance < 0.5:
    return rotate_about(across, rng.choice([-1, 1]) * rng.normal(np.pi / 2, 0.2))
  if chance < 0.8:
    return rotate_about(across, rng.normal(np.pi, 0.3))
  return rotate_about(across, rng.uniform(-np.pi, np.pi))
