"""Weights of the network for people, for training and export, and other files of their format."""

import contextlib
import json
import os
import pathlib
from typing import Any, Dict, Iterator, List, Mapping, Tuple, Union

import numpy as np

from ppn_tf.inference import people
from ppn_tf.models.build import NetworkConfig, build_network
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.weight_files import folded_convolutions, set_convolutions
from ppn_tf.runtime.errors import InputError, first_line
from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.runtime.json_text import parse_json
from ppn_tf.runtime.npz_files import read_npz

import tensorflow as tf

WEIGHTS = pathlib.Path(__file__).parent / "weights" / "people.npz"
_SETTINGS = "settings"
# HeadNet gives at most 0.34 to pictures without people, and steps at most 0.23. A dancer scored at
# least 0.40 with the earlier HeadNet.
RESTART_SCORE = 0.36
# HeadNet sees larger crops than BodyNet: it looks for people, also where only a part of them is
# in the frame.
START_MARGIN = 1.25
# HeadNet refreshes the heatmaps of every third frame at 30 frames per second.
REFRESH_AFTER = 0.09


def write(model: Framewise, settings: Mapping[str, Any], path: Union[str, os.PathLike]) -> None:
  """Writes a network for `read`: its convolutions, batch norms folded, in float16.

  Arrays that HeadNet and BodyNet share are stored once.

  Args:
    model: a PPN, or a frame-wise network.
    settings: flags that describe it, by name, with box_margin, steady_crops and readout.
    path: the .npz file.
  """
  parts = _parts(model)
  arrays: Dict[str, np.ndarray] = {}
  for part, network in parts.items():
    for name, value in folded_convolutions(network).items():
      value = value.astype(np.float16)
      shared = arrays.get(f"body_net/{name}")
      if part == "head_net" and shared is not None and np.array_equal(shared, value):
        continue
      arrays[f"{part}/{name}"] = value
  arrays[_SETTINGS] = np.array(json.dumps(dict(settings)))
  with complete_or_absent(path) as partial, open(partial, "wb") as file:
    np.savez_compressed(file, **arrays)


def read(path: Union[str, os.PathLike] = WEIGHTS) -> Tuple[Framewise, Dict[str, Any]]:
  """Reads a network and its settings from a file of `write`.

  Raises:
    InputError: it is no such file.
  """
  settings, arrays = read_settings(path), _read_arrays(path)
  with _refusing(path):
    model = build_network(NetworkConfig.from_flags(settings))
    for part, network in _parts(model).items():
      set_convolutions(network, _select_arrays(part, arrays))
  return model, settings


def load_part(network: tf.keras.Model, part: str) -> List[tf.keras.layers.Layer]:
  """Copies the weights of one part to a network of the same shape.

  The layers of heatmaps stay unchanged in a HeadNet or BodyNet of other joints.

  Args:
    network: HeadNet, BodyNet or a PPU.
    part: "head", "body" or "ppu" accordingly.
  Returns:
    Layers that were set.
  Raises:
    InputError: the network has another shape.
  """
  name = part if part == "ppu" else f"{part}_net"
  try:
    return set_convolutions(network, _select_arrays(name, _read_arrays(WEIGHTS)))
  except ValueError as error:
    raise InputError(
      f"--{part}_weights={people.NAME}: {error}. Build the network as configs/ppn_people.cfg "
      "does. For other joints, choose --body_backbone=mobilenet_v2_fpn, and train the PPU anew."
    ) from error


def read_settings(path: Union[str, os.PathLike] = WEIGHTS) -> Dict[str, Any]:
  """Reads the flags that describe the network of a file.

  Raises:
    InputError: it is no such file.
  """
  content = read_npz(path, [_SETTINGS])
  with _refusing(path):
    return dict(parse_json(str(content[_SETTINGS])))


@contextlib.contextmanager
def _refusing(path: Union[str, os.PathLike]) -> Iterator[None]:
  """Replaces errors about the content of a file by an InputError."""
  try:
    yield
  except (KeyError, TypeError, ValueError, RecursionError) as error:
    raise InputError(
      f"{path}: no weights of a network ({first_line(error)}). Reinstall the package."
    ) from error


def _read_arrays(path: Union[str, os.PathLike]) -> Dict[str, np.ndarray]:
  """Reads all arrays of a file, without the settings."""
  return {name: values for name, values in read_npz(path).items() if name != _SETTINGS}


def _select_arrays(part: str, arrays: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
  """Returns the arrays of a part; HeadNet takes those that it shares from BodyNet."""
  selected: Dict[str, np.ndarray] = {}
  for source in ("body_net", part) if part == "head_net" else (part,):
    for name, value in arrays.items():
      if name.startswith(f"{source}/"):
        selected[name[len(source) + 1 :]] = value.astype(np.float32)
  return selected


def _parts(model: Framewise) -> Dict[str, Any]:
  """Returns the networks by name, BodyNet first."""
  parts = {"body_net": model.body_net}
  if isinstance(model, PPN):
    parts.update(head_net=model.head_net, ppu=model.ppu)
  return parts
