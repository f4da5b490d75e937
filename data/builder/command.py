"""Flags and main part of the commands that make data sets."""

from typing import Any, Optional, Type

from absl import flags

from ppn_tf.runtime import command_flags

from .clip_records import ClipRecords, get_folder, keep, prepare
from .clip_source import ClipSource


def define_flags(source: str) -> None:
  """Defines the flags of every command that makes a data set.

  Args:
    source: help text of --source.
  """
  flags.DEFINE_string("source", None, source)
  command_flags.mark_required("source")
  flags.DEFINE_string(
    "data_dir", None, "Folder for the data set; by default that of TFDS, ~/tensorflow_datasets."
  )
  flags.DEFINE_bool(
    "strict", False, "Stop at a clip, frame or label that cannot be used, rather than leave it out."
  )
  flags.DEFINE_bool("overwrite", False, "Replace an existing data set.")


def make_or_keep(
  builder: Type[ClipRecords], source: ClipSource, config: Optional[Any] = None
) -> None:
  """Makes a data set, or keeps an existing one that was made from the same source.

  Args:
    builder: builder of the data set.
    source: clips of the data set.
    config: BuilderConfig of TFDS or its name, where the builder has several.
  Raises:
    InputError: see `prepare` and `keep`.
  """
  options = flags.FLAGS
  folder = get_folder(builder, options.data_dir, getattr(config, "name", config))
  if folder.exists() and not options.overwrite:
    keep(folder, source)
  else:
    prepare(builder, source, options.data_dir, config)
    print(source.account.summarize())
  print(f"data set: --dataset={folder}")
