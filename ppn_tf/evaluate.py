"""Scores a trained network: `python -m ppn_tf.evaluate --workdir=RUN --dataset=...`.

The network is the run's own; a --flagfile or flags that name another one are
refused. --output_predictions keeps the joints of every frame, for
`python -m ppn_tf.score` and `python -m ppn_tf.report`; an evaluation that was
stopped goes on from what is there.
"""

from typing import Any, Collection, Dict, Iterator, Sequence

from absl import flags

from ppn_tf.clips import pipeline
from ppn_tf.clips.labels import read_labels
from ppn_tf.config import experiment
from ppn_tf.evaluation import score_tables, scores, tables
from ppn_tf.evaluation.evaluator import Evaluator
from ppn_tf.evaluation.followed_clips import follow
from ppn_tf.evaluation.prediction_files import PredictionFolder, gather
from ppn_tf.inference.pose_model import KerasPoseModel
from ppn_tf.keypoints.predictions import ClipPredictions
from ppn_tf.models.layers.deform_conv import set_implementation
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.runtime import app
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.runtime.workdir import Workdir, fingerprint
from ppn_tf.tracking.tracker import Tracker

FLAGS = flags.FLAGS
flags.DEFINE_string("output_json", None, "File for the scores.")
flags.DEFINE_string("output_predictions", None, "Folder for the joints of every frame.")
flags.DEFINE_enum(
  "part",
  "all",
  ["all", "head", "body"],
  "The whole network, or its HeadNet or BodyNet alone, frame by frame.",
)
flags.DEFINE_bool("flip", False, "Let the network see each crop mirrored as well.")
flags.DEFINE_enum(
  "box",
  "given",
  [*pipeline.BOXES, "tracked"],
  "What a frame is cropped by: the data set's box, the labelled joints, or the pose found before, "
  "which looks at no label.",
)


def part_of(model: Framewise, part: str) -> Framewise:
  """The whole network, or one of its networks as a frame-wise one.

  Raises:
    InputError: a frame-wise run has no HeadNet.
  """
  if part == "all":
    return model
  if part == "head" and not isinstance(model, PPN):
    raise InputError(f"{FLAGS.workdir}: a frame-wise run, which has no HeadNet. Give --part=body.")
  return Framewise(model.head_net if isinstance(model, PPN) and part == "head" else model.body_net)


def predict(model: Framewise, builder: Any, done: Collection[str]) -> Iterator[ClipPredictions]:
  """The joints in all clips but those that are done, by the flags."""
  scales, skeleton = experiment.numbers("scales"), experiment.skeleton()
  if FLAGS.box == "tracked":
    if len(scales) > 1 or scales[0] != 1.0 or FLAGS.flip or FLAGS.decoder == "frame":
      raise InputError(
        f"--box=tracked looks at one crop of a frame, as `{command('track')}` does. "
        "Give --scales=1 --decoder=dark and no --flip."
      )
    tracker = Tracker(
      KerasPoseModel(model),
      skeleton,
      margin=FLAGS.box_margin,
      steady_crops=FLAGS.steady_crops,
      decoder=FLAGS.decoder,
    )
    return follow(tracker, builder, FLAGS.eval_split, num_frames=FLAGS.num_frames, leave_out=done)
  windows = pipeline.evaluation_windows(
    builder,
    FLAGS.eval_split,
    num_frames=FLAGS.num_frames or pipeline.chunk_length(len(scales)),
    image_size=model.image_size,
    box=FLAGS.box,
    box_margin=FLAGS.box_margin,
    steady_crops=FLAGS.steady_crops,
    scales=scales,
    leave_out=done,
  )
  evaluator = Evaluator(
    model, skeleton, decoder=FLAGS.decoder, whole_clip=not FLAGS.num_frames, flip=FLAGS.flip
  )
  return evaluator(windows.prefetch(2))


def conditions() -> Dict[str, Any]:
  """What decides the predictions, as their folder tells it."""
  names = ("dataset", "eval_split", "workdir", "part", "num_frames", "scales", "flip", "box")
  values = {name: FLAGS[name].value for name in (*names, "box_margin", "steady_crops", "decoder")}
  return {**values, "checkpoint": fingerprint(Workdir(FLAGS.workdir).checkpoint(FLAGS.checkpoint))}


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  model = part_of(experiment.load_checked_run(), FLAGS.part)
  for network in model.networks:
    set_implementation(network, "fused")
  builder = experiment.open_dataset(FLAGS.eval_split)
  labels = read_labels(builder, FLAGS.eval_split)
  about = conditions()
  folder = PredictionFolder(FLAGS.output_predictions, about) if FLAGS.output_predictions else None
  found = gather(lambda done: predict(model, builder, done), len(labels), folder)
  pairs = [(labels[clip], found[clip]) for clip in labels]
  table = scores.score(pairs, experiment.skeleton(), FLAGS.alpha, FLAGS.num_frames)
  table["conditions"] = about
  print(tables.to_text(score_tables.group_table({"": table})))
  if FLAGS.output_json:
    with complete_or_absent(FLAGS.output_json) as partial:
      partial.write_text(scores.to_json(table))


if __name__ == "__main__":
  app.run(main)
