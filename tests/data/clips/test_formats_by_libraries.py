"""Tests of files that the libraries of SLEAP and DeepLabCut write; skipped without them."""

import numpy as np
import pytest

from data.clips.source import ClipsSource
from tests.data.clips.own_clips import NAMES, keypoints, write_frames, write_movie

COUNT = 4


def positions(frame, person=0):
  return np.array(keypoints(frame, person), float).reshape(5, 3)[:, :2]


def test_a_project_of_sleap(tmp_path):
  sleap_io = pytest.importorskip("sleap_io")
  movie = write_movie(tmp_path / "film.mp4", COUNT)
  edges = [("nose", "left_shoulder"), ("left_shoulder", "left_hip")]
  skeleton = sleap_io.Skeleton(nodes=list(NAMES), edges=edges)
  video, tracks = sleap_io.Video.from_filename(str(movie)), [sleap_io.Track(name) for name in "ab"]
  frames = []
  for frame in range(COUNT):
    people = [
      sleap_io.Instance.from_numpy(positions(frame, person), skeleton=skeleton, track=track)
      for person, track in enumerate(tracks)
    ]
    predicted = sleap_io.PredictedInstance.from_numpy(
      positions(9), skeleton=skeleton, point_scores=np.ones(5), score=0.5
    )
    people += [predicted] if frame == 2 else []
    frames.append(sleap_io.LabeledFrame(video=video, frame_idx=frame, instances=people))
  labels = sleap_io.Labels(frames, videos=[video], skeletons=[skeleton], tracks=tracks)
  labels.save(str(tmp_path / "project.slp"))
  reader = ClipsSource(tmp_path, test_fraction=0)
  assert reader.skeleton.limbs == ((0, 1), (1, 3))
  for person, name in enumerate(("film.mp4#a", "film.mp4#b")):
    clip, _ = reader.read_clip(name)
    expected = [positions(frame, person) for frame in range(COUNT)]
    np.testing.assert_allclose(clip.keypoints, expected, atol=1e-3)
  assert "ignored: 1 predicted people" in reader.account.summarize()


@pytest.mark.parametrize("parts", [1, 3])
def test_tables_of_deeplabcut_in_hdf5_and_csv(tmp_path, parts):
  pandas = pytest.importorskip("pandas")
  pytest.importorskip("tables")
  folder = write_frames(tmp_path / "labeled-data" / "walk", COUNT)
  levels = ["scorer", "bodyparts", "coords"]
  columns = pandas.MultiIndex.from_product([["anna"], list(NAMES), ["x", "y"]], names=levels)
  values = np.stack([positions(frame).ravel() for frame in range(COUNT)])
  values[1, 4:6] = np.nan
  paths = [("labeled-data", "walk", f"{frame + 1}.jpg") for frame in range(COUNT)]
  index = pandas.MultiIndex.from_tuples(paths) if parts == 3 else ["/".join(p) for p in paths]
  table = pandas.DataFrame(values, columns=columns, index=index)
  for suffix in (".h5", ".csv"):
    path = folder / f"CollectedData_anna{suffix}"
    if suffix == ".h5":
      table.to_hdf(path, key="df_with_missing", mode="w")
    else:
      table.to_csv(path)
    clip, _ = ClipsSource(tmp_path).read_clip("labeled-data/walk")
    assert np.argwhere(~clip.visibility).tolist() == [[1, 2]]
    places = clip.keypoints.reshape(COUNT, -1)
    np.testing.assert_allclose(places[clip.visibility.repeat(2, 1)], values[~np.isnan(values)])
    path.unlink()
