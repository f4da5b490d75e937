"""The rows of the paper's tables: their files, their figures, and what the remarks claim."""

import pathlib
import re

import pytest

from ppn_tf import profiler
from ppn_tf.models.pose_net import BACKBONES
from ppn_tf.paper_rows import PARTS, ROWS

import tensorflow as tf

CONFIGS = pathlib.Path(__file__).parents[1] / "configs"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.table}-{row.config}")
def test_row_has_its_configuration(row):
  lines = (CONFIGS / f"{row.config}.cfg").read_text().splitlines()
  head = " ".join(line for line in lines if line.startswith("#"))
  if row.table != "none":
    assert row.table in re.findall(r"\d", re.search(r"Tables? ([\d, and]+)", head).group(1))
  if row.gflops is not None:
    assert f"{row.gflops:.2f} GFLOPs" in head


def test_every_network_of_the_tables_is_a_row():
  count = {table: sum(row.table == table for row in ROWS) for table in "1245"}
  # Table 4 without the three rows of DKD; of Table 5 the paper's own two.
  assert count == {"1": 8, "2": 8, "4": 6, "5": 2}


@pytest.mark.parametrize(
  "part",
  [
    pytest.param(part, marks=pytest.mark.slow if "101" in part.name else (), id=part.name)
    for part in PARTS
  ],
)
def test_published_parts(part):
  cost = getattr(profiler.network_cost(part.build()), part.quantity)
  tolerance = 0.001 if "params" in part.quantity else 0.02
  assert cost == pytest.approx(part.published, rel=tolerance)


def backbone_macs(name):
  return profiler.network_cost(tf.keras.Model(*BACKBONES[name]((256, 256)))).macs / 1e9


def per_output_pixel(size):
  """GMACs of a deconvolution 256 -> 256 that is counted in each of size x size output pixels."""
  return 16 * 256 * 256 * size**2 / 1e9


def test_how_the_paper_may_have_counted_deconvolutions():
  """What the remarks claim, one network after the other."""
  three = per_output_pixel(32) + per_output_pixel(64)
  assert round(backbone_macs("resnet18") + three, 2) == 7.74
  assert round(backbone_macs("mobilenet_v2") + three, 2) == 5.73
  for name, figure in (("resnet18", 3.44), ("resnet34", 5.86), ("resnet50", 6.11)):
    assert round(backbone_macs(name) + per_output_pixel(32), 2) == figure
  remarks = " ".join(remark for row in ROWS for remark in row.remarks)
  for figure in ("7.74", "5.73", "3.44", "5.86", "6.11"):
    assert figure in remarks


def test_what_strided_bottlenecks_cost():
  # Its first deconvolution takes 2048 channels, not 512, in each of 8 x 8 pixels.
  first = backbone_macs("resnet50") - backbone_macs("resnet18")
  first += 16 * (2048 - 512) * 256 * 8**2 / 1e9
  assert round(first, 2) == 3.07
  # Striding in the 3x3: the 1x1 before it works on four times as many cells, in three stages.
  more = sum(
    (3 * (256 // stride) ** 2) * inputs * filters
    for stride, inputs, filters in ((8, 256, 128), (16, 512, 256), (32, 1024, 512))
  )
  assert round(first + more / 1e9, 2) == 3.37
