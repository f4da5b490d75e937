"""Renders clips of clothed people in motion, with exact joints.

  python -m data.humans --assets=DIR --output=DIR

People of MakeHuman move like the actors of motion capture, in front of photographs and in light of
panoramas. docs/data.md states where each asset comes from. Writes clips for `python -m
data.clips --source=DIR`. The same command resumes a stopped run.
"""

import dataclasses
import importlib.util
import pathlib
from typing import Optional, Sequence

import cv2
import tqdm
from absl import flags

from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.cores import count_cores
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

FLAGS = flags.FLAGS
_MAX_CLIPS = 99999


def define_flags() -> None:
  """Defines the flags of this command."""
  define_integer = command_flags.define_integer
  flags.DEFINE_string("assets", None, "Folder of meshes, motion and light, see docs/data.md.")
  flags.DEFINE_string("output", None, "Folder to write; an unfinished one is resumed.")
  command_flags.mark_required("assets", "output")
  with command_flags.group("Clips"):
    define_integer("num_clips", 400, "Clips, numbered from 1.", 1, _MAX_CLIPS)
    define_integer("num_frames", 24, "Frames of each clip, 30 per second.", 1, 9999)
    define_integer("size", 256, "Frame height and width in pixels.", 32, 2048)
    define_integer("seed", 0, "Seed of people, motions and places.", 0, 2**63 - 1)
    text = "Folder of further pictures and videos without people, used in 80 % of the clips."
    flags.DEFINE_string("backgrounds", None, text)
  with command_flags.group("Run"):
    define_integer("num_workers", None, "Processes; by default one per CPU.", 1, 1024)
    flags.DEFINE_string("preview", None, "Image of a contact sheet of clips with their labels.")


def _check_preview() -> None:
  if FLAGS.preview and not cv2.haveImageWriter(FLAGS.preview):
    raise InputError(
      f"--preview={FLAGS.preview}: not an image file. Give a name that ends in .png or .jpg."
    )


def _check_numba() -> None:
  if importlib.util.find_spec("numba") is None:
    raise InputError(f"{command('data humans')} needs numba. Run `pip install 'ppn-tf[humans]'`.")


def _expand(name: str) -> Optional[pathlib.Path]:
  value = FLAGS[name].value
  return pathlib.Path(value).expanduser() if value else None


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  command_flags.check_required()
  _check_preview()
  _check_numba()
  # Numba is optional, and these modules are compiled by it.
  from . import assets, backgrounds, preview, scene, storage, workers

  folder, output = pathlib.Path(FLAGS.assets).expanduser(), pathlib.Path(FLAGS.output).expanduser()
  assets.open_assets(folder)
  more = _expand("backgrounds")
  pictures = backgrounds.find_files(more)
  settings = scene.Settings(FLAGS.seed, FLAGS.num_frames, FLAGS.size)
  inputs = [path for path in folder.rglob("*") if path.is_file()]
  hashes = {
    "assets": storage.hash_files(inputs, folder),
    "backgrounds": storage.hash_files(pictures, more) if more else "",
  }
  storage.prepare(output, {**dataclasses.asdict(settings), **hashes})
  sources = workers.Sources(folder, pictures, settings)
  if FLAGS.preview:
    renderer = workers.Renderer(sources)
    clips = [renderer.make(storage.FIRST + i) for i in range(preview.CLIPS)]
    with complete_or_absent(FLAGS.preview) as partial:
      sheet = cv2.cvtColor(preview.draw_clips(clips), cv2.COLOR_RGB2BGR)
      cv2.imwrite(str(partial), sheet, [cv2.IMWRITE_JPEG_QUALITY, 70])
  numbers = [storage.FIRST + i for i in range(FLAGS.num_clips)]
  pending = [number for number in numbers if not storage.is_finished(output, number)]
  num_workers = max(1, min(FLAGS.num_workers or count_cores(), len(pending)))
  made = workers.write_clips(output, pending, sources, num_workers)
  for _ in tqdm.tqdm(made, total=len(pending), unit="clip", desc="clips", disable=None):
    pass
  counts = storage.write_annotations(output, numbers, settings.size)
  print(
    f"{output}: {counts['clips']} clips, {counts['frames']} frames, {counts['people']} people, "
    f"{counts['joints']} joints. {len(pending)} clips made, {len(numbers) - len(pending)} kept. "
    f"Next: {command('data clips')} --source={output}"
  )


if __name__ == "__main__":
  define_flags()
  app.run(main)
