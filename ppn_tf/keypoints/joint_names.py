"""Left and right in the names of joints."""

import functools
import re
from typing import Dict, List, NamedTuple, Sequence, Tuple

_SIDES = (("left", "right"), ("lt", "rt"), ("l", "r"))
_LEFT = frozenset(left for left, _ in _SIDES)
_OTHER = {name: other for pair in _SIDES for name, other in (pair, pair[::-1])}
# Side names that may be part of a word, as in "leftshoulder" and "kneel", the surest first.
_GLUED = (("left", "right"), ("l", "r"))

_CAMEL_CASE = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class Reading(NamedTuple):
  """One way to read a side in a joint's name.

  Attributes:
    is_left: whether the joint is on the left.
    rest: name without the side, such as "shoulder".
    mirrored: name of the joint on the other side.
  """

  is_left: bool
  rest: str
  mirrored: str


class Mirroring(NamedTuple):
  """Pairs of joints that a mirrored picture exchanges.

  Attributes:
    pairs: (i, j) numbers of joints, i < j, in ascending order.
    lacking: names of expected partners that are missing or ambiguous, by the number of the joint.
  """

  pairs: Tuple[Tuple[int, int], ...]
  lacking: Dict[int, str]


def normalize_name(name: str) -> str:
  """Returns a name in lower case with an underscore between words: "leftHip" is "left_hip"."""
  return re.sub(r"[\W_]+", "_", _CAMEL_CASE.sub("_", name)).strip("_").lower()


def read_sides(name: str) -> List[List[Reading]]:
  """Returns the readings of a name, grouped by certainty, the surest first.

  A word for a side is certain. Otherwise a word may start or end with a side; "lip" then reads as
  a left "ip", so such a reading counts only where the partner exists.
  """
  words = normalize_name(name).split("_")
  sides = [word for word in words if word in _OTHER]
  if sides:
    rest = "_".join(word for word in words if word not in _OTHER)
    mirrored = "_".join(_OTHER.get(word, word) for word in words)
    return [[Reading(sides[0] in _LEFT, rest, mirrored)]]
  return [_glued_readings(words, sides) for sides in _GLUED]


def _glued_readings(words: Sequence[str], sides: Tuple[str, str]) -> List[Reading]:
  """Returns the readings of words that start or end with one of two sides."""
  readings = []
  for place, word in enumerate(words):
    for side, other in (sides, sides[::-1]):
      forms = []
      if word.startswith(side):
        forms.append((word[len(side) :], other + word[len(side) :]))
      if word.endswith(side):
        forms.append((word[: -len(side)], word[: -len(side)] + other))
      for rest, mirrored in forms:
        before, after = words[:place], words[place + 1 :]
        readings.append(
          Reading(
            side in _LEFT,
            "_".join(filter(None, (*before, rest, *after))),
            "_".join((*before, mirrored, *after)),
          )
        )
  return readings


@functools.lru_cache(maxsize=64)
def find_mirroring(names: Tuple[str, ...]) -> Mirroring:
  """Finds the joints that a mirrored picture exchanges, by their names.

  Args:
    names: names of K joints, such as "left_hip", "leftHip", "LHip", "hip.L" or "hipleft".
  """
  numbers = {normalize_name(name): number for number, name in enumerate(names)}
  partners: Dict[int, int] = {}
  lacking: Dict[int, str] = {}
  for number, name in enumerate(names):
    tiers = read_sides(name)
    for readings in tiers:
      mirrored = sorted({reading.mirrored for reading in readings})
      existing = [numbers[other] for other in mirrored if other in numbers]
      if len(existing) == 1:
        partners[number] = existing[0]
        break
      if existing or len(tiers) == 1:
        lacking[number] = " or ".join(mirrored)
        break
  for number, partner in list(partners.items()):
    if partners.get(partner) != number:
      lacking[number] = names[partner]
  pairs = ((i, j) for i, j in partners.items() if i < j and i not in lacking and j not in lacking)
  return Mirroring(tuple(sorted(pairs)), lacking)


@functools.lru_cache(maxsize=64)
def find_sides(names: Tuple[str, ...]) -> Tuple[str, ...]:
  """Finds the side of each joint: "left", "right", or "" for joints in the middle.

  Args:
    names: names of K joints. A letter such as the "l" of "lhip" counts only with its partner.
  """
  partners = dict(find_mirroring(names).pairs)
  partners.update({j: i for i, j in partners.items()})
  sides = []
  for number, name in enumerate(names):
    tiers = read_sides(name)
    if number in partners:
      mirrored = normalize_name(names[partners[number]])
      readings = [reading for tier in tiers for reading in tier if reading.mirrored == mirrored]
    else:
      readings = tiers[0] if len(tiers) == 1 else []
    sides.append(("left" if readings[0].is_left else "right") if readings else "")
  return tuple(sides)


def flip_order(names: Sequence[str]) -> List[int]:
  """Returns the order [K] of joints in a mirrored picture; joints without a partner stay."""
  order = list(range(len(names)))
  for i, j in find_mirroring(tuple(names)).pairs:
    order[i], order[j] = j, i
  return order
