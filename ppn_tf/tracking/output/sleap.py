"""SLEAP's analysis file: joints of all tracks in all frames, in HDF5."""

import json
from typing import Any, Dict, Tuple

import numpy as np

import ppn_tf
from ppn_tf.tracking.output.origin import note_hdf5, to_text
from ppn_tf.tracking.output.stored_joints import BLOCK, StoredTable

# Dimensions of the datasets in the order of SLEAP, whose axes are reversed for MATLAB.
_DATASETS: Dict[str, Tuple[str, ...]] = {
  "tracks": ("track", "xy", "node", "frame"),
  "track_occupancy": ("frame", "track"),
  "point_scores": ("track", "node", "frame"),
  "instance_scores": ("track", "frame"),
  "tracking_scores": ("track", "frame"),
}


class SleapTable(StoredTable):
  """Analysis file with a column for each frame of the source, up to the last one tracked.

  Frames that were not tracked are NaN, and so are joints below the minimum score, which keep
  their scores. An instance's score is the mean of its joints'. There are no tracking scores.
  """

  def write(self) -> None:
    import h5py

    skeleton = self._recording.skeleton
    with h5py.File(self._path, "w") as file:
      self._write_joints(file)
      names = [name.encode() for name in skeleton.joint_names]
      limbs = np.array(skeleton.limbs, np.int64).reshape(-1, 2)
      file["track_names"] = np.array([name.encode() for name in self.people])
      file["node_names"] = np.array(names)
      file["edge_names"] = np.array(names)[limbs]
      file["edge_inds"] = limbs
      file["labels_path"] = ""
      file["video_path"] = to_text(self._recording.video)
      file["video_ind"] = 0
      file["provenance"] = json.dumps({"ppn_tf_version": ppn_tf.__version__})
    note_hdf5(self._path, self._recording.video)

  def _write_joints(self, file: Any) -> None:
    numbers = self.numbers
    sizes = {
      "track": len(self.track_ids),
      "xy": 2,
      "node": self._recording.skeleton.num_joints,
      "frame": int(numbers[-1]) + 1,
    }
    for name, dimensions in _DATASETS.items():
      is_flag = name == "track_occupancy"
      limits = {**sizes, "frame": min(sizes["frame"], BLOCK)}
      dataset = file.create_dataset(
        name,
        shape=[sizes[dimension] for dimension in dimensions],
        dtype=np.uint8 if is_flag else np.float64,
        chunks=tuple(limits[dimension] for dimension in dimensions),
        fillvalue=0 if is_flag else np.nan,
        compression="gzip",
      )
      dataset.attrs["dims"] = json.dumps(dimensions)
    for begin in range(0, sizes["frame"], BLOCK):
      self._write_block(file, begin, min(begin + BLOCK, sizes["frame"]))

  def _write_block(self, file: Any, begin: int, end: int) -> None:
    """Writes the frames of the source from `begin` to `end` (exclusive)."""
    first, last = np.searchsorted(self.numbers, [begin, end])
    if first == last:
      return
    shape = (end - begin, len(self.track_ids), self._recording.skeleton.num_joints, 3)
    joints = np.full(shape, np.nan)
    joints[self.numbers[first:last] - begin] = self.read(first, last)
    scores = joints[..., 2]
    is_low = np.nan_to_num(scores) < self._recording.min_score
    places = np.where(is_low[..., None], np.nan, joints[..., :2])
    file["tracks"][..., begin:end] = places.transpose(1, 3, 2, 0)
    file["point_scores"][..., begin:end] = scores.transpose(1, 2, 0)
    file["instance_scores"][..., begin:end] = scores.mean(axis=-1).T
    file["track_occupancy"][begin:end] = np.isfinite(scores).any(axis=-1)
