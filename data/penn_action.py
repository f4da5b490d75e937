"""Penn Action, from its folders to TFDS records: `python -m data.penn_action --source=DIR`.

DIR holds frames/0001/000001.jpg ... and labels/0001.mat ..., as the archive
Penn_Action.tar.gz unpacks. The frames keep their JPEG bytes.
"""

import contextlib
import io
import os
import pathlib
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple

import numpy as np
from absl import flags

from data.penn_source import PennSource
from ppn_tf import doors
from ppn_tf.clips import records
from ppn_tf.errors import InputError
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.outputs import complete_or_absent

import tensorflow_datasets as tfds


class PennAction(tfds.core.GeneratorBasedBuilder):
  """One example a clip; splits as the labels' `train` field says."""

  VERSION = tfds.core.Version("1.0.0")
  RELEASE_NOTES = {"1.0.0": "First release."}
  MANUAL_DOWNLOAD_INSTRUCTIONS = "manual_dir holds the folders frames/ and labels/ of Penn Action."

  # There are no checksums of downloads beside this code, and TFDS 4.9.10 looks for
  # them with a package that it does not require (importlib_resources).
  code_path = None

  def __init__(self, source: Optional[PennSource] = None, **kwargs: Any):
    """Takes TFDS's arguments, and the source if it is not TFDS's manual_dir."""
    self._source = source
    super().__init__(**kwargs)

  def _info(self) -> tfds.core.DatasetInfo:
    joints = PENN_ACTION.num_joints
    return tfds.core.DatasetInfo(
      builder=self,
      description="Penn Action: 2326 clips of 15 sports actions, 13 joints in every frame.",
      homepage="http://dreamdragon.github.io/PennAction/",
      citation="Zhang, Zhu and Derpanis. From Actemes to Action. ICCV 2013.",
      features=tfds.features.FeaturesDict(
        {
          "clip": tfds.features.Text(),
          "action": tfds.features.Text(),
          "frames": tfds.features.Sequence(
            tfds.features.Image(shape=(None, None, 3), encoding_format="jpeg")
          ),
          "keypoints": tfds.features.Tensor(shape=(None, joints, 2), dtype=np.float32),
          "visibility": tfds.features.Tensor(shape=(None, joints), dtype=np.bool_),
          "boxes": tfds.features.Tensor(shape=(None, 4), dtype=np.float32),
          "image_size": tfds.features.Tensor(shape=(2,), dtype=np.int32),
        }
      ),
      metadata=tfds.core.MetadataDict(skeleton=PENN_ACTION.name),
    )

  def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> Dict[str, Any]:
    source = self._source or PennSource(dl_manager.manual_dir)
    splits = source.splits()
    self.info.metadata["source"] = os.fspath(source.folder)
    self.info.metadata["labels_sha256"] = source.digest()
    return {name: self._generate_examples(source, name, clips) for name, clips in splits.items()}

  def _generate_examples(
    self, source: PennSource, split: str, clips: Sequence[str]
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
    self.info.metadata["frames"] = dict(source.num_frames)
    self.info.metadata["skipped"] = sorted(source.skipped)


def prepare(source: PennSource, data_dir: Optional[str]) -> pathlib.Path:
  """Makes the data set; an older one is replaced only once the new one is complete.

  Args:
    data_dir: the folder above penn_action/1.0.0; None is TFDS's default.
  Returns:
    The data set's folder.
  Raises:
    InputError: no clip can be used (or, of a strict source, one cannot), or
      the data set cannot be written.
  """
  final = data_set_folder(data_dir)
  source.splits()  # fails before anything is made
  try:
    with complete_or_absent(final) as partial:
      builder = PennAction(source, data_dir=os.fspath(partial.parent))
      tfds.disable_progress_bar()
      # TFDS announces a download, and the temporary folder as the result.
      with contextlib.redirect_stdout(io.StringIO()):
        builder.download_and_prepare(
          download_config=tfds.download.DownloadConfig(try_download_gcs=False)
        )
      builder.data_path.rename(partial)
  except (OSError, RuntimeError) as error:
    # TFDS turns TensorFlow's error for a full disk into a RuntimeError.
    if isinstance(error, RuntimeError) and "ResourceExhausted" not in str(error):
      raise
    raise InputError(
      f"{final}: the data set cannot be written ({str(error).splitlines()[-1]}). "
      "Free space there, or choose another --data_dir."
    ) from error
  return final


def data_set_folder(data_dir: Optional[str]) -> pathlib.Path:
  root = pathlib.Path(data_dir or tfds.core.constants.DATA_DIR).expanduser().absolute()
  return root / PennAction.name / str(PennAction.VERSION)


def keep(folder: pathlib.Path, source: PennSource) -> None:
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
    raise InputError(
      f"{folder}: already there, but {source.folder / 'labels'} has changed since. "
      "Pass --overwrite to replace it."
    )
  skipped = metadata.get("skipped", [])
  if source.strict and skipped:
    raise InputError(
      f"{folder}: already there, made without {len(skipped)} clips ({', '.join(skipped)}). "
      "Pass --overwrite to make it anew under --strict."
    )
  print(f"kept, as made before from {source.folder} (--overwrite makes it anew):")
  for name, split in info.splits.items():
    print(f"  {name}: {split.num_examples} clips, {metadata.get('frames', {}).get(name)} frames")


def define_flags() -> None:
  """Not at import: the programs under data/ share names, and one process may import several."""
  flags.DEFINE_string(
    "source", None, "Folder that holds Penn Action's frames/ and labels/.", required=True
  )
  flags.DEFINE_string(
    "data_dir", None, "Where the data set is made. Default: TFDS's own, ~/tensorflow_datasets."
  )
  flags.DEFINE_bool("strict", False, "Stop at a clip that cannot be used; else skip it.")
  flags.DEFINE_bool("overwrite", False, "Replace a data set that is already there.")


def main(argv: Sequence[str]) -> None:
  doors.no_arguments(argv)
  options = flags.FLAGS
  source = PennSource(options.source, strict=options.strict, progress=True)
  folder = data_set_folder(options.data_dir)
  if folder.exists() and not options.overwrite:
    keep(folder, source)
  else:
    prepare(source, options.data_dir)
    print(source.summary())
  print(f"data set: --dataset={folder}")


if __name__ == "__main__":
  define_flags()
  doors.run(main)
