"""Tells how a run is going: a live line, metrics.jsonl, TensorBoard."""

import time
from typing import Dict, Mapping

from tqdm import tqdm

from ppn_tf.workdir import Workdir

import tensorflow as tf


class Progress:
  """The live line and the logs of one run.

  Attributes:
    writer: of TensorBoard's files.
  """

  def __init__(self, run: Workdir, first_step: int, num_steps: int, frames_per_step: int):
    self.writer = tf.summary.create_file_writer(str(run.tensorboard_path))
    self._run = run
    self._frames_per_step = frames_per_step
    self._bar = tqdm(total=num_steps, initial=first_step, unit="step", disable=None)
    self._began, self._reported = time.monotonic(), first_step

  def update(self) -> None:
    """A step is done."""
    self._bar.update()

  def report(self, step: int, means: Dict[str, float]) -> None:
    """Shows and logs the means since the last report, and the speed."""
    frames = (step - self._reported) * self._frames_per_step
    means = {**means, "frames_per_second": frames / (time.monotonic() - self._began)}
    self._began, self._reported = time.monotonic(), step
    self.log(step, means)
    self._bar.set_postfix_str(
      f"loss {means['loss']:.5f} (first {means['loss_first']:.5f}), PCK {means['pck']:.1f}, "
      f"{means['frames_per_second']:.0f} frames/s"
    )
    if self._bar.disable:
      print(f"step {step}: loss {means['loss']:.5f}, PCK {means['pck']:.1f}", flush=True)

  def log(self, step: int, values: Mapping[str, float]) -> None:
    """Writes values to metrics.jsonl and TensorBoard."""
    self._run.append_metrics({"step": step, **values})
    with self.writer.as_default(step):
      for name, value in values.items():
        tf.summary.scalar(name, value)

  def say(self, line: str) -> None:
    """Prints a line above the live one."""
    self._bar.write(line)

  def close(self) -> None:
    """Ends the live line."""
    self._bar.close()
