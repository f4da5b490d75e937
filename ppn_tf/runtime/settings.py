"""Settings as frozen dataclasses: bounds, help texts, conversion from and to flags."""

import dataclasses
import math
from typing import Any, Dict, Mapping, Sequence, Tuple, Type, TypeVar, Union

Number = Union[int, float]
_S = TypeVar("_S", bound="Settings")


@dataclasses.dataclass(frozen=True)
class Bounds:
  """Numbers that a setting accepts.

  Attributes:
    low: smallest number.
    high: largest number.
    whole: whether numbers must be whole.
  """

  low: Number
  high: Number
  whole: bool = False

  def __str__(self) -> str:
    return f"{'a whole number' if self.whole else 'a number'} from {self.range}"

  @property
  def range(self) -> str:
    """Text such as "0 to 1,000"."""
    low, high = (f"{end:,}" if self.whole else f"{end:g}" for end in (self.low, self.high))
    return f"{low} to {high}"

  def parse(self, value: Any) -> Number:
    """Converts text or a number, and checks it.

    Raises:
      ValueError: `value` is no number, not whole, not finite, or out of bounds.
    """
    try:
      number = int(value) if self.whole else float(value)
    except (TypeError, ValueError, OverflowError):
      number = math.nan
    is_rounded = self.whole and not isinstance(value, str) and number != value
    # Comparisons with NaN are false.
    if not self.low <= number <= self.high or is_rounded:
      raise ValueError(f"must be {self}. Received: {value}")
    return number


@dataclasses.dataclass(frozen=True)
class ListBounds:
  """Lists of numbers that a setting accepts.

  Attributes:
    each: bounds of each number.
    count: length of the list; 0 accepts any length.
    ascending: whether no number may be smaller than the one before it.
  """

  each: Bounds
  count: int = 0
  ascending: bool = False

  def __str__(self) -> str:
    count = f"{self.count} " if self.count else ""
    order = " in ascending order" if self.ascending else ""
    kind = "whole numbers" if self.each.whole else "numbers"
    return f"{count}{kind} from {self.each.range}{order}"

  def parse(self, value: Any) -> Tuple[Number, ...]:
    """Converts text with commas, or a sequence of texts or numbers, and checks it.

    Raises:
      ValueError: a number is refused by `each`, or there are more or fewer than `count`.
    """
    parts = value.split(",") if isinstance(value, str) else value
    parts = list(parts) if isinstance(parts, (list, tuple)) else [parts]
    parts = [] if parts == [""] else parts
    try:
      numbers = tuple(self.each.parse(part) for part in parts)
    except ValueError:
      numbers = ()
    complete = len(numbers) == len(parts) and self.count in (0, len(numbers))
    if not complete or (self.ascending and list(numbers) != sorted(numbers)):
      received = value if isinstance(value, str) else ",".join(map(str, parts))
      raise ValueError(f"must be {self}, separated by commas. Received: {received}")
    return numbers


def number(default: Number, help_text: str, low: Number, high: Number) -> Any:
  """Defines a field for a number; whole if its default is an int."""
  bounds = Bounds(low, high, isinstance(default, int))
  return dataclasses.field(default=default, metadata={"help": help_text, "bounds": bounds})


def numbers(
  default: Sequence[Number],
  help_text: str,
  bounds: Bounds,
  count: int = 0,
  ascending: bool = False,
) -> Any:
  """Defines a field for a tuple of numbers, each within `bounds`."""
  metadata = {"help": help_text, "bounds": ListBounds(bounds, count, ascending)}
  return dataclasses.field(default=tuple(default), metadata=metadata)


def choice(default: str, choices: Sequence[str], help_text: str) -> Any:
  """Defines a field for one of several texts."""
  return dataclasses.field(default=default, metadata={"help": help_text, "choices": tuple(choices)})


def text(default: str, help_text: str) -> Any:
  """Defines a field for text."""
  return dataclasses.field(default=default, metadata={"help": help_text})


def switch(default: bool, help_text: str) -> Any:
  """Defines a field for a bool."""
  return dataclasses.field(default=default, metadata={"help": help_text})


def texts(help_text: str) -> Any:
  """Defines a field for a tuple of texts, empty by default."""
  return dataclasses.field(default=(), metadata={"help": help_text})


class Settings:
  """Base of frozen dataclasses whose fields are defined by the functions above."""

  def __post_init__(self) -> None:
    """Checks all fields.

    Raises:
      ValueError: a field has a value that its definition does not accept.
    """
    for field in _fields(self):
      value = getattr(self, field.name)
      try:
        if "bounds" in field.metadata:
          value = field.metadata["bounds"].parse(value)
        elif "choices" in field.metadata:
          _check_choice(value, field.metadata["choices"])
        elif isinstance(field.default, tuple):
          value = _parse_texts(value)
        elif not isinstance(value, type(field.default)):
          kind = "true or false" if isinstance(field.default, bool) else "text"
          raise ValueError(f"must be {kind}. Received: {value!r:.60}")
      except ValueError as error:
        raise ValueError(f"{field.name} {error}") from error
      object.__setattr__(self, field.name, value)

  @classmethod
  def from_flags(cls: Type[_S], values: Mapping[str, Any]) -> _S:
    """Makes settings from values by flag name; missing ones get defaults.

    Raises:
      ValueError: see the constructor.
    """
    names = [field.name for field in _fields(cls)]
    return cls(**{name: values[name] for name in names if name in values})

  def to_flags(self) -> Dict[str, Any]:
    """Returns values by flag name, ready for JSON."""
    values = {field.name: getattr(self, field.name) for field in _fields(self)}
    return {
      name: list(value) if isinstance(value, tuple) else value for name, value in values.items()
    }


def _fields(settings: Any) -> Tuple["dataclasses.Field[Any]", ...]:
  return dataclasses.fields(settings)


def _parse_texts(value: Any) -> Tuple[str, ...]:
  if not isinstance(value, (list, tuple)) or not all(isinstance(part, str) for part in value):
    raise ValueError(f"must be a list of texts. Received: {value!r:.60}")
  return tuple(value)


def _check_choice(value: Any, choices: Sequence[str]) -> None:
  if value not in choices:
    raise ValueError(f"must be one of {', '.join(choices)}. Received: {value}")
