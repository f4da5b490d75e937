"""What is told of a run while it goes on."""

from ppn_tf.runtime.workdir import Workdir
from ppn_tf.training import progress
from ppn_tf.training.progress import Progress


def test_the_plain_line_says_everything(tmp_path, monkeypatch, capsys):
  """50 steps of 40 frames in 64 seconds; 150 are left, which is three times as long."""
  clock = iter([1000.0, 1064.0])
  monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
  run = Workdir(tmp_path)
  # No bar is shown, for the tests' stderr is no terminal.
  told = Progress(run, 50, 250, frames_per_step=40)
  means = {"loss": 0.00123, "loss_first": 0.0004, "loss_final": 0.00083, "pck": 61.24}
  told.report(100, means)
  told.close()
  assert capsys.readouterr().out == (
    "step 100/250: loss 0.00123 (first 0.00040, final 0.00083), PCK 61.2, 31 frames/s, "
    "0:03:12 left\n"
  )
  assert run.read_metrics() == [{"step": 100, **means, "frames_per_second": 31.25}]
