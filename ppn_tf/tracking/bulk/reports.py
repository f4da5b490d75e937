"""Manifest of the tracked videos, and table of the failed ones."""

import dataclasses
import json
import os
import pathlib
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.tracking.bulk.result_store import Facts

MANIFEST, FAILED, JOINTS = "manifest.json", "failed.jsonl", "joints.parquet"


@dataclasses.dataclass(frozen=True)
class Failure:
  """Video that could not be tracked.

  Attributes:
    video: path as given.
    video_hash: hash of its content; None if it could not be read.
    settings_hash: hash of the settings.
    segment: number of the segment that failed, from 0.
    reason: one line.
  """

  video: str
  video_hash: Optional[str]
  settings_hash: str
  segment: int
  reason: str


def name_video(path: pathlib.Path) -> str:
  """Returns a path as text without undecodable bytes."""
  return os.fsencode(path).decode("utf-8", "backslashreplace")


def read_failures(folder: pathlib.Path, settings_hash: str) -> Dict[str, Failure]:
  """Returns the failures of earlier runs with these settings, by hash of the video."""
  try:
    rows = [json.loads(line) for line in (folder / FAILED).read_bytes().splitlines()]
    failures = [Failure(**row) for row in rows]
  except (OSError, ValueError, TypeError):
    return {}
  return {
    failure.video_hash: failure
    for failure in failures
    if failure.video_hash and failure.settings_hash == settings_hash
  }


def write_failures(folder: pathlib.Path, failures: Sequence[Failure]) -> None:
  """Writes one line for each failure, in their order; an empty file if there is none."""
  rows = [json.dumps(dataclasses.asdict(failure)) + "\n" for failure in failures]
  write_if_changed(folder / FAILED, "".join(rows))


def describe_video(video: pathlib.Path, facts: Facts, joints: pathlib.Path) -> Dict[str, Any]:
  """Returns the entry of a video in the manifest.

  Args:
    video: path as given.
    facts: numbers about its joints.
    joints: file of its joints, relative to the folder of all outputs.
  """
  height, width = facts.size
  return {
    "video": name_video(video),
    "video_hash": facts.video_hash,
    "frames": facts.num_frames,
    "seconds": round(facts.num_frames / facts.fps, 3),
    "damaged": facts.num_damaged,
    "people": facts.num_people,
    "fps": facts.fps,
    "width": width,
    "height": height,
    "segments": facts.num_segments,
    "joints": joints.as_posix(),
  }


def format_manifest(header: Mapping[str, Any], videos: Sequence[Mapping[str, Any]]) -> str:
  """Returns the text of a manifest, with a line for each video.

  Args:
    header: fields before the list of videos.
    videos: entries from `describe_video`.
  """
  lines: List[str] = [json.dumps(dict(video)) for video in videos]
  rows = ",\n".join(lines)
  return json.dumps(dict(header), indent=2)[:-2] + ',\n  "videos": [\n' + rows + "\n  ]\n}\n"


def write_if_changed(path: pathlib.Path, text: str) -> None:
  """Writes a text file unless it has this content."""
  if not has_content(path, text):
    with complete_or_absent(path) as partial:
      partial.write_text(text, encoding="utf-8")


def has_content(path: pathlib.Path, text: str) -> bool:
  """Returns whether a file has this content."""
  return path.is_file() and path.read_bytes() == text.encode()
