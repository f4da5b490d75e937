"""How each data set's folder looks, to tell a wrong one, and whose it is."""

import pathlib
from typing import Dict, NamedTuple, Tuple

from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError


class Layout(NamedTuple):
  """What stands in a data set's folder.

  Attributes:
    entries: files and folders that it must have; "a|b" is either.
    expected: the same for a reader.
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
    ("annotations.json",), "annotations.json in it, beside the videos or folders of frames"
  ),
}


def check_layout(name: str, folder: pathlib.Path) -> None:
  """Checks a folder's outermost entries.

  Args:
    name: of the program under data/.
  Raises:
    InputError: it is no folder, or lacks entries; it says whose folder it looks like.
  """
  layout = LAYOUTS[name]
  if not folder.is_dir():
    received = "not a folder" if folder.exists() else "no such folder"
    raise InputError(f"{folder}: {received}. Expected {layout.expected}.")
  lacking = [entry.split("|")[0] for entry in layout.entries if not _has(folder, entry)]
  if lacking:
    raise InputError(
      f"{folder}: lacks {', '.join(lacking)}. Expected {layout.expected}.{_owner(name, folder)}"
    )


def _has(folder: pathlib.Path, entry: str) -> bool:
  return any((folder / one).exists() for one in entry.split("|"))


def _owner(name: str, folder: pathlib.Path) -> str:
  for other, layout in LAYOUTS.items():
    if other != name and all(_has(folder, entry) for entry in layout.entries):
      return f" It looks like a folder for `{command(f'data {other}')}`."
  return ""
