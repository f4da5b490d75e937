"""Which clips are kept from training, where the data set does not say."""

import hashlib
from typing import Iterable, Set


def held_out(names: Iterable[str], fraction: float) -> Set[str]:
  """Chooses a part of the names by a hash of each: whoever asks gets the same.

  Args:
    names: of clips, or of the videos that they come from.
    fraction: 0 to 1; of several names at least one is chosen and at least one
      left, unless it is 0 or 1.
  """
  ranked = sorted(set(names), key=lambda name: hashlib.sha256(name.encode()).hexdigest())
  count = round(fraction * len(ranked))
  if 0.0 < fraction < 1.0 and len(ranked) > 1:
    count = min(max(count, 1), len(ranked) - 1)
  return set(ranked[:count])
