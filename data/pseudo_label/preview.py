"""Contact sheet of labelled clips."""

import json
import os
import pathlib
from typing import Any, Dict, List

import cv2
import numpy as np

from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.tracking.output import drawing

from ..clips.json_values import to_joints
from ..clips.skeleton import parse_skeleton

CLIPS = 12
FRAMES = 4
_TILE_HEIGHT, _TILE_WIDTH = 200, 240


def write_preview(folder: pathlib.Path, path: os.PathLike) -> None:
  """Draws frames of evenly spaced clips, and writes them as an image.

  Args:
    folder: folder of clips/ and annotations.json, as `clip_set` writes it.
    path: path of the image.
  """
  content = json.loads((folder / "annotations.json").read_text(encoding="utf-8"))
  skeleton = parse_skeleton(content["categories"][0], str(folder))
  rows: Dict[str, List[Dict[str, Any]]] = {}
  for image, annotation in zip(content["images"], content["annotations"]):
    rows.setdefault(image["clip"], []).append({**annotation, **image})
  names = list(rows)
  chosen = np.linspace(0, len(names) - 1, min(CLIPS, len(names))).round().astype(int)
  tiles = []
  for number in chosen:
    clip = rows[names[number]]
    for place in np.linspace(0, len(clip) - 1, FRAMES).round().astype(int):
      keypoints, kept = to_joints(clip[place]["keypoints"], skeleton.num_joints)
      file = folder / names[number] / f"{clip[place]['frame']:05d}.jpg"
      picture = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)
      drawn = drawing.draw_skeleton(picture, keypoints, kept.astype(float), skeleton)
      tiles.append(drawing.fit_image(drawn, _TILE_HEIGHT, _TILE_WIDTH))
  sheet = drawing.contact_sheet(tiles, 2 * FRAMES, tile_width=_TILE_WIDTH)[:, :, ::-1]
  with complete_or_absent(path) as partial:
    cv2.imwrite(str(partial), sheet)
