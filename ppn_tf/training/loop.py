"""Training loop of a run: steps, reports and checkpoints; stopping and resuming."""

import contextlib
import dataclasses
import os
import signal
import sys
from typing import Callable, Optional, Tuple

from ppn_tf.config.experiment import Experiment, RunConfig
from ppn_tf.models.ppn import Framewise
from ppn_tf.runtime.checkpoints import restore
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.signals import Interruption
from ppn_tf.runtime.workdir import Workdir
from ppn_tf.training.distribution import PLAIN, Distribution
from ppn_tf.training.ema import WeightAverage
from ppn_tf.training.progress import Progress
from ppn_tf.training.stored_heatmaps import StoredHeatmaps
from ppn_tf.training.summaries import HeatmapPictures
from ppn_tf.training.trainer import Batch, Trainer, clips_not_finite
from ppn_tf.training.validation import Validation

import tensorflow as tf


@dataclasses.dataclass
class TrainingLoop:
  """Trains a run to its last step, or resumes it from its workdir.

  Attributes:
    run: workdir of the run.
    trainer: trainer of the model, created in the scope of `distribution`.
    batches: returns the endless batches from a step on, see `pipeline.training_batches`; in one
      of several processes, the rows of this process.
    experiment: settings that identify the run, see `Workdir.claim`, and its number of steps.
    config: intervals of reports and checkpoints.
    validation: scores each checkpoint; the best one is kept separately.
    distribution: devices and processes.
    shown: model of pictures and scores, on one device. It is restored from each checkpoint,
      unless it is the trained model or its average.
    stored: stores heatmaps in place of frames; None: frames are drawn for each step.
    average: moving average of the trained weights. It is then the model of pictures, scores and
      checkpoints; checkpoints also hold the trained weights, to resume from.
  """

  run: Workdir
  trainer: Trainer
  batches: Callable[[int], tf.data.Dataset]
  experiment: Experiment
  config: RunConfig
  validation: Optional[Validation] = None
  distribution: Distribution = PLAIN
  shown: Optional[Framewise] = None
  average: Optional[WeightAverage] = None
  stored: Optional[StoredHeatmaps] = None

  @property
  def num_steps(self) -> int:
    """Steps of the whole run."""
    return self.experiment.optimizer.num_steps

  def train(self) -> None:
    """Trains until the last step, Ctrl-C or SIGTERM; the current step is finished and saved.

    Raises:
      InputError: the workdir belongs to another run, is in use, cannot be written or is on a
        full disk; or the loss or its gradient is not finite.
      SystemExit: a signal stopped the training.
    """
    first_batches = self.batches(0)
    model = self.average.averaged if self.average else self.trainer.model
    tracked = tf.train.Checkpoint(model=model, trainer=self.trainer)
    if self.distribution.is_chief:
      self._check_space()
      # Flags that something refuses must leave the folder free for the corrected command.
      self.run.claim(self.experiment.to_flags())
    with self.run.locked() if self.distribution.is_chief else contextlib.nullcontext():
      first_step = self._resume(tracked)
      if first_step >= self.num_steps:
        print(f"{self.run.path}: already trained for {first_step} steps.")
        return
      pictures = HeatmapPictures(self._shown, next(iter(first_batches.take(1))))
      with Interruption() as interruption:
        step, stopped = self._train_from(first_step, tracked, pictures, interruption)
    if stopped:
      print(f"{self.run.path}: stopped at step {step}. The same command resumes.", file=sys.stderr)
      raise SystemExit(128 + (interruption.received or signal.SIGTERM))
    if self.stored:
      self.stored.remove()
    print(f"{self.run.path}: trained for {self.num_steps} steps.")

  def _train_from(
    self,
    first_step: int,
    tracked: tf.train.Checkpoint,
    pictures: HeatmapPictures,
    interruption: Interruption,
  ) -> Tuple[int, bool]:
    """Trains from a step on.

    Returns:
      The last step, and whether a signal stopped the training there.
    """
    step, stopping = first_step, False
    with self.distribution.folder(self.run.path) as folder:
      own = Workdir(folder)
      checkpoints = own.checkpoints(tracked, self.config.keep_checkpoints)
      own.forget_metrics_after(first_step)
      progress = Progress(own, first_step, self.num_steps, frames_per_step=self._frames_per_step)
      batches = self.distribution.spread(self._batches_from(first_step))
      for step, batch in zip(range(first_step + 1, self.num_steps + 1), batches):
        received = self._take_step(step, batch, interruption)
        progress.update()
        # Several processes stop at the same step: the first after a signal reached any of them.
        several = self.distribution.num_workers > 1
        stopping = bool(received if several else interruption.received)
        last = step == self.num_steps
        if step % self.config.log_every == 0 or last:
          progress.report(step, self.trainer.read_means())
        if step % self.config.checkpoint_every == 0 or last or stopping:
          self._save(step, checkpoints, pictures, progress)
          if self.validation and self.distribution.is_chief and not stopping:
            self._validate(step, progress)
        if stopping:
          break
      progress.close()
    return step, stopping

  def _batches_from(self, first_step: int) -> tf.data.Dataset:
    if self.stored:
      return self.stored.batches(self.batches(0), first_step)
    return self.batches(first_step)

  @property
  def _shown(self) -> Framewise:
    return self.average.averaged if self.average else self.shown or self.trainer.model

  @property
  def _frames_per_step(self) -> int:
    return self.experiment.optimizer.batch_size * self.experiment.clips.num_frames

  def _take_step(self, step: int, batch: Batch, interruption: Interruption) -> tf.Tensor:
    """Takes a training step; returns how many processes had received a signal before it.

    Raises:
      InputError: the loss or its gradient is not finite.
    """
    try:
      stop = tf.constant(float(bool(interruption.received)))
      received = self.trainer.train_step(batch, stop)
    except tf.errors.InvalidArgumentError as error:
      what = "gradient" if "the gradient is not finite" in error.message else "loss"
      raise self._describe_not_finite(what, step, self.distribution.gathered(batch)) from error
    if self.average:
      self.average.update(self.trainer.step)
    return received

  def _save(
    self,
    step: int,
    checkpoints: tf.train.CheckpointManager,
    pictures: HeatmapPictures,
    progress: Progress,
  ) -> None:
    """Saves a checkpoint and the pictures of its step.

    Raises:
      InputError: the disk is full.
    """
    try:
      path = checkpoints.save(checkpoint_number=step)
    except (tf.errors.ResourceExhaustedError, tf.errors.OutOfRangeError) as error:
      latest = tf.train.latest_checkpoint(os.fspath(self.run.checkpoints_path))
      reason = next(iter(error.message.splitlines()), "the disk is full")
      raise InputError(
        f"{self.run.checkpoints_path}: step {step} cannot be saved ({reason}). Make room, and the "
        f"same command resumes from {os.path.basename(latest) if latest else 'the beginning'}."
      ) from error
    if self._shown is not self.trainer.model and not self.average:
      restore(tf.train.Checkpoint(model=self._shown), path)
    with progress.writer.as_default(step):
      pictures.write()

  def _validate(self, step: int, progress: Progress) -> None:
    """Scores a checkpoint's model, and keeps the best one."""
    assert self.validation
    score = self.validation()
    best = self.run.save_if_best(self._shown, step, score)
    progress.log(step, {"validation_pck": score})
    line = f"step {step}: PCK-torso on {self.validation.split} {score:.1f}"
    progress.say(line + ", the best" * best)

  def _check_space(self) -> None:
    """Checks that the disk has room for all checkpoints.

    Raises:
      InputError: it has not.
    """
    variables = [v for network in self.trainer.model.networks for v in network.variables]
    weights = sum(4 * variable.shape.num_elements() for variable in variables)
    # Weights and Adam's two moments, in the kept checkpoints and the next one; and the best.
    copies = 4 if self.average else 3
    self.run.check_space(copies * weights * (self.config.keep_checkpoints + 1) + weights)

  def _resume(self, tracked: tf.train.Checkpoint) -> int:
    """Restores the latest checkpoint, if there is one; returns its step.

    Raises:
      InputError: the checkpoint does not fit, or other processes see another run or checkpoint.
    """
    self.distribution.is_same(0)  # waits until the chief has claimed the folder
    self.run.check_flags(self.experiment.to_flags())
    latest = tf.train.latest_checkpoint(os.fspath(self.run.checkpoints_path))
    if latest:
      restore(tracked, latest)
    step = int(tracked.trainer.step.numpy())
    if not self.distribution.is_same(step):
      raise InputError(
        f"{self.run.path}: the workers see different checkpoints there, this one that of step "
        f"{step}. Give all of them one --workdir on a disk that they share."
      )
    return step

  def _describe_not_finite(self, what: str, step: int, batch: Batch) -> InputError:
    """Returns an error that names the step and the clips whose heatmaps are not finite."""
    model = self._shown
    try:
      latest = self.run.latest_checkpoint()
    except InputError:
      network, kept = "", "There was no checkpoint yet."
    else:
      restore(tf.train.Checkpoint(model=model), latest)
      network = f" to the network of {os.path.basename(latest)}"
      kept = f"{latest} is kept."
    names = [name.decode() for name in batch["clip"].numpy()]
    bad = [name for name, is_bad in zip(names, clips_not_finite(model, batch)) if is_bad]
    if bad and len(bad) < len(names):
      cause = f"clip {', '.join(bad)} is no good{network}; look at its frames and labels"
    else:
      cause = f"clips {', '.join(names)} are all alike; lower --learning_rate or give --clip_norm"
    return InputError(f"step {step}: the {what} is not finite: {cause}. {kept}")
