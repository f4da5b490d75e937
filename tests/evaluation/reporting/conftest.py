"""Fixtures of runs and clips for the tests of the report."""

import functools
import json
import pathlib
from typing import Any, Callable, Dict, Optional, Sequence

import numpy as np
import pytest

from ppn_tf.evaluation.reporting.predictions import Stretch
from ppn_tf.evaluation.reporting.runs import Run, read_run
from ppn_tf.keypoints.skeletons import PENN_ACTION
from tests.evaluation.reporting.walkers import Walkers

import tensorflow_datasets as tfds

GROUPS = [name for name, _ in PENN_ACTION.groups]


def pck(first: float) -> Dict[str, Any]:
  """Returns scores for one reference length; groups score first, first + 1.25, ..."""
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


def full_evaluation(body: float, torso: float) -> Dict[str, Any]:
  """Returns a complete evaluation with thresholds 0, 0.2 and 0.5 and indices 1 to 6."""
  values = {"pck_body": body, "pck_torso": torso, "pck_torso_clean": torso + 2}
  return {
    **evaluation(body, torso),
    "pck_torso_clean": pck(torso + 2),
    "curve": {"alphas": [0.0, 0.2, 0.5], **{key: [0.0, v, 99.0] for key, v in values.items()}},
    "area": {key: value - 20 for key, value in values.items()},
    "per_action": {
      "tennis_serve": {"num_clips": 1, **values},
      "bowl": {"num_clips": 4, **{key: value - 10 for key, value in values.items()}},
    },
    "per_frame_index": {
      "num_frames": [40, 40, 20, 8, 4, 1],
      **{key: [v, v - 1, v - 3, v - 4, v - 40, 0.0] for key, v in values.items()},
    },
    "jitter": {"predicted": 4.126, "labelled": 2.0, "ratio": 2.063},
  }


def metrics(steps: Sequence[int], scale: float = 1.0) -> str:
  rows = [
    {"step": step, "loss": 2.0, "loss_final": scale / step, "pck": min(99.0, step / 10)}
    for step in steps
  ]
  return "".join(json.dumps({**row, "frames_per_second": 40.0}) + "\n" for row in rows)


def write_run(
  root: pathlib.Path,
  name: str,
  scores: Optional[Dict[str, Any]] = None,
  flags: Optional[Dict[str, Any]] = None,
  logged: str = "",
) -> Run:
  """Writes a workdir and loads it as a run."""
  folder = root / name.replace("/", "_")
  folder.mkdir()
  (folder / "flags.json").write_text(json.dumps(flags or {"method": name}))
  if logged:
    (folder / "metrics.jsonl").write_text(logged)
  if scores:
    (folder / "evaluation.json").write_text(json.dumps(scores))
  return read_run(name, str(folder))


@pytest.fixture(name="make_run")
def fixture_make_run(tmp_path) -> Callable[..., Run]:
  return functools.partial(write_run, pathlib.Path(tmp_path))


@pytest.fixture(name="walkers", scope="session")
def fixture_walkers(tmp_path_factory) -> pathlib.Path:
  """Builds the records of tests.evaluation.reporting.walkers."""
  root = tmp_path_factory.mktemp("walkers")
  config = tfds.download.DownloadConfig(try_download_gcs=False)
  Walkers(data_dir=str(root)).download_and_prepare(download_config=config)
  return root


@pytest.fixture(name="stretch")
def fixture_stretch() -> Stretch:
  """Returns six 90x120 frames of a person walking to the right; frame 3 hides joint 6."""
  rng = np.random.default_rng(0)
  shape = rng.uniform(-20, 20, (13, 2)) + [40, 45]
  keypoints = np.stack([shape + [3 * t, 0] for t in range(6)]).astype(np.float32)
  visibility = np.ones((6, 13), bool)
  visibility[3, 6] = False
  boxes = np.concatenate([keypoints.min(1) - 3, keypoints.max(1) + 3], axis=-1)
  frames = rng.integers(0, 255, (6, 90, 120, 3)).astype(np.uint8)
  return Stretch("0502", 7, frames, keypoints, visibility, boxes)
