"""Tests that the Python blocks of each page run in order in one namespace."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
from typing import List

import pytest

ROOT = pathlib.Path(__file__).parents[1]
VIDEO = ROOT.parent / "shared" / "data" / "videos" / "permissive" / "tfjs_squats.mp4"
# Code that a page assumes to have run.
PREPARED = {
  "tracking": """
from ppn_tf.tracking.video.sources import open_source
frames = [frame.image for _, frame in zip(range(3), open_source("clip.mp4").frames())]
""",
  "python": """
import numpy as np
frames = np.zeros((2, 2, 192, 192, 3), np.uint8)
keypoints = np.full((2, 2, 17, 2), 90, np.float32)
visibility = np.ones((2, 2, 17), bool)
""",
  "serving": """
import atexit, subprocess, sys
import cv2
from ppn_tf.tracking.video.sources import open_source
frames = [frame.image for _, frame in zip(range(3), open_source("clip.mp4").frames())]
pictures = [cv2.imencode(".jpg", frame[:, :, ::-1])[1].tobytes() for frame in frames]
server = subprocess.Popen(
  [sys.executable, "-m", "ppn_tf.serving", "--workers=1"], stdout=subprocess.PIPE
)
atexit.register(server.kill)
server.stdout.readline()
""",
}
CHECKS = {
  "tracking": """
assert summary.num_people >= 1 and len(tracker.skeleton.joint_names) == 17
""",
  "python": """
import os
assert os.path.getsize("network.tflite") > 1e6 and os.path.isdir("network_saved_model")
assert poses["keypoints"].shape == (2, 2, 17, 2)
""",
  "serving": """
assert answer["frame"] == 2 and answer["people"]
server.terminate()
assert server.wait(30) == 0
""",
}


def read_blocks(page: str) -> List[str]:
  text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
  return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_every_page_with_code_is_tested():
  pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
  assert {page for page in pages if read_blocks(page)} == set(PREPARED)


@pytest.mark.slow
@pytest.mark.skipif(not VIDEO.exists(), reason=f"{VIDEO.name} of the shared data is missing")
@pytest.mark.parametrize("page", PREPARED)
def test_blocks_run_in_order(page, tmp_path):
  shutil.copy(VIDEO, tmp_path / "clip.mp4")
  code = "\n".join(["import ppn_tf", PREPARED[page], *read_blocks(page), CHECKS[page]])
  done = subprocess.run(
    [sys.executable, "-c", code],
    cwd=tmp_path,
    env={**os.environ, "PYTHONPATH": str(ROOT)},
    capture_output=True,
    text=True,
    timeout=600,
  )
  assert done.returncode == 0, done.stdout + done.stderr[-3000:]
