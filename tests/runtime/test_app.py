"""Tests of ppn_tf.runtime.app: exit codes and error messages."""

import os
import pathlib
import signal
import subprocess
import sys
import textwrap

import pytest

ROOT = pathlib.Path(__file__).parents[2]

PROGRAM = """
import sys, time
from absl import flags
from ppn_tf.runtime import app
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

flags.DEFINE_string("behaviour", "", "What main does.")

def main(argv):
  behaviour = flags.FLAGS.behaviour
  if behaviour == "arguments":
    print(argv[1:])
    return
  app.no_arguments(argv)
  if behaviour == "input_error":
    raise InputError("clip.mp4: holds no frame. Give a video. Received: 0 bytes")
  if behaviour == "argument":
    advice = "Give 'behaviour=2', --behaviour=1 or a.behaviour=0."
    raise InputError(f"behaviour=3, speed=4: unknown. {advice}")
  if behaviour == "bug":
    raise ValueError("a bug")
  if behaviour == "interrupt":
    raise KeyboardInterrupt
  if behaviour == "full":
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    with complete_or_absent("out.txt") as partial:
      partial.write_text("x" * 2000)
  if behaviour == "wait":
    with complete_or_absent("out.txt") as partial:
      partial.write_text("half")
      print("ready", flush=True)
      time.sleep(60)
  print("done")

if __name__ == "__main__":
  app.run(main)
"""


@pytest.fixture(name="command")
def fixture_command(tmp_path):
  program = tmp_path / "program.py"
  program.write_text(textwrap.dedent(PROGRAM))
  start = f"import sys, runpy; sys.path.insert(0, {str(ROOT)!r}); sys.argv.pop(0)"
  run = "runpy.run_path(sys.argv[0], run_name='__main__')"
  return [sys.executable, "-c", f"{start}; {run}", str(program)]


def finish(command, *arguments):
  return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60)


def test_success(command):
  result = finish(command)
  assert (result.returncode, result.stdout, result.stderr) == (0, "done\n", "")


def test_input_error_is_one_line_without_a_traceback(command):
  result = finish(command, "--behaviour=input_error")
  assert result.returncode == 1
  assert result.stderr == "error: clip.mp4: holds no frame. Give a video. Received: 0 bytes\n"


def test_bug_keeps_its_traceback(command):
  result = finish(command, "--behaviour=bug")
  assert result.returncode == 1
  assert "Traceback" in result.stderr and "ValueError: a bug" in result.stderr


def test_full_disk_is_reported_in_one_line_and_leaves_no_output(command, tmp_path):
  """Limits the size of files, which has the effect of a full disk."""
  result = subprocess.run(
    [*command, "--behaviour=full"], capture_output=True, text=True, timeout=60, cwd=tmp_path
  )
  assert result.returncode == 1
  assert result.stderr == "error: File too large. Free some space and start again.\n"
  assert [entry.name for entry in tmp_path.iterdir()] == ["program.py"]


def test_interrupt(command):
  result = finish(command, "--behaviour=interrupt")
  assert (result.returncode, result.stderr) == (130, "interrupted\n")


def test_arguments_reach_a_main_that_takes_them(command):
  result = finish(command, "clip.mp4", "--behaviour=arguments")
  assert (result.returncode, result.stdout) == (0, "['clip.mp4']\n")


def test_argument_without_dashes_is_refused(command):
  result = finish(command, "behaviour=bug")
  assert result.returncode == 1
  assert result.stderr.startswith("error: unexpected argument.")
  assert result.stderr.endswith("Received: 'behaviour=bug'\n")


def test_arguments_of_the_package_are_named_as_flags(command):
  result = finish(command, "--behaviour=argument")
  expected = (
    "error: --behaviour=3, speed=4: unknown. Give 'behaviour=2', --behaviour=1 or a.behaviour=0.\n"
  )
  assert (result.returncode, result.stderr) == (1, expected)


def test_unknown_flag_is_refused_by_name(command):
  result = finish(command, "--behavior=bug")
  assert result.returncode == 1
  assert "Unknown command line flag 'behavior'" in result.stderr


def test_sigterm_leaves_no_unfinished_output(command, tmp_path):
  with subprocess.Popen(
    command + ["--behaviour=wait"], stdout=subprocess.PIPE, cwd=tmp_path
  ) as run:
    assert run.stdout.readline() == b"ready\n"
    run.send_signal(signal.SIGTERM)
    assert run.wait(timeout=60) == 143
  assert sorted(entry.name for entry in tmp_path.iterdir()) == ["program.py"]


@pytest.mark.parametrize("arguments", [["--help"], []])
def test_closed_pipe_ends_the_command_silently(command, arguments):
  reader, writer = os.pipe()
  os.close(reader)
  with os.fdopen(writer, "w") as stdout:
    result = subprocess.run(
      [*command, *arguments], stdout=stdout, stderr=subprocess.PIPE, text=True, check=False
    )
  assert (result.returncode, result.stderr) == (141, "")
