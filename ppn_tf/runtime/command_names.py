"""Names of the commands, and how a user starts each of them here."""

import re
from typing import Dict

from ppn_tf.runtime import layout

# Summaries by command name. "export tflite" is the module export.tflite, "train" ppn_tf.train.
COMMANDS: Dict[str, str] = {
  "track": "Track people through a video, and write the overlay and the joints.",
  "track-many": "Track people through many videos in parallel, and write tables of their joints.",
  "train": "Train PPN, or its BodyNet frame by frame, on clips.",
  "pretrain": "Train one network on single images, to start PPN from.",
  "evaluate": "Score a trained run on a data set.",
  "score": "Score predictions, .tflite files and third-party networks side by side.",
  "report": "Write one HTML page about one or several runs.",
  "cost": "Count parameters and multiply-accumulates of a network.",
  "demo": "Serve the browser demo on this computer.",
  "serve": "Serve poses to cameras, for stills and for short videos.",
  "export tflite": "Write a run, or the network of the package, as a .tflite file.",
  "export saved_model": "Write a SavedModel for TensorFlow Serving.",
  "export verify": "Compare exports with their run along whole clips.",
  "export benchmark": "Time .tflite files against each other.",
  "export weights": "Write the weights of a run as one .npz file.",
  "export golden": "Write golden vectors, by which clients in other languages are tested.",
  "data clips": "Make a data set of your own videos and COCO-style annotations.",
  "data penn_action": "Make a data set of Penn Action.",
  "data sub_jhmdb": "Make the three splits of Sub-JHMDB.",
  "data mpii": "Make a data set of MPII Human Pose, for pretraining.",
  "data pseudo_label": "Label your own videos and photographs with a third-party network.",
  "data synthetic": "Draw labelled clips of moving people.",
  "data humans": "Render clips of clothed people on motion capture, with exact joints.",
}
GROUPS: Dict[str, str] = {
  "export": "Write models for other runtimes.",
  "data": "Make data sets.",
}

# Commands that are packages with a __main__ module.
_PACKAGES = {"serve": "ppn_tf.serving", "track-many": "ppn_tf.tracking.bulk"}

CONSOLE = "ppn-tf"
_program = CONSOLE if layout.is_installed() else ""


def start_as(program: str) -> None:
  """Makes `command` name commands as arguments of `program`, such as "ppn-tf"."""
  global _program
  _program = program


def get_module(name: str) -> str:
  """Returns the module of a command in the repository: "data.clips" for "data clips"."""
  if name in _PACKAGES:
    return _PACKAGES[name]
  return name.replace(" ", ".") if " " in name else f"ppn_tf.{name}"


def command(name: str) -> str:
  """Returns what a user types to start a command.

  Args:
    name: a key of COMMANDS.
  Returns:
    "ppn-tf export tflite" where the package is installed or was started by that command, else
    "python -m export.tflite".
  Raises:
    KeyError: there is no such command.
  """
  COMMANDS[name]  # a misspelt name must not reach a user
  return f"{_program} {name}" if _program else f"python -m {get_module(name)}"


def localize(text: str) -> str:
  """Returns a text with each `python -m MODULE` of a command as `command` names it."""
  names = {get_module(name): name for name in COMMANDS}

  def replace(match: "re.Match[str]") -> str:
    return command(names[match[1]]) if match[1] in names else match[0]

  return re.sub(r"python -m ([\w.]*\w)", replace, text)
