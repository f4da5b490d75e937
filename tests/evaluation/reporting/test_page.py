"""Tests of ppn_tf.evaluation.reporting.page: self-contained HTML with correct numbers."""

import base64
import html.parser
import io
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from PIL import Image

from ppn_tf.evaluation.reporting import page
from ppn_tf.evaluation.reporting.images import jpeg, tiled
from ppn_tf.evaluation.reporting.latency import Network
from ppn_tf.evaluation.reporting.sheets import Sheet
from ppn_tf.evaluation.reporting.tracks import Track
from ppn_tf.evaluation.reporting.unseen import Heatmaps, Strip
from tests.evaluation.reporting.conftest import evaluation, full_evaluation, metrics, write_run

VOID = {"meta", "img", "source", "br", "link"}


class Parsed(html.parser.HTMLParser):
  """Collects headings, images, tables and text of a page; fails on unbalanced tags."""

  def __init__(self, text):
    super().__init__()
    self.open, self.images, self.uris, self.headings, self.tables = [], [], [], [], []
    self.tags, self.references, self.text = set(), [], ""
    self.feed(text)
    self.close()
    assert self.open == []

  def handle_starttag(self, tag, attrs):
    attrs = dict(attrs)
    self.tags.add(tag)
    self.references += [
      value for name, value in attrs.items() if name in ("src", "href", "srcset", "data")
    ]
    if tag not in VOID:
      self.open.append(tag)
    if tag == "img":
      self.images.append(attrs)
    if tag == "table":
      self.tables.append([])
    if tag == "tr":
      self.tables[-1].append([])
    if tag in ("td", "th") and self.tables:
      self.tables[-1][-1].append("")
    if tag == "h2":
      self.headings.append("")

  def handle_endtag(self, tag):
    assert self.open.pop() == tag

  def handle_data(self, data):
    if "style" in self.open:
      return
    self.text += data
    if "h2" in self.open:
      self.headings[-1] += data
    if {"td", "th"} & set(self.open):
      mark = "*" if "b" in self.open else ""
      self.tables[-1][-1][-1] += mark + data


def decode_size(uri):
  """Returns the width and height of the image in a data URI."""
  mime, content = re.fullmatch(r"data:(image/[a-z+]+);base64,([A-Za-z0-9+/=]+)", uri).groups()
  data = base64.b64decode(content, validate=True)
  if mime == "image/svg+xml":
    root = ElementTree.fromstring(data)
    assert root.tag.endswith("svg")
    return tuple(float(root.get(side)[:-2]) for side in ("width", "height"))
  image = Image.open(io.BytesIO(data))
  image.load()
  assert Image.MIME[image.format] == mime
  return image.size


@pytest.fixture(name="runs", scope="module")
def fixture_runs(tmp_path_factory):
  root = tmp_path_factory.mktemp("runs")
  rows = (
    ("ppn", full_evaluation(91, 72), metrics([10, 20, 30])),
    ("framewise", full_evaluation(90, 73), metrics([10])),
  )
  return [
    write_run(root, name, scores, {"method": name, "seed": 0}, logged)
    for name, scores, logged in rows
  ]


@pytest.fixture(name="picture", scope="module")
def fixture_picture():
  frames = np.random.default_rng(0).integers(0, 255, (3, 20, 30, 3)).astype(np.uint8)
  return jpeg(tiled(frames, 2), 'three "frames" & more')


def render_full(runs, picture):
  rows = (("ppn", picture), ("framewise", picture))
  return page.render(
    "A title",
    runs,
    [("Device", "an abacus")],
    "python -m ppn_tf.report",
    split="test",
    strips=[Strip("0502", "1, 2", rows)],
    heatmaps=Heatmaps("ppn", "0502", "3 to 7", "the head", True, 0.875, (("Frame", picture),)),
    networks=[Network("tiny.tflite", (96, 64), 1234567, 1.04, 22.25, "tf.lite")],
    tracks=[Track(picture, "a caption")],
    sheets=[
      Sheet(
        "5003",
        "tennis serve",
        "the lowest PCK-torso",
        40,
        (("ppn", "12.5"), ("framewise", "11.0")),
        (("3, 13", rows), ("23, 33", rows)),
      )
    ],
  )


@pytest.fixture(name="full", scope="module")
def fixture_full(runs, picture):
  return render_full(runs, picture)


def test_page_is_self_contained(full):
  parsed = Parsed(full)
  assert "http:" not in full and "https:" not in full
  assert "url(" not in full and "@import" not in full
  assert not parsed.tags & {"script", "link", "iframe", "object", "embed"}
  # Bars, thresholds, indices, training; then sheet, strip, heatmaps, track.
  assert len(parsed.images) == 2 + 3 + 2 + 2 + 4 + 2 + 1 + 1
  assert all(reference.startswith("data:image/") for reference in parsed.references)
  for reference in parsed.references:
    decode_size(reference)
  for image in parsed.images:
    size = decode_size(image["src"])
    assert np.allclose(size, [int(image["width"]), int(image["height"])], atol=1)
    assert len(image["alt"]) > 10


def test_scores_equal_the_evaluation(full):
  table = Parsed(full).tables[0]
  assert [len(row) for row in table] == [11] + 3 * [1, 11, 11]
  assert (table[1], table[4], table[7]) == (["PCK-body"], ["PCK-torso"], ["PCK-torso clean"])
  for row, key, scores in (
    (2, "pck_body", full_evaluation(91, 72)),
    (3, "pck_body", full_evaluation(90, 73)),
    (5, "pck_torso", full_evaluation(91, 72)),
    (6, "pck_torso", full_evaluation(90, 73)),
    (8, "pck_torso_clean", full_evaluation(91, 72)),
    (9, "pck_torso_clean", full_evaluation(90, 73)),
  ):
    means = [scores[key][name] for name in ("micro", "group_mean", "joint_mean")]
    expected = [f"{value:.1f}" for value in [*scores[key]["groups"].values(), *means]]
    assert [cell.strip("*") for cell in table[row][1:]] == expected
    assert all(cell.startswith("*") == (row in (2, 6, 9)) for cell in table[row][1:])


def test_sections(full):
  parsed = Parsed(full)
  assert parsed.headings == [
    "Scores",
    "By threshold",
    "Along a clip",
    "Jitter",
    "Training",
    "Worst clips",
    "Unseen frames",
    "Inside the propagation",
    "Size and speed",
    "Tracked video",
    "How it was made",
  ]
  words = " ".join(parsed.text.split())
  assert "framewise reaches 73.0 % PCK-torso@0.2 on 2 clips (1,234 frames), 1.0 points" in words
  assert ["tiny.tflite", "96×64", "1.23 MB", "1.0 ms", "22.2 ms"] in [
    row for table in parsed.tables for row in table
  ]
  assert "black, 0, to pale yellow, 0.88" in words or "pale yellow, 0.87" in words
  assert "30 steps, 40 frames per second in training" in words
  assert ["--method", "ppn", "framewise"] in parsed.tables[-2]
  assert ["--seed", "0", "0"] in parsed.tables[-1]


def test_texts_of_newer_sections(full):
  parsed = Parsed(full)
  words = " ".join(parsed.text.split())
  assert "visible joints within 0.2 of a reference length" in words
  assert "PCK-torso clean counts only frames in which both ends" in words
  assert "Clip 5003, tennis serve: the lowest PCK-torso. ppn 12.5, framewise 11.0." in words
  assert "Frames 3, 13 of 40" in words and "Frames 23, 33 of 40" in words
  rows = [row for table in parsed.tables for row in table]
  assert ["ppn", "*71.0", "52.0", "54.0"] in rows and [
    "framewise",
    "70.0",
    "*53.0",
    "*55.0",
  ] in rows
  assert ["bowl 4 clips", "62.0", "*63.0"] in rows
  assert ["framewise", "4.13 px", "2.00 px", "2.06"] in rows
  # A third of four indices is one index.
  assert ["ppn", "72.0", "68.0", "−4.0"] in rows
  # Each of four groups of graphs has a legend with a line for each of two runs.
  assert full.count("stroke-dasharray=") == 8


def test_older_evaluation_lacks_newer_sections(make_run):
  text = page.render("A title", [make_run("old", evaluation(90, 70))], [], "python")
  parsed = Parsed(text)
  assert parsed.headings == ["Scores", "Along a clip", "How it was made"]
  assert "clean" not in parsed.text and "Gray" not in parsed.text
  assert len(parsed.images) == 2


def test_sections_without_inputs_are_omitted(make_run):
  text = page.render("A title", [make_run("ppn")], [], "python")
  assert Parsed(text).headings == ["How it was made"]


def test_names_are_escaped(make_run, picture):
  name = "<b>&\"ppn'"
  text = page.render(
    "<i>", [make_run(name)], [], "a && b", strips=[Strip("<u>", "1", ((name, picture),))]
  )
  parsed = Parsed(text)
  assert name in parsed.text and "a && b" in parsed.text
  assert not parsed.tags & {"b", "i", "u"}
  assert parsed.images[0]["alt"] == picture.alt


def test_page_is_reproducible(full, runs, picture):
  assert render_full(runs, picture) == full
