"""SIGHUP, which a closed terminal sends: obeyed like SIGTERM, and ignored under nohup."""

import os
import signal
import subprocess
import sys

import pytest

from ppn_tf.runtime.signals import Interruption

PROGRAM = """
import os, signal, sys, time
from ppn_tf.runtime import app, files, signals

def main(argv):
  if argv[1] == "note":
    with signals.Interruption() as interruption:
      print("ready", flush=True)
      for _ in range(600):
        if interruption.received is not None:
          print("received", interruption.received)
          return
        time.sleep(0.1)
  print("ready", os.fsdecode(b"caf\\xe9"), flush=True)
  with files.complete_or_absent("out.txt") as partial:
    partial.write_text("half")
    print("waiting", flush=True)
    time.sleep(60 if argv[1] == "wait" else 0.5)

app.run(main)
"""


def start(cwd, *arguments, ignored=False):
  return subprocess.Popen(
    [sys.executable, "-c", PROGRAM, *arguments],
    cwd=cwd,
    stdout=subprocess.PIPE,
    text=True,
    env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8"},
    # The tests themselves may run under nohup.
    preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL),
  )


def test_hangup_leaves_no_unfinished_output(tmp_path):
  with start(tmp_path, "wait") as run:
    assert run.stdout.readline() == "ready caf\\udce9\n"
    assert run.stdout.readline() == "waiting\n"
    run.send_signal(signal.SIGHUP)
    assert run.wait(timeout=60) == 128 + signal.SIGHUP
  assert list(tmp_path.iterdir()) == []


def test_hangup_is_noted(tmp_path):
  with start(tmp_path, "note") as run:
    assert run.stdout.readline().startswith("ready")
    run.send_signal(signal.SIGHUP)
    assert run.stdout.readline() == f"received {signal.SIGHUP.value}\n"


@pytest.mark.parametrize("argument", ["finish", "note"])
def test_hangup_is_ignored_under_nohup(tmp_path, argument):
  with start(tmp_path, argument, ignored=True) as run:
    assert run.stdout.readline().startswith("ready")
    run.send_signal(signal.SIGHUP)
    if argument == "note":
      run.send_signal(signal.SIGTERM)
      assert run.stdout.readline() == f"received {signal.SIGTERM.value}\n"
    else:
      assert run.wait(timeout=60) == 0
      assert (tmp_path / "out.txt").read_text() == "half"


def test_handler_of_an_ignored_signal_stays():
  before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
  try:
    with Interruption() as interruption:
      assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
      os.kill(os.getpid(), signal.SIGHUP)
    assert interruption.received is None
  finally:
    signal.signal(signal.SIGHUP, before)
