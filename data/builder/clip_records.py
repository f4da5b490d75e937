"""TFDS records of clips, and the part of the commands that all data sets share."""

import abc
import contextlib
import io
import os
import pathlib
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple, Type

import numpy as np

from ppn_tf.clips import records
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

import tensorflow_datasets as tfds

from .clip_source import ClipSource


class _LocalInfo(tfds.core.DatasetInfo):
  """Info of a data set that is not in TFDS's bucket."""

  def initialize_from_bucket(self) -> None:
    """Does nothing: TFDS would search its bucket, and leave an empty temporary folder."""


class ClipRecords(tfds.core.GeneratorBasedBuilder, abc.ABC):
  """Builder of one example per clip, which `ppn_tf.clips.records` reads; frames stay encoded.

  TFDS shuffles up to 1 GB of examples in memory, and larger data sets through temporary files
  next to the records.
  """

  VERSION = tfds.core.Version("1.0.0")
  RELEASE_NOTES = {"1.0.0": "First release."}

  # No checksums of downloads lie next to this code, and TFDS 4.9.10 searches for them
  # with a package that it does not require (importlib_resources).
  code_path = None

  # Shown in the data set's info.
  description = homepage = citation = ""

  def __init__(self, source: Optional[ClipSource] = None, **kwargs: Any):
    """Creates a builder with TFDS's arguments; without a source it reads TFDS's manual_dir."""
    self._source = source
    super().__init__(**kwargs)

  @abc.abstractmethod
  def open_source(self, folder: os.PathLike) -> ClipSource:
    """Returns the source of the clips in TFDS's manual_dir."""

  @abc.abstractmethod
  def skeleton(self) -> Skeleton:
    """Returns the skeleton of the data set."""

  def _info(self) -> tfds.core.DatasetInfo:
    skeleton = self.skeleton()
    joints = skeleton.num_joints
    return _LocalInfo(
      builder=self,
      description=self.description,
      homepage=self.homepage,
      citation=self.citation,
      features=tfds.features.FeaturesDict(
        {
          "clip": tfds.features.Text(),
          "action": tfds.features.Text(),
          # The format applies to arrays; encoded frames are stored unchanged.
          "frames": tfds.features.Sequence(
            tfds.features.Image(shape=(None, None, 3), encoding_format="jpeg")
          ),
          "keypoints": tfds.features.Tensor(shape=(None, joints, 2), dtype=np.float32),
          "visibility": tfds.features.Tensor(shape=(None, joints), dtype=np.bool_),
          "boxes": tfds.features.Tensor(shape=(None, 4), dtype=np.float32),
          "image_size": tfds.features.Tensor(shape=(2,), dtype=np.int32),
        }
      ),
      metadata=tfds.core.MetadataDict(**records.skeleton_metadata(skeleton)),
    )

  def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> Dict[str, Any]:
    source = self._source or self.open_source(dl_manager.manual_dir)
    splits = source.splits()
    self.info.metadata["source"] = os.fspath(source.folder)
    self.info.metadata["labels_sha256"] = source.digest()
    return {name: self._generate_examples(source, name, clips) for name, clips in splits.items()}

  def _generate_examples(
    self, source: ClipSource, split: str, clips: Sequence[str]
  ) -> Iterator[Tuple[str, Dict[str, Any]]]:
    for labels, frames in source.read_clips(split, clips):
      yield (
        labels.clip,
        {
          "clip": labels.clip,
          "action": labels.action,
          "frames": frames,
          "keypoints": labels.keypoints,
          "visibility": labels.visibility,
          "boxes": labels.boxes,
          "image_size": np.array(labels.image_size, np.int32),
        },
      )
    # Splits are written in turn, so the account is complete after the last one.
    self.info.metadata["frames"] = dict(source.account.num_frames)
    self.info.metadata["skipped"] = sorted(source.account.skipped)
    self.info.metadata["damaged"] = source.account.damaged


def get_folder(
  builder: Type[ClipRecords], data_dir: Optional[str], config: Optional[str] = None
) -> pathlib.Path:
  """Returns the folder of a data set: DATA_DIR/name[/config]/version."""
  root = pathlib.Path(data_dir or tfds.core.constants.DATA_DIR).expanduser().absolute()
  return root.joinpath(builder.name, *([config] if config else []), str(builder.VERSION))


def prepare(
  builder: Type[ClipRecords],
  source: ClipSource,
  data_dir: Optional[str],
  config: Optional[Any] = None,
) -> pathlib.Path:
  """Writes a data set, and replaces an older one only when the new one is complete.

  Args:
    builder: builder of the data set.
    source: its clips.
    data_dir: parent folder of NAME/1.0.0; None means TFDS's default.
    config: TFDS's BuilderConfig or its name, for builders with several.
  Returns:
    Folder of the data set.
  Raises:
    InputError: no clip is usable, or a clip of a strict source is not, or the data set cannot be
      written.
  """
  final = get_folder(builder, data_dir, getattr(config, "name", config))
  source.splits()  # raises before anything is written
  try:
    with complete_or_absent(final) as partial:
      maker = builder(source, data_dir=os.fspath(partial.parent), config=config)
      tfds.disable_progress_bar()
      # TFDS prints that it downloads, and names the temporary folder.
      with contextlib.redirect_stdout(io.StringIO()):
        maker.download_and_prepare(
          download_config=tfds.download.DownloadConfig(try_download_gcs=False)
        )
      maker.data_path.rename(partial)
  except (OSError, RuntimeError) as error:
    # TFDS converts TensorFlow's error for a full disk to a RuntimeError.
    if isinstance(error, RuntimeError) and "ResourceExhausted" not in str(error):
      raise
    raise InputError(
      f"{final}: the data set cannot be written ({str(error).splitlines()[-1]}). "
      "Free space there, or give another --data_dir."
    ) from error
  return final


def keep(folder: pathlib.Path, source: ClipSource) -> None:
  """Prints a summary of the data set in `folder`.

  Raises:
    InputError: it was made from another source, from other labels, or without clips that a
      strict source requires.
  """
  try:
    info = records.open_records(folder).info
  except InputError as error:
    raise InputError(f"{error} --overwrite replaces it.") from error
  metadata = dict(info.metadata or {})
  if metadata.get("source") != os.fspath(source.folder):
    raise InputError(
      f"{folder}: exists, and was made from {metadata.get('source')}, not {source.folder}. "
      "Add --overwrite to replace it, or give another --data_dir."
    )
  if metadata.get("labels_sha256") != source.digest():
    changed = f"{source.labels} has changed since" + (" or flags differ" * bool(source.settings()))
    raise InputError(f"{folder}: exists, but {changed}. Add --overwrite to replace it.")
  skipped, damaged = metadata.get("skipped", []), metadata.get("damaged", [])
  lacking = [f"{len(skipped)} skipped clips ({', '.join(skipped)})"] if skipped else []
  lacking += [f"damaged frames of {', '.join(damaged)}"] if damaged else []
  if source.account.strict and lacking:
    raise InputError(
      f"{folder}: exists, but lacks {' and '.join(lacking)}. "
      "Add --overwrite to make it again with --strict."
    )
  print(f"kept the existing data set of {source.folder} (--overwrite replaces it):")
  for name, split in info.splits.items():
    print(f"  {name}: {split.num_examples} clips, {metadata.get('frames', {}).get(name)} frames")
