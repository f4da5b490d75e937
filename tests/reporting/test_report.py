"""Tests of the door `python -m ppn_tf.report`, as a user runs it."""

import json
import pathlib
import subprocess
import sys
from typing import Any, Dict, Iterator, Tuple

import numpy as np
import pytest
from absl import flags as absl_flags

from ppn_tf import experiment
from ppn_tf.keypoints.skeletons import PENN_ACTION
from tests.reporting.conftest import evaluation, metrics
from tests.reporting.test_page import Parsed, decoded

import tensorflow as tf
import tensorflow_datasets as tfds

ROOT = pathlib.Path(__file__).parents[2]
SMALL = {
  "head_backbone": "mobilenet_v2_0.35",
  "body_backbone": "mobilenet_v2_0.35",
  "ppu_blocks": 1,
  "dilations": ["1"],
  "image_size": ["64", "64"],
}


class Walkers(tfds.core.GeneratorBasedBuilder):
  """Four clips of noise with labels; the records that the project reads."""

  VERSION = tfds.core.Version("1.0.0")

  def _info(self) -> tfds.core.DatasetInfo:
    features = {
      "clip": tfds.features.Text(),
      "action": tfds.features.Text(),
      "frames": tfds.features.Sequence(
        tfds.features.Image(shape=(None, None, 3), encoding_format="jpeg")
      ),
      "keypoints": tfds.features.Tensor(shape=(None, 13, 2), dtype=np.float32),
      "visibility": tfds.features.Tensor(shape=(None, 13), dtype=np.bool_),
      "boxes": tfds.features.Tensor(shape=(None, 4), dtype=np.float32),
      "image_size": tfds.features.Tensor(shape=(2,), dtype=np.int32),
    }
    return tfds.core.DatasetInfo(
      builder=self,
      features=tfds.features.FeaturesDict(features),
      metadata=tfds.core.MetadataDict(skeleton=PENN_ACTION.name),
    )

  def _split_generators(self, dl_manager: Any) -> Dict[str, Any]:
    return {"test": self._generate_examples()}

  def _generate_examples(self) -> Iterator[Tuple[str, Dict[str, Any]]]:
    for number, length in enumerate((3, 20, 12, 7)):
      rng = np.random.default_rng(number)
      keypoints = rng.uniform(10, 50, (length, 13, 2)).astype(np.float32)
      yield (
        str(number),
        {
          "clip": f"{number:04d}",
          "action": "bowl",
          "frames": list(rng.integers(0, 255, (length, 60, 80, 3)).astype(np.uint8)),
          "keypoints": keypoints,
          "visibility": rng.random((length, 13)) < 0.8,
          "boxes": np.concatenate([keypoints.min(1), keypoints.max(1)], -1),
          "image_size": np.array([60, 80], np.int32),
        },
      )


@pytest.fixture(name="data_dir", scope="module")
def fixture_data_dir(tmp_path_factory):
  root = tmp_path_factory.mktemp("records")
  config = tfds.download.DownloadConfig(try_download_gcs=False)
  Walkers(data_dir=str(root)).download_and_prepare(download_config=config)
  return root


@pytest.fixture(name="runs", scope="module")
def fixture_runs(tmp_path_factory):
  """Workdirs of a PPN and its frame-wise twin, of random weights."""
  root = tmp_path_factory.mktemp("runs")
  if not absl_flags.FLAGS.is_parsed():
    absl_flags.FLAGS.mark_as_parsed()  # then every flag has its default
  for method in ("ppn", "framewise"):
    folder = root / method
    folder.mkdir()
    flags = {**experiment.run_flags(), **SMALL, "method": method}
    (folder / "flags.json").write_text(json.dumps(flags))
    (folder / "metrics.jsonl").write_text(metrics([10, 20]))
    (folder / "evaluation.json").write_text(json.dumps(evaluation(90, 70)))
    checkpoint = tf.train.Checkpoint(model=experiment.build_model(flags))
    checkpoint.save(str(folder / "checkpoints" / "ckpt"))
  return root


def report(*arguments):
  command = [sys.executable, "-m", "ppn_tf.report", *map(str, arguments)]
  return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_two_runs_and_their_unseen_frames(runs, data_dir, tmp_path):
  output = tmp_path / "new" / "page.html"
  done = report(
    f"--run=ours={runs}/ppn",
    f"--run=twin={runs}/framewise",
    f"--dataset={data_dir}",
    "--num_clips=2",
    f"--output={output}",
  )
  assert done.returncode == 0, done.stderr
  # The scores are those of the fixture's evaluation.json.
  assert done.stdout.splitlines() == [
    f"{output}: report on ours, twin.",
    "ours: PCK-torso 70.0",
    "twin: PCK-torso 70.0",
  ]
  text = output.read_text(encoding="utf-8")
  assert "http" not in text
  parsed = Parsed(text)
  assert parsed.headings == [
    "Scores",
    "Training",
    "Along a clip",
    "Unseen frames",
    "Inside the propagation",
    "How it was made",
  ]
  # Two curves, PCK along the clip, two clips of two runs, four rows of heatmaps.
  assert len(parsed.images) == 2 + 1 + 2 * 2 + 4
  strips = [image for image in parsed.images if "skeleton" in image["alt"]]
  assert len(strips) == 4
  for image in strips:  # one of the clips may be the one of three frames
    frames = int(image["alt"].split()[0])
    assert frames in (3, 4) and decoded(image["src"]) == (244 * frames - 4, 240)
  assert ["--method", "ppn", "framewise"] in [row for table in parsed.tables for row in table]
  assert f"--output={output}" in parsed.text


@pytest.mark.parametrize(
  ("arguments", "said"),
  [
    (["--run=a={runs}/ppn", "--dataset={runs}/nowhere"], "nowhere: no such folder"),
    (["--run=a={runs}/ppn", "--tflite={runs}/no.tflite"], "no.tflite: no such file"),
  ],
)
def test_bad_input_leaves_the_older_page(runs, tmp_path, arguments, said):
  output = tmp_path / "page.html"
  output.write_text("older")
  done = report(*(argument.format(runs=runs) for argument in arguments), f"--output={output}")
  assert done.returncode == 1
  assert said in done.stderr and "Traceback" not in done.stderr
  assert done.stderr.splitlines()[-1].startswith("error: ")
  assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
  assert output.read_text() == "older"
