"""Expected entries of each data set's folder."""

import pathlib
from typing import Dict, NamedTuple, Tuple

from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError


class Layout(NamedTuple):
  """Entries of a data set's folder.

  Attributes:
    entries: required files and folders; "a|b" means either, and patterns any file that fits.
    expected: the same in words, for messages.
  """

  entries: Tuple[str, ...]
  expected: str


LAYOUTS: Dict[str, Layout] = {
  "penn_action": Layout(
    ("labels", "frames"), "frames/0001/000001.jpg ... and labels/0001.mat ... in it"
  ),
  "sub_jhmdb": Layout(
    ("Rename_Images", "joint_positions", "sub_splits"),
    "Rename_Images/ACTION/CLIP/00001.png ..., joint_positions/ACTION/CLIP/joint_positions.mat, "
    "puppet_mask/ACTION/CLIP/puppet_mask.mat and sub_splits/ACTION_test_split_1.txt ... in it",
  ),
  "mpii": Layout(
    (
      "images",
      "mpii_human_pose_v1_u12_1.mat|mpii_human_pose_v1_u12_2/mpii_human_pose_v1_u12_1.mat",
    ),
    "images/*.jpg and mpii_human_pose_v1_u12_1.mat in it",
  ),
  "clips": Layout(
    (
      "annotations.json|*.json|annotations/*.json|*.slp|*.analysis.h5"
      "|**/CollectedData_*.csv|**/CollectedData_*.h5",
    ),
    "annotations.json or another tool's labels in it, next to the videos or folders of frames",
  ),
}


def check_layout(name: str, folder: pathlib.Path) -> None:
  """Checks the entries of a data set's folder.

  Args:
    name: a key of LAYOUTS.
    folder: folder to check.
  Raises:
    InputError: it is not a folder, or lacks entries. If it looks like another data set's folder,
      the message names that command.
  """
  layout = LAYOUTS[name]
  if not folder.is_dir():
    received = "not a folder" if folder.exists() else "no such folder"
    raise InputError(f"{folder}: {received}. Expected {layout.expected}.")
  lacking = [entry.split("|")[0] for entry in layout.entries if not _has(folder, entry)]
  if lacking:
    suggestion = _suggest_command(name, folder)
    raise InputError(
      f"{folder}: lacks {', '.join(lacking)}. Expected {layout.expected}.{suggestion}"
    )


def _has(folder: pathlib.Path, entry: str) -> bool:
  return any(next(folder.glob(path), None) is not None for path in entry.split("|"))


def _suggest_command(name: str, folder: pathlib.Path) -> str:
  for candidate, layout in LAYOUTS.items():
    if candidate != name and all(_has(folder, entry) for entry in layout.entries):
      return f" It looks like a folder for `{command(f'data {candidate}')}`."
  return ""
