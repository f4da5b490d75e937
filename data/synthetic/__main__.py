"""Draws labelled clips of moving people: `python -m data.synthetic --output=DIR`.

The clips have Penn Action's layout, so `python -m data.penn_action --source=DIR`
makes a data set of them. A run that was stopped resumes when started again.
"""

import concurrent.futures
import multiprocessing
import os
import pathlib
from typing import Iterator, Sequence, Tuple

import cv2
import tqdm
from absl import flags

from ppn_tf.runtime import app
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

from . import clip, preview, storage

_OUTPUT = flags.DEFINE_string("output", None, "Folder to write; an unfinished one is resumed.")
_NUM_TRAIN = flags.DEFINE_integer("num_train_clips", 400, "Training clips, numbered from 0001.")
_NUM_TEST = flags.DEFINE_integer("num_test_clips", 60, "Test clips, numbered from 5001.")
_NUM_FRAMES = flags.DEFINE_integer("num_frames", 12, "Number of frames per clip.")
_HEIGHT = flags.DEFINE_integer("height", 240, "Frame height in pixels.")
_WIDTH = flags.DEFINE_integer("width", 320, "Frame width in pixels.")
_SEED = flags.DEFINE_integer("seed", 0, "Seed of people, motions and backgrounds.")
_DIFFICULTY = flags.DEFINE_float(
  "difficulty", 0.5, "0..1: clutter, blur, occluders, side and back views, low contrast."
)
_LAPSES = flags.DEFINE_float(
  "lapses", 0.0, "0..1: fraction of single frames that are out of focus, overexposed or dark."
)
_NUM_WORKERS = flags.DEFINE_integer(
  "num_workers", None, "Number of processes. Default: one per CPU."
)
_PREVIEW = flags.DEFINE_string(
  "preview", None, "Also write this image, a contact sheet of clips with skeletons."
)

_PREVIEW_CLIPS = 8


def _check_flags() -> None:
  if not _OUTPUT.value:
    raise InputError("--output: not given. Give a folder to write.")
  limits = storage.FIRST_TEST - storage.FIRST_TRAIN, storage.LAST - storage.FIRST_TEST + 1
  ranges = (
    (_NUM_TRAIN, 0, limits[0]),
    (_NUM_TEST, 0, limits[1]),
    (_NUM_FRAMES, 1, 9999),
    (_HEIGHT, 32, 4096),
    (_WIDTH, 32, 4096),
    (_SEED, 0, 2**63 - 1),
    (_DIFFICULTY, 0, 1),
    (_LAPSES, 0, 1),
  )
  for flag, low, high in ranges:
    if not low <= flag.value <= high:
      raise InputError(f"--{flag.name}: must be {low}..{high}. Received: {flag.value}.")
  if _NUM_WORKERS.value is not None and _NUM_WORKERS.value < 1:
    raise InputError(f"--num_workers: must be 1 or more. Received: {_NUM_WORKERS.value}.")
  if _PREVIEW.value and not cv2.haveImageWriter(_PREVIEW.value):
    raise InputError(
      f"--preview: must be an image file such as sheet.png. Received: {_PREVIEW.value}."
    )


def _write_clips(tasks: Sequence[Tuple], num_workers: int) -> Iterator[int]:
  """Yields the numbers of finished clips, in any order."""
  if num_workers == 1:
    storage.start_worker()
    yield from map(storage.write_clip, tasks)
    return
  # Forking a process with threads is unsafe. Unlike a Pool, an executor notices a
  # worker that was killed.
  executor = concurrent.futures.ProcessPoolExecutor(
    num_workers, multiprocessing.get_context("spawn"), storage.start_worker
  )
  try:
    for future in concurrent.futures.as_completed(
      [executor.submit(storage.write_clip, task) for task in tasks]
    ):
      yield future.result()
  finally:
    executor.shutdown(cancel_futures=True)


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  _check_flags()
  settings = clip.Settings(
    seed=_SEED.value,
    num_frames=_NUM_FRAMES.value,
    height=_HEIGHT.value,
    width=_WIDTH.value,
    difficulty=_DIFFICULTY.value,
    lapses=_LAPSES.value,
  )
  output = pathlib.Path(_OUTPUT.value).expanduser()
  storage.prepare(output, settings)
  if _PREVIEW.value:
    clips = [clip.make_clip(storage.FIRST_TRAIN + i, settings) for i in range(_PREVIEW_CLIPS)]
    with complete_or_absent(_PREVIEW.value) as partial:
      cv2.imwrite(str(partial), preview.contact_sheet(clips))
  numbers = [storage.FIRST_TRAIN + i for i in range(_NUM_TRAIN.value)]
  numbers += [storage.FIRST_TEST + i for i in range(_NUM_TEST.value)]
  tasks = [(output, i, settings) for i in numbers if not storage.is_finished(output, i)]
  num_workers = max(1, min(_NUM_WORKERS.value or os.cpu_count() or 1, len(tasks)))
  progress = tqdm.tqdm(
    _write_clips(tasks, num_workers), total=len(tasks), unit="clip", desc="clips"
  )
  for _ in progress:
    pass
  kept = len(numbers) - len(tasks)
  print(f"{output}: {len(tasks)} clips made, {kept} kept.")


if __name__ == "__main__":
  app.run(main)
