"""Evidence for a person in the scores of joints."""

import numpy as np

_VISIBLE = 0.3  # least score from which a joint counts as visible
_MIN_VISIBLE = 5  # joints that show a part of a person, such as a head with a shoulder


def evidence(
  scores: np.ndarray, whole_score: float, part_score: float, min_score: float = 0.0
) -> float:
  """Returns by how much scores exceed those of a person, whole or in part; below 0 is nobody.

  Where a part of a person is in the frame, some joints score high and all others nearly 0, so
  that their mean is low. Things that resemble a person give mediocre scores to all joints.

  Args:
    scores: [K].
    whole_score: lowest mean score of a whole person.
    part_score: lowest mean score of the visible joints of a person, of whom at least five are.
    min_score: lowest score of a visible joint, unless it is below 0.3.
  """
  whole = float(scores.mean()) - whole_score
  visible = scores[scores >= max(_VISIBLE, min_score)]
  if len(visible) < _MIN_VISIBLE:
    return whole
  return max(whole, float(visible.mean()) - part_score)
