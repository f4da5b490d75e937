"""TFDS builder of your own clips."""

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
  """Builder of one example per person and video; each source has a config."""

  description = "Own clips, with their own joints."

  def skeleton(self) -> Skeleton:
    if not isinstance(self._source, ClipsSource):
      raise InputError(f"clips: no source. Make the data set with `{command('data clips')}`.")
    return self._source.skeleton

  def open_source(self, folder: os.PathLike) -> ClipsSource:
    return ClipsSource(folder)


def make_config(name: str) -> tfds.core.BuilderConfig:
  """Creates the TFDS config of a data set's name.

  Raises:
    InputError: the name cannot be a folder's name.
  """
  if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name):
    raise InputError(f"--name={name}: expected letters, digits, dots, dashes or underscores.")
  return tfds.core.BuilderConfig(name=name, description="Own clips.")


def prepare(source: ClipsSource, data_dir: Optional[str], name: str) -> pathlib.Path:
  """Writes the data set `name` to `data_dir`; see `clip_records.prepare`."""
  return clip_records.prepare(Clips, source, data_dir, make_config(name))
