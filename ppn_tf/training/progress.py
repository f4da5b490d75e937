"""Reports the progress of a run: progress bar, metrics.jsonl, TensorBoard."""

import datetime
import time
from typing import Dict, Mapping

from tqdm import tqdm

from ppn_tf.runtime.workdir import Workdir

import tensorflow as tf


class Progress:
  """Shows the progress bar and writes the logs of a run.

  Attributes:
    writer: writer of TensorBoard files.
  """

  def __init__(self, run: Workdir, first_step: int, num_steps: int, frames_per_step: int):
    self.writer = tf.summary.create_file_writer(str(run.tensorboard_path))
    self._run = run
    self._num_steps, self._frames_per_step = num_steps, frames_per_step
    self._bar = tqdm(total=num_steps, initial=first_step, unit="step", disable=None)
    self._began, self._reported = time.monotonic(), first_step

  def update(self) -> None:
    """Advances the bar by a step."""
    self._bar.update()

  def report(self, step: int, means: Dict[str, float]) -> None:
    """Shows and logs the means since the last report, and the speed."""
    time_of_report = time.monotonic()
    seconds_per_step = (time_of_report - self._began) / (step - self._reported)
    self._began, self._reported = time_of_report, step
    means = {**means, "frames_per_second": self._frames_per_step / seconds_per_step}
    self.log(step, means)
    parts = f"first {means['loss_first']:.5f}, final {means['loss_final']:.5f}"
    speed = f"{means['frames_per_second']:.0f} frames/s"
    summary = f"loss {means['loss']:.5f} ({parts}), PCK {means['pck']:.1f}, {speed}"
    # The bar shows the remaining time itself.
    self._bar.set_postfix_str(summary)
    if self._bar.disable:
      left = datetime.timedelta(seconds=round((self._num_steps - step) * seconds_per_step))
      print(f"step {step}/{self._num_steps}: {summary}, {left} left", flush=True)

  def log(self, step: int, values: Mapping[str, float]) -> None:
    """Writes values to metrics.jsonl and TensorBoard."""
    self._run.append_metrics({"step": step, **values})
    with self.writer.as_default(step):
      for name, value in values.items():
        tf.summary.scalar(name, value)

  def say(self, line: str) -> None:
    """Prints a line above the bar."""
    self._bar.write(line)

  def close(self) -> None:
    """Closes the bar."""
    self._bar.close()
