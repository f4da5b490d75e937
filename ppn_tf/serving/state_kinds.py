"""Kinds of values in a state: how each is written, read and checked."""

import abc
import math
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

import numpy as np

_LARGEST = 1e9  # of any number


class Kind(abc.ABC):
  """Kind of value: numbers go into JSON, arrays into a list."""

  @abc.abstractmethod
  def write(self, value: Any, arrays: List[np.ndarray]) -> Any:
    """Returns what JSON holds of a value, and appends its arrays."""

  @abc.abstractmethod
  def read(self, stored: Any, arrays: List[np.ndarray]) -> Any:
    """Returns the value, and removes its arrays from the front of the list.

    Raises:
      ValueError: it is of another kind.
    """


class Number(Kind):
  """Finite number up to a billion, or infinity where that is allowed."""

  def __init__(self, whole: bool = False, low: float = -_LARGEST, infinite: bool = False):
    self._whole, self._low, self._infinite = whole, low, infinite

  def write(self, value: Any, arrays: List[np.ndarray]) -> Any:
    if self._infinite and math.isinf(value):
      return "inf"
    return int(value) if self._whole else float(value)

  def read(self, stored: Any, arrays: List[np.ndarray]) -> Any:
    if self._infinite and stored == "inf":
      return math.inf
    kinds = int if self._whole else (int, float)
    if not isinstance(stored, kinds) or isinstance(stored, bool):
      raise ValueError("a number of another kind")
    if not self._low <= stored <= _LARGEST:  # false for NaN
      raise ValueError("a number out of bounds")
    return stored if self._whole else float(stored)


class Flag(Kind):
  """True or false."""

  def write(self, value: Any, arrays: List[np.ndarray]) -> Any:
    return bool(value)

  def read(self, stored: Any, arrays: List[np.ndarray]) -> Any:
    if not isinstance(stored, bool):
      raise ValueError("neither true nor false")
    return stored


class Array(Kind):
  """Array of one shape with finite values, NaN where that is allowed.

  Attributes: the arguments of the constructor.
  """

  def __init__(self, shape: Sequence[int], dtype: str, stored: str = "", missing: bool = False):
    """Creates a kind.

    Args:
      shape: shape of the array.
      dtype: dtype in memory.
      stored: dtype in a state; by default the same.
      missing: whether values may be NaN.
    """
    self.shape, self.dtype = tuple(shape), np.dtype(dtype)
    self.stored, self.missing = np.dtype(stored or dtype).newbyteorder("<"), missing

  def write(self, value: Any, arrays: List[np.ndarray]) -> Any:
    arrays.append(np.asarray(value).astype(self.stored))
    return list(self.shape)

  def read(self, stored: Any, arrays: List[np.ndarray]) -> Any:
    if stored != list(self.shape) or not arrays:
      raise ValueError("an array of another shape")
    array = arrays.pop(0)
    if array.shape != self.shape or array.dtype != self.stored:
      raise ValueError("an array of another shape")
    values = array.astype(self.dtype)
    if not (np.abs(values[~np.isnan(values)] if self.missing else values) <= _LARGEST).all():
      raise ValueError("values out of bounds")
    return values


class Maybe(Kind):
  """Value, or None."""

  def __init__(self, kind: Kind):
    self._kind = kind

  def write(self, value: Any, arrays: List[np.ndarray]) -> Any:
    return None if value is None else [self._kind.write(value, arrays)]

  def read(self, stored: Any, arrays: List[np.ndarray]) -> Any:
    if stored is None:
      return None
    if not isinstance(stored, list) or len(stored) != 1:
      raise ValueError("neither a value nor none")
    return self._kind.read(stored[0], arrays)


class Several(Kind):
  """List of values of one kind, up to a length."""

  def __init__(self, kind: Kind, most: int):
    self._kind, self._most = kind, most

  def write(self, value: Any, arrays: List[np.ndarray]) -> Any:
    return [self._kind.write(member, arrays) for member in value]

  def read(self, stored: Any, arrays: List[np.ndarray]) -> Any:
    if not isinstance(stored, list) or len(stored) > self._most:
      raise ValueError("a list that is too long")
    return [self._kind.read(member, arrays) for member in stored]


class Numbered(Kind):
  """Dictionary from whole numbers to values of one kind, up to a length."""

  def __init__(self, kind: Kind, most: int):
    self._members = Several(kind, most)
    self._numbers = Several(Number(whole=True, low=1), most)

  def write(self, value: Any, arrays: List[np.ndarray]) -> Any:
    return [
      self._numbers.write(value.keys(), arrays),
      self._members.write(value.values(), arrays),
    ]

  def read(self, stored: Any, arrays: List[np.ndarray]) -> Any:
    if not isinstance(stored, list) or len(stored) != 2:
      raise ValueError("no numbers and values")
    return dict(zip(self._numbers.read(stored[0], arrays), self._members.read(stored[1], arrays)))


class Object(Kind):
  """Object, of which some attributes are stored.

  Attributes:
    fields: kinds by name of the attribute.
  """

  def __init__(self, make: Callable[..., Any], fields: Mapping[str, Kind], keywords: bool = False):
    """Creates a kind.

    Args:
      make: returns a new object.
      fields: kinds by name of the attribute.
      keywords: whether `make` takes the attributes; otherwise they are set afterwards.
    """
    self._make, self.fields, self._keywords = make, dict(fields), keywords

  def write(self, value: Any, arrays: List[np.ndarray]) -> Any:
    return [kind.write(getattr(value, name), arrays) for name, kind in self.fields.items()]

  def read(self, stored: Any, arrays: List[np.ndarray]) -> Any:
    if not isinstance(stored, list) or len(stored) != len(self.fields):
      raise ValueError("an object of another kind")
    values: Dict[str, Any] = {
      name: kind.read(member, arrays) for (name, kind), member in zip(self.fields.items(), stored)
    }
    if self._keywords:
      return self._make(**values)
    made = self._make()
    for name, value in values.items():
      setattr(made, name, value)
    return made


def describe_arrays(arrays: Sequence[np.ndarray]) -> List[Tuple[str, List[int]]]:
  """Returns dtype and shape of each array."""
  return [(array.dtype.str, list(array.shape)) for array in arrays]


def split_arrays(content: bytes, described: Any, dtypes: Sequence[str]) -> List[np.ndarray]:
  """Returns the arrays that follow each other in some bytes.

  Args:
    content: values of all arrays, nothing else.
    described: what `describe_arrays` returned.
    dtypes: dtypes that may occur.
  Raises:
    ValueError: they are described otherwise.
  """
  arrays: List[np.ndarray] = []
  place = 0
  for entry in described:
    dtype, shape = entry
    whole = all(isinstance(side, int) and 0 <= side <= 4096 for side in shape)
    if dtype not in dtypes or not whole or len(shape) > 4:
      raise ValueError("an array of another kind")
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if place + size > len(content):
      raise ValueError("an array that is cut off")
    part = np.frombuffer(content, dtype, math.prod(shape), place)
    arrays.append(part.reshape(shape))
    place += size
  if place != len(content):
    raise ValueError("values after the last array")
  return arrays
