"""Tests of the rows of the paper against configurations, and of the numbers in remarks."""

import itertools
import pathlib
import re

import pytest

from ppn_tf.evaluation.costs import layer_costs
from ppn_tf.evaluation.paper_rows import ROWS, find_rows
from ppn_tf.models.pose_net import pose_net

CONFIGS = pathlib.Path(__file__).parents[2] / "configs"
REMARKS = " ".join(dict.fromkeys(remark for row in ROWS for remark in row.remarks))


def read_opening_comment(config: str) -> str:
  """Returns the first comment of a configuration as one line."""
  lines = (CONFIGS / f"{config}.cfg").read_text().splitlines()
  comment = itertools.takewhile(lambda line: line.startswith("#"), lines)
  return " ".join(line[1:].strip() for line in comment)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.table} {row.name}")
def test_configuration_names_its_row_and_the_papers_figures(row):
  text = read_opening_comment(row.config)
  assert f"ppn-tf train --config={row.config} " in text
  assert text.endswith("Not measured here.")
  if row.table == "none":
    assert "Not a row of the paper" in text
    return
  tables = re.search(r"Tables? ([\d and]+):", text).group(1)
  assert row.table in tables.split(" and ")
  assert "PCK-torso" in text
  # Tables 1 and 2 have the same frame-wise network, with a cost only in Table 2.
  figures = {same.gflops for same in ROWS if same.config == row.config} - {None}
  assert re.findall(r"([\d.]+) GFLOPs", text) == [f"{figure:.2f}" for figure in figures]


def test_every_configuration_of_the_paper_is_in_a_row():
  files = {path.stem for path in CONFIGS.glob("*.cfg")}
  own = {"demo", "demo_framewise", "demo_pretrain", "penn_smoke", "ppn_swift_lite"}
  own |= {f"ppn_people{stage}" for stage in ("", "_steady", "_pruned", "_pooled")}
  own.add("people_framewise")
  pretraining = {f"pretrain_mpii_{name}" for name in ("hrnet_w48", "mobilenet_v2", "resnet18")}
  assert files - own - pretraining == {row.config for row in ROWS}


def test_find_rows():
  rows, parts = find_rows("table 4")
  assert [row.gflops for row in rows] == [4.28, 4.48, 6.69, 6.89, 7.66, 7.86] and not parts
  rows, parts = find_rows("ppu")
  assert not rows and [part.name for part in parts] == ["PPU at 64x64", "PPU at 32x32"]
  rows, parts = find_rows("RESNET-34")
  assert len(rows) == 4 and [part.published for part in parts] == [21.30e6]
  assert find_rows("")[0] == list(ROWS)


@pytest.fixture(name="counts", scope="module")
def fixture_counts():
  """Returns 1e9 MACs by backbone: backbone, three deconvolutions, last 1x1 convolution."""
  counts = {}
  for backbone in ("resnet18", "resnet34", "resnet50", "mobilenet_v2"):
    costs = layer_costs(pose_net(backbone, (256, 256), 13, "deconv"))
    giga = {layer.name: layer.cost.macs / 1e9 for layer in costs}
    head = giga.pop("heatmaps")
    units = [giga.pop(f"deconv_{number}_conv") for number in (1, 2, 3)]
    counts[backbone] = (sum(giga.values()), units, head)
  return counts


# (backbone, deconvolutions, count of the remark, value of the paper)
@pytest.mark.parametrize(
  ("backbone", "units", "counted", "paper"),
  [
    ("resnet18", 3, 7.74, 7.74),
    ("mobilenet_v2", 3, 5.73, 5.64),
    ("resnet18", 2, 3.44, 4.28),
    ("resnet34", 2, 5.86, 6.69),
    ("resnet50", 2, 6.11, 7.66),
  ],
)
def test_paper_counts_of_deconvolutions(counts, backbone, units, counted, paper):
  """Counts four output pixels per input pixel at stride 2."""
  base, deconvolutions, _ = counts[backbone]
  assert round(base + 4 * sum(deconvolutions[1:units]), 2) == counted
  assert f"{counted:.2f}" in REMARKS
  assert paper in [row.gflops for row in ROWS if row.remarks]


def test_position_of_the_stride_in_bottlenecks(counts):
  """Compares ResNet-50 with ResNet-18 before two deconvolutions, in the paper and here."""
  deep, shallow = (counts[name][0] + sum(counts[name][1][:2]) for name in ("resnet50", "resnet18"))
  # The first 1x1 of a stage halves the channels; without a stride it has four times the cells.
  stages = ((32, 256), (16, 512), (8, 1024))
  more = sum(3 * cells**2 * channels * channels // 2 for cells, channels in stages) / 1e9
  figures = [round(figure, 2) for figure in (7.66 - 4.28, deep - shallow, deep - shallow + more)]
  assert figures == [3.38, 3.07, 3.37]
  assert all(f"{figure:.2f}" in REMARKS for figure in figures)
