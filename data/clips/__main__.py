"""Makes a data set of your own videos and COCO-style annotations.

  python -m data.clips --source=DIR --name=NAME

DIR holds videos or folders of frames, and annotations.json in the style of COCO:

  {"categories": [{"id": 1, "name": "person", "keypoints": ["head", "left_shoulder", ...],
                   "skeleton": [[1, 2], ...]}],
   "clips": [{"name": "walk.mp4", "split": "train", "action": "walking"}],
   "images": [{"id": 1, "clip": "walk.mp4", "frame": 0}, ...],
   "annotations": [{"image_id": 1, "category_id": 1, "track_id": 7,
                    "keypoints": [x, y, v, ...], "bbox": [x, y, width, height]}, ...]}

"clip" is a video file or a folder of images below DIR, "frame" counts from 0; "file_name", the
path of an image, may stand for both. "clips", "track_id" and "bbox" are optional; docs/data.md
explains each field. Labels of CVAT, Label Studio, DeepLabCut and SLEAP are read, too. The data
set is DATA_DIR/clips/NAME/1.0.0.
"""

from typing import Sequence

from absl import flags

from ppn_tf.runtime import app, command_flags

from ..builder import command
from . import formats
from .dataset import Clips, make_config
from .source import TEST_FRACTION, ClipsSource


def define_flags() -> None:
  """Defines the flags of this command."""
  command.define_flags(
    "Folder of the labels, such as annotations.json, and the videos or folders of frames."
  )
  flags.DEFINE_string("name", None, "Name of the data set; by default that of the source folder.")
  titles = "; ".join(f"{form.name}: {form.title}" for form in formats.FORMATS)
  flags.DEFINE_enum(
    "format", None, formats.NAMES, f"Format of the labels; by default that of the files. {titles}."
  )
  command_flags.define_float(
    "test_fraction",
    TEST_FRACTION,
    "Share of the videos without a split in the JSON that are kept for testing, by their names.",
    0.0,
    1.0,
  )


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  options = flags.FLAGS
  command_flags.check_required()
  source = ClipsSource(
    options.source,
    strict=options.strict,
    progress=True,
    test_fraction=options.test_fraction,
    label_format=options.format,
  )
  command.make_or_keep(Clips, source, make_config(options.name or source.folder.name))


if __name__ == "__main__":
  define_flags()
  app.run(main)
