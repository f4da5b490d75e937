"""Trains a network: `python -m ppn_tf.train --flagfile=FILE --dataset=FOLDER --workdir=FOLDER`.

A run that was stopped goes on from its last checkpoint when started again with
the same flags. Ctrl-C and SIGTERM let it finish its step and save it first.
"""

import functools
import sys
from typing import Sequence

from absl import flags

from ppn_tf import doors, experiment, training_loop
from ppn_tf.clips import pipeline
from ppn_tf.errors import InputError
from ppn_tf.trainer import Trainer
from ppn_tf.validation import Validation
from ppn_tf.workdir import Workdir

FLAGS = flags.FLAGS


def _report_short_clips(builder: object) -> None:
  lengths = pipeline.clip_lengths(builder, FLAGS.train_split)
  short = sorted(clip for clip, length in lengths.items() if length < FLAGS.num_frames)
  if short:
    line = (
      f"{len(short)} of {len(lengths)} clips have fewer than --num_frames={FLAGS.num_frames} "
      f"frames: {', '.join(short[:10])}{' ...' if len(short) > 10 else ''}"
    )
    if FLAGS.strict:
      raise InputError(f"{FLAGS.dataset}: {line}. Lower --num_frames or leave out --strict.")
    print(f"skipped: {line}", file=sys.stderr)


def main(argv: Sequence[str]) -> None:
  doors.no_arguments(argv)
  run = Workdir(experiment.required("workdir"))
  if not FLAGS.num_frames:
    raise InputError("--num_frames=0: training needs clips of at least one frame.")
  distribution = experiment.prepare_distribution()
  with distribution.survived(run.path):
    builder = experiment.open_dataset(FLAGS.train_split)
    _report_short_clips(builder)
    with distribution.strategy.scope():
      trainer = Trainer(experiment.prepare_model(), **experiment.trainer_arguments())
    # Under a strategy a copy without it is what is looked at and scored, on one device.
    shown = trainer.model if distribution.is_plain else experiment.plain_model()
    validation = experiment.validation_arguments()
    training_loop.train(
      run,
      trainer,
      functools.partial(
        experiment.training_batches, builder, shown.image_size, part=distribution.part
      ),
      flags=experiment.run_flags(),
      validate=Validation(shown, **validation) if validation else None,
      distribution=distribution,
      shown=shown,
      **experiment.loop_arguments(),
    )


if __name__ == "__main__":
  doors.run(main)
