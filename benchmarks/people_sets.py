"""Makes records of four sets of labeled people.

  python -m benchmarks.people_sets --source=DIR

DIR holds the sets in their original form:

  penn_action/0502.mp4, 0502.mat           a test clip of Penn Action and its labels
  bonn/060470979/*.jpg                     a video of paddle boards, and
  bonn/060470979_gt_2x41x16x2.npy          joints of MPII for two people in it
  lspet_val/crops192.tar, labels.npz       stills of Leeds Sports Extended and their joints
  eval_clips/CLIP/labels.npz               limb joints of short clips, and next to each the
                                           video.mp4 or the frames *.jpg

Records are DATA_DIR/penn_action/1.0.0 and DATA_DIR/clips/NAME/1.0.0 with the names bonn, lspet_val
and eval_clips, all in the split "test". Existing records are kept.
"""

import pathlib
import subprocess
import sys
from typing import Callable, NamedTuple, Sequence, Tuple

from absl import flags

from benchmarks import people_sources as sources
from benchmarks.people_sources import CLIP, VIDEO
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

FLAGS = flags.FLAGS


class PeopleSet(NamedTuple):
  """Set of labeled people.

  Attributes:
    files: original files, relative to the source.
    write: converts the source to the input folder of a command in data/.
    command: module of that command, and its flags.
    records: folder of the records, relative to DATA_DIR.
  """

  files: Tuple[str, ...]
  write: Callable[[pathlib.Path, pathlib.Path], None]
  command: Tuple[str, ...]
  records: str


SETS = {
  CLIP: PeopleSet(
    (f"penn_action/{CLIP}.mp4", f"penn_action/{CLIP}.mat"),
    sources.write_penn_clip,
    ("data.penn_action",),
    "penn_action/1.0.0",
  ),
  "bonn": PeopleSet(
    (f"bonn/{VIDEO}", f"bonn/{VIDEO}_gt_2x41x16x2.npy"),
    sources.write_bonn,
    ("data.clips", "--name=bonn"),
    "clips/bonn/1.0.0",
  ),
  "lspet_val": PeopleSet(
    ("lspet_val/crops192.tar", "lspet_val/labels.npz"),
    sources.write_lspet,
    ("data.clips", "--name=lspet_val"),
    "clips/lspet_val/1.0.0",
  ),
  "eval_clips": PeopleSet(
    ("eval_clips",),
    sources.write_eval_clips,
    ("data.clips", "--name=eval_clips"),
    "clips/eval_clips/1.0.0",
  ),
}


def check_source(source: pathlib.Path) -> None:
  """Checks that all original files exist.

  Raises:
    InputError: a file is missing.
  """
  for name, people in SETS.items():
    for file in people.files:
      if not (source / file).exists():
        raise InputError(
          f"{source / file}: no such file, but set {name} requires it. Give --source the folder "
          "that --help describes."
        )


def make(name: str, source: pathlib.Path, data_dir: pathlib.Path) -> pathlib.Path:
  """Makes the records of a set unless they exist; returns their folder.

  Raises:
    InputError: the command failed, and printed the reason.
  """
  people = SETS[name]
  records = data_dir / people.records
  if records.exists():
    print(f"{name}: kept, {records}")
    return records
  folder = data_dir / "sources" / name
  if not folder.exists():
    with complete_or_absent(folder) as partial:
      people.write(source, partial)
  module, *arguments = people.command
  command = [sys.executable, "-m", module, f"--source={folder}", f"--data_dir={data_dir}"]
  completed = subprocess.run(
    [*command, "--strict", *arguments], stdout=subprocess.PIPE, text=True, check=False
  )
  if completed.returncode:
    raise InputError(
      f"{name}: no records of {folder}; see the error of `python -m {module}` above."
    )
  print(f"{name}: made, {records}")
  return records


def define_flags() -> None:
  flags.DEFINE_string("source", None, "Folder of the four sets, as above.")
  command_flags.mark_required("source")
  flags.DEFINE_string("data_dir", "records_people", "Folder for the records.")


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  command_flags.check_required()
  source, data_dir = pathlib.Path(FLAGS.source), pathlib.Path(FLAGS.data_dir)
  check_source(source)
  for name in SETS:
    make(name, source, data_dir.absolute())


if __name__ == "__main__":
  define_flags()
  app.run(main)
