"""Tells how a run is going: a live line, metrics.jsonl, TensorBoard."""

import datetime
import time
from typing import Dict, Mapping

from tqdm import tqdm

from ppn_tf.runtime.workdir import Workdir

import tensorflow as tf


class Progress:
  """The live line and the logs of one run.

  Attributes:
    writer: of TensorBoard's files.
  """

  def __init__(self, run: Workdir, first_step: int, num_steps: int, frames_per_step: int):
    self.writer = tf.summary.create_file_writer(str(run.tensorboard_path))
    self._run = run
    self._num_steps, self._frames_per_step = num_steps, frames_per_step
    self._bar = tqdm(total=num_steps, initial=first_step, unit="step", disable=None)
    self._began, self._reported = time.monotonic(), first_step

  def update(self) -> None:
    """A step is done."""
    self._bar.update()

  def report(self, step: int, means: Dict[str, float]) -> None:
    """Shows and logs the means since the last report, and the speed."""
    now = time.monotonic()
    seconds_per_step = (now - self._began) / (step - self._reported)
    self._began, self._reported = now, step
    means = {**means, "frames_per_second": self._frames_per_step / seconds_per_step}
    self.log(step, means)
    parts = f"first {means['loss_first']:.5f}, final {means['loss_final']:.5f}"
    speed = f"{means['frames_per_second']:.0f} frames/s"
    found = f"loss {means['loss']:.5f} ({parts}), PCK {means['pck']:.1f}, {speed}"
    # The bar has the time left itself.
    self._bar.set_postfix_str(found)
    if self._bar.disable:
      left = datetime.timedelta(seconds=round((self._num_steps - step) * seconds_per_step))
      print(f"step {step}/{self._num_steps}: {found}, {left} left", flush=True)

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
