"""Scores a tracker on videos of labeled people at several frame rates.

  python -m benchmarks.frame_rates --data_dir=records_people

`python -m benchmarks.people_sets --source=DIR --data_dir=records_people` makes the records. Every
n-th frame of each video is tracked from the labeled box of its first frame alone, as at 30 / n
frames per second, from each of its first n frames on, at most three times. Prints means over the
videos as a Markdown table.
"""

import dataclasses
import pathlib
from typing import Dict, Iterator, List, Mapping, Sequence, Tuple

import numpy as np
from absl import flags

from benchmarks import people_measures
from benchmarks.people_measures import ALPHAS, ClipMeasures
from benchmarks.people_sets import SETS
from benchmarks.people_sources import CLIP
from ppn_tf.clips import records
from ppn_tf.clips.labels import ClipLabels, read_labels
from ppn_tf.inference.frame_times import PERIOD
from ppn_tf.inference.load import load_model
from ppn_tf.inference.people_weights import REFRESH_AFTER
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.settings import Bounds
from ppn_tf.tracking.tracker import Tracker

FLAGS = flags.FLAGS
VIDEOS = (CLIP, "bonn", "eval_clips")
STEPS = (1, 2, 3, 6)
# Videos with fewer frames than this at a rate are left out.
MIN_FRAMES = 4
MAX_STARTS = 3


def define_flags() -> None:
  """Defines the flags of the command."""
  flags.DEFINE_string(
    "data_dir", "records_people", "Folder of records from `benchmarks.people_sets`."
  )
  flags.DEFINE_string("model", "people", "Network to track with.")
  command_flags.define_numbers(
    "refresh_after",
    (0.0, REFRESH_AFTER),
    "Values of the tracker's setting to compare, in seconds; 0: never refreshed.",
    Bounds(0.0, 3600.0),
  )


def choose_frames(num_frames: int, step: int) -> List[np.ndarray]:
  """Returns the numbers of every step-th frame, one array for each first frame."""
  chosen = [np.arange(first, num_frames, step) for first in range(min(step, MAX_STARTS))]
  return [frames for frames in chosen if len(frames) >= MIN_FRAMES]


def track(
  tracker: Tracker, frames: np.ndarray, labels: ClipLabels, step: int
) -> Iterator[Tuple[ClipLabels, ClipPredictions]]:
  """Yields labels and predictions of every step-th frame of a clip, for each first frame.

  The first frame itself is left out, because its box is labeled.

  Args:
    tracker: tracker of one person.
    frames: [N, H, W, 3] uint8 RGB.
    labels: of the N frames.
    step: n, from one frame to the next.
  """
  for chosen in choose_frames(len(frames), step):
    tracker.reset(labels.boxes[chosen[0]])
    poses = [tracker.update(frames[t], t * PERIOD) for t in chosen][1:]
    predicted = ClipPredictions(
      f"{labels.clip} from {chosen[0]}",
      tracker.skeleton.joint_names,
      np.stack([pose.keypoints for pose in poses]),
      np.stack([pose.scores for pose in poses]),
    )
    of_frames = {
      name: getattr(labels, name)[chosen[1:]] for name in ("keypoints", "visibility", "boxes")
    }
    yield dataclasses.replace(labels, **of_frames), predicted


def measure_set(
  trackers: Mapping[str, Tracker], dataset: pathlib.Path
) -> Dict[Tuple[int, str], Dict[str, ClipMeasures]]:
  """Measures trackers on the split "test" of a data set.

  Args:
    trackers: trackers by name.
    dataset: folder of the records.
  Returns:
    Measures by step and tracker, and by clip and first frame.
  """
  builder = records.open_records(str(dataset))
  skeleton, all_labels = records.read_skeleton(builder), read_labels(builder, "test")
  labels: Dict[int, Dict[str, ClipLabels]] = {step: {} for step in STEPS}
  predictions: Dict[int, Dict[str, Dict[str, ClipPredictions]]] = {
    step: {name: {} for name in trackers} for step in STEPS
  }
  examples = records.serialized_examples(builder, "test")
  for clip in examples.map(lambda example: records.parse(builder, example)):
    of_clip = all_labels[clip["clip"].numpy().decode()]
    frames = records.decode_frames(clip["frames"]).numpy()
    for step in STEPS:
      for name, tracker in trackers.items():
        for of_frames, predicted in track(tracker, frames, of_clip, step):
          labels[step][predicted.clip] = of_frames
          predictions[step][name][predicted.clip] = predicted
  return {
    (step, name): measures
    for step in STEPS
    for name, measures in people_measures.measure_labeled(
      labels[step], skeleton, predictions[step]
    ).items()
  }


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  model = load_model(FLAGS.model)
  trackers = {
    f"{value:g}" if value else "never": Tracker.from_preset(model, refresh_after=value)
    for value in FLAGS.refresh_after
  }
  measures: Dict[Tuple[int, str], Dict[str, ClipMeasures]] = {}
  for name in VIDEOS:
    dataset = pathlib.Path(FLAGS.data_dir) / SETS[name].records
    for key, found in measure_set(trackers, dataset).items():
      measures.setdefault(key, {}).update(found)
  print("| frames/s | refreshed after, s | videos | " + " | ".join(f"@{a}" for a in ALPHAS) + " |")
  print("|---" * (3 + len(ALPHAS)) + "|")
  for step in STEPS:
    for name in trackers:
      found = measures[step, name]
      summary = people_measures.summarize(found)
      scores = " | ".join(f"{summary[f'pck@{alpha}']:.1f}" for alpha in ALPHAS)
      print(f"| {1 / PERIOD / step:g} | {name} | {len(found)} | {scores} |")


if __name__ == "__main__":
  define_flags()
  app.run(main)
