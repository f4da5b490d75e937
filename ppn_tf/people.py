"""The network for people that comes with the package: `--model=people`.

docs/people.md has its training and its scores, docs/model_card.md what it may be
used for and where it fails.
"""

import json
import os
import pathlib
import zipfile
from typing import Any, Dict, Mapping, Tuple, Union

import numpy as np

from ppn_tf.errors import InputError
from ppn_tf.keypoints.skeletons import find_skeleton
from ppn_tf.models.network import build_network
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.models.pretrained import folded_convolutions, set_convolutions
from ppn_tf.outputs import complete_or_absent
from ppn_tf.tracking.pose_models import KerasPoseModel, PoseModel

NAME = "people"
WEIGHTS = pathlib.Path(__file__).parent / "weights" / "people.npz"
_SETTINGS = "settings"


def write(model: Framewise, settings: Mapping[str, Any], path: Union[str, os.PathLike]) -> None:
  """Writes a network for `read`: its convolutions, batch norms folded, in float16.

  What HeadNet and BodyNet have in common is in it once.

  Args:
    model: a PPN, or a frame-wise network.
    settings: flags that describe it, by name, and box_margin.
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
  """The network of a file that `write` made, and its settings.

  Raises:
    InputError: it is no such file.
  """
  try:
    with np.load(path) as content:
      arrays = {name: content[name] for name in content.files}
    settings = json.loads(str(arrays.pop(_SETTINGS)))
    model = build_network(settings)
    for part, network in _parts(model).items():
      set_convolutions(network, _arrays_of(part, arrays))
  except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    raise InputError(f"{path}: no weights of a network ({reason}). Install it anew.") from error
  return model, settings


def _arrays_of(part: str, arrays: Mapping[str, np.ndarray]) -> Dict[str, np.ndarray]:
  """A network's arrays; what HeadNet lacks is BodyNet's."""
  found: Dict[str, np.ndarray] = {}
  for source in ("body_net", part) if part == "head_net" else (part,):
    for name, value in arrays.items():
      if name.startswith(f"{source}/"):
        found[name[len(source) + 1 :]] = value.astype(np.float32)
  return found


def pose_model() -> PoseModel:
  """The network, ready to track with; it knows its joints and the crops it was trained on."""
  network, settings = read()
  model = KerasPoseModel(network)
  model.skeleton = find_skeleton(settings["skeleton"])
  model.margin = settings["box_margin"]
  return model


def _parts(model: Framewise) -> Dict[str, Any]:
  """Its networks, BodyNet first."""
  parts = {"body_net": model.body_net}
  if isinstance(model, PPN):
    parts.update(head_net=model.head_net, ppu=model.ppu)
  return parts
