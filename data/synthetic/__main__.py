"""Draws labeled clips of moving people.

  python -m data.synthetic --output=DIR

Clips are in the layout of Penn Action, so that `python -m data.penn_action --source=DIR` makes
a data set of them. The same command resumes a stopped run.
"""

import pathlib
from typing import Sequence

import cv2
import tqdm
from absl import flags

from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.cores import count_cores
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

from ..builder.worker_processes import run_tasks
from . import clip, preview, storage

FLAGS = flags.FLAGS
_PREVIEW_CLIPS = 8


def define_flags() -> None:
  """Defines the flags of this command."""
  define_integer, define_float = command_flags.define_integer, command_flags.define_float
  flags.DEFINE_string("output", "synthetic", "Folder to write; an unfinished one is resumed.")
  max_train = storage.FIRST_TEST - storage.FIRST_TRAIN
  max_test = storage.LAST - storage.FIRST_TEST + 1
  define_integer("num_train_clips", 400, "Training clips, numbered from 0001.", 0, max_train)
  define_integer("num_test_clips", 60, "Test clips, numbered from 5001.", 0, max_test)
  define_integer("num_frames", 12, "Frames of each clip.", 1, 9999)
  define_integer("height", 240, "Frame height in pixels.", 32, 4096)
  define_integer("width", 320, "Frame width in pixels.", 32, 4096)
  define_integer("seed", 0, "Seed of people, motions and places.", 0, 2**63 - 1)
  define_float(
    "difficulty",
    0.5,
    "Amount of clutter, blur, occluders, side and back views.",
    0,
    1,
  )
  define_float(
    "lapses", 0.0, "Share of single frames that are out of focus, overexposed or dark.", 0, 1
  )
  define_integer("num_workers", None, "Processes; by default one per CPU.", 1, 1024)
  flags.DEFINE_string("preview", None, "Image of a contact sheet of clips with their skeletons.")


def _check_preview() -> None:
  if FLAGS.preview and not cv2.haveImageWriter(FLAGS.preview):
    raise InputError(
      f"--preview: must be an image file such as sheet.png. Received: {FLAGS.preview}."
    )


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  output = pathlib.Path(FLAGS.output).expanduser()
  _check_preview()
  settings = clip.Settings(
    seed=FLAGS.seed,
    num_frames=FLAGS.num_frames,
    height=FLAGS.height,
    width=FLAGS.width,
    difficulty=FLAGS.difficulty,
    lapses=FLAGS.lapses,
  )
  storage.prepare(output, settings)
  if FLAGS.preview:
    clips = [clip.make_clip(storage.FIRST_TRAIN + i, settings) for i in range(_PREVIEW_CLIPS)]
    with complete_or_absent(FLAGS.preview) as partial:
      cv2.imwrite(str(partial), preview.contact_sheet(clips))
  numbers = [storage.FIRST_TRAIN + i for i in range(FLAGS.num_train_clips)]
  numbers += [storage.FIRST_TEST + i for i in range(FLAGS.num_test_clips)]
  tasks = [(output, i, settings) for i in numbers if not storage.is_finished(output, i)]
  num_workers = max(1, min(FLAGS.num_workers or count_cores(), len(tasks)))
  progress = tqdm.tqdm(
    run_tasks(storage.write_clip, tasks, num_workers, storage.start_worker),
    total=len(tasks),
    unit="clip",
    desc="clips",
  )
  for _ in progress:
    pass
  kept = len(numbers) - len(tasks)
  print(f"{output}: {len(tasks)} clips made, {kept} kept.")


if __name__ == "__main__":
  define_flags()
  app.run(main)
