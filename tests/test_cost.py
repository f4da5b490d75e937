"""Tests of the command ppn_tf.cost."""

import json
import pathlib
import re

import pytest
from absl import flags

from ppn_tf import cost
from ppn_tf.config import flags as experiment_flags
from ppn_tf.evaluation.paper_rows import PARTS, ROWS
from ppn_tf.runtime.errors import InputError
from tests.command_calls import call_command
from tests.commands import run_command

ROOT = pathlib.Path(__file__).parents[1]
CONFIGS = ROOT / "configs"


def run(*arguments, timeout=300):
  return run_command("ppn_tf.cost", *arguments, timeout=timeout)


@pytest.fixture(name="get_output")
def fixture_get_output(capsys):
  """Returns a function that calls the command with given flags and returns its output."""

  def get_output(*arguments):
    call_command(cost, f"--configs={CONFIGS}", *arguments)
    return capsys.readouterr().out

  return get_output


def cells(line):
  return [cell.strip() for cell in line.strip("|").split("|")]


def test_json_output_has_costs_computed_by_hand():
  done = run("--flagfile=configs/table4_framewise_resnet18.cfg", "--json")
  costs = json.loads(done.stdout)
  # ResNet-18 of its paper has a 7 x 7 convolution, then four of 3 x 3 in each stage, and a
  # projection where the width changes. Two 4 x 4 transposed convolutions follow, and a
  # convolution from 256 channels to 13 joints.
  stages = [(64, 128, 32), (128, 256, 16), (256, 512, 8)]
  macs = 128**2 * 49 * 3 * 64
  macs += sum((9 * (i * o + 3 * o * o) + i * o) * n * n for i, o, n in stages)
  macs += 4 * 9 * 64 * 64 * 64**2
  macs += 8**2 * 16 * 512 * 256 + 16**2 * 16 * 256 * 256 + 32**2 * 256 * 13
  params = 11_186_112 + 16 * 512 * 256 + 16 * 256 * 256 + 2 * 4 * 256 + 257 * 13
  trainable = params - 9_600 - 2 * 2 * 256
  expected = {
    "macs": macs,
    "deformable_macs": 0,
    "params": params,
    "trainable_params": trainable,
  }
  assert costs == {"body_net": expected, "start": expected, "step": expected}


def test_layers_are_listed_by_part(get_output):
  networks = ("--head_backbone=mobilenet_v2_0.35", "--body_backbone=mobilenet_v2_0.35")
  unit = ("--image_size=64,64", "--ppu_blocks=1", "--dilations=3")
  lines = get_output(*networks, *unit, "--layers").splitlines()
  parts = [line.split()[0] for line in lines[1:] if not line.startswith(" ")]
  assert parts == ["head_net", "body_net", "ppu", "start", "step"]
  # 16 x 16 cells, 9 taps, 13 -> 13 channels, and 13 -> 2 * 9 * 13 for the offsets.
  warp = next(line for line in lines if line.startswith("  warp_3 (DeformableConv2D, 16x16x13)"))
  assert warp.split()[-4:] == ["389,376", "389,376", "1,521", "1,521"]
  offsets = next(line for line in lines if line.startswith("  offsets_3 (Conv2D, 16x16x234)"))
  assert offsets.split()[-4:] == ["7,008,768", "0", "27,378", "27,378"]


def test_pruned_ppu_counts_only_the_remaining_samples(get_output):
  networks = ("--head_backbone=mobilenet_v2_0.35", "--body_backbone=mobilenet_v2_0.35")
  unit = ("--image_size=64,64", "--ppu_blocks=1", "--dilations=3", "--ppu_samples=30")
  lines = get_output(*networks, *unit, "--layers").splitlines()
  # warp: 16 x 16 cells, 30 samples, 13 filters; offsets: 9 taps of 13 channels to 30 (dy, dx).
  warp = next(line for line in lines if line.startswith("  warp_3 "))
  assert warp.split()[-4:-2] == ["99,840", "99,840"]
  offsets = next(line for line in lines if line.startswith("  offsets_3 "))
  assert offsets.split()[-4:-2] == ["1,797,120", "0"]


def test_selection_of_the_center_person_is_counted_once(get_output):
  networks = ("--head_backbone=mobilenet_v2_fpn", "--body_backbone=movenet", "--skeleton=coco")
  costs = json.loads(get_output(*networks, "--image_size=192,192", "--ppu_blocks=1", "--json"))
  # In 48 x 48 cells, two separable convolutions map 24 channels to 96, then to 1 and 34 maps.
  extra_macs = 48 * 48 * (2 * (9 * 24 + 24 * 96) + 96 * (1 + 34))
  assert costs["body_net"]["macs"] - costs["head_net"]["macs"] == extra_macs


def test_selected_rows_in_markdown(get_output):
  lines = get_output("--all", "--rows=Framewise (MobileNet", "--markdown").strip().splitlines()
  header, rule, deconv, duc, _, remark, *_ = lines
  assert cells(header)[3:6] == ["GFLOPs, paper", "GMACs", "difference"]
  assert len(cells(rule)) == len(cells(header)) == len(cells(duc))
  assert cells(deconv)[2:4] == ["table2_framewise_mobilenet_v2_deconv.cfg", "5.64"]
  assert cells(deconv)[-1] == "(1)" and remark.startswith("(1) Here a transposed convolution")
  row = ["2", "Framewise (MobileNet-V2-w-DUC)", "framewise_swift.cfg", "0.59", "0.59"]
  assert cells(duc)[:5] == row
  assert cells(duc)[-3:] == ["", "", ""]


def test_selected_parts(get_output):
  lines = [line.split() for line in get_output("--all", "--rows=ppu").strip().splitlines()]
  assert lines[0][0] == "part"
  assert [line[:3] for line in lines[1:]] == [["PPU", "at", "64x64"], ["PPU", "at", "32x32"]]
  assert [line[4:6] for line in lines[1:]] == [["0.80", "0.80"], ["0.20", "0.20"]]


@pytest.mark.parametrize(
  ("arguments", "message"),
  [
    (["--rows=vgg"], "--rows=vgg: no row or part contains it"),
    (["--configs=nowhere"], "nowhere/table1_framewise_resnet18.cfg: no such file"),
    (["configs/ppn_swift.cfg"], "unexpected argument"),
  ],
)
def test_invalid_arguments_are_refused(get_output, arguments, message):
  with pytest.raises(InputError, match=message):
    get_output("--all", *arguments)


@pytest.mark.parametrize(
  ("argument", "message"),
  [
    ("--flagfile=configs/nowhere.cfg", "Unable to open flagfile: .*'configs/nowhere.cfg'"),
    ("--json", r"At most one of \(all, json, layers\) must be True"),
  ],
)
def test_flags_that_absl_refuses_end_without_traceback(argument, message):
  done = run("--all", argument)
  assert done.returncode == 1 and re.search(message, done.stderr)
  assert "Traceback" not in done.stderr


def test_reading_a_configuration_defines_no_flags(tmp_path):
  path = tmp_path / "a.cfg"
  path.write_text("# A network.\n--method=framewise\n--noskip_connection\n--scales=1.0\n")
  defined = set(flags.FLAGS)
  network = experiment_flags.read_flagfile(str(path)).network
  assert set(flags.FLAGS) == defined
  assert network.method == "framewise" and network.skip_connection is False
  assert network.ppu_blocks == 17 and network.body_backbone == "mobilenet_v2"


@pytest.mark.parametrize("line", ["--bodybackbone=resnet18", "--body_backbone=vgg16"])
def test_invalid_configuration_is_refused(tmp_path, line):
  path = tmp_path / "a.cfg"
  path.write_text(line + "\n")
  with pytest.raises(InputError, match=f"{path}: .*(bodybackbone|vgg16)"):
    experiment_flags.read_flagfile(str(path))


@pytest.mark.slow
def test_document_equals_the_output_of_the_command():
  done = run("--all", "--markdown", timeout=1500)
  assert done.returncode == 0
  document = (ROOT / "docs" / "networks.md").read_text()
  assert document.endswith("\n\n" + done.stdout)
  table = [cells(line) for line in done.stdout.splitlines() if line.startswith("|")]
  assert len(table) == 2 + len(ROWS) + 2 + len(PARTS)
  rows, parts = table[2 : 2 + len(ROWS)], table[-len(PARTS) :]
  # The DUC rows and the PPU must agree with the paper within 2 %, parameter counts within 0.1 %.
  exact = [float(row[5].rstrip(" %")) for row in rows if row[3] and not row[-1]]
  assert len(exact) == 8 and max(map(abs, exact)) < 2
  for part in parts:
    assert abs(float(part[4].rstrip(" %"))) < (2 if part[1] == "GMACs" else 0.1)
