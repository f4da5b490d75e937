"""Readers of users' files, each with valid files to damage."""

import dataclasses
import json
import pathlib
from typing import Any, Callable

import av
import numpy as np
import scipy.io
from PIL import Image

from benchmarks.fuzz_mutations import (
  Mutation,
  mutate_bytes,
  mutate_records,
  mutate_text,
  mutate_zip,
)
from data.builder.frames import read_frames
from data.clips.source import ClipsSource
from data.mpii.labels import read_people
from data.penn_action.dataset import prepare
from data.penn_action.labels import read_labels as read_penn_labels
from data.penn_action.source import PennSource
from data.sub_jhmdb.labels import read_joints
from ppn_tf.clips import pipeline, records
from ppn_tf.clips.damaged_records import naming_damage
from ppn_tf.clips.labels import read_labels
from ppn_tf.config.experiment import Experiment, open_run, read_experiment
from ppn_tf.evaluation.prediction_formats import read_clip
from ppn_tf.evaluation.reporting.runs import read_run
from ppn_tf.inference import people_weights
from ppn_tf.inference.tflite.metadata import (
  add_description,
  parse_tracker_fields,
  read_description,
)
from ppn_tf.keypoints.skeletons import COCO, PENN_ACTION, to_dict
from ppn_tf.models.weight_files import read_weights
from ppn_tf.tracking.video.reader import open_video

_FRAMES, _SIZE = 3, (48, 64)


@dataclasses.dataclass(frozen=True)
class Reader:
  """Reader of a kind of files.

  Attributes:
    write: writes valid files into an empty folder.
    damaged: pattern of the files below the folder that are damaged, one at a time.
    read: reads the folder as a command does. Unusable input raises InputError.
    mutate: damages the content of a file.
  """

  write: Callable[[pathlib.Path], None]
  damaged: str
  read: Callable[[pathlib.Path], Any]
  mutate: Mutation = mutate_bytes


def _write_weights(folder: pathlib.Path) -> None:
  rng = np.random.default_rng(0)
  shapes = {"conv/kernel": (3, 3, 3, 8), "conv/bias": (8,), "heatmaps/kernel": (1, 1, 8, 2)}
  arrays = {name: rng.normal(size=shape).astype(np.float16) for name, shape in shapes.items()}
  np.savez(folder / "weights.npz", **arrays)


def _write_people(folder: pathlib.Path) -> None:
  np.savez(folder / "people.npz", settings=np.array(json.dumps(people_weights.read_settings())))


def _write_description(folder: pathlib.Path) -> None:
  path = folder / "network.tflite"
  path.write_bytes(b"\x1c\x00\x00\x00TFL3" + bytes(64))
  frame = {"box_margin": 1.25, "steady_crops": True, "height": 192, "width": 192}
  add_description(path, {"skeleton": to_dict(COCO), "frame": frame, "outputs": {}})


def _read_description(path: pathlib.Path) -> None:
  description = read_description(path)
  if description:
    parse_tracker_fields(path, description)


def _write_predictions(folder: pathlib.Path) -> None:
  rng = np.random.default_rng(0)
  np.savez(
    folder / "0001.npz",
    clip=np.array("0001"),
    joint_names=np.array(PENN_ACTION.joint_names),
    keypoints=rng.uniform(0, 64, (_FRAMES, 13, 2)).astype(np.float32),
    scores=rng.uniform(size=(_FRAMES, 13)).astype(np.float32),
  )


def _write_json_predictions(folder: pathlib.Path) -> None:
  joint = [10.5, 20.25, 0.5]
  content = {"clip": "a", "joint_names": ["x", "y"], "keypoints": [[joint, None], None]}
  (folder / "a.json").write_text(json.dumps(content))


def _write_run(folder: pathlib.Path) -> None:
  (folder / "flags.json").write_text(json.dumps(Experiment().to_flags()))
  (folder / "metrics.jsonl").write_text('{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.25}\n')
  groups = {"groups": {"Head": 90.0, "Sho": 80.0}, "mean": 85.0, "micro": 85.0}
  scores = {"pck_body": groups, "pck_torso": groups}
  (folder / "evaluation.json").write_text(json.dumps(scores))


def _read_run(folder: pathlib.Path) -> None:
  read_experiment(open_run(str(folder)))
  read_run("run", str(folder))


def _draw(frame: int) -> np.ndarray:
  """Returns a frame [48, 64, 3] uint8 in which a square moves."""
  image = np.random.default_rng(0).integers(0, 64, (*_SIZE, 3), np.uint8)
  image[16:32, 8 + 4 * frame : 24 + 4 * frame] = (250, 120, 40)
  return image


def _write_frames(folder: pathlib.Path, suffix: str) -> None:
  folder.mkdir(parents=True, exist_ok=True)
  for frame in range(_FRAMES):
    Image.fromarray(_draw(frame)).save(folder / f"{frame + 1:06d}.{suffix}")


def _write_penn(folder: pathlib.Path) -> None:
  (folder / "labels").mkdir(parents=True)
  x = np.linspace(10, 50, _FRAMES * 13).reshape(_FRAMES, 13)
  for number, train in (("0001", 1), ("0002", -1)):
    _write_frames(folder / "frames" / number, "jpg")
    labels = {
      "action": "walk",
      "x": x,
      "y": 0.5 * x + 5,
      "visibility": np.ones((_FRAMES, 13)),
      "train": train,
      "bbox": np.tile([5.0, 5.0, 60.0, 40.0], (_FRAMES, 1)),
      "dimensions": np.array([[*_SIZE, _FRAMES]]),
      "nframes": _FRAMES,
    }
    scipy.io.savemat(folder / "labels" / f"{number}.mat", labels)


def _write_records(folder: pathlib.Path) -> None:
  source = folder.with_name(f"{folder.name}_source")
  _write_penn(source)
  prepare(PennSource(source), str(folder))


def _read_records(folder: pathlib.Path) -> None:
  builder = records.open_records(folder)
  skeleton = records.read_skeleton(builder)
  read_labels(builder, "train")
  batches = pipeline.training_batches(
    builder,
    "train",
    batch_size=1,
    num_frames=2,
    seed=0,
    skeleton=skeleton,
    image_size=(32, 32),
    box_margin=1.25,
  )
  with naming_damage(builder):
    next(iter(batches))
  windows = pipeline.evaluation_windows(builder, "test", num_frames=2, image_size=(32, 32))
  with naming_damage(builder):
    list(windows)


def _write_jhmdb(folder: pathlib.Path) -> None:
  positions = np.random.default_rng(0).uniform(1, 60, (2, 15, _FRAMES))
  scipy.io.savemat(folder / "joint_positions.mat", {"pos_img": positions})


def _write_mpii(folder: pathlib.Path) -> None:
  point = {"x": 10.0, "y": 20.0, "id": 6, "is_visible": 1}
  person = {
    "objpos": {"x": 30.0, "y": 30.0},
    "scale": 1.5,
    "annopoints": {"point": [{**point, "id": number} for number in range(16)]},
  }
  image = {"image": {"name": "a.jpg"}, "annorect": person, "vididx": 1}
  release = {"annolist": [image, image], "img_train": [1, 1], "act": [{"act_name": "run"}] * 2}
  scipy.io.savemat(folder / "mpii.mat", {"RELEASE": release})


def _write_annotations(folder: pathlib.Path) -> None:
  _write_frames(folder / "walk", "png")
  names = ["head", "left_shoulder", "right_shoulder", "left_hip", "right_hip"]
  joints = [20.0, 10.0, 2] * len(names)
  content = {
    "categories": [{"id": 1, "name": "dog", "keypoints": names, "skeleton": [[1, 2]]}],
    "clips": [{"name": "walk", "split": "train", "action": "walking"}],
    "images": [{"id": n, "clip": "walk", "frame": n} for n in range(_FRAMES)],
    "annotations": [
      {"image_id": n, "category_id": 1, "track_id": 1, "keypoints": joints, "bbox": [5, 5, 40, 30]}
      for n in range(_FRAMES)
    ],
  }
  (folder / "annotations.json").write_text(json.dumps(content))


def _read_clips(folder: pathlib.Path) -> None:
  source = ClipsSource(folder)
  for split, clips in source.splits().items():
    list(source.read_clips(split, clips))


def _read_images(folder: pathlib.Path) -> None:
  """Reads frames for training and for tracking, which must accept the same."""
  list(open_video(folder))
  read_frames(sorted(folder.iterdir()))


def _write_video(folder: pathlib.Path, name: str, codec: str) -> None:
  with av.open(str(folder / name), "w") as container:
    stream: Any = container.add_stream(codec, rate=25)
    stream.width, stream.height = _SIZE[1], _SIZE[0]
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    for number in range(8):
      frame = av.VideoFrame.from_ndarray(_draw(number % 5), format="rgb24")
      container.mux(stream.encode(frame))
    container.mux(stream.encode())


def _video(name: str, codec: str) -> Reader:
  return Reader(
    lambda folder: _write_video(folder, name, codec),
    name,
    lambda folder: list(open_video(folder / name)),
  )


def _images(suffix: str) -> Reader:
  return Reader(lambda folder: _write_frames(folder, suffix), f"*.{suffix}", _read_images)


def _file(
  write: Callable[[pathlib.Path], None],
  name: str,
  read: Callable[[pathlib.Path], Any],
  **options: Any,
) -> Reader:
  """Returns the reader of a single file."""
  return Reader(write, name, lambda folder: read(folder / name), **options)


_ZIPPED = mutate_zip(mutate_text)
READERS = {
  "weights (.npz)": _file(
    _write_weights, "weights.npz", read_weights, mutate=mutate_zip(mutate_bytes)
  ),
  "people weights (.npz)": _file(
    _write_people, "people.npz", people_weights.read_settings, mutate=_ZIPPED
  ),
  "description of a network (.tflite)": _file(
    _write_description, "network.tflite", _read_description, mutate=_ZIPPED
  ),
  "predictions (.npz)": _file(
    _write_predictions, "0001.npz", read_clip, mutate=mutate_zip(mutate_bytes)
  ),
  "predictions (.json)": _file(_write_json_predictions, "a.json", read_clip, mutate=mutate_text),
  "run (flags, metrics, scores)": Reader(_write_run, "*", _read_run, mutate_text),
  "data set: description (.json)": Reader(_write_records, "**/*.json", _read_records, mutate_text),
  "data set: records": Reader(_write_records, "**/*.tfrecord*", _read_records, mutate_records),
  "Penn Action labels (.mat)": _file(_write_penn, "labels/0001.mat", read_penn_labels),
  "JHMDB labels (.mat)": _file(_write_jhmdb, "joint_positions.mat", read_joints),
  "MPII labels (.mat)": _file(_write_mpii, "mpii.mat", read_people),
  "annotations (.json)": Reader(_write_annotations, "*.json", _read_clips, mutate_text),
  "frames of clips (.png)": Reader(_write_annotations, "walk/*.png", _read_clips),
  "images (.jpg)": _images("jpg"),
  "images (.png)": _images("png"),
  "video (.mp4)": _video("clip.mp4", "libx264"),
  "video (.avi)": _video("clip.avi", "mjpeg"),
  "video (.webm)": _video("clip.webm", "libvpx"),
  "video (.ts)": _video("clip.ts", "mpeg2video"),
}
