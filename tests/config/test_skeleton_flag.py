"""Tests of --skeleton: names, definitions in flagfiles of runs, and folders."""

import json

import pytest

from ppn_tf.config import flags
from ppn_tf.config.skeleton_flag import SkeletonParser
from ppn_tf.keypoints import skeletons
from ppn_tf.runtime.errors import InputError

JOINTS = tuple(
  f"{side}_joint_number_{number}" for number in range(30) for side in ("left", "right")
)
LARGE = skeletons.Skeleton(
  name="mine",
  joint_names=JOINTS,
  flip_pairs=tuple((k, k + 1) for k in range(0, 60, 2)),
  limbs=((0, 1),),
  torso=(2, 9),
  groups=tuple((name, (k,)) for k, name in enumerate(JOINTS)),
)


def test_a_flagfile_with_a_definition_longer_than_file_names(tmp_path):
  text = skeletons.to_text(LARGE)
  assert len(text) > 3000
  path = tmp_path / "flags.cfg"
  path.write_text(f"--num_frames=3\n--skeleton={text}\n")
  experiment = flags.read_flagfile(str(path))
  assert experiment.clips.num_frames == 3
  assert skeletons.find_skeleton(experiment.to_flags()["skeleton"]) == LARGE


def test_a_definition_within_the_length_of_file_names(tmp_path, monkeypatch):
  """It counts as text even where a folder has this name."""
  short = skeletons.Skeleton("m", ("a", "b"), (), (), (0, 1), (("A", (0,)),))
  text = skeletons.to_text(short)
  assert len(text) < 255
  monkeypatch.chdir(tmp_path)
  (tmp_path / text).mkdir()
  parser = SkeletonParser()
  assert skeletons.find_skeleton(parser.parse(text)) == short
  assert skeletons.find_skeleton(parser.parse(json.dumps(json.loads(text), indent=1))) == short
  (tmp_path / "coco").mkdir()
  assert parser.parse("coco") == "coco"


@pytest.mark.parametrize(
  "text", ["", "x" * 5000, "a/" * 3000, "\0", "nowhere", '{"name":' + "9" * 300]
)
def test_other_text_is_refused_in_one_line(tmp_path, text):
  with pytest.raises(ValueError, match="is no skeleton. Known: coco, penn_action") as caught:
    SkeletonParser().parse(text)
  assert "\n" not in str(caught.value)
  path = tmp_path / "flags.cfg"
  path.write_text(f"--skeleton={text}\n")
  with pytest.raises(InputError, match="flags.cfg: .*Fix it"):
    flags.read_flagfile(str(path))


def test_a_folder_in_the_home(tiny_dataset, monkeypatch):
  monkeypatch.setenv("HOME", str(tiny_dataset.parent))
  assert SkeletonParser().parse(f"~/{tiny_dataset.name}") == "penn_action"
