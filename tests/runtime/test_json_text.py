"""Tests of ppn_tf.runtime.json_text."""

import json

import pytest

from ppn_tf.runtime.json_text import parse_json

VALUES = {"knee": [1, 2.5, None], "Füße": "😀"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-be"])
@pytest.mark.parametrize("ensure_ascii", [False, True])
def test_all_encodings_are_read(encoding, ensure_ascii):
  text = json.dumps(VALUES, ensure_ascii=ensure_ascii)
  assert parse_json(text.encode(encoding)) == VALUES
  assert parse_json(text) == VALUES


@pytest.mark.parametrize("text", [r'["\ud800"]', r'{"a\uDFFF": 1}', r'["\ude00\ud83d"]'])
def test_halves_of_surrogate_pairs_are_refused(text):
  for content in (text, text.encode(), text.encode("utf-16")):
    with pytest.raises(ValueError, match="surrogates not allowed"):
      parse_json(content)


@pytest.mark.parametrize("content", ["", "[1", b"\xff\xfe\xfd", b"[\xff]"])
def test_other_content_is_refused(content):
  with pytest.raises(ValueError):
    parse_json(content)
