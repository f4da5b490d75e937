"""The loop of a training run: steps, reports, checkpoints, and how it stops and goes on."""

import contextlib
import os
import signal
import sys
from typing import Any, Callable, Mapping, Optional

from ppn_tf.models.ppn import Framewise
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.signals import Interruption
from ppn_tf.runtime.workdir import Workdir, restore
from ppn_tf.training.distribution import PLAIN, Distribution
from ppn_tf.training.ema import WeightAverage
from ppn_tf.training.progress import Progress
from ppn_tf.training.summaries import HeatmapPictures
from ppn_tf.training.trainer import Batch, Trainer, clips_not_finite
from ppn_tf.training.validation import Validation

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
  distribution: Distribution = PLAIN,
  shown: Optional[Framewise] = None,
  average: Optional[WeightAverage] = None,
) -> None:
  """Trains to the end, or goes on with what the workdir has.

  Ctrl-C and SIGTERM let it finish its step and save it first.

  Args:
    run: where everything goes.
    trainer: with the model to train.
    batches: the endless batches from a step on, as `pipeline.training_batches` gives them;
      of several processes this one's rows.
    flags: what the run is known by; see `Workdir.claim`.
    num_steps: steps of the whole run.
    frames_per_step: frames in a batch, for the speed.
    log_every: steps between two lines of the log.
    checkpoint_every: steps between two checkpoints.
    keep_checkpoints: the last so many.
    validate: scored at each checkpoint, the best of which is kept apart.
    distribution: in whose scope the trainer was made.
    shown: what is drawn and scored without an average: the trainer's model, or one like it that
      was made in no scope and is restored from each checkpoint.
    average: of the trained model. It is then what is drawn and scored, and the checkpoints'
      model, for whoever looks at the run; the trained one is beside it, to go on with.
  Raises:
    InputError: a workdir that is another run's, is being trained in, cannot be
      written or is on a full disk; a loss that is not finite.
    SystemExit: it was stopped by a signal.
  """
  model = trainer.model
  shown = average.averaged if average else shown or model
  first = batches(0)
  tracked = tf.train.Checkpoint(model=shown if average else model, trainer=trainer)
  if distribution.is_chief:
    # Weights and Adam's two moments, in the kept checkpoints and the next one; and the best.
    weights = sum(4 * v.shape.num_elements() for one in model.networks for v in one.variables)
    copies = 4 if average else 3
    run.check_space(copies * weights * (keep_checkpoints + 1) + weights)
    # After all that may refuse the flags: the mended command finds the folder free.
    run.claim(flags)
  with run.locked() if distribution.is_chief else contextlib.nullcontext():
    first_step = _go_on(run, tracked, flags, distribution)
    if first_step >= num_steps:
      print(f"{run.path}: already trained for {first_step} steps.")
      return

    pictures = HeatmapPictures(shown, next(iter(first.take(1))))
    with distribution.folder(run.path) as folder, Interruption() as interruption:
      own = Workdir(folder)
      checkpoints = own.checkpoints(tracked, keep_checkpoints)
      own.forget_metrics_after(first_step)
      progress = Progress(own, first_step, num_steps, frames_per_step=frames_per_step)
      steps = range(first_step + 1, num_steps + 1)
      for step, batch in zip(steps, distribution.spread(batches(first_step))):
        try:
          told = trainer.train_step(batch, tf.constant(float(bool(interruption.received))))
        except tf.errors.InvalidArgumentError as error:
          raise _not_finite(run, shown, step, distribution.gathered(batch)) from error
        if average:
          average.update(trainer.step)
        progress.update()
        # Several processes stop at one step: the first after any of them was told.
        stopping = bool(told if distribution.num_workers > 1 else interruption.received)
        last = step == num_steps
        if step % log_every == 0 or last:
          progress.report(step, trainer.read_means())
        if step % checkpoint_every == 0 or last or stopping:
          saved = _save(run, checkpoints, step)
          if shown is not model and not average:
            restore(tf.train.Checkpoint(model=shown), saved)
          with progress.writer.as_default(step):
            pictures.write()
          if validate and distribution.is_chief and not stopping:
            _score(run, shown, step, validate, progress)
        if stopping:
          break
      progress.close()
    if stopping:
      print(f"{run.path}: stopped at step {step}. The same command goes on.", file=sys.stderr)
      raise SystemExit(128 + (interruption.received or signal.SIGTERM))
    print(f"{run.path}: trained for {num_steps} steps.")


def _go_on(
  run: Workdir, tracked: tf.train.Checkpoint, flags: Mapping[str, Any], distribution: Distribution
) -> int:
  """Restores the run's last checkpoint, if there is one; the step.

  Raises:
    InputError: the checkpoint does not fit, or other processes see another run or checkpoint.
  """
  distribution.is_same(0)  # Nobody looks before the chief has claimed the folder.
  run.check_flags(flags)
  latest = tf.train.latest_checkpoint(os.fspath(run.checkpoints_path))
  if latest:
    restore(tracked, latest)
  step = int(tracked.trainer.step.numpy())
  if not distribution.is_same(step):
    raise InputError(
      f"{run.path}: the workers see different checkpoints there, this one that of step {step}. "
      "Give all of them one --workdir on a disk that they share."
    )
  return step


def _save(run: Workdir, checkpoints: tf.train.CheckpointManager, step: int) -> str:
  """Saves a checkpoint; its path.

  Raises:
    InputError: the disk is full.
  """
  try:
    return checkpoints.save(checkpoint_number=step)
  except (tf.errors.ResourceExhaustedError, tf.errors.OutOfRangeError) as error:
    latest = tf.train.latest_checkpoint(os.fspath(run.checkpoints_path))
    reason = next(iter(error.message.splitlines()), "the disk is full")
    raise InputError(
      f"{run.checkpoints_path}: step {step} cannot be saved ({reason}). Make room, and the same "
      f"command goes on from {os.path.basename(latest) if latest else 'the beginning'}."
    ) from error


def _score(
  run: Workdir, model: tf.Module, step: int, validate: Validation, progress: Progress
) -> None:
  score = validate()
  best = run.save_if_best(model, step, score)
  progress.log(step, {"validation_pck": score})
  found = f"PCK-torso on {validate.split} {score:.1f}"
  progress.say(f"step {step}: {found}{', the best' * best}")


def _not_finite(run: Workdir, model: Framewise, step: int, batch: Batch) -> InputError:
  """Says at which step, and with which clips, the loss became infinite or NaN."""
  try:
    latest = run.latest_checkpoint()
  except InputError:
    where, kept = "", "There was no checkpoint yet."
  else:
    restore(tf.train.Checkpoint(model=model), latest)
    where, kept = f" to the network of {os.path.basename(latest)}", f"{latest} is kept."
  names = [name.decode() for name in batch["clip"].numpy()]
  bad = [name for name, one in zip(names, clips_not_finite(model, batch)) if one]
  if bad and len(bad) < len(names):
    cause = f"clip {', '.join(bad)} is no good{where}; look at its frames and labels"
  else:
    cause = f"clips {', '.join(names)} are all alike; lower --learning_rate or give --clip_norm"
  return InputError(f"step {step}: the loss is not finite: {cause}. {kept}")
