"""Contact sheet of rendered clips with their labels."""

from typing import List, Sequence

import cv2
import numpy as np

from ppn_tf.keypoints.skeletons import COCO
from ppn_tf.tracking.output.drawing import contact_sheet, draw_skeleton

from .clip import Clip
from .render import HIDDEN, OUTSIDE, SEEN

CLIPS = 12
TILES = 4
_TILE = 148
# Hidden joints are drawn half transparent, see drawing.draw_skeleton.
_SCORES = {OUTSIDE: 0.0, HIDDEN: 0.3, SEEN: 1.0}


def draw_clips(clips: Sequence[Clip]) -> np.ndarray:
  """Draws clips, two in a row: a bare frame of each, and labeled ones.

  Returns:
    [H, W, 3] uint8 RGB.
  """
  tiles: List[np.ndarray] = []
  for clip in clips:
    chosen = np.linspace(0, len(clip.frames) - 1, TILES).round().astype(int)
    for place, t in enumerate(chosen):
      encoded = np.frombuffer(clip.frames[t], np.uint8)
      image = cv2.cvtColor(cv2.imdecode(encoded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
      scale = _TILE / image.shape[1]
      image = cv2.resize(image, (_TILE, _TILE), interpolation=cv2.INTER_LINEAR)
      for track in clip.tracks if place else ():
        if track.boxes[t].any():
          scores = np.array([_SCORES[int(state)] for state in track.states[t]])
          keypoints = (track.keypoints[t] + 0.5) * scale - 0.5
          image = draw_skeleton(image, keypoints, scores, COCO)
      tiles.append(image)
  return contact_sheet(tiles, 2 * TILES)
