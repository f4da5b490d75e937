"""Records of drawn clips, made by the commands of the project."""

import pathlib
import subprocess
import sys


def run_command(module: str, *arguments: str) -> str:
  """Runs a command of this project; returns what it prints."""
  command = [sys.executable, "-m", module, *arguments]
  return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def draw_clips(folder: pathlib.Path, *, num_train: int, num_test: int, num_frames: int) -> str:
  """Makes records of drawn clips of 240x320 pixels; returns their folder."""
  source = folder / f"{num_frames}_frames"
  run_command(
    "data.synthetic",
    f"--output={source}",
    f"--num_train_clips={num_train}",
    f"--num_test_clips={num_test}",
    f"--num_frames={num_frames}",
  )
  run_command("data.penn_action", f"--source={source}", f"--data_dir={source}_records")
  return f"{source}_records"
