"""`python -m ppn_tf.cost` as a user starts it."""

import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]


def cost(*arguments, cwd=ROOT):
  return subprocess.run(
    [sys.executable, "-m", "ppn_tf.cost", *arguments],
    capture_output=True,
    text=True,
    timeout=600,
    cwd=cwd,
    check=False,
  )


def test_json_of_a_configuration():
  done = cost("--flagfile=configs/ppn_swift.cfg", "--head_backbone=mobilenet_v2", "--json")
  assert done.returncode == 0, done.stderr
  costs = json.loads(done.stdout)
  # The paper's Table 2, and what its PPU adds.
  assert costs["step"]["macs"] == pytest.approx(1.39e9, rel=0.02)
  assert costs["start"]["macs"] == pytest.approx(0.59e9, rel=0.02)
  assert costs["ppu"]["macs"] == pytest.approx(0.80e9, rel=0.02)
  # Five 3x3 kernels from 13 to 13 joints on 64 x 64 cells.
  assert costs["ppu"]["deformable_macs"] == 5 * 9 * 13 * 13 * 64 * 64


def test_table_with_layers():
  done = cost("--flagfile=configs/demo.cfg", "--layers")
  assert done.returncode == 0, done.stderr
  assert "heatmaps (Conv2D, 24x24x13)" in done.stdout
  assert [line.split()[0] for line in done.stdout.splitlines() if line[0] != " "] == [
    "part",
    "head_net",
    "body_net",
    "ppu",
    "start",
    "step",
  ]


def test_rows_of_the_paper():
  done = cost("--all", "--rows=framewise (mobilenet", "--markdown")
  assert done.returncode == 0, done.stderr
  rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines()]
  found = {row[1]: (row[3], row[4]) for row in rows if len(row) > 4}
  assert found["Framewise (MobileNet-V2-w-DUC)"] == ("0.59", "0.59")
  assert found["Framewise (MobileNet-V2-w-Deconv)"] == ("5.64", "1.80")
  assert "(1) A transposed convolution" in done.stdout


@pytest.mark.parametrize(
  ("arguments", "message"),
  [
    (["--all", "--rows=vgg"], "error: --rows=vgg: no row or part contains that."),
    (["--all", "--rows=ppn-swift", "--configs=elsewhere"], "error: elsewhere/ppn_swift.cfg: "),
    (["--flagfile=configs/absent.cfg"], "absent.cfg"),
  ],
)
def test_what_it_refuses(arguments, message):
  done = cost(*arguments)
  assert done.returncode != 0 and message in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_documented_table_is_the_current_one():
  done = cost("--all", "--markdown")
  assert done.returncode == 0, done.stderr
  document = (ROOT / "docs" / "networks.md").read_text()
  for line in filter(None, done.stdout.splitlines()):
    assert line in document
