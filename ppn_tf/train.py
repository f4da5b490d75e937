"""Trains a network: `python -m ppn_tf.train --flagfile=FILE --dataset=FOLDER --workdir=FOLDER`.

A run that was stopped goes on from its last checkpoint when started again with
the same flags.
"""

import sys
import time
from typing import Sequence

from absl import flags
from tqdm import tqdm

from ppn_tf import doors, experiment
from ppn_tf.clips import pipeline
from ppn_tf.errors import InputError
from ppn_tf.heatmap_pictures import HeatmapPictures
from ppn_tf.trainer import Trainer
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


def main(argv: Sequence[str]) -> None:
  doors.no_arguments(argv)
  run = Workdir(experiment.required("workdir"))
  if not FLAGS.num_frames:
    raise InputError("--num_frames=0: training needs clips of at least one frame.")
  builder = experiment.open_dataset(FLAGS.train_split)
  _report_short_clips(builder)
  model = experiment.prepare_model()
  first = experiment.training_batches(builder, model.image_size, 0)
  # After all that may refuse the flags: the mended command finds the folder free.
  run.claim(experiment.run_flags())
  trainer = Trainer(
    model,
    num_steps=FLAGS.num_steps,
    learning_rate=FLAGS.learning_rate,
    weight_decay=FLAGS.weight_decay,
    sigma=FLAGS.sigma,
  )
  tracked = tf.train.Checkpoint(model=model, trainer=trainer)
  checkpoints = run.checkpoints(tracked)
  if checkpoints.latest_checkpoint:
    restore(tracked, checkpoints.latest_checkpoint)
  first_step = int(trainer.step)
  run.forget_metrics_after(first_step)
  if first_step >= FLAGS.num_steps:
    print(f"{run.path}: already trained for {first_step} steps.")
    return

  batches = experiment.training_batches(builder, model.image_size, first_step)
  batches = batches.take(FLAGS.num_steps - first_step)
  writer = tf.summary.create_file_writer(str(run.tensorboard_path))
  pictures = HeatmapPictures(model, next(iter(first.take(1))))
  progress = tqdm(total=FLAGS.num_steps, initial=first_step, unit="step", disable=None)
  began, reported = time.monotonic(), first_step
  for step, batch in enumerate(batches, first_step + 1):
    trainer.train_step(batch)
    progress.update()
    last = step == FLAGS.num_steps
    if step % FLAGS.log_every == 0 or last:
      means = trainer.read_means()
      frames = (step - reported) * FLAGS.batch_size * FLAGS.num_frames
      means["frames_per_second"] = frames / (time.monotonic() - began)
      began, reported = time.monotonic(), step
      run.append_metrics({"step": step, **means})
      progress.set_postfix_str(
        f"loss {means['loss']:.5f} (first {means['loss_first']:.5f}), PCK {means['pck']:.1f}, "
        f"{means['frames_per_second']:.0f} frames/s"
      )
      if progress.disable:
        print(f"step {step}: loss {means['loss']:.5f}, PCK {means['pck']:.1f}", flush=True)
      with writer.as_default(step):
        for name, value in means.items():
          tf.summary.scalar(name, value)
    if step % FLAGS.checkpoint_every == 0 or last:
      checkpoints.save(checkpoint_number=step)
      with writer.as_default(step):
        pictures.write()
  progress.close()
  print(f"{run.path}: trained for {FLAGS.num_steps} steps.")


if __name__ == "__main__":
  doors.run(main)
