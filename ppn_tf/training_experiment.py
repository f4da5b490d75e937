"""The training that the flags describe, for the doors that train."""

import functools
import sys
from typing import Any

from absl import flags

from ppn_tf import experiment, training_loop
from ppn_tf.clips import pipeline
from ppn_tf.errors import InputError
from ppn_tf.trainer import Trainer
from ppn_tf.validation import Validation
from ppn_tf.weight_average import WeightAverage
from ppn_tf.workdir import Workdir

FLAGS = flags.FLAGS


def train() -> None:
  """Trains the flags' network on their data set, or goes on with it.

  Raises:
    InputError: flags that do not fit each other, the data set or the workdir.
  """
  run = Workdir(experiment.required("workdir"))
  distribution = experiment.prepare_distribution()
  with distribution.survived(run.path):
    builder = experiment.open_dataset(FLAGS.train_split)
    _report_short_clips(builder)
    if FLAGS.num_epochs:
      FLAGS["num_steps"].value = max(1, _steps(builder, FLAGS.num_epochs))
    drops = experiment.numbers("learning_rate_drops") if FLAGS.learning_rate_drops else ()
    with distribution.strategy.scope():
      trainer = Trainer(
        experiment.prepare_model(),
        drops=[_steps(builder, epochs) for epochs in drops],
        **experiment.trainer_arguments(),
      )
    model = trainer.model
    # The average, or what is looked at and scored under a strategy: another model, on one device.
    shown = experiment.plain_model() if FLAGS.ema_momentum or not distribution.is_plain else model
    average = WeightAverage(model, shown, FLAGS.ema_momentum) if FLAGS.ema_momentum else None
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
      average=average,
      **experiment.loop_arguments(),
    )


def _steps(builder: Any, epochs: float) -> int:
  samples = pipeline.samples_per_epoch(builder, FLAGS.train_split, FLAGS.num_frames)
  return int(epochs * samples / FLAGS.batch_size)


def _report_short_clips(builder: Any) -> None:
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
