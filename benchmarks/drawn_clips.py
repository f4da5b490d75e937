"""Drawn clips as records, made by the project's own doors."""

import pathlib
import subprocess
import sys


def door(module: str, *arguments: str) -> str:
  """What a program of this project prints."""
  command = [sys.executable, "-m", module, *arguments]
  return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def draw_clips(folder: pathlib.Path, *, num_train: int, num_test: int, num_frames: int) -> str:
  """The records of so many drawn clips of so many frames, 240x320 pixels."""
  source = folder / f"{num_frames}_frames"
  door(
    "data.synthetic",
    f"--output={source}",
    f"--num_train_clips={num_train}",
    f"--num_test_clips={num_test}",
    f"--num_frames={num_frames}",
  )
  door("data.penn_action", f"--source={source}", f"--data_dir={source}_records")
  return f"{source}_records"
