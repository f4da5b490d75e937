"""Tests of evaluation.reporting.runs: workdir contents, and errors for invalid workdirs."""

import json

import pytest

from ppn_tf.evaluation.reporting.runs import read_run, read_runs
from ppn_tf.runtime.errors import InputError

SCORES = {"pck_body": {"groups": {}}, "pck_torso": {"groups": {}}}


@pytest.fixture(name="folder")
def fixture_folder(tmp_path):
  folder = tmp_path / "run"
  folder.mkdir()
  (folder / "flags.json").write_text('{"method": "ppn"}')
  return folder


def test_complete_workdir(folder):
  (folder / "metrics.jsonl").write_text('{"step": 10, "loss": 3.5}\n{"step": 20, "loss": 2}\n')
  (folder / "evaluation.json").write_text(json.dumps(SCORES))
  (run,) = read_runs([f"a name = {folder}"])
  assert (run.name, run.workdir, run.flags) == ("a name", folder, {"method": "ppn"})
  assert run.metrics == [{"step": 10, "loss": 3.5}, {"step": 20, "loss": 2}]
  assert run.evaluation == SCORES


def test_workdir_with_flags_only(folder):
  run = read_run("ppn", str(folder))
  assert (run.metrics, run.evaluation) == ([], None)


def test_last_record_of_a_repeated_step_counts(folder):
  lines = [{"step": 20, "loss": 1}, {"step": 10, "loss": 2}, {"step": 20, "loss": 3}]
  (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
  assert [row["loss"] for row in read_run("ppn", str(folder)).metrics] == [2, 3]


def test_truncated_line_is_skipped(folder):
  (folder / "metrics.jsonl").write_text('{"step": 10, "loss": 3.5}\n{"step": 20, "lo')
  assert [row["step"] for row in read_run("ppn", str(folder)).metrics] == [10]


@pytest.mark.parametrize("value", ["", " ", "=", "ppn=", "=runs/ppn"])
def test_missing_folder_or_name(value):
  with pytest.raises(InputError, match="neither WORKDIR nor NAME=WORKDIR"):
    read_runs([value])


def test_folder_name_is_the_default_run_name(folder, monkeypatch):
  monkeypatch.chdir(folder)
  for value in (str(folder), f"{folder}/", ".", "../run"):
    (run,) = read_runs([value])
    assert (run.name, run.flags) == ("run", {"method": "ppn"})


def test_folder_with_an_equals_sign(folder):
  renamed = folder.rename(folder.parent / "lr=1e-4")
  assert [run.name for run in read_runs([str(renamed), f"slow={renamed}"])] == ["lr=1e-4", "slow"]


def test_no_runs_given():
  with pytest.raises(InputError, match="no run given. Write e.g. `python -m ppn_tf.report runs/"):
    read_runs([])


def test_duplicate_name(folder):
  with pytest.raises(InputError) as caught:
    read_runs([str(folder), f"run={folder}/"])
  assert str(caught.value) == (
    f"run={folder}/: the name 'run' is already used for {folder}. "
    f"Give one of them another name, e.g. run_2={folder}/."
  )


def test_measurements(folder):
  (folder / "evaluation.json").write_text(json.dumps({**SCORES, "alpha": 0.1, "area": None}))
  run = read_run("ppn", str(folder))
  assert run.alpha == 0.1 and run.measured("pck_torso", "groups") == {}
  assert run.measured("area", "pck_body") is None and run.measured("alpha", "x") is None


def test_predictions_and_checkpoints_are_found(folder):
  run = read_run("ppn", str(folder))
  assert run.predictions is None and not run.propagates
  (folder / "predictions").mkdir()
  (folder / "checkpoints").mkdir()
  (folder / "checkpoints" / "checkpoint").write_text("")
  assert run.predictions == folder / "predictions" and run.propagates
  (folder / "flags.json").write_text('{"method": "framewise"}')
  assert not read_run("framewise", str(folder)).propagates


def test_missing_workdir(tmp_path):
  with pytest.raises(InputError, match="nowhere: holds no run"):
    read_run("ppn", str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
  ("file", "content", "expected"),
  [
    ("flags.json", "[1]", "expected an object"),
    ("flags.json", "{", "not readable as JSON"),
    ("metrics.jsonl", '{"loss": 1}\n', 'expected an object with "step"'),
    ("metrics.jsonl", "3\n", 'expected an object with "step"'),
    ("evaluation.json", "{", "not readable as JSON"),
    ("evaluation.json", "[]", 'lacks "pck_body"'),
    ("evaluation.json", '{"pck_body": {"groups": {}}}', 'lacks "pck_torso"'),
    ("evaluation.json", '{"pck_body": {"groups": 3}}', 'lacks "pck_body"'),
  ],
)
def test_error_names_the_invalid_file_in_one_line(folder, file, content, expected):
  (folder / file).write_text(content)
  with pytest.raises(InputError) as caught:
    read_run("ppn", str(folder))
  message = str(caught.value)
  assert expected in message and str(folder / file) in message and "\n" not in message
