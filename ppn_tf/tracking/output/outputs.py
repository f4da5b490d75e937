"""Paths of the results of a tracked video."""

import dataclasses
import os
import pathlib
from typing import List, Optional

from ppn_tf.runtime.errors import InputError
from ppn_tf.tracking.output.formats import FILE_FORMATS, check_format
from ppn_tf.tracking.output.openpose import check_folder
from ppn_tf.tracking.output.origin import check_replaceable
from ppn_tf.tracking.video.images import list_images

STANDARD_OUTPUT = "-"
_SHEET_SUFFIXES = (".png", ".jpg", ".jpeg")


@dataclasses.dataclass(frozen=True)
class Outputs:
  """Paths of results; None or an empty path writes nothing.

  Attributes:
    overlay: video with the people drawn over it, .mp4, .mov or .mkv.
    json: joints as JSON, see `tables`; "-" is standard output, as for the next four.
    jsonl: joints as JSON lines, see `tables`.
    csv: joints as CSV, see `tables`.
    coco: joints as COCO keypoint annotations, see `coco`.
    angles: joint angles as CSV, see `angle_table`.
    openpose: folder of OpenPose's JSON files, see `openpose`.
    deeplabcut: DeepLabCut's table, .csv or .h5, see `deeplabcut`.
    sleap: SLEAP's analysis file, .h5, see `sleap`.
    nwb: NWB file with the extension ndx-pose, .nwb, see `nwb`.
    sheet: picture with frames of the overlay, .png or .jpg.
  """

  overlay: Optional[str] = None
  json: Optional[str] = None
  jsonl: Optional[str] = None
  csv: Optional[str] = None
  coco: Optional[str] = None
  angles: Optional[str] = None
  openpose: Optional[str] = None
  deeplabcut: Optional[str] = None
  sleap: Optional[str] = None
  nwb: Optional[str] = None
  sheet: Optional[str] = None

  def paths(self) -> List[str]:
    """Returns the paths that are written."""
    return [path for path in dataclasses.astuple(self) if path]

  def check(self, video: str, is_live: bool = False, overwrite: bool = False) -> None:
    """Checks that the paths are free, or hold earlier outputs of the same video.

    Args:
      video: path of the video, or name of a camera or stream.
      is_live: whether it is a camera or a stream.
      overwrite: whether outputs of other videos are replaced.
    Raises:
      InputError: two paths are the same, one is the video, a frame of it or an output of another
        video, one has an unknown format or needs a package that is not installed, or there is no
        path.
    """
    owners = {os.path.realpath(video): "the input video"}
    if os.path.isdir(video) and any(map(os.path.exists, self.paths())):
      frames = list_images(pathlib.Path(video))
      owners.update((os.path.realpath(file), "a frame of the input video") for file in frames)
    for path in self.paths():
      place = path if path == STANDARD_OUTPUT else os.path.realpath(path)
      if place in owners:
        raise InputError(f"{path}: is {owners[place]}. Give another output.")
      if not os.path.exists(place) or os.path.isfile(place):  # a device takes several
        owners[place] = "another output too"
    if self.sheet and not self.sheet.lower().endswith(_SHEET_SUFFIXES):
      raise InputError(f"contact_sheet={self.sheet}: not an image. End it in .png or .jpg.")
    if self.sheet and os.path.dirname(os.path.realpath(self.sheet)) == os.path.realpath(video):
      raise InputError(
        f"contact_sheet={self.sheet}: would become a frame of the input video. Give another folder."
      )
    for kind in FILE_FORMATS:
      if getattr(self, kind):
        check_format(kind, getattr(self, kind))
    if self.openpose == STANDARD_OUTPUT:
      raise InputError("output_openpose=-: is no folder. Give a new folder.")
    if self.openpose:
      check_folder(self.openpose, video, is_live, overwrite)
    for path in [] if overwrite else self.paths():
      check_replaceable(path, video, is_live)
    if not self.paths():
      raise InputError("nothing to write. Give output=PATH, output_json=PATH or another table.")
