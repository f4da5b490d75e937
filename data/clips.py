"""Clips of one's own, as TFDS records: `python -m data.clips --source=DIR [--name=NAME]`.

DIR holds videos, or folders of frames, and annotations.json in COCO's style:

  {"categories": [{"id": 1, "name": "person", "keypoints": ["head", "left_shoulder", ...],
                   "skeleton": [[1, 2], ...]}],
   "clips": [{"name": "walk.mp4", "split": "train", "action": "walking"}],
   "images": [{"id": 1, "clip": "walk.mp4", "frame": 0}, ...],
   "annotations": [{"image_id": 1, "category_id": 1, "track_id": 7,
                    "keypoints": [x, y, v, ...], "bbox": [x, y, width, height]}, ...]}

"clip" is a video file or a folder of images below DIR, "frame" counts from 0.
"clips", "track_id" and "bbox" may be left out. docs/data.md says what each
means. The data set is DATA_DIR/clips/NAME/1.0.0.
"""

import os
import pathlib
import re
from typing import Optional, Sequence

from absl import flags

from data import clip_records
from data.clips_source import TEST_FRACTION, ClipsSource
from ppn_tf import doors
from ppn_tf.errors import InputError
from ppn_tf.keypoints.skeletons import Skeleton

import tensorflow_datasets as tfds


class Clips(clip_records.ClipRecords):
  """One example for each person of each video; a config for each source."""

  description = "Clips of one's own, with joints of one's own."

  def skeleton(self) -> Skeleton:
    if not isinstance(self._source, ClipsSource):
      raise InputError("clips: without a source. Make the data set with `python -m data.clips`.")
    return self._source.skeleton

  def open_source(self, folder: os.PathLike) -> ClipsSource:
    return ClipsSource(folder)


def config_of(name: str) -> tfds.core.BuilderConfig:
  """The TFDS config of a name; InputError if it makes no folder's name."""
  if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
    raise InputError(f"--name={name}: expected letters, digits, dots, dashes or underscores.")
  return tfds.core.BuilderConfig(name=name, description="Clips of one's own.")


def prepare(source: ClipsSource, data_dir: Optional[str], name: str) -> pathlib.Path:
  """Makes the data set `name` below `data_dir`; see `clip_records.prepare`."""
  return clip_records.prepare(Clips, source, data_dir, config_of(name))


def main(argv: Sequence[str]) -> None:
  doors.no_arguments(argv)
  options = flags.FLAGS
  source = ClipsSource(
    options.source,
    strict=options.strict,
    progress=True,
    test_fraction=options.test_fraction,
  )
  clip_records.make_or_keep(Clips, source, config_of(options.name or source.folder.name))


if __name__ == "__main__":
  clip_records.define_flags("Folder of annotations.json and the videos or folders of frames.")
  flags.DEFINE_string("name", None, "The data set's name; by default the source folder's.")
  flags.DEFINE_float(
    "test_fraction",
    TEST_FRACTION,
    "Part of the videos kept for testing, by their names, of those without a split in the JSON.",
    lower_bound=0.0,
    upper_bound=1.0,
  )
  doors.run(main)
