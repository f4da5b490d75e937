"""Trains a network: `python -m ppn_tf.train --flagfile=FILE --dataset=FOLDER --workdir=FOLDER`.

A run that was stopped goes on from its last checkpoint when started again with
the same flags. Ctrl-C and SIGTERM let it finish its step and save it first.
"""

import os
import sys
from typing import Any, Sequence

from absl import flags

from ppn_tf import doors, experiment
from ppn_tf.clips import pipeline
from ppn_tf.errors import InputError
from ppn_tf.heatmap_pictures import HeatmapPictures
from ppn_tf.interruption import Interruption
from ppn_tf.models.ppn import Framewise
from ppn_tf.progress import Progress
from ppn_tf.trainer import Trainer
from ppn_tf.validation import Validation
from ppn_tf.workdir import Workdir, restore

import tensorflow as tf

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


def not_finite(
  run: Workdir, trainer: Trainer, tracked: tf.train.Checkpoint, step: int, batch: Any
) -> InputError:
  """Says at which step, and with which clips, the loss became infinite or NaN."""
  try:
    latest = run.latest_checkpoint()
  except InputError:
    where, kept = "", "There was no checkpoint yet."
  else:
    restore(tracked, latest)
    where, kept = f" to the network of {os.path.basename(latest)}", f"{latest} is kept."
  names = [name.decode() for name in batch["clip"].numpy()]
  bad = [name for name, one in zip(names, trainer.not_finite(batch)) if one]
  if bad and len(bad) < len(names):
    cause = f"clip {', '.join(bad)} is no good{where}; look at its frames and labels"
  else:
    cause = f"clips {', '.join(names)} are all alike; lower --learning_rate or give --clip_norm"
  return InputError(f"step {step}: the loss is not finite: {cause}. {kept}")


def prepare_trainer(model: Framewise) -> Trainer:
  """The flags' trainer."""
  if FLAGS.batch_size % FLAGS.accumulation:
    raise InputError(
      f"--accumulation={FLAGS.accumulation}: does not divide --batch_size={FLAGS.batch_size}."
    )
  return Trainer(
    model,
    num_steps=FLAGS.num_steps,
    learning_rate=FLAGS.learning_rate,
    weight_decay=FLAGS.weight_decay,
    sigma=FLAGS.sigma,
    warmup_steps=FLAGS.warmup_steps,
    clip_norm=FLAGS.clip_norm,
    accumulation=FLAGS.accumulation,
  )


def prepare_validation(model: Framewise) -> Validation:
  """The score on --validation_split."""
  return Validation(
    model,
    experiment.open_dataset(FLAGS.validation_split),
    FLAGS.validation_split,
    experiment.skeleton(),
    num_frames=FLAGS.num_frames,
    box_margin=FLAGS.box_margin,
    alpha=FLAGS.alpha,
  )


def main(argv: Sequence[str]) -> None:
  doors.no_arguments(argv)
  run = Workdir(experiment.required("workdir"))
  if not FLAGS.num_frames:
    raise InputError("--num_frames=0: training needs clips of at least one frame.")
  builder = experiment.open_dataset(FLAGS.train_split)
  _report_short_clips(builder)
  model = experiment.prepare_model()
  first = experiment.training_batches(builder, model.image_size, 0)
  trainer = prepare_trainer(model)
  validate = prepare_validation(model) if FLAGS.validation_split else None
  tracked = tf.train.Checkpoint(model=model, trainer=trainer)
  # Weights and Adam's two moments, in the kept checkpoints and the next one; and the best.
  weights = sum(int(tf.size(v)) * 4 for network in model.networks for v in network.variables)
  run.check_space(3 * weights * (FLAGS.keep_checkpoints + 1) + weights)
  # After all that may refuse the flags: the mended command finds the folder free.
  run.claim(experiment.run_flags())
  checkpoints = run.checkpoints(tracked, FLAGS.keep_checkpoints)
  if checkpoints.latest_checkpoint:
    restore(tracked, checkpoints.latest_checkpoint)
  first_step = int(trainer.step)
  run.forget_metrics_after(first_step)
  if first_step >= FLAGS.num_steps:
    print(f"{run.path}: already trained for {first_step} steps.")
    return

  batches = experiment.training_batches(builder, model.image_size, first_step)
  batches = batches.take(FLAGS.num_steps - first_step)
  pictures = HeatmapPictures(model, next(iter(first.take(1))))
  progress = Progress(
    run, first_step, FLAGS.num_steps, frames_per_step=FLAGS.batch_size * FLAGS.num_frames
  )
  with Interruption() as interruption:
    for step, batch in enumerate(batches, first_step + 1):
      try:
        trainer.train_step(batch)
      except tf.errors.InvalidArgumentError as error:
        raise not_finite(run, trainer, tracked, step, batch) from error
      progress.update()
      last = step == FLAGS.num_steps
      if step % FLAGS.log_every == 0 or last:
        progress.report(step, trainer.read_means())
      if step % FLAGS.checkpoint_every == 0 or last or interruption.received:
        checkpoints.save(checkpoint_number=step)
        with progress.writer.as_default(step):
          pictures.write()
        if validate and not interruption.received:
          score = validate()
          best = run.save_if_best(model, step, score)
          progress.log(step, {"validation_pck": score})
          found = f"PCK-torso on {FLAGS.validation_split} {score:.1f}"
          progress.say(f"step {step}: {found}{', the best' * best}")
      if interruption.received:
        break
  progress.close()
  if interruption.received:
    print(f"{run.path}: stopped at step {step}. The same command goes on.", file=sys.stderr)
    raise SystemExit(128 + interruption.received)
  print(f"{run.path}: trained for {FLAGS.num_steps} steps.")


if __name__ == "__main__":
  doors.run(main)
