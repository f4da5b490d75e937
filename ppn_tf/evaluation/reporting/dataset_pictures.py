"""Pictures of runs on clips of a data set."""

import dataclasses
from typing import List, Optional, Sequence

from ppn_tf.clips import records
from ppn_tf.clips.damaged_records import naming_damage
from ppn_tf.evaluation.reporting import samples, unseen
from ppn_tf.evaluation.reporting.runs import Run
from ppn_tf.evaluation.reporting.sheets import Sheet, draw_sheets
from ppn_tf.inference.runs import load_run
from ppn_tf.keypoints.skeletons import Skeleton
from ppn_tf.runtime.errors import InputError


@dataclasses.dataclass(frozen=True)
class DatasetPictures:
  """Pictures of runs on clips of a data set.

  Attributes:
    sheets: clips that runs with predictions do worst on.
    strips: unseen frames with the joints of runs without predictions.
    heatmaps: heatmaps of the first PPN, if there is one.
  """

  sheets: Sequence[Sheet] = ()
  strips: Sequence[unseen.Strip] = ()
  heatmaps: Optional[unseen.Heatmaps] = None


def draw_pictures(
  runs: Sequence[Run],
  dataset: str,
  split: str,
  *,
  num_clips: int,
  num_worst: int,
  checkpoint: str = "latest",
) -> DatasetPictures:
  """Draws runs on clips of a data set.

  Runs with predictions are drawn by these, others by the answers of their networks.

  Args:
    runs: runs of the report.
    dataset: folder of the data set.
    split: its split.
    num_clips: clips with unseen frames.
    num_worst: clips that the first run predicts worst; 0 uses no predictions.
    checkpoint: "latest" or "best".
  Raises:
    InputError: there is no such data set, or a network has other joints.
  """
  builder = records.open_records(dataset)
  skeleton = records.read_skeleton(builder)
  predicted = [run for run in runs if run.predictions and num_worst]
  sheets: List[Sheet] = draw_sheets(predicted, builder, split, num_worst) if predicted else []
  first_ppn = next((run for run in runs if run.propagates), None)
  networks = {
    run.name: _load_candidate(run, skeleton, checkpoint)
    for run in runs
    if run not in predicted or run is first_ppn
  }
  if not networks:
    return DatasetPictures(sheets)
  with naming_damage(builder):
    chosen = samples.read_samples(builder, split, num_clips)
  candidates = [networks[run.name] for run in runs if run not in predicted]
  strips = unseen.draw_strips(candidates, chosen, skeleton) if candidates else []
  if first_ppn is None:
    return DatasetPictures(sheets, strips)
  heatmaps = unseen.draw_heatmaps(networks[first_ppn.name], chosen, skeleton)
  return DatasetPictures(sheets, strips, heatmaps)


def _load_candidate(run: Run, skeleton: Skeleton, checkpoint: str) -> unseen.Candidate:
  """Loads the network of a run, which must have the data set's joints."""
  loaded = load_run(run.workdir, checkpoint)
  model = loaded.model
  if model.num_joints != skeleton.num_joints:
    raise InputError(
      f"{run.workdir}: its network has {model.num_joints} joints, the data set "
      f"{skeleton.num_joints}. Give the --dataset that the run was trained on."
    )
  return unseen.Candidate(run.name, model, loaded.experiment.clips.box_margin)
