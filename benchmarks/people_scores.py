"""Scores networks on four sets of labeled people, in two tables.

  python -m benchmarks.people_scores --data_dir=records_people \\
    --tflite=ours=ppn.tflite --tflite=thunder=movenet-thunder.tflite

`python -m benchmarks.people_sets --source=DIR --data_dir=records_people` makes the records. All
networks see the same frames, in crops with the margin that each was trained with, or all with
--box_margin. They are scored on the joints that all of them have, and timed in turns.
--variants=NAME adds a PPN without its past, and tracked from the first box alone;
--averaged=NAME adds a network's joints averaged over time. Writes docs/people_scores.json and the
page docs/people_scores.md.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from absl import flags

from benchmarks import people_measures, people_variants
from benchmarks.markdown_pages import render
from benchmarks.people_sets import SETS
from benchmarks.people_sources import CLIP
from benchmarks.people_variants import Predictions
from ppn_tf.evaluation import scores, tables
from ppn_tf.evaluation.prediction_files import read_predictions
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
BOARDS, STILLS, VIDEOS = "bonn", "lspet_val", "all videos"
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
  flags.DEFINE_multi_string(
    "variants", [], "NAME of a PPN to add without its past, and tracked freely.", flag_values=values
  )
  flags.DEFINE_multi_string(
    "averaged", [], "NAME of a network whose averaged joints to add.", flag_values=values
  )
  flags.DEFINE_string(
    "data_dir",
    "records_people",
    "Folder of records from `benchmarks.people_sets`.",
    flag_values=values,
  )
  command_flags.define_float(
    "box_margin",
    None,
    "Side of all crops divided by the longer side of the labeled box. Default: as each network was "
    "trained, and 1.25 for other networks.",
    0.1,
    10.0,
    values,
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
  file = {name: conditions[name] for name in ("sha256", "box_margin")}
  file["file"] = pathlib.Path(conditions["tflite"]).name
  selected = {name: scores.get(name) for name in KEPT}
  return {**file, **selected, "joints": joints, **metrics}


def score_all(
  data_dir: pathlib.Path, networks: Sequence[Tuple[str, str]]
) -> Tuple[Dict[str, Dict[str, Scores]], Dict[str, Dict[str, Scores]]]:
  """Scores all networks.

  Args:
    data_dir: folder of records from `benchmarks.people_sets`.
    networks: name and file of each network.
  Returns:
    Scores by set and network, with a second entry for the other torso of CLIP; and measures by set
    and system, variants included, with an entry for all videos together.
  """
  results: Dict[str, Dict[str, Scores]] = {}
  fine: Dict[str, Dict[str, Scores]] = {}
  videos: Dict[str, Dict[str, people_measures.ClipMeasures]] = {}
  with tempfile.TemporaryDirectory() as folder:
    for name, people in SETS.items():
      records, kept = data_dir / people.records, pathlib.Path(folder) / name
      arguments = [f"--tflite={system}={file}" for system, file in networks]
      arguments.append(f"--output_predictions={kept}")
      if FLAGS.box_margin:
        arguments.append(f"--box_margin={FLAGS.box_margin}")
      if name == CLIP:
        arguments.append(f"--time_turns={FLAGS.turns}")
      results[name] = score(records, *arguments)
      systems = {system: read_predictions(kept / system)[1] for system, _ in networks}
      systems.update(predict_variants(dict(networks), systems, records))
      measures = people_measures.measure_systems(records, systems)
      fine[name] = {of: people_measures.summarize(clips) for of, clips in measures.items()}
      for system, clips in measures.items() if name != STILLS else ():
        videos.setdefault(system, {}).update(clips)
    predictions = [f"--predictions={name}={folder}/{CLIP}/{name}" for name, _ in networks]
    records = data_dir / SETS[CLIP].records
    results[OTHER] = score(records, *predictions, f"--torso={','.join(OTHER_TORSO)}")
  fine[VIDEOS] = {system: people_measures.summarize(clips) for system, clips in videos.items()}
  return results, fine


def predict_variants(
  files: Mapping[str, str], systems: Mapping[str, Predictions], records: pathlib.Path
) -> Dict[str, Predictions]:
  """Returns the predictions of all variants by the variant's name."""
  made = {f"{name}, averaged": people_variants.average(systems[name]) for name in FLAGS.averaged}
  for name in FLAGS.variants:
    for variant, predict in people_variants.VARIANTS.items():
      made[f"{name}, {variant}"] = predict(files[name], records, FLAGS.box_margin)
  return made


def table(results: Mapping[str, Mapping[str, Scores]]) -> Table:
  """Returns a table with a row for each network, and a row for the jitter of the labels."""
  systems = list(results[CLIP])
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
  for name in (BOARDS, STILLS):
    pck(f"{name} PCK-torso", name, "pck_torso")
    pck("PCK-body", name, "pck_body")
  for name in (CLIP, BOARDS):
    heads.append(f"jitter {name}")
    jitters = [results[name][system]["jitter"] for system in systems]
    values = [jitter["predicted"] for jitter in jitters] + [jitters[0]["labelled"]]
    columns.append([format_cell(value, "{:.2f}") for value in values])
  heads.append("margin")
  margins = [results[CLIP][system]["box_margin"] for system in systems]
  columns.append([*(format_cell(margin, "{:.2f}") for margin in margins), format_cell(None)])
  heads.append("ms per frame")
  times = [results[CLIP][system]["time"]["milliseconds"] for system in systems]
  columns.append([*(format_cell(value) for value in times), format_cell(None)])
  rows = tuple(map(Row, [*systems, "the labels"], zip(*columns)))
  return Table(tuple(heads), (Section("", rows),), row_header="network")


def fine_table(fine: Mapping[str, Mapping[str, Scores]]) -> Table:
  """Returns a table of measures with a row for each network and variant."""
  systems = list(fine[VIDEOS])
  heads: List[str] = []
  columns: List[Sequence[Cell]] = []
  for name, of_systems in fine.items():
    for alpha in people_measures.ALPHAS[1:]:
      measure = f"pck@{alpha}"
      heads.append(f"{name} @{alpha}" if measure == "pck@0.1" else f"@{alpha}")
      cells = compare([of_systems[system][measure] for system in systems])
      if name == VIDEOS:
        intervals = [of_systems[system]["intervals"][measure] for system in systems]
        cells = tuple(
          Cell(f"{cell.text} ({low:.0f} to {high:.0f})", cell.best)
          for cell, (low, high) in zip(cells, intervals)
        )
      columns.append(cells)
  for head, measure, factor in (("median error", "median", 100), ("jitter", "jitter", 1)):
    heads.append(f"{head}, %")
    columns.append([format_cell(factor * fine[VIDEOS][system][measure]) for system in systems])
  heads.append("lag")
  columns.append([format_cell(fine[VIDEOS][system]["lag"]) for system in systems])
  return Table(tuple(heads), (Section("", tuple(map(Row, systems, zip(*columns)))),), "", "network")


def page(
  results: Mapping[str, Mapping[str, Scores]], fine: Mapping[str, Mapping[str, Scores]]
) -> str:
  """Returns the text of docs/people_scores.md."""
  first = {name: next(iter(systems.values())) for name, systems in results.items()}
  return render(
    TEMPLATE,
    table=tables.to_text(table(results), markdown=True),
    fine_table=tables.to_text(fine_table(fine), markdown=True),
    num_videos=next(iter(fine[VIDEOS].values()))["num_clips"],
    first=first,
    clip=CLIP,
    files={name: scores["file"] for name, scores in results[CLIP].items()},
  )


def check(data_dir: pathlib.Path, networks: Sequence[str]) -> List[Tuple[str, str]]:
  """Splits NAME=FILE into pairs, and checks that all files exist and --variants are among them.

  Raises:
    InputError: no network, or records or a file are missing, or an unknown name.
  """
  pairs = check_files(networks)
  for name in (*FLAGS.variants, *FLAGS.averaged):
    if name not in dict(pairs):
      raise InputError(f"--variants, --averaged: no --tflite has the NAME {name}.")
  check_sets(data_dir)
  return pairs


def check_files(networks: Sequence[str]) -> List[Tuple[str, str]]:
  """Splits NAME=FILE into pairs, and checks that all files exist.

  Raises:
    InputError: no network, or a file is missing.
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
  return pairs


def check_sets(data_dir: pathlib.Path) -> None:
  """Checks that the records of all sets exist.

  Raises:
    InputError: records are missing.
  """
  for people in SETS.values():
    if not (data_dir / people.records).is_dir():
      raise InputError(
        f"{data_dir / people.records}: no such data set. Make it with "
        "`python -m benchmarks.people_sets`, or give --data_dir."
      )


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  output, data_dir = pathlib.Path(FLAGS.output), pathlib.Path(FLAGS.data_dir)
  results, fine = score_all(data_dir, check(data_dir, FLAGS.tflite))
  with complete_or_absent(output) as partial:
    partial.write_text(scores.to_json({**results, "fine": fine}), encoding="utf-8")
  with complete_or_absent(output.with_suffix(".md")) as partial:
    partial.write_text(page(results, fine), encoding="utf-8")
  print(tables.to_text(table(results)) + "\n\n" + tables.to_text(fine_table(fine)))


if __name__ == "__main__":
  define_flags()
  app.run(main)
