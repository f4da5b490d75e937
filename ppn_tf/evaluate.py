"""Scores a trained network: `python -m ppn_tf.evaluate --workdir=RUN --dataset=...`.

The network is the run's own; a --flagfile or flags that name another one are
refused.
"""

import json
import math
from typing import Any, Sequence

from absl import flags
from tqdm import tqdm

from ppn_tf import doors, evaluator, experiment
from ppn_tf.clips import pipeline, records
from ppn_tf.models.deform_conv import set_implementation
from ppn_tf.outputs import complete_or_absent

FLAGS = flags.FLAGS
flags.DEFINE_string("output_json", None, "File for the scores.")
# Frames read at a time where the recurrence goes on over a whole clip.
_CHUNK = 32


def _print_table(scores: dict) -> None:
  groups = list(scores["pck_torso"]["groups"])
  print("".join(f"{name:>10}" for name in ["", *groups, "Mean"]))
  for metric, label in (("pck_body", "PCK-body"), ("pck_torso", "PCK-torso")):
    values = [*scores[metric]["groups"].values(), scores[metric]["micro"]]
    print(f"{label:>10}" + "".join(f"{value:10.1f}" for value in values))


def _null_for_nan(value: Any) -> Any:
  """JSON has no NaN, which stands for the PCK of joints that are never visible."""
  if isinstance(value, dict):
    return {name: _null_for_nan(one) for name, one in value.items()}
  if isinstance(value, list):
    return [_null_for_nan(one) for one in value]
  return None if isinstance(value, float) and math.isnan(value) else value


def main(argv: Sequence[str]) -> None:
  doors.no_arguments(argv)
  model = experiment.load_checked_run()
  for network in model.networks:
    set_implementation(network, "fused")
  builder = experiment.open_dataset(FLAGS.eval_split)
  windows = pipeline.evaluation_windows(
    builder,
    FLAGS.eval_split,
    num_frames=FLAGS.num_frames or _CHUNK,
    image_size=model.image_size,
    box_margin=FLAGS.box_margin,
    scales=experiment.numbers("scales"),
  )
  evaluate = evaluator.Evaluator(model, decoder=FLAGS.decoder, whole_clip=not FLAGS.num_frames)
  results = list(
    tqdm(
      evaluate(windows.prefetch(4)),
      total=records.num_clips(builder, FLAGS.eval_split),
      unit="clip",
      disable=None,
    )
  )
  scores = evaluator.score(results, experiment.skeleton(), FLAGS.alpha, FLAGS.num_frames)
  _print_table(scores)
  if FLAGS.output_json:
    with complete_or_absent(FLAGS.output_json) as partial:
      partial.write_text(json.dumps(_null_for_nan(scores), indent=2) + "\n")


if __name__ == "__main__":
  doors.run(main)
