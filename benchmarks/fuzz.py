"""Damages files at random, and checks that every reader reads or refuses them.

  python -m benchmarks.fuzz --minutes=10

For each reader, the table counts inputs that were tried, read and refused (InputError), and four
kinds of faults: tracebacks, which are any other error; crashes of the process; hangs; and
leftovers, which are files that a reader left behind. Files that led to faults are kept in
--output. The command ends with code 1 if there are any.

The mutations are those of common fuzzers for bytes. Coverage-guided ones, such as Atheris, are not
available for all versions of Python, and do not see into the libraries that decode most files.
"""

import collections
import contextlib
import math
import multiprocessing
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile
import time
import traceback
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from absl import flags
from tqdm import tqdm

from ppn_tf.evaluation.tables import format_rows
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.errors import InputError

FLAGS = flags.FLAGS
OUTCOMES = ("read", "refused", "tracebacks", "crashes", "hangs", "leftovers")
FAULTS = OUTCOMES[2:]
# Seconds after which a reader counts as hanging. The first input includes imports.
PATIENCE, STARTUP = 20.0, 180.0


class Outcome(NamedTuple):
  """Result of one damaged input.

  Attributes:
    kind: one of OUTCOMES.
    detail: the last lines of a traceback, or names of leftovers.
    number: seed of the damage.
  """

  kind: str
  detail: str
  number: int


def define_flags() -> None:
  """Defines the flags of this command."""
  command_flags.define_float("minutes", 2.0, "Time for all readers together.", 0.01, 10_000.0)
  command_flags.define_integer("first", 0, "Seed of the first damage of each reader.", 0, 2**31)
  flags.DEFINE_list("readers", [], "Parts of the names of readers; by default all.")
  flags.DEFINE_string("output", "fuzz_faults", "Folder for inputs that led to faults.")


def damage(folder: pathlib.Path, name: str, number: int) -> Tuple[pathlib.Path, bytes]:
  """Damages one of a reader's files in a folder; returns its path and the valid content."""
  from benchmarks.fuzz_readers import READERS  # imports take seconds

  reader, rng = READERS[name], random.Random(f"{name} {number}")
  path = rng.choice(sorted(path for path in folder.glob(reader.damaged) if path.is_file()))
  content = path.read_bytes()
  path.write_bytes(reader.mutate(content, rng))
  return path, content


def try_input(folder: pathlib.Path, name: str, number: int) -> Outcome:
  """Reads a folder with a damaged file, and restores the file.

  Args:
    folder: valid files of the reader.
    name: name of the reader.
    number: seed of the damage.
  """
  from benchmarks.fuzz_readers import READERS

  path, content = damage(folder, name, number)
  files = set(folder.rglob("*"))
  kind, detail = "read", ""
  try:
    READERS[name].read(folder)
  except InputError as error:
    kind = "refused"
    if len(str(error).splitlines()) != 1:
      kind, detail = "tracebacks", f"more than one line: {error}"
  except Exception:  # every other kind is a fault
    kind, detail = "tracebacks", traceback.format_exc(limit=-3)
  path.write_bytes(content)
  left = set(folder.rglob("*")) - files
  if left:
    kind, detail = "leftovers", ", ".join(map(str, sorted(left)))
  return Outcome(kind, detail, number)


def _work(folder: pathlib.Path, name: str, first: int, sender: Any) -> None:
  """Tries inputs in a process of its own, until it is ended."""
  quiet = os.open(os.devnull, os.O_WRONLY)
  os.dup2(quiet, 2)  # libraries print warnings about damaged files
  from benchmarks.fuzz_readers import READERS

  valid = folder / "valid"
  shutil.rmtree(valid, ignore_errors=True)
  valid.mkdir(parents=True)
  READERS[name].write(valid)
  READERS[name].read(valid)
  sender.send("ready")
  number = first
  while True:
    sender.send(try_input(valid, name, number))
    number += 1


def fuzz(
  name: str, first: int = 0, count: Optional[int] = None, seconds: float = math.inf
) -> Iterator[Outcome]:
  """Yields the outcomes of damaged inputs of a reader.

  Args:
    name: name of the reader.
    first: seed of the first damage.
    count: number of inputs; None: no limit.
    seconds: time after which no more inputs are tried.
  Raises:
    RuntimeError: the reader cannot read its valid files.
  """
  context = multiprocessing.get_context("forkserver")
  context.set_forkserver_preload(["benchmarks.fuzz_readers"])
  number, deadline, is_ready = first, math.inf, False
  while count is None or number < first + count:
    receiver, sender = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
      process = context.Process(target=_work, args=(pathlib.Path(folder), name, number, sender))
      process.start()
      sender.close()
      try:
        if not receiver.poll(STARTUP) or receiver.recv() != "ready":
          raise RuntimeError(f"{name}: cannot read valid files")
        is_ready = True
        deadline = min(deadline, time.monotonic() + seconds)
        while count is None or number < first + count:
          if time.monotonic() > deadline:
            return
          if not receiver.poll(PATIENCE):
            yield Outcome("hangs", f"longer than {PATIENCE:g} s", number)
            break
          yield receiver.recv()
          number += 1
      except EOFError:
        process.join()
        if not is_ready:
          raise RuntimeError(f"{name}: cannot read valid files") from None
        yield Outcome("crashes", f"exit code {process.exitcode}", number)
      finally:
        process.kill()
        process.join()
    number += 1


def keep_input(output: pathlib.Path, name: str, outcome: Outcome) -> None:
  """Keeps the damaged file of a fault, and a text that describes it."""
  from benchmarks.fuzz_readers import READERS

  folder = output / "".join(c if c.isalnum() else "_" for c in name) / str(outcome.number)
  folder.mkdir(parents=True, exist_ok=True)
  (folder / "fault.txt").write_text(f"{outcome.kind}\n{outcome.detail}\n")
  with tempfile.TemporaryDirectory() as scratch, contextlib.suppress(Exception):
    valid = pathlib.Path(scratch) / "valid"
    valid.mkdir()
    READERS[name].write(valid)
    path, _ = damage(valid, name, outcome.number)
    shutil.copy(path, folder / path.name)


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  from benchmarks.fuzz_readers import READERS

  names = [name for name in READERS if not FLAGS.readers or any(p in name for p in FLAGS.readers)]
  if not names:
    raise InputError(f"--readers={','.join(FLAGS.readers)}: none of {', '.join(READERS)}")
  counts: Dict[str, Dict[str, int]] = {}
  kept: List[str] = []
  for name in tqdm(names, unit="reader", disable=None):
    counts[name] = collections.Counter()
    places = set()
    for outcome in fuzz(name, FLAGS.first, seconds=60 * FLAGS.minutes / len(names)):
      counts[name][outcome.kind] += 1
      # Faults at the same lines of code are shown once.
      place = (outcome.kind, *re.findall(r"line \d+, in \w+", outcome.detail))
      if outcome.kind in FAULTS and place not in places:
        places.add(place)
        keep_input(pathlib.Path(FLAGS.output), name, outcome)
        kept.append(f"{name}, {outcome.kind}: {outcome.detail}")
  rows = [
    [name, str(sum(count.values())), *(str(count[kind]) for kind in OUTCOMES)]
    for name, count in counts.items()
  ]
  print(format_rows(("reader", "inputs", *OUTCOMES), rows))
  if kept:
    print("\n".join(["", *kept, "", f"The damaged files are in {FLAGS.output}."]))
    sys.exit(1)


if __name__ == "__main__":
  define_flags()
  app.run(main)
