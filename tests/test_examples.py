"""Tests that the notebooks of examples/ run."""

import json
import os
import pathlib
import re
from typing import List

import pytest

EXAMPLES = pathlib.Path(__file__).parents[1] / "examples"


def run_notebook(path: pathlib.Path, folder: pathlib.Path) -> List[dict]:
  """Executes a notebook in a folder, saves it there, and returns its outputs."""
  import nbclient
  import nbformat

  notebook = nbformat.read(path, as_version=4)
  client = nbclient.NotebookClient(
    notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
  )
  client.execute()
  nbformat.write(notebook, folder / path.name)
  cells = json.loads((folder / path.name).read_text(encoding="utf-8"))["cells"]
  return [output for cell in cells for output in cell.get("outputs", [])]


@pytest.mark.slow
def test_quickstart(tmp_path, monkeypatch):
  paths = [str(EXAMPLES.parent), os.environ.get("PYTHONPATH", "")]
  monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
  monkeypatch.setenv("TMPDIR", str(tmp_path))
  outputs = run_notebook(EXAMPLES / "quickstart.ipynb", tmp_path)
  pictures = [output for output in outputs if "image/png" in output.get("data", {})]
  assert len(pictures) == 4
  text = "".join("".join(output["text"]) for output in outputs if output.get("name") == "stdout")
  assert "24 frames, 1 person" in text
  initial_loss, final_loss = map(
    float, re.search(r"loss: (\S+) before, (\S+) after", text).groups()
  )
  assert 0 < final_loss < 0.8 * initial_loss
  assert float(re.search(r"mean confidence (\S+)", text)[1]) > 0.8
