"""TFDS builder of Penn Action."""

import os
import pathlib
from typing import Optional

from ppn_tf.keypoints.skeletons import PENN_ACTION, Skeleton

from ..builder import clip_records
from .source import PennSource


class PennAction(clip_records.ClipRecords):
  """Builder of one example per clip, split by the labels' `train` field."""

  MANUAL_DOWNLOAD_INSTRUCTIONS = "manual_dir holds the folders frames/ and labels/ of Penn Action."

  description = "Penn Action: 2326 clips of 15 sports actions, 13 joints in every frame."
  homepage = "http://dreamdragon.github.io/PennAction/"
  citation = "Zhang, Zhu and Derpanis. From Actemes to Action. ICCV 2013."

  def skeleton(self) -> Skeleton:
    return PENN_ACTION

  def open_source(self, folder: os.PathLike) -> PennSource:
    return PennSource(folder)


def prepare(source: PennSource, data_dir: Optional[str]) -> pathlib.Path:
  """Writes the data set to `data_dir`; see `clip_records.prepare`."""
  return clip_records.prepare(PennAction, source, data_dir)
