"""Joints of finished units and videos on disk, found by the hashes of videos and settings.

joints/SETTINGS/AB/ABCD...jsonl    joints of a video, AB being the start of its hash
joints/SETTINGS/AB/ABCD...json     numbers about it, written last
joints/SETTINGS/AB/ABCD....3.jsonl, .3.json    segment 3, until all segments are there
"""

import dataclasses
import json
import pathlib
import zlib
from typing import Any, Dict, Iterator, List, Optional

from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.tracking.bulk.units import JointFacts, Unit, UnitResult

_DIGITS = 16  # of hashes in names
_CHUNK = 1 << 16  # bytes


@dataclasses.dataclass(frozen=True)
class Facts(JointFacts):
  """Numbers about the joints of a unit or a video on disk.

  Attributes:
    video_hash: hash of the video.
    num_segments: number of segments.
    num_bytes: size of the file of joints.
  """

  video_hash: str
  num_segments: int
  num_bytes: int


class ResultStore:
  """Files with the joints of videos for one choice of settings.

  Attributes:
    folder: folder of all outputs.
    settings_hash: hash of the settings.
  """

  def __init__(self, folder: pathlib.Path, settings_hash: str):
    self.folder, self.settings_hash = folder, settings_hash
    self._place = pathlib.Path("joints") / settings_hash[:_DIGITS]

  def get_path(self, video_hash: str, segment: Optional[int] = None) -> pathlib.Path:
    """Returns the path of the joints of a video, or of a segment of it."""
    part = "" if segment is None else f".{segment}"
    name = f"{video_hash[:_DIGITS]}{part}.jsonl"
    return self.folder / self._place / video_hash[:2] / name

  def read(self, video_hash: str, segment: Optional[int] = None) -> Optional[Facts]:
    """Returns the facts about finished joints; None if they are missing or incomplete."""
    path = self.get_path(video_hash, segment)
    try:
      fields = json.loads(path.with_suffix(".json").read_bytes())
      fields["size"] = tuple(fields["size"])
      fields["joint_names"] = tuple(fields["joint_names"])
      facts = Facts(**fields)
      is_whole = facts.num_bytes == path.stat().st_size and facts.video_hash == video_hash
    except (OSError, ValueError, TypeError, KeyError):
      return None
    return facts if is_whole else None

  def write(self, unit: Unit, result: UnitResult) -> None:
    """Writes the joints of a unit; a unit that is a whole video is thereby finished."""
    segment = unit.segment if unit.num_segments > 1 else None
    fields = {**vars(result), "video_hash": unit.video_hash, "num_segments": unit.num_segments}
    lines = _decompress(fields.pop("lines"))
    facts = Facts(num_bytes=0, **fields)
    self._write(self.get_path(unit.video_hash, segment), lines, facts)

  def join(self, video_hash: str, num_segments: int, several: bool) -> Optional[Facts]:
    """Joins the segments of a video; returns its facts, or None while a segment is missing.

    Frames are counted on from segment to segment, and so are people if there may be several. A
    single person is always number 1.
    """
    found = [self.read(video_hash, segment) for segment in range(num_segments)]
    parts = [facts for facts in found if facts is not None]
    if len(parts) < num_segments:
      return None
    first_indexes, first_ids = [0], [0]
    for facts in parts:
      first_indexes.append(first_indexes[-1] + facts.num_frames)
      first_ids.append(first_ids[-1] + (facts.last_id if several else 0))
    path = self.get_path(video_hash)
    lines = (
      _renumber(line, first_indexes[segment], first_ids[segment])
      for segment in range(num_segments)
      for line in _read_lines(self.get_path(video_hash, segment))
    )
    facts = dataclasses.replace(
      parts[0],
      num_frames=first_indexes[-1],
      num_damaged=sum(part.num_damaged for part in parts),
      num_people=(sum if several else max)(part.num_people for part in parts),
      last_id=first_ids[-1] if several else parts[0].last_id,
    )
    self._write(path, lines, facts)
    for segment in range(num_segments):
      part = self.get_path(video_hash, segment)
      part.with_suffix(".json").unlink()
      part.unlink()
    return self.read(video_hash)

  def _write(self, path: pathlib.Path, parts: Iterator[bytes], facts: Facts) -> None:
    """Writes a file in parts, and the facts about it with its size."""
    with complete_or_absent(path) as partial, open(partial, "wb") as file:
      for part in parts:
        file.write(part)
    facts = dataclasses.replace(facts, num_bytes=path.stat().st_size)
    with complete_or_absent(path.with_suffix(".json")) as partial:
      partial.write_text(json.dumps(dataclasses.asdict(facts)) + "\n")


def read_frames(path: pathlib.Path) -> Iterator[Dict[str, Any]]:
  """Yields the frames in a file of JSON lines."""
  for line in _read_lines(path):
    yield json.loads(line)


def _decompress(content: bytes) -> Iterator[bytes]:
  """Yields the content before compression by zlib in parts, to save memory."""
  decompressor = zlib.decompressobj()
  for begin in range(0, len(content), _CHUNK):
    yield decompressor.decompress(content[begin : begin + _CHUNK])
  yield decompressor.flush()


def _read_lines(path: pathlib.Path) -> Iterator[bytes]:
  with open(path, "rb") as file:
    yield from file


def _renumber(line: bytes, first_index: int, first_id: int) -> bytes:
  """Returns a line of `JsonLines` with later numbers of the frame and of the people."""
  if not first_index and not first_id:
    return line
  row = json.loads(line)
  row["index"] += first_index
  people: List[Dict[str, Any]] = row["people"]
  for person in people:
    person["track_id"] += first_id
  return (json.dumps(row) + "\n").encode()
