"""Tests that the commands overfit one real, labelled clip, from its label file to PCK.

A network can learn mirrored labels or shifted crops of drawn people unnoticed. On a real clip,
with features trained on real people, all steps must agree.
"""

import json
import pathlib

import numpy as np
import pytest

from benchmarks import people_sources
from tests.commands import run_command

ROOT = pathlib.Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
CLIP = SHARED / "penn_action" / "0502.mp4"
MOVENET = SHARED / "models" / "movenet-lightning.tflite"

# A quarter of the time of the configuration: the feature pyramid, too, starts trained.
SHORT = (
  "--head_backbone=mobilenet_v2_fpn",
  "--body_backbone=mobilenet_v2_fpn",
  "--image_size=128,128",
  "--num_steps=200",
)


def run(module: str, *arguments: str) -> str:
  done = run_command(module, *arguments, timeout=3000)
  assert done.returncode == 0, done.stderr
  return done.stdout


@pytest.fixture(name="source")
def fixture_source(tmp_path: pathlib.Path) -> pathlib.Path:
  """Writes the clip in Penn Action's layout."""
  for path in (CLIP, MOVENET):
    if not path.exists():
      pytest.skip(f"no {path.relative_to(ROOT.parent)} next to the project")
  source = tmp_path / "penn"
  people_sources.write_penn_clip(SHARED, source)
  return source


@pytest.mark.slow
def test_real_clip_is_overfitted_exported_and_tracked(source, tmp_path):
  run("data.penn_action", f"--source={source}", f"--data_dir={tmp_path / 'records'}")
  common = [
    "--flagfile=configs/penn_smoke.cfg",
    f"--dataset={tmp_path / 'records'}",
    f"--workdir={tmp_path / 'run'}",
    *SHORT,
  ]
  run("ppn_tf.train", *common, f"--head_weights={MOVENET}", f"--body_weights={MOVENET}")
  run("ppn_tf.evaluate", *common, f"--output_json={tmp_path / 'scores.json'}")
  scores = json.loads((tmp_path / "scores.json").read_text())
  assert scores["num_frames"] == 58
  assert scores["pck_torso"]["micro"] >= 75.0

  model, table = tmp_path / "net.tflite", tmp_path / "pose.json"
  printed = run("export.tflite", *common, f"--output={model}")
  assert "none custom" in printed
  assert float(printed.rsplit(":", 1)[1]) <= 1e-3
  run(
    "ppn_tf.track",
    str(CLIP),
    f"--model={model}",
    f"--output={tmp_path / 'pose.mp4'}",
    f"--output_json={table}",
  )
  tracked = np.array([frame["keypoints"] for frame in json.loads(table.read_text())["frames"]])
  from data.penn_action.labels import read_labels

  labels = read_labels(source / "labels" / "0502.mat")
  reach = 0.2 * np.max(labels.boxes[:, 2:] - labels.boxes[:, :2], axis=1)
  near = np.linalg.norm(tracked[..., :2] - labels.keypoints, axis=-1) <= reach[:, None]
  assert near[labels.visibility].mean() >= 0.7
