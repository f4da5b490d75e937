"""Tests of benchmarks.people_parts: the files compute what the network for people computes."""

import numpy as np
import pytest

from ppn_tf.inference import people
from ppn_tf.inference.pose_model import TFLitePoseModel
from tests.commands import run_command


@pytest.mark.slow
def test_parts_equal_those_of_the_packaged_network(tmp_path):
  done = run_command("benchmarks.people_parts", f"--output={tmp_path}")
  assert done.returncode == 0, done.stderr
  head, body = (TFLitePoseModel(tmp_path / f"{name}.tflite") for name in ("head", "body"))
  packaged = people.pose_model()
  frame = np.random.default_rng(0).uniform(0, 255, (192, 192, 3)).astype(np.float32)
  initial = packaged.start(frame)
  np.testing.assert_allclose(head.start(frame), initial, atol=1e-4)
  preliminary = packaged.final_and_preliminary(frame, initial)[1]
  np.testing.assert_allclose(body.start(frame), preliminary, atol=1e-4)
  for part in (head, body):
    assert (part.skeleton, part.margin, part.image_size) == (packaged.skeleton, 1.05, (192, 192))


def test_sizes_that_are_no_multiples_of_32_are_refused(tmp_path):
  done = run_command(
    "benchmarks.people_parts", f"--output={tmp_path}", "--tinypose=x.xml", "--tinypose_size=100"
  )
  assert done.returncode == 1 and not list(tmp_path.iterdir())
  assert "error: --tinypose_size=100: image_size must be multiples of 32" in done.stderr
