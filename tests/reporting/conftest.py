"""Hand-made runs and clips for the tests of the report."""

import json
import pathlib
from typing import Any, Callable, Dict, Optional, Sequence

import numpy as np
import pytest

from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.reporting.predictions import Stretch
from ppn_tf.reporting.runs import Run, read_run

GROUPS = [name for name, _ in PENN_ACTION.groups]


def pck(first: float) -> Dict[str, Any]:
  """Scores of one reference, each different: groups first, first + 1.25, ..."""
  groups = {name: first + 1.25 * index for index, name in enumerate(GROUPS)}
  return {"micro": first, "group_mean": first + 0.5, "joint_mean": first + 0.25, "groups": groups}


def evaluation(body: float, torso: float) -> Dict[str, Any]:
  return {
    "num_clips": 2,
    "num_frames": 1234,
    "alpha": 0.2,
    "pck_body": pck(body),
    "pck_torso": pck(torso),
    "per_frame_index": {"pck_torso": [torso, float("nan"), torso + 1]},
    "per_clip": {"0502": {"pck_torso": torso - 3}, "0503": {"pck_torso": torso + 3}},
  }


def metrics(steps: Sequence[int], scale: float = 1.0) -> str:
  rows = [
    {"step": step, "loss": 2.0, "loss_final": scale / step, "pck": min(99.0, step / 10)}
    for step in steps
  ]
  return "".join(json.dumps({**row, "frames_per_second": 40.0}) + "\n" for row in rows)


@pytest.fixture(name="make_run")
def fixture_make_run(tmp_path) -> Callable[..., Run]:
  """Makes a workdir by hand and reads it."""

  def make(
    name: str,
    scores: Optional[Dict[str, Any]] = None,
    flags: Optional[Dict[str, Any]] = None,
    logged: str = "",
  ) -> Run:
    folder = pathlib.Path(tmp_path) / name.replace("/", "_")
    folder.mkdir()
    (folder / "flags.json").write_text(json.dumps(flags or {"method": name}))
    if logged:
      (folder / "metrics.jsonl").write_text(logged)
    if scores:
      (folder / "evaluation.json").write_text(json.dumps(scores))
    return read_run(name, str(folder))

  return make


@pytest.fixture(name="stretch")
def fixture_stretch() -> Stretch:
  """Six frames 90x120 of a person who walks to the right; joint 6 hides in frame 3."""
  rng = np.random.default_rng(0)
  shape = rng.uniform(-20, 20, (13, 2)) + [40, 45]
  keypoints = np.stack([shape + [3 * t, 0] for t in range(6)]).astype(np.float32)
  visibility = np.ones((6, 13), bool)
  visibility[3, 6] = False
  boxes = np.concatenate([keypoints.min(1) - 3, keypoints.max(1) + 3], axis=-1)
  frames = rng.integers(0, 255, (6, 90, 120, 3)).astype(np.uint8)
  return Stretch("0502", 7, frames, keypoints, visibility, boxes)
