"""Formats of labels, and the one that a folder has."""

import pathlib
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence

from ppn_tf.runtime.errors import InputError

from .annotations import Annotations
from .coco import read_coco
from .deeplabcut import find_tables, read_deeplabcut
from .label_studio import read_label_studio
from .media import Media
from .sleap import read_sleap_analysis, read_sleap_project

ANNOTATIONS = "annotations.json"

Paths = List[pathlib.Path]


class Format(NamedTuple):
  """One kind of label files.

  Attributes:
    name: value of --format.
    title: the format in words.
    find: lists the files of a folder that may be of this format.
    read: reads them.
    several: whether a source may have several files.
  """

  name: str
  title: str
  find: Callable[[pathlib.Path], Paths]
  read: Callable[[Paths, Media], Annotations]
  several: bool


def _find_json(folder: pathlib.Path, is_list: bool) -> Paths:
  """Lists JSON files of Label Studio (lists) or of COCO; annotations.json counts alone."""
  path = folder / ANNOTATIONS
  if path.is_file():
    return [path] if _starts_list(path) == is_list else []
  candidates = [*folder.glob("*.json"), *(folder / "annotations").glob("*.json")]
  words = [b'"keypointlabels"'] if is_list else [b'"images"', b'"annotations"', b'"categories"']
  return sorted(
    path
    for path in candidates
    if path.name[0] != "."
    and _starts_list(path) == is_list
    and all(word in path.read_bytes() for word in words)
  )


def _starts_list(path: pathlib.Path) -> bool:
  with path.open("rb") as stream:
    # Marks of encodings, zeros of wide ones, and spaces come before the first character.
    return stream.read(64).strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n").startswith(b"[")


FORMATS: Sequence[Format] = (
  Format(
    "coco",
    "COCO's JSON, also CVAT's",
    lambda folder: _find_json(folder, is_list=False),
    lambda paths, media: read_coco(paths[0], media),
    several=False,
  ),
  Format(
    "label_studio",
    "Label Studio's JSON",
    lambda folder: _find_json(folder, is_list=True),
    lambda paths, media: read_label_studio(paths[0], media),
    several=False,
  ),
  Format(
    "deeplabcut",
    "DeepLabCut's CollectedData_*.csv or .h5",
    find_tables,
    read_deeplabcut,
    several=True,
  ),
  Format(
    "sleap",
    "a project of SLEAP (.slp)",
    lambda folder: sorted(folder.glob("*.slp")),
    lambda paths, media: read_sleap_project(paths[0], media),
    several=False,
  ),
  Format(
    "sleap_analysis",
    "SLEAP's *.analysis.h5",
    lambda folder: sorted(folder.glob("*.analysis.h5")),
    read_sleap_analysis,
    several=True,
  ),
)
NAMES = tuple(form.name for form in FORMATS)


class LabelFiles(NamedTuple):
  """Label files of a folder, and their format."""

  form: Format
  paths: Paths

  def read(self, media: Media) -> Annotations:
    """Reads the files; see the reader of the format."""
    return self.form.read(self.paths, media)


def find_labels(folder: pathlib.Path, name: Optional[str] = None) -> Optional[LabelFiles]:
  """Finds the label files of a folder.

  Args:
    folder: the source.
    name: one of NAMES; None means the only format whose files are there.
  Returns:
    The files; None if there are none.
  Raises:
    InputError: files of several formats are there, or several files of a format that has one.
  """
  found: Dict[str, LabelFiles] = {}
  for form in FORMATS:
    paths = form.find(folder) if name in (None, form.name) else []
    if paths:
      found[form.name] = LabelFiles(form, paths)
  if len(found) > 1:
    files = ", ".join(f"{labels.paths[0].name} ({key})" for key, labels in found.items())
    raise InputError(f"{folder}: has labels of several formats: {files}. Choose by --format.")
  labels = next(iter(found.values()), None)
  if labels and len(labels.paths) > 1 and not labels.form.several:
    files = ", ".join(path.name for path in labels.paths)
    raise InputError(f"{folder}: has several files of labels: {files}. Keep one of them there.")
  return labels
