"""Tests of progress reports during a run."""

from ppn_tf.runtime.workdir import Workdir
from ppn_tf.training import progress
from ppn_tf.training.progress import Progress


def test_plain_line_contains_all_values(tmp_path, monkeypatch, capsys):
  """Reports 50 steps of 40 frames in 64 seconds; the remaining 150 take three times as long."""
  clock = iter([1000.0, 1064.0])
  monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
  run = Workdir(tmp_path)
  # No bar is shown, because stderr is not a terminal in tests.
  reporter = Progress(run, 50, 250, frames_per_step=40)
  means = {"loss": 0.00123, "loss_first": 0.0004, "loss_final": 0.00083, "pck": 61.24}
  reporter.report(100, means)
  reporter.close()
  assert capsys.readouterr().out == (
    "step 100/250: loss 0.00123 (first 0.00040, final 0.00083), PCK 61.2, 31 frames/s, "
    "0:03:12 left\n"
  )
  assert run.read_metrics() == [{"step": 100, **means, "frames_per_second": 31.25}]
