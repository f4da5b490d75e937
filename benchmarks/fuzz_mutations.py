"""Damages files at random, as disks, transfers and hostile senders do."""

import io
import pathlib
import random
import re
import tempfile
import zipfile
from typing import Callable, Dict

Mutation = Callable[[bytes, random.Random], bytes]

_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_TOKENS = (
  *(b"-1", b"0", b"1e999", b"NaN", b"99999999999999999999", b"0.5", b"null", b"true", b'""'),
  *(b"[]", b"{}", b'"\\ud800"', b"[[[[[[", b"../../x", b"\x00"),
)
_INTEGERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**63 - 1)


def mutate_bytes(content: bytes, rng: random.Random) -> bytes:
  """Applies one to four changes of bits, bytes, numbers or whole parts."""
  mutated = bytearray(content)
  for _ in range(rng.randint(1, 4)):
    if not mutated:
      return b""
    start = rng.randrange(len(mutated))
    end = min(len(mutated), start + rng.choice((1, 2, 4, 8, 64, 1024)))
    change = rng.randrange(8)
    if change == 0:
      mutated[start] ^= 1 << rng.randrange(8)
    elif change == 1:
      mutated[start:end] = bytes(rng.randrange(256) for _ in range(start, end))
    elif change == 2:
      del mutated[start:end]
    elif change == 3:
      mutated[start:start] = mutated[start:end]
    elif change == 4:
      del mutated[start:]
    elif change == 5:
      width = rng.choice((1, 2, 4, 8))
      value = rng.choice(_INTEGERS) & ((1 << 8 * width) - 1)
      packed = value.to_bytes(width, rng.choice(("little", "big")))
      mutated[start : start + width] = packed
    elif change == 6:
      mutated[start:end] = bytes(end - start)
    else:
      _replace_number(mutated, rng)
  return bytes(mutated)


def _replace_number(mutated: bytearray, rng: random.Random) -> None:
  """Replaces a number in text by another value or kind of value."""
  matches = list(_NUMBER.finditer(mutated))
  if matches:
    match = rng.choice(matches)
    mutated[match.start() : match.end()] = rng.choice(_TOKENS)


def mutate_text(content: bytes, rng: random.Random) -> bytes:
  """Applies one to three changes of the tokens of a text, or those of `mutate_bytes`."""
  if rng.random() < 0.3:
    return mutate_bytes(content, rng)
  mutated = bytearray(content)
  for _ in range(rng.randint(1, 3)):
    tokens = list(re.finditer(rb'"[^"\n]*"|-?[\d.]+|true|false|null|[^\s,:{}\[\]]+', mutated))
    if not tokens:
      break
    token = rng.choice(tokens)
    other = rng.choice(_TOKENS) if rng.random() < 0.7 else rng.choice(tokens).group()
    mutated[token.start() : token.end()] = other
  return bytes(mutated)


def mutate_zip(inner: Mutation) -> Mutation:
  """Returns a mutation of one member of a zip archive, with a valid checksum.

  Bytes in front of the archive, such as those of a .tflite file, stay as they are.
  """

  def mutate(content: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.3:
      return mutate_bytes(content, rng)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
      members: Dict[str, bytes] = {name: archive.read(name) for name in archive.namelist()}
      start = min(entry.header_offset for entry in archive.infolist())
    name = rng.choice(sorted(members))
    members[name] = inner(members[name], rng)
    if rng.random() < 0.1:
      members[f"{name}x"] = members.pop(name)
    output = io.BytesIO()
    output.write(content[:start])
    with zipfile.ZipFile(output, "a") as archive:
      for member, data in members.items():
        archive.writestr(member, data)
    return output.getvalue()

  return mutate


def mutate_records(content: bytes, rng: random.Random) -> bytes:
  """Changes the body of one record of a TFRecord file, with valid checksums, or any byte."""
  if rng.random() < 0.2:
    return mutate_bytes(content, rng)
  import tensorflow as tf  # takes seconds

  with tempfile.NamedTemporaryFile(suffix=".tfrecord") as file:
    file.write(content)
    file.flush()
    bodies = [record.numpy() for record in tf.data.TFRecordDataset(file.name)]
    index = rng.randrange(len(bodies))
    bodies[index] = mutate_bytes(bodies[index], rng)
    with tf.io.TFRecordWriter(file.name) as writer:
      for body in bodies:
        writer.write(body)
    return pathlib.Path(file.name).read_bytes()
