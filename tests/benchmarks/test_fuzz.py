"""Tests that damaged files are read or refused, and that the search for faults finds faults."""

import multiprocessing
import os
import random
import time

import pytest

from benchmarks import fuzz
from benchmarks.fuzz_mutations import mutate_bytes, mutate_text
from benchmarks.fuzz_readers import READERS, Reader
from ppn_tf.runtime.errors import InputError


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_are_read_or_refused(name):
  outcomes = list(fuzz.fuzz(name, count=12 if name.startswith("data set") else 60))
  assert [outcome for outcome in outcomes if outcome.kind in fuzz.FAULTS] == []
  assert any(outcome.kind == "refused" for outcome in outcomes)


def refuse(folder):
  raise InputError("refused")


def refuse_in_two_lines(folder):
  raise InputError("refused\ntwice")


def fail(folder):
  raise KeyError("a fault")


def litter(folder):
  (folder / "left").touch()


@pytest.mark.parametrize(
  ("read", "kind"),
  [
    (lambda folder: None, "read"),
    (refuse, "refused"),
    (refuse_in_two_lines, "tracebacks"),
    (fail, "tracebacks"),
    (litter, "leftovers"),
  ],
)
def test_outcomes(read, kind, tmp_path, monkeypatch):
  (tmp_path / "file").write_bytes(b"content")
  monkeypatch.setitem(READERS, "reader", Reader(lambda folder: None, "file", read))
  outcome = fuzz.try_input(tmp_path, "reader", 3)
  assert (outcome.kind, outcome.number) == (kind, 3)
  assert (tmp_path / "file").read_bytes() == b"content"


def crash(folder):
  if (folder / "file").read_bytes() != b"content":
    os._exit(7)


def hang(folder):
  if (folder / "file").read_bytes() != b"content":
    time.sleep(60)


@pytest.mark.parametrize(("read", "kind"), [(crash, "crashes"), (hang, "hangs")])
def test_process_that_crashes_or_hangs_is_replaced(read, kind, monkeypatch):
  write = lambda folder: (folder / "file").write_bytes(b"content")  # noqa: E731
  monkeypatch.setitem(READERS, "reader", Reader(write, "file", read))
  monkeypatch.setattr(fuzz, "PATIENCE", 0.5)
  # Only a fork has the replaced names.
  fork = multiprocessing.get_context("fork")
  fork.set_forkserver_preload = lambda modules: None
  monkeypatch.setattr(multiprocessing, "get_context", lambda method: fork)
  outcomes = list(fuzz.fuzz("reader", count=3))
  assert [(outcome.kind, outcome.number) for outcome in outcomes] == [(kind, n) for n in range(3)]


@pytest.mark.parametrize("mutate", [mutate_bytes, mutate_text])
def test_damage_is_repeatable_and_changes_files(mutate):
  content = b'{"name": "walk", "values": [1, 2.5, null]}' * 3
  damaged = [mutate(content, random.Random(seed)) for seed in range(50)]
  assert damaged == [mutate(content, random.Random(seed)) for seed in range(50)]
  assert sum(other != content for other in damaged) > 40
