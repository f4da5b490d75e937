"""Survey of Penn Action's label files without frames: checks, and counts against the published."""

import os
import pathlib
import tarfile
from typing import Iterator, Tuple, Union

import tqdm

from ppn_tf.runtime.errors import InputError, first_line

from ..builder.account import Account, ClipError
from .labels import read_labels
from .source import list_labels

# As published, and as counted in the label files.
CLIPS = {"train": 1258, "test": 1068}
FRAMES = {"train": 87543, "test": 76298}


def survey(
  source: Union[str, os.PathLike], strict: bool = False, progress: bool = False
) -> Account:
  """Reads all label files; defects that only frames reveal (their sizes) stay open.

  Args:
    source: folder with labels/*.mat, folder of .mat files, or tar archive of them, compressed or
      not.
    strict: whether an unusable file raises its ClipError.
    progress: whether a terminal shows a progress bar.
  Raises:
    InputError: the source is something else, or has no usable .mat file.
  """
  account = Account(strict)
  hide = None if progress else True
  for path, content in tqdm.tqdm(_label_files(pathlib.Path(source)), unit="clip", disable=hide):
    try:
      labels = read_labels(path, content=content)
    except ClipError as problem:
      account.skip(path.stem, problem)
      continue
    split = "train" if labels.train else "test"
    account.add(split, labels.clip, labels.num_frames, labels.repairs)
  if not account.num_clips:
    first = next(iter(account.skipped.values()), "there are none.")
    raise InputError(
      f"{source}: no label file is usable; the first: {first} "
      "Expected Penn Action's labels, 0001.mat ..."
    )
  return account


def describe_coverage(account: Account) -> str:
  """Returns one line that says whether the counts are those of the whole Penn Action."""
  whole = dict(account.num_clips) == CLIPS and dict(account.num_frames) == FRAMES
  published = f"{CLIPS['train']}/{CLIPS['test']} clips, {FRAMES['train']}/{FRAMES['test']} frames"
  return f"{'all' if whole else 'not all, or not only,'} of Penn Action's {published} (train/test)"


def _label_files(source: pathlib.Path) -> Iterator[Tuple[pathlib.Path, bytes]]:
  """Yields each label file's path (inside the archive) and bytes."""
  source = source.expanduser()
  if source.is_dir():
    folder = source / "labels"
    for path in list_labels(folder if folder.is_dir() else source).values():
      try:
        yield path, path.read_bytes()
      except OSError:  # skipped later, with a reason
        yield path, b""
    return
  try:
    with tarfile.open(source) as archive:
      for member in archive:
        path = pathlib.Path(member.name)
        if member.isfile() and path.suffix == ".mat" and not path.name.startswith("."):
          file = archive.extractfile(member)
          yield source / path, file.read() if file else b""
  except FileNotFoundError as error:
    raise InputError(f"{source}: no such file or folder. Expected Penn Action's labels.") from error
  except Exception as error:  # each compression raises its own kind
    if isinstance(error, InputError):
      raise
    raise InputError(
      f"{source}: cannot be read completely as a tar archive ({first_line(error)}). "
      "Expected a folder of .mat files or a complete archive of them."
    ) from error
