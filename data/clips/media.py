"""Videos and folders of frames in a folder, and the frames that labels name by file."""

import pathlib
from typing import Dict, List, Optional, Tuple

from ppn_tf.tracking.video.images import IMAGE_SUFFIXES, list_images

VIDEO_SUFFIXES = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")


class Media:
  """Files below a folder."""

  def __init__(self, folder: pathlib.Path):
    self.folder = folder
    self._numbers: Dict[str, Dict[str, int]] = {}
    self._by_name: Optional[Dict[str, List[pathlib.PurePosixPath]]] = None

  def list_clips(self) -> List[str]:
    """Lists the videos and folders of frames directly in the folder."""
    return sorted(
      path.name
      for path in self.folder.iterdir()
      if not path.name.startswith(".")
      and (path.suffix.lower() in VIDEO_SUFFIXES or (path.is_dir() and list_images(path)))
    )

  def find_frame(self, name: str) -> Optional[Tuple[str, int]]:
    """Finds a frame by the path of its file, as annotation tools write it.

    Tools write paths from their own folder on, which may lie above this one or below it. So a
    file also counts if its path here is the end of `name`, or `name` is the end of its path, and
    no other file is like that.

    Args:
      name: path with "/" between its parts, such as "walk/000003.jpg".
    Returns:
      The clip, which is the file's folder relative to this one, and the number of the file among
      the folder's images; None if there is no such file.
    """
    path = self._find_file(pathlib.PurePosixPath(name))
    if path is None:
      return None
    clip = path.parent.as_posix()
    if clip not in self._numbers:
      images = list_images(self.folder / clip)
      self._numbers[clip] = {image.name: number for number, image in enumerate(images)}
    number = self._numbers[clip].get(path.name)
    return None if number is None else (clip, number)

  def find_clip(self, name: str) -> Optional[str]:
    """Finds a video or folder by its path or, if there is only one, by the end of its path."""
    path = pathlib.PurePosixPath(name)
    found = path if self._exists(path) else self._find_file(path)
    return None if found is None else found.as_posix()

  def _exists(self, path: pathlib.PurePosixPath) -> bool:
    inside = not path.is_absolute() and ".." not in path.parts
    return inside and (self.folder / path).exists()

  def _find_file(self, path: pathlib.PurePosixPath) -> Optional[pathlib.PurePosixPath]:
    if self._exists(path) and (self.folder / path).is_file():
      return path
    if self._by_name is None:
      self._by_name = {}
      for file in sorted(self.folder.rglob("*")):
        if file.suffix.lower() in (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES) and file.name[0] != ".":
          relative = pathlib.PurePosixPath(file.relative_to(self.folder).as_posix())
          self._by_name.setdefault(file.name, []).append(relative)
    candidates = self._by_name.get(path.name, [])
    matches = [file for file in candidates if _ends(file, path) or _ends(path, file)]
    return matches[0] if len(matches) == 1 else None


def _ends(path: pathlib.PurePosixPath, end: pathlib.PurePosixPath) -> bool:
  return path.parts[-len(end.parts) :] == end.parts
