"""Tables of joints by kind, the suffixes of their files, and the packages that they need."""

import importlib
import importlib.util
import os
from typing import Dict, Sequence, Tuple, Type

from ppn_tf.runtime.errors import InputError, first_line
from ppn_tf.runtime.scratch import scratch_folder
from ppn_tf.tracking.output.angle_table import AngleTable
from ppn_tf.tracking.output.coco import CocoTable
from ppn_tf.tracking.output.deeplabcut import DeepLabCutTable
from ppn_tf.tracking.output.nwb import NwbTable
from ppn_tf.tracking.output.openpose import OpenPoseFolder
from ppn_tf.tracking.output.sleap import SleapTable
from ppn_tf.tracking.output.tables import CsvTable, JsonLines, JsonTable, Table

TABLES: Dict[str, Type[Table]] = {
  "json": JsonTable,
  "jsonl": JsonLines,
  "csv": CsvTable,
  "coco": CocoTable,
  "angles": AngleTable,
  "openpose": OpenPoseFolder,
  "deeplabcut": DeepLabCutTable,
  "sleap": SleapTable,
  "nwb": NwbTable,
}
# Packages that write a file, and the extra of ppn-tf with them, by kind and suffix.
FILE_FORMATS: Dict[str, Dict[str, Tuple[Tuple[str, ...], str]]] = {
  "deeplabcut": {".csv": ((), ""), ".h5": (("h5py", "pandas", "tables"), "labels")},
  "sleap": {".h5": (("h5py",), "labels")},
  "nwb": {".nwb": (("pynwb", "ndx_pose"), "nwb")},
}
_CACHE = "XDG_CACHE_HOME"


def check_format(kind: str, path: str) -> None:
  """Checks the path of an output of `FILE_FORMATS`, and imports the packages that write it.

  Raises:
    InputError: it has another suffix, or needs a package that cannot be imported.
  """
  suffixes = FILE_FORMATS[kind]
  suffix = os.path.splitext(path)[1].lower()
  if suffix not in suffixes:
    raise InputError(f"output_{kind}={path}: unknown format. End it in {' or '.join(suffixes)}.")
  packages, extra = suffixes[suffix]
  missing = [package for package in packages if importlib.util.find_spec(package) is None]
  if missing:
    raise InputError(
      f"output_{kind}={path}: needs {' and '.join(missing)}. Run `pip install 'ppn-tf[{extra}]'`."
    )
  try:
    import_packages(packages)
  except (ImportError, OSError) as error:
    raise InputError(
      f"output_{kind}={path}: {' or '.join(packages)} cannot be imported ({first_line(error)}). "
      f"Run `pip install --upgrade 'ppn-tf[{extra}]'`."
    ) from error


def import_packages(packages: Sequence[str]) -> None:
  """Imports packages, also where the user's home cannot be written.

  Raises:
    ImportError: a package is missing or broken.
    OSError: a package needs a file that cannot be read or written.
  """
  try:
    for package in packages:
      importlib.import_module(package)
  except OSError:
    # pynwb creates a folder for its cache when it is imported.
    given = os.environ.get(_CACHE)
    with scratch_folder() as folder:
      os.environ[_CACHE] = str(folder)
      try:
        for package in packages:
          importlib.import_module(package)
      finally:
        os.environ.pop(_CACHE)
        if given is not None:
          os.environ[_CACHE] = given
