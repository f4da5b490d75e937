"""Tests of the command in environments without numba."""

import subprocess
import sys

import pytest

from data.humans import __main__ as command
from ppn_tf.runtime.errors import InputError
from tests.commands import ROOT


def test_missing_numba_is_one_line_that_names_the_extra(monkeypatch):
  monkeypatch.setitem(sys.modules, "numba", None)
  with pytest.raises(InputError, match=r"needs numba. Run `pip install 'ppn-tf\[humans\]'`"):
    command._check_numba()


def test_help_imports_neither_numba_nor_tensorflow():
  code = (
    "import sys, data.humans.__main__ as _\n"
    "sys.exit(bool({'numba', 'tensorflow'} & set(sys.modules)))"
  )
  assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
