"""TFDS data sets of a user's own clips."""

import os
import pathlib
import re
from typing import Optional

from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError

import tensorflow_datasets as tfds

from ..builder import clip_records
from .source import ClipsSource


class Clips(clip_records.ClipRecords):
  """One example for each person of each video; a config for each source."""

  description = "Clips of one's own, with joints of one's own."

  def skeleton(self) -> Skeleton:
    if not isinstance(self._source, ClipsSource):
      raise InputError(f"clips: no source given. Make the data set by `{command('data clips')}`.")
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
