"""The loop of a training run: steps, reports, checkpoints, and how it stops and goes on."""

import os
import sys
from typing import Any, Callable, Mapping, Optional

from ppn_tf.errors import InputError
from ppn_tf.heatmap_pictures import HeatmapPictures
from ppn_tf.interruption import Interruption
from ppn_tf.progress import Progress
from ppn_tf.trainer import Trainer
from ppn_tf.validation import Validation
from ppn_tf.workdir import Workdir, restore

import tensorflow as tf


def train(
  run: Workdir,
  trainer: Trainer,
  batches: Callable[[int], tf.data.Dataset],
  *,
  flags: Mapping[str, Any],
  num_steps: int,
  frames_per_step: int,
  log_every: int,
  checkpoint_every: int,
  keep_checkpoints: int,
  validate: Optional[Validation] = None,
) -> None:
  """Trains to the end, or goes on with what the workdir has.

  Ctrl-C and SIGTERM let it finish its step and save it first.

  Args:
    run: where everything goes.
    trainer: with the model to train.
    batches: the endless batches from a step on, as `pipeline.training_batches` gives them.
    flags: what the run is known by; see `Workdir.claim`.
    num_steps: steps of the whole run.
    frames_per_step: frames in a batch, for the speed.
    log_every, checkpoint_every: in steps.
    keep_checkpoints: the last so many.
    validate: scored at each checkpoint, the best of which is kept apart.
  Raises:
    InputError: a workdir that is another run's, cannot be written or is on a full
      disk; a loss that is not finite.
    SystemExit: it was stopped by a signal.
  """
  model = trainer.model
  first = batches(0)
  tracked = tf.train.Checkpoint(model=model, trainer=trainer)
  # Weights and Adam's two moments, in the kept checkpoints and the next one; and the best.
  weights = sum(int(tf.size(v)) * 4 for network in model.networks for v in network.variables)
  run.check_space(3 * weights * (keep_checkpoints + 1) + weights)
  # After all that may refuse the flags: the mended command finds the folder free.
  run.claim(flags)
  checkpoints = run.checkpoints(tracked, keep_checkpoints)
  if checkpoints.latest_checkpoint:
    restore(tracked, checkpoints.latest_checkpoint)
  first_step = int(trainer.step)
  run.forget_metrics_after(first_step)
  if first_step >= num_steps:
    print(f"{run.path}: already trained for {first_step} steps.")
    return

  pictures = HeatmapPictures(model, next(iter(first.take(1))))
  progress = Progress(run, first_step, num_steps, frames_per_step=frames_per_step)
  with Interruption() as interruption:
    for step, batch in enumerate(batches(first_step).take(num_steps - first_step), first_step + 1):
      try:
        trainer.train_step(batch)
      except tf.errors.InvalidArgumentError as error:
        raise _not_finite(run, trainer, tracked, step, batch) from error
      progress.update()
      last = step == num_steps
      if step % log_every == 0 or last:
        progress.report(step, trainer.read_means())
      if step % checkpoint_every == 0 or last or interruption.received:
        checkpoints.save(checkpoint_number=step)
        with progress.writer.as_default(step):
          pictures.write()
        if validate and not interruption.received:
          _score(run, model, step, validate, progress)
      if interruption.received:
        break
  progress.close()
  if interruption.received:
    print(f"{run.path}: stopped at step {step}. The same command goes on.", file=sys.stderr)
    raise SystemExit(128 + interruption.received)
  print(f"{run.path}: trained for {num_steps} steps.")


def _score(
  run: Workdir, model: tf.Module, step: int, validate: Validation, progress: Progress
) -> None:
  score = validate()
  best = run.save_if_best(model, step, score)
  progress.log(step, {"validation_pck": score})
  found = f"PCK-torso on {validate.split} {score:.1f}"
  progress.say(f"step {step}: {found}{', the best' * best}")


def _not_finite(
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
