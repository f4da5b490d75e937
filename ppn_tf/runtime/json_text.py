"""Parsing of JSON of any origin."""

import json
import re
from typing import Any, Union

# Escapes of surrogates, which are characters only in pairs.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(content: Union[str, bytes]) -> Any:
  """Parses JSON in any Unicode encoding, with or without a byte-order mark.

  Raises:
    ValueError: it is not JSON, or its text has half of a surrogate pair, which can be neither
      hashed nor written.
    RecursionError: it is nested too deeply.
  """
  if isinstance(content, bytes):
    content = content.decode(json.detect_encoding(content))
  values = json.loads(content)
  if _SURROGATE.search(content):
    json.dumps(values, ensure_ascii=False).encode()  # UnicodeEncodeError is a ValueError
  return values
