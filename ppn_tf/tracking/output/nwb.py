"""Neurodata Without Borders: joints of tracked people as series of the extension ndx-pose."""

import datetime
import os
import uuid
from typing import Any, List, Sequence

import numpy as np

import ppn_tf
from ppn_tf.tracking.output.origin import describe_source, to_text
from ppn_tf.tracking.output.stored_joints import StoredTable

_ORIGIN = "(0, 0) is the center of the top-left pixel; x points right, y down."
_CONFIDENCE = "Peak of the joint's heatmap, 0..1."


class NwbTable(StoredTable):
  """NWB file with a PoseEstimation for each person, in the processing module `behavior`.

  With one person at a time it is called PoseEstimation, else person1, person2 and so on.
  All frames have an entry: positions are NaN and confidences 0 where a person is not found, and
  other joints keep their scores, however low. Times are seconds since the first frame of the
  video. The session starts when the video's file was last changed, or now without a file.
  """

  def write(self) -> None:
    import ndx_pose
    import pynwb

    recording = self._recording
    file = pynwb.NWBFile(
      session_description=describe_source(recording.video),
      identifier=str(uuid.uuid4()),
      session_start_time=_start_time(recording.video),
    )
    limbs = np.array(recording.skeleton.limbs, np.uint8).reshape(-1, 2)
    nodes = [_name(joint) for joint in recording.skeleton.joint_names]
    skeleton = ndx_pose.Skeleton(name="skeleton", nodes=nodes, edges=limbs)
    module = file.create_processing_module("behavior", "Joints of people in a video.")
    module.add(ndx_pose.Skeletons(skeletons=[skeleton]))
    times: Any = self.times
    for place, person in enumerate(self.people):
      series = self._series(ndx_pose, place, nodes, times)
      times = series[0]
      module.add(
        ndx_pose.PoseEstimation(
          name=person if recording.several else "PoseEstimation",
          pose_estimation_series=series,
          description=f"{to_text(recording.video)}, {recording.width} x {recording.height} pixels",
          scorer="PosePropagationNet",
          source_software="ppn-tf",
          source_software_version=ppn_tf.__version__,
          skeleton=skeleton,
        )
      )
    with pynwb.NWBHDF5IO(str(self._path), "w") as stream:
      stream.write(file)

  def _series(self, ndx_pose: Any, place: int, nodes: Sequence[str], times: Any) -> List[Any]:
    """Returns a series for each joint of a person; all share the times of the first.

    Args:
      ndx_pose: the module.
      place: number of the person in `people`.
      nodes: names of the joints.
      times: [T] seconds, or a series that has them.
    """
    joints = self.read_person(place)
    series: List[Any] = []
    for k, node in enumerate(nodes):
      series.append(
        ndx_pose.PoseEstimationSeries(
          name=node,
          data=joints[:, k, :2],
          confidence=np.nan_to_num(joints[:, k, 2]),
          confidence_definition=_CONFIDENCE,
          reference_frame=_ORIGIN,
          unit="pixels",
          timestamps=series[0] if series else times,
        )
      )
    return series


def _start_time(video: str) -> datetime.datetime:
  """Returns the time of the last change of a file, with a time zone."""
  now = datetime.datetime.now().timestamp()
  seconds = os.path.getmtime(video) if os.path.exists(video) else now
  return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def _name(joint: str) -> str:
  """Returns the name of a joint without characters that NWB refuses."""
  return joint.replace("/", "_").replace(":", "_")
