"""Labels of SLEAP: analysis files in HDF5, and projects (.slp) by the library sleap-io."""

import pathlib
from typing import Any, List, Optional, Sequence, Tuple

import h5py
import numpy as np

from ppn_tf.runtime.errors import InputError

from .annotations import Annotations, Label
from .media import Media
from .named_joints import build_skeleton, order_joints, split_missing

_MISSING_VIDEOS = "labels of videos that are missing or not unique"


def read_sleap_analysis(paths: Sequence[pathlib.Path], media: Media) -> Annotations:
  """Reads *.analysis.h5, each of one video: joints of all tracks in all frames.

  Args:
    paths: the files, with the same joints.
    media: files of the source, to find the videos.
  Raises:
    InputError: a file is no such file, or files differ in their joints.
  """
  annotations: Optional[Annotations] = None
  names: List[str] = []
  for path in paths:
    positions, own, limbs, tracks, video = _read_analysis(path)
    if annotations is None:
      names = own
      annotations = Annotations(build_skeleton(names, limbs, media.folder, path))
    elif own != names:
      raise InputError(f"{path}: has other joints than {paths[0]}. Give one project's folder.")
    clip = media.find_clip(video.replace("\\", "/"))
    if clip is None:
      annotations.dropped[_MISSING_VIDEOS].append(video)
      continue
    order = order_joints(names, annotations.skeleton)
    for number, of_track in enumerate(positions):
      person = tracks[number] if len(positions) > 1 else None
      for frame, keypoints in enumerate(of_track):
        joints, labelled = split_missing(keypoints[order])
        if labelled.any():
          label = Label(frame, joints, labelled, np.zeros(4))
          annotations.track(clip, person).labels.append(label)
  assert annotations is not None
  return annotations


def _read_analysis(
  path: pathlib.Path,
) -> Tuple[np.ndarray, List[str], List[Tuple[int, int]], List[str], str]:
  """Returns positions [tracks, frames, K, 2], joints, limbs, names of tracks, and the video."""
  try:
    with h5py.File(path, "r") as file:
      positions = np.asarray(file["tracks"], np.float64)  # [tracks, 2, K, frames]
      names = _to_texts(file["node_names"])
      limbs = np.asarray(file["edge_inds"]) if "edge_inds" in file else np.zeros((0, 2), int)
      tracks = _to_texts(file["track_names"]) if "track_names" in file else []
      video = _to_texts(file["video_path"])[0] if "video_path" in file else ""
  except (OSError, KeyError, ValueError, TypeError, IndexError) as error:
    raise InputError(f"{path}: cannot be read as SLEAP's analysis file ({error}).") from error
  if positions.ndim != 4 or positions.shape[1:3] != (2, len(names)):
    shape = "x".join(map(str, positions.shape))
    raise InputError(f"{path}: tracks is {shape}, expected tracks x 2 x {len(names)} x frames.")
  tracks += [f"track_{number}" for number in range(len(tracks), len(positions))]
  pairs = [(int(i), int(j)) for i, j in np.reshape(limbs, (-1, 2))]
  return positions.transpose(0, 3, 2, 1), names, pairs, tracks, video


def _to_texts(dataset: Any) -> List[str]:
  values = np.atleast_1d(np.asarray(dataset))
  return [value.decode() if isinstance(value, bytes) else str(value) for value in values]


def read_sleap_project(path: pathlib.Path, media: Media) -> Annotations:
  """Reads the labels that people made in a project (.slp); predictions are no labels.

  Raises:
    InputError: sleap-io is not installed, or the file cannot be read.
  """
  try:
    import sleap_io
  except ImportError as error:
    raise InputError(
      f"{path}: needs sleap-io. Run `pip install 'ppn-tf[labels]'`, or export an analysis file "
      "(HDF5) in SLEAP."
    ) from error
  try:
    project: Any = sleap_io.load_slp(str(path), open_videos=False)
  except Exception as error:  # of many kinds
    raise InputError(f"{path}: cannot be read as a project of SLEAP ({error}).") from error
  if len(project.skeletons) != 1:
    raise InputError(f"{path}: has {len(project.skeletons)} skeletons, expected one.")
  names = list(project.skeletons[0].node_names)
  limbs = project.skeletons[0].edge_inds
  annotations = Annotations(build_skeleton(names, limbs, media.folder, path))
  order = order_joints(names, annotations.skeleton)
  for frame in project.labeled_frames:
    people = [i for i in frame.instances if not isinstance(i, sleap_io.PredictedInstance)]
    annotations.ignored["predicted people"] += len(frame.instances) - len(people)
    place = _find_frame(frame.video.filename, int(frame.frame_idx), media)
    if place is None:
      name = frame.video.filename
      annotations.dropped[_MISSING_VIDEOS].append(name if isinstance(name, str) else str(name[0]))
      continue
    for person in people:
      joints, labelled = split_missing(np.asarray(person.numpy(), np.float64)[order, :2])
      name = None if person.track is None else person.track.name
      if labelled.any():
        label = Label(place[1], joints, labelled, np.zeros(4))
        annotations.track(place[0], name).labels.append(label)
  annotations.ignored = {key: count for key, count in annotations.ignored.items() if count}
  return annotations


def _find_frame(video: Any, frame: int, media: Media) -> Optional[Tuple[str, int]]:
  """Returns the clip and the frame; a video of SLEAP may be a list of pictures."""
  if not isinstance(video, str):
    files = list(video)
    return media.find_frame(str(files[frame]).replace("\\", "/")) if frame < len(files) else None
  clip = media.find_clip(video.replace("\\", "/"))
  return None if clip is None else (clip, frame)
