"""The TFDS records that all builders write, and how their programs make or keep a data set."""

import abc
import contextlib
import io
import os
import pathlib
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple, Type

import numpy as np
from absl import flags

from ppn_tf.clips import records
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

import tensorflow_datasets as tfds

from .clip_source import ClipSource


class ClipRecords(tfds.core.GeneratorBasedBuilder, abc.ABC):
  """One example a clip, as `ppn_tf.clips.records` reads them; the frames stay encoded.

  TFDS shuffles the examples: up to 1 GB of them in memory, beyond that by way
  of temporary files beside the records.
  """

  VERSION = tfds.core.Version("1.0.0")
  RELEASE_NOTES = {"1.0.0": "First release."}

  # There are no checksums of downloads beside this code, and TFDS 4.9.10 looks for
  # them with a package that it does not require (importlib_resources).
  code_path = None

  # What a data set says of itself.
  description = homepage = citation = ""

  def __init__(self, source: Optional[ClipSource] = None, **kwargs: Any):
    """Takes TFDS's arguments, and the source if it is not TFDS's manual_dir."""
    self._source = source
    super().__init__(**kwargs)

  @abc.abstractmethod
  def open_source(self, folder: os.PathLike) -> ClipSource:
    """The clips of TFDS's manual_dir."""

  @abc.abstractmethod
  def skeleton(self) -> Skeleton:
    """The data set's joints."""

  def _info(self) -> tfds.core.DatasetInfo:
    skeleton = self.skeleton()
    joints = skeleton.num_joints
    return tfds.core.DatasetInfo(
      builder=self,
      description=self.description,
      homepage=self.homepage,
      citation=self.citation,
      features=tfds.features.FeaturesDict(
        {
          "clip": tfds.features.Text(),
          "action": tfds.features.Text(),
          # The format is that of arrays; encoded frames are stored as they come.
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
    # The splits are made one after the other: at the last one's end it is complete.
    self.info.metadata["frames"] = dict(source.account.num_frames)
    self.info.metadata["skipped"] = sorted(source.account.skipped)


def data_set_folder(
  builder: Type[ClipRecords], data_dir: Optional[str], config: Optional[str] = None
) -> pathlib.Path:
  """Where a data set stands: DATA_DIR/name[/config]/version."""
  root = pathlib.Path(data_dir or tfds.core.constants.DATA_DIR).expanduser().absolute()
  return root.joinpath(builder.name, *([config] if config else []), str(builder.VERSION))


def prepare(
  builder: Type[ClipRecords],
  source: ClipSource,
  data_dir: Optional[str],
  config: Optional[Any] = None,
) -> pathlib.Path:
  """Makes the data set; an older one is replaced only once the new one is complete.

  Args:
    builder: the data set's builder.
    source: its clips.
    data_dir: the folder above NAME/1.0.0; None is TFDS's default.
    config: TFDS's BuilderConfig or its name, where the builder has several.
  Returns:
    The data set's folder.
  Raises:
    InputError: no clip can be used (or, of a strict source, one cannot), or
      the data set cannot be written.
  """
  final = data_set_folder(builder, data_dir, getattr(config, "name", config))
  source.splits()  # fails before anything is made
  try:
    with complete_or_absent(final) as partial:
      maker = builder(source, data_dir=os.fspath(partial.parent), config=config)
      tfds.disable_progress_bar()
      # TFDS announces a download, and the temporary folder as the result.
      with contextlib.redirect_stdout(io.StringIO()):
        maker.download_and_prepare(
          download_config=tfds.download.DownloadConfig(try_download_gcs=False)
        )
      maker.data_path.rename(partial)
  except (OSError, RuntimeError) as error:
    # TFDS turns TensorFlow's error for a full disk into a RuntimeError.
    if isinstance(error, RuntimeError) and "ResourceExhausted" not in str(error):
      raise
    raise InputError(
      f"{final}: the data set cannot be written ({str(error).splitlines()[-1]}). "
      "Free space there, or choose another --data_dir."
    ) from error
  return final


def keep(folder: pathlib.Path, source: ClipSource) -> None:
  """Reports the data set that is already in `folder`.

  Raises:
    InputError: it was made from another source, from other labels, or without clips that a
      strict source insists on.
  """
  try:
    info = records.open_records(folder).info
  except InputError as error:
    raise InputError(f"{error} --overwrite replaces it.") from error
  metadata = dict(info.metadata or {})
  if metadata.get("source") != os.fspath(source.folder):
    raise InputError(
      f"{folder}: already there, made from {metadata.get('source')}, not from {source.folder}. "
      "Pass --overwrite to replace it, or another --data_dir."
    )
  if metadata.get("labels_sha256") != source.digest():
    changed = f"{source.labels} has changed since" + (" or flags differ" * bool(source.settings()))
    raise InputError(f"{folder}: already there, but {changed}. Pass --overwrite to replace it.")
  skipped = metadata.get("skipped", [])
  if source.account.strict and skipped:
    raise InputError(
      f"{folder}: already there, made without {len(skipped)} clips ({', '.join(skipped)}). "
      "Pass --overwrite to make it anew under --strict."
    )
  print(f"kept, as made before from {source.folder} (--overwrite makes it anew):")
  for name, split in info.splits.items():
    print(f"  {name}: {split.num_examples} clips, {metadata.get('frames', {}).get(name)} frames")


def define_flags(source: str) -> None:
  """Flags of every builder's program.

  Not at import: the programs under data/ share names, and one process may import several.

  Args:
    source: what --source is to hold.
  """
  flags.DEFINE_string("source", None, source, required=True)
  flags.DEFINE_string(
    "data_dir", None, "Where the data set is made. Default: TFDS's own, ~/tensorflow_datasets."
  )
  flags.DEFINE_bool("strict", False, "Stop at a clip that cannot be used; else skip it.")
  flags.DEFINE_bool("overwrite", False, "Replace a data set that is already there.")


def make_or_keep(
  builder: Type[ClipRecords], source: ClipSource, config: Optional[Any] = None
) -> None:
  """What a program does by its flags: makes the data set, or finds it made."""
  options = flags.FLAGS
  folder = data_set_folder(builder, options.data_dir, getattr(config, "name", config))
  if folder.exists() and not options.overwrite:
    keep(folder, source)
  else:
    prepare(builder, source, options.data_dir, config)
    print(source.account.summary())
  print(f"data set: --dataset={folder}")
