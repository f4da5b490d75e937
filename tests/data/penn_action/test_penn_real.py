"""Tests on real labels of Penn Action, if they are available."""

import pathlib
from typing import Dict, List

import numpy as np
import pytest
import scipy.io

from data.builder.account import Account
from data.penn_action import dataset, label_survey
from data.penn_action.source import PennSource
from ppn_tf.clips import records
from tests.data.penn_action.penn_files import write_labels

ROOT = pathlib.Path(__file__).parents[3]
PENN = ROOT.parent / "shared" / "data" / "penn_action"


def test_real_clip(tmp_path):
  if not (PENN / "0502.mp4").exists():
    pytest.skip("no shared/data/penn_action/0502.mp4 next to the project")
  av = pytest.importorskip("av")
  mat = scipy.io.loadmat(PENN / "0502.mat")
  write_labels(tmp_path, "0502", {k: v for k, v in mat.items() if not k.startswith("_")})
  frames = tmp_path / "frames" / "0502"
  frames.mkdir(parents=True)
  with av.open(str(PENN / "0502.mp4")) as video:
    for number, frame in enumerate(video.decode(video=0), start=1):
      frame.to_image().save(frames / f"{number:06d}.jpg")
  reader = PennSource(tmp_path, strict=True)
  builder = records.open_records(dataset.prepare(reader, str(tmp_path / "out")))
  assert list(builder.info.splits) == ["test"] and reader.account.num_frames == {"test": 58}
  (example,) = records.serialized_examples(builder, "test")
  clip = {name: value.numpy() for name, value in records.parse(builder, example).items()}
  assert clip["clip"] == b"0502" and clip["action"] == b"bowl"
  assert clip["image_size"].tolist() == [360, 480] and len(clip["frames"]) == 58
  expected = np.stack([mat["x"], mat["y"]], axis=-1) - 1
  np.testing.assert_allclose(clip["keypoints"], expected, atol=1e-4)
  np.testing.assert_array_equal(clip["visibility"], mat["visibility"] > 0)
  np.testing.assert_allclose(clip["boxes"], mat["bbox"].astype(float) - 1, atol=1e-4)


DEGENERATE = "0038 0374 0525 0541 0600 0623 0645 0700 1825 2173".split()


def group_clips(account: Account, fixed: bool) -> Dict[str, List[str]]:
  return {
    kind: [clip for clip, _ in repairs] for kind, repairs in account.group_repairs(fixed).items()
  }


def test_all_real_labels():
  archive = PENN / "penn_labels.tar.xz"
  if not archive.exists():
    pytest.skip("no shared/data/penn_action/penn_labels.tar.xz next to the project")
  account = label_survey.survey(archive, strict=True)
  assert account.num_clips == {"train": 1258, "test": 1068}
  assert account.num_frames == {"train": 87543, "test": 76298}
  assert group_clips(account, fixed=True) == {
    "degenerate_box": DEGENERATE,
    "short_bbox": ["1154", "1865"],
  }
  noted = group_clips(account, fixed=False)
  assert set(noted) == {"placeholder_joints", "nobody_visible", "dimensions_doubted"}
  assert noted["dimensions_doubted"] == ["0979", "1021", "1024", "1032"]
  # Counted by a search of the files for visibility == 0 with 0 <= x, y <= 2.
  kinds = account.group_repairs(fixed=False)
  assert len(noted["placeholder_joints"]) == 770
  assert sum(repair.count for _, repair in kinds["placeholder_joints"]) == 187352
  assert sum(repair.count for _, repair in kinds["dimensions_doubted"]) == 1012
  unseen_test_clips = {"0449", "0553", "0623", "0629", "0645", "0700", "1303"}
  unseen = {clip: repair.count for clip, repair in kinds["nobody_visible"]}
  assert sum(unseen[clip] for clip in unseen_test_clips) == 90
  assert len(unseen) == 15 and sum(unseen.values()) == 90 + 87
  assert label_survey.describe_coverage(account).startswith("all of Penn Action's 1258/1068 clips")
