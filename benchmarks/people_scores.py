"""Scores networks on three sets of labeled people, in one table.

  python -m benchmarks.people_scores --data_dir=records_people \\
    --tflite=ours=ppn.tflite --tflite=thunder=movenet-thunder.tflite

`python -m benchmarks.people_sets --source=DIR --data_dir=records_people` makes the records. All
networks see the same crops of the same frames, are scored on the joints that all of them have,
and are timed in turns. Writes docs/people_scores.json and the page docs/people_scores.md.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from absl import flags

from benchmarks.markdown_pages import render
from benchmarks.people_sets import SETS
from benchmarks.people_sources import CLIP
from ppn_tf.evaluation import tables
from ppn_tf.evaluation.tables import Cell, Row, Section, Table, compare, format_cell
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

FLAGS = flags.FLAGS
DOCS = pathlib.Path(__file__).parents[1] / "docs"
TEMPLATE = pathlib.Path(__file__).with_name("people_scores.md.jinja")
# A longer torso in the clip of Penn Action, which shows a bowler from behind.
OTHER_TORSO = ("right_shoulder", "left_hip")
OTHER = f"{CLIP}, other torso"
# Fields of the scores of a system to write.
KEPT = ("num_clips", "num_frames", "torso", "jitter", "not_predicted", "time")
KEPT_OF_METRIC = ("micro", "groups", "num_joints")
METRICS = ("pck_torso", "pck_torso_clean", "pck_body")

Scores = Mapping[str, Any]


def define_flags(values: flags.FlagValues = FLAGS) -> None:
  """Defines the flags of the command."""
  flags.DEFINE_multi_string(
    "tflite", [], "NAME=FILE of a network; may be repeated.", flag_values=values
  )
  flags.DEFINE_string(
    "data_dir",
    "records_people",
    "Folder of records from `benchmarks.people_sets`.",
    flag_values=values,
  )
  command_flags.define_integer("turns", 30, "Turns of the timing.", 1, 10**6, values)
  flags.DEFINE_string(
    "output",
    str(DOCS / "people_scores.json"),
    "JSON file to write; the page is written next to it.",
    flag_values=values,
  )


def score(records: pathlib.Path, *arguments: str) -> Dict[str, Scores]:
  """Scores a data set by `python -m ppn_tf.score`; returns scores by system.

  Args:
    records: folder of the data set.
    *arguments: further flags.
  Raises:
    InputError: the command failed, and printed the reason.
  """
  with tempfile.TemporaryDirectory() as folder:
    output = pathlib.Path(folder) / "scores.json"
    command = [sys.executable, "-m", "ppn_tf.score", f"--dataset={records}", "--joints=common"]
    completed = subprocess.run(
      [*command, f"--output_json={output}", *arguments], stdout=subprocess.PIPE, check=False
    )
    if completed.returncode:
      raise InputError(f"{records}: not scored; see the error of `python -m ppn_tf.score` above.")
    return {name: _select_scores(scores) for name, scores in json.loads(output.read_text()).items()}


def _select_scores(scores: Scores) -> Dict[str, Any]:
  metrics = {name: {key: scores[name][key] for key in KEPT_OF_METRIC} for name in METRICS}
  joints = [name for name, pck in scores["pck_torso"]["joints"].items() if pck is not None]
  conditions = scores["conditions"]
  file = {"file": pathlib.Path(conditions["tflite"]).name, "sha256": conditions["sha256"]}
  selected = {name: scores.get(name) for name in KEPT}
  return {**file, **selected, "joints": joints, **metrics}


def score_all(data_dir: pathlib.Path, networks: Sequence[str]) -> Dict[str, Dict[str, Scores]]:
  """Returns scores by set and system, with a second entry for the other torso of CLIP.

  Args:
    data_dir: folder of records from `benchmarks.people_sets`.
    networks: NAME=FILE of each network.
  """
  results = {}
  with tempfile.TemporaryDirectory() as folder:
    for name, people in SETS.items():
      arguments = [f"--tflite={network}" for network in networks]
      if name == CLIP:
        arguments += [f"--time_turns={FLAGS.turns}", f"--output_predictions={folder}"]
      results[name] = score(data_dir / people.records, *arguments)
    predictions = [f"--predictions={name}={folder}/{name}" for name in results[CLIP]]
    records = data_dir / SETS[CLIP].records
    results[OTHER] = score(records, *predictions, f"--torso={','.join(OTHER_TORSO)}")
  return results


def table(results: Mapping[str, Mapping[str, Scores]]) -> Table:
  """Returns a table with a row for each network, and a row for the jitter of the labels."""
  systems = list(results[CLIP])
  boards, stills = (name for name in SETS if name != CLIP)
  heads: List[str] = []
  columns: List[Sequence[Cell]] = []

  def pck(head: str, name: str, metric: str) -> None:
    heads.append(head)
    cells = compare([results[name][system][metric]["micro"] for system in systems])
    columns.append([*cells, format_cell(None)])

  pck(f"{CLIP} PCK-torso", CLIP, "pck_torso")
  pck("clean", CLIP, "pck_torso_clean")
  pck("other torso", OTHER, "pck_torso")
  pck("PCK-body", CLIP, "pck_body")
  for name in (boards, stills):
    pck(f"{name} PCK-torso", name, "pck_torso")
    pck("PCK-body", name, "pck_body")
  for name in (CLIP, boards):
    heads.append(f"jitter {name}")
    jitters = [results[name][system]["jitter"] for system in systems]
    values = [jitter["predicted"] for jitter in jitters] + [jitters[0]["labelled"]]
    columns.append([format_cell(value, "{:.2f}") for value in values])
  heads.append("ms per frame")
  times = [results[CLIP][system]["time"]["milliseconds"] for system in systems]
  columns.append([*(format_cell(value) for value in times), format_cell(None)])
  rows = tuple(map(Row, [*systems, "the labels"], zip(*columns)))
  return Table(tuple(heads), (Section("", rows),), row_header="network")


def page(results: Mapping[str, Mapping[str, Scores]]) -> str:
  """Returns the text of docs/people_scores.md."""
  first = {name: next(iter(systems.values())) for name, systems in results.items()}
  return render(
    TEMPLATE,
    table=tables.to_text(table(results), markdown=True),
    first=first,
    clip=CLIP,
    files={name: scores["file"] for name, scores in results[CLIP].items()},
  )


def check(data_dir: pathlib.Path, networks: Sequence[str]) -> List[Tuple[str, str]]:
  """Splits NAME=FILE into pairs, and checks that all files exist.

  Raises:
    InputError: no network, or records or a file are missing.
  """
  pairs = []
  for network in networks:
    name, _, file = (part.strip() for part in network.partition("="))
    if not name or not pathlib.Path(file).is_file():
      raise InputError(
        f"--tflite={network}: no such file. Give NAME=FILE, as in --tflite=ppn=ppn.tflite."
      )
    pairs.append((name, file))
  if not pairs:
    raise InputError("nothing to score. Give --tflite=NAME=FILE, once or several times.")
  for people in SETS.values():
    if not (data_dir / people.records).is_dir():
      raise InputError(
        f"{data_dir / people.records}: no such data set. Make it with "
        "`python -m benchmarks.people_sets`, or give --data_dir."
      )
  return pairs


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  output, data_dir = pathlib.Path(FLAGS.output), pathlib.Path(FLAGS.data_dir)
  networks = [f"{name}={file}" for name, file in check(data_dir, FLAGS.tflite)]
  results = score_all(data_dir, networks)
  with complete_or_absent(output) as partial:
    partial.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
  with complete_or_absent(output.with_suffix(".md")) as partial:
    partial.write_text(page(results), encoding="utf-8")
  print(tables.to_text(table(results)))


if __name__ == "__main__":
  define_flags()
  app.run(main)
