"""Tests of ppn_tf.runtime.npz_files: text in .npz files."""

import numpy as np
import pytest

from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.npz_files import read_npz


@pytest.mark.parametrize("text", ["", "abc", ["knee", "Füße"], np.zeros((0, 2), "U3")])
@pytest.mark.parametrize("order", ["<", ">"])
def test_text_is_read(text, order, tmp_path):
  text = np.array(text)
  np.savez(tmp_path / "text.npz", text=text.astype(text.dtype.newbyteorder(order)))
  np.testing.assert_array_equal(read_npz(tmp_path / "text.npz")["text"], text)


@pytest.mark.parametrize("order", ["<u4", ">u4"])
def test_codes_that_are_no_characters_are_refused(order, tmp_path):
  """A code above U+10FFFF, left by a damaged byte, makes Python's JSON reader raise SystemError."""
  codes = np.array([ord("a"), 0x110000], order)
  text = codes.view(f"{order[0]}U2")
  np.savez(tmp_path / "text.npz", numbers=np.zeros(3), text=text)
  with pytest.raises(InputError, match="text.npz: .*text holds codes that are no characters"):
    read_npz(tmp_path / "text.npz")
