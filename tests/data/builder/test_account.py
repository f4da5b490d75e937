"""Tests of the account of a source's clips, and of its summary."""

import pytest

from data.builder.account import Account, ClipError, Repair


def test_summary_has_counts_and_each_clip():
  account = Account()
  account.add("train", "0002", 5, (Repair("short", "4 of 5", 1),))
  account.add("train", "0001", 7, (Repair("short", "6 of 7", 2),))
  account.add("test", "0004", 3, (Repair("odd", "seen", 3, fixed=False),))
  account.skip("0003", ClipError("torn", "0003.mat: cannot be read."))
  account.left_out["frames without labels"] = ["0009"]
  assert account.summarize().splitlines() == [
    "train: 2 clips, 12 frames",
    "test: 1 clips, 3 frames",
    "fixed:",
    "  short, 2 clips, 3 in total:",
    "    0001 (6 of 7)",
    "    0002 (4 of 5)",
    "noted, not changed:",
    "  odd, 1 clips, 3 in total:",
    "    0004 (seen)",
    "skipped:",
    "  torn, 1:",
    "    0003 (0003.mat: cannot be read.)",
    "  frames without labels, 1:",
    "    0009",
  ]


def test_many_clips_are_listed_in_ranges():
  account = Account()
  numbers = [*range(1, 20), 21, 22, 30]
  for number in numbers:
    account.skip(f"{number:04d}", ClipError("torn", f"{number}: torn."))
  assert account.summarize().splitlines()[-3:] == [
    "  torn, 22:",
    "    first: 0001 (1: torn.)",
    "    0001-0019, 0021, 0022, 0030",
  ]


def test_long_lists_are_cut():
  account = Account()
  account.left_out["odd"] = [f"clip_{2 * number}" for number in range(2000)]
  lines = account.summarize().splitlines()
  assert len(lines) == 3 + 1 + 40 + 1 and lines[-1].endswith("more lines)")
  assert max(map(len, lines)) <= 100


def test_strict_account_raises():
  with pytest.raises(ClipError, match="torn"):
    Account(strict=True).skip("0003", ClipError("torn", "0003.mat: torn."))
