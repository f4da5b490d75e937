"""Outputs that appear only when they are complete, and room for them."""

import contextlib
import os
import pathlib
import shutil
from typing import Iterator, Union

from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.scratch import scratch_folder


@contextlib.contextmanager
def complete_or_absent(path: Union[str, os.PathLike]) -> Iterator[pathlib.Path]:
  """Yields a path to write (a file or a folder) that becomes `path` on success.

  The temporary path lies next to `path` and keeps its suffix, so writers that choose a format by
  suffix work. If the block raises or writes nothing, then nothing is left behind and an older
  output is unchanged. What a killed process left is removed by the next call for the same path.
  An existing folder is replaced as a whole. A link stays, and its target is replaced. A device
  such as /dev/null is written directly.

  Raises:
    InputError: the parent folder cannot be created or written, or `path` is an existing folder
      that is no earlier output: the working folder, one above it, or one without any entry of the
      new output.
    FileNotFoundError: the block ended without writing the path it was given.
  """
  try:
    final = pathlib.Path(os.path.realpath(pathlib.Path(path).expanduser()))
  except RuntimeError as error:
    raise InputError(f"{path}: no such user's home. Choose another output path.") from error
  if final.exists() and not final.is_dir() and not final.is_file():
    yield final
    return
  working = pathlib.Path.cwd().resolve()
  if final == working or final in working.parents:
    raise InputError(f"{final}: is or holds the working folder. Choose a folder inside it.")
  with contextlib.ExitStack() as stack:
    try:
      final.parent.mkdir(parents=True, exist_ok=True)
      scratch = stack.enter_context(scratch_folder(final.name, final.parent))
    except OSError as error:
      raise InputError(
        f"{final.parent}: cannot write there ({error.strerror}). Choose another output path."
      ) from error
    partial = scratch / final.name
    yield partial
    _replace(final, partial, scratch / "replaced")


def check_space(path: pathlib.Path, num_bytes: int, content: str, fix: str) -> None:
  """Checks that the disk of a path, which may not exist yet, has room.

  Args:
    path: file or folder to write.
    num_bytes: bytes to write.
    content: what they are, in the plural.
    fix: the end of the message, how to make room.
  Raises:
    InputError: less is free.
  """
  existing = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
  free = shutil.disk_usage(existing).free
  if free < num_bytes:
    raise InputError(
      f"{path}: {free / 1e9:.1f} GB are free on its disk, and the {content} need "
      f"{num_bytes / 1e9:.1f} GB. {fix}"
    )


def _replace(final: pathlib.Path, partial: pathlib.Path, aside: pathlib.Path) -> None:
  """Moves `partial` to `final`; on failure `final` is unchanged."""
  if not partial.exists():
    raise FileNotFoundError(f"{final}: its writer ended without writing it")
  if not final.exists():
    partial.replace(final)
    return
  _check_replaceable(final, partial)
  if final.is_file() and partial.is_file():
    partial.replace(final)
    return
  final.rename(aside)
  try:
    partial.replace(final)
  except BaseException:
    aside.rename(final)
    raise


def _check_replaceable(final: pathlib.Path, partial: pathlib.Path) -> None:
  """Raises InputError unless `final` is a file, empty, or like an earlier `partial`."""
  if not final.is_dir():
    if partial.is_dir():
      raise InputError(f"{final}: is a file, and the output is a folder. Choose another path.")
    return
  if not partial.is_dir():
    raise InputError(f"{final}: is a folder, and the output is a file. Name a file inside it.")
  old = {entry.name for entry in final.iterdir()}
  new = {entry.name for entry in partial.iterdir()}
  if old and not old & new:
    raise InputError(
      f"{final}: holds {', '.join(sorted(old)[:3])}, which is no earlier output of this program. "
      "Choose a new or empty folder."
    )


def check_no_links(folder: pathlib.Path) -> None:
  """Checks that no entry below a folder is a symbolic link, through which others are overwritten.

  Raises:
    InputError: an entry is a link.
  """
  for parent, folders, files in os.walk(folder):
    for name in (*folders, *files):
      path = pathlib.Path(parent, name)
      if path.is_symlink():
        raise InputError(
          f"{path}: a symbolic link to {os.readlink(path)}, which training would overwrite. "
          "Replace it by what it links to, or give another --workdir."
        )
