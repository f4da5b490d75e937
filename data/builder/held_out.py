"""Selection of held-out clips for data sets without a split."""

import hashlib
from typing import Iterable, Set


def held_out(names: Iterable[str], fraction: float) -> Set[str]:
  """Selects a fraction of the names by their hashes, so that every call selects the same.

  Args:
    names: names of clips, or of their videos.
    fraction: 0 to 1. Between these, at least one name is selected and one is left, if there are
      several.
  """
  ranked = sorted(set(names), key=lambda name: hashlib.sha256(name.encode()).hexdigest())
  count = round(fraction * len(ranked))
  if 0.0 < fraction < 1.0 and len(ranked) > 1:
    count = min(max(count, 1), len(ranked) - 1)
  return set(ranked[:count])
