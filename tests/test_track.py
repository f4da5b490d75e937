"""Tests of the command `python -m ppn_tf.track`: files, messages, flags."""

import json
import pathlib
import re
import signal
import subprocess
import sys
import threading

import av
import cv2
import numpy as np
import pytest

import ppn_tf
from ppn_tf import track as track_command
from ppn_tf.config.experiment import Experiment, build_model
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.models import pose_net
from ppn_tf.runtime.workdir import Workdir
from tests.command_calls import obey_signals, refusal
from tests.commands import run_command
from tests.random_weights import randomize
from tests.tiny_backbone import tiny

import tensorflow as tf

ROOT = pathlib.Path(ppn_tf.__file__).parents[1]
# Position of each joint of the tiny network relative to a bright spot, in cells (x, y).
SHIFTS = [(0, 0), *((x, y) for y in (-5, -2, 2, 6) for x in (-2, 0, 2))]


class SpotNetwork(tf.Module):
  """Network that finds each joint at its shift from the bright spot of a 64 x 64 crop."""

  def __init__(self):
    super().__init__()
    kernel = np.zeros((13, 13, 1, 13), np.float32)
    for joint, (x, y) in enumerate(SHIFTS):
      kernel[6 - y, 6 - x, 0, joint] = 1 / 255
    self.kernel = tf.constant(kernel)

  def _look(self, frame):
    blocks = tf.nn.avg_pool2d(tf.reduce_mean(frame, -1, keepdims=True), 4, 4, "VALID")
    return tf.nn.conv2d(blocks, self.kernel, 1, "SAME")

  @tf.function(input_signature=[tf.TensorSpec([1, 64, 64, 3], tf.float32, "frame")])
  def start(self, frame):
    return {"heatmaps": self._look(frame)}

  @tf.function(
    input_signature=[
      tf.TensorSpec([1, 64, 64, 3], tf.float32, "frame"),
      tf.TensorSpec([1, 16, 16, 13], tf.float32, "previous"),
    ]
  )
  def step(self, frame, previous):
    return {"heatmaps": 0.999 * self._look(frame) + 0.001 * previous}


def spot(index):
  return 60.0 + 2 * index, 50.0 + 0.5 * index


@pytest.fixture(name="folder", scope="module")
def fixture_folder(tmp_path_factory):
  """Writes spot.tflite, the SavedModel spot/, and clip.mp4, 30 frames of 161 x 121 pixels."""
  folder = tmp_path_factory.mktemp("track")
  network = SpotNetwork()
  signatures = {"start": network.start, "step": network.step}
  tf.saved_model.save(network, str(folder / "spot"), signatures=signatures)
  converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "spot"))
  (folder / "spot.tflite").write_bytes(converter.convert())
  rows, columns = np.mgrid[:121, :161]
  with av.open(str(folder / "clip.mp4"), "w") as container:
    stream = container.add_stream("libx264", rate=25)
    stream.width, stream.height, stream.pix_fmt = 161, 121, "yuv444p"
    stream.options = {"crf": "4"}
    for index in range(30):
      x, y = spot(index)
      light = 240 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 5.0**2))
      image = np.repeat(light[..., None], 3, -1).astype(np.uint8)
      container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
    container.mux(stream.encode(None))
  return folder


def track(cwd, *arguments):
  return run_command("ppn_tf.track", *arguments, cwd=cwd, environment={"PATH": ""})


def run(cwd, *arguments):
  return subprocess.run(
    [sys.executable, *arguments],
    cwd=cwd,
    env={"PYTHONPATH": str(ROOT), "PATH": ""},
    capture_output=True,
    text=True,
    timeout=120,
  )


def read_frames(path):
  with av.open(str(path)) as container:
    return [(f.time, f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]


def test_tracks_with_a_tflite_file(folder, tmp_path):
  arguments = ("--model", folder / "spot.tflite", "--contact_sheet=sheet.png", "--sheet_every=10")
  done = track(tmp_path, folder / "clip.mp4", *arguments, "--box=40,30,80,70")
  assert done.returncode == 0, done.stderr
  assert "30 frames" in done.stdout
  assert "frames/s" in done.stdout
  names = sorted(path.name for path in tmp_path.iterdir())
  assert names == ["clip_pose.json", "clip_pose.mp4", "sheet.png"]
  table = json.loads((tmp_path / "clip_pose.json").read_text())
  assert set(table) == {"video", "fps", "width", "height", "joint_names", "frames"}
  assert (table["fps"], table["width"], table["height"]) == (25, 161, 121)
  assert table["joint_names"] == list(PENN_ACTION.joint_names)
  assert [frame["index"] for frame in table["frames"]] == list(range(30))
  for index, frame in enumerate(table["frames"]):
    assert frame["time"] == pytest.approx(index / 25, abs=1e-5)
    keypoints = np.array(frame["keypoints"])
    assert keypoints.shape == (13, 3)
    np.testing.assert_allclose(keypoints[0, :2], spot(index), atol=1.0)
    assert 0.2 < keypoints[0, 2] <= 1
  assert table["frames"][0]["box"] == [40, 30, 80, 70]
  overlay, source = read_frames(tmp_path / "clip_pose.mp4"), read_frames(folder / "clip.mp4")
  assert [time for time, _ in overlay] == pytest.approx([time for time, _ in source])
  assert overlay[0][1].shape == (122, 162, 3)
  colored = np.ptp(overlay[20][1].astype(int), axis=-1) > 60
  x, y = (round(value) for value in spot(20))
  assert colored[y - 40 : y + 40, x - 40 : x + 40].sum() > 50
  assert cv2.imread(str(tmp_path / "sheet.png")).shape[1] > 3 * 300  # 3 tiles: 0, 10, 20


def test_tracks_a_folder_with_a_saved_model_and_no_box(folder, tmp_path):
  images = tmp_path / "frames"
  images.mkdir()
  for index, (_, image) in enumerate(read_frames(folder / "clip.mp4")[:5]):
    cv2.imwrite(str(images / f"{index}.png"), image)
  outputs = ("--output=out/a.mp4", "--output_json=out/a.json")
  done = track(tmp_path, images, f"--model={folder / 'spot'}", "--fps=10", *outputs)
  assert done.returncode == 0, done.stderr
  assert len(read_frames(tmp_path / "out" / "a.mp4")) == 5
  table = json.loads((tmp_path / "out" / "a.json").read_text())
  assert table["fps"] == 10
  for index, frame in enumerate(table["frames"]):
    np.testing.assert_allclose(frame["keypoints"][0][:2], spot(index), atol=2.5)


def test_tracks_with_a_run(folder, tmp_path, monkeypatch):
  monkeypatch.setitem(pose_net.BACKBONES, "mobilenet_v2_0.35", tiny)
  experiment = Experiment().replace(
    head_backbone="mobilenet_v2_0.35",
    body_backbone="mobilenet_v2_0.35",
    ppu_blocks=1,
    dilations=(1,),
    image_size=(64, 64),
  )
  network = build_model(experiment)
  for seed, part in enumerate(network.networks):
    randomize(part, seed)
  checkpoint = tf.train.Checkpoint(model=network)

  def track_run(flag, steady_crops):
    run = tmp_path / f"steady_{steady_crops}"
    run.mkdir(exist_ok=True)
    settings = {**experiment.to_flags(), "steady_crops": steady_crops}
    (run / "flags.json").write_text(json.dumps(settings))
    tf.train.CheckpointManager(checkpoint, str(run / "checkpoints"), 1).save()
    options = ("--box=40,30,80,70", "--min_score=0.01", "--output=", "--end=0.5")
    arguments = (folder / "clip.mp4", *f"{flag}={run}".split(), *options)
    done = run_command("tests.tiny_backbone", "ppn_tf.track", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    frames = json.loads((tmp_path / "clip_pose.json").read_text())["frames"]
    return np.array([frame["keypoints"] for frame in frames])

  steady = track_run("--workdir", True)
  assert steady.shape == (13, 13, 3)
  np.testing.assert_allclose(track_run("--model", True), steady, atol=0.01)
  assert np.abs(track_run("--model", False) - steady).max() > 0.1
  run = tmp_path / "steady_True"
  assert "no checkpoint" in refusal(
    track_command, folder / "clip.mp4", f"--model={run}", "--checkpoint=best"
  )
  Workdir(run).save_if_best(network, step=1, score=50.0)
  np.testing.assert_allclose(track_run("--checkpoint=best --model", True), steady, atol=0.01)


def test_all_table_formats_of_an_excerpt(folder, tmp_path):
  names = ("--output=", "--output_json=", "--output_csv=a.csv", "--output_coco=coco.json")
  done = track(
    tmp_path,
    *(folder / "clip.mp4", f"--model={folder / 'spot.tflite'}", *names, "--output_jsonl=a.jsonl"),
    *("--start=0.2", "--end=1.0", "--every=4", "--nosmooth", "--box=40,30,80,70"),
  )
  assert done.returncode == 0, done.stderr
  assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.jsonl", "coco.json"]
  lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
  assert [line["time"] for line in lines] == pytest.approx([0.2, 0.36, 0.52, 0.68, 0.84])
  for line, index in zip(lines, range(5, 25, 4)):
    head = line["people"][0]["keypoints"]["head"]
    np.testing.assert_allclose(head[:2], spot(index), atol=1.5)
  assert len((tmp_path / "a.csv").read_text().splitlines()) == 6
  assert len(json.loads((tmp_path / "coco.json").read_text())["images"]) == 5


def start(cwd, *arguments):
  return subprocess.Popen(
    [sys.executable, "-m", "ppn_tf.track", *map(str, arguments)],
    cwd=cwd,
    env={"PYTHONPATH": str(ROOT), "PATH": ""},
    stdin=subprocess.PIPE,
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    preexec_fn=obey_signals,
  )


@pytest.fixture(name="stream", scope="module")
def fixture_stream(folder):
  """Writes the clip, repeated 40 times, as Matroska."""
  path = folder / "long.mkv"
  with av.open(str(path), "w") as container:
    stream = container.add_stream("libx264", rate=25)
    stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
    frames = [image[:120, :160] for _, image in read_frames(folder / "clip.mp4")]
    for _ in range(40):
      for image in frames:
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
  return path


@pytest.mark.parametrize(("source", "code"), [("-", 0), ("file", 128 + signal.SIGINT)])
def test_interrupt_keeps_tracked_frames(folder, stream, tmp_path, source, code):
  model = f"--model={folder / 'spot.tflite'}"
  video = stream if source == "file" else "-"
  with start(tmp_path, video, model, "--output_jsonl=-", "--output=a.mp4") as child:
    watchdog = threading.Timer(90.0, child.kill)
    watchdog.start()
    if source == "-":  # like a live stream: the data ends, but stdin stays open
      content = stream.read_bytes()
      child.stdin.write(content[: len(content) // 2])
      child.stdin.flush()
    first = json.loads(child.stdout.readline())
    assert first["index"] == 0
    child.send_signal(signal.SIGINT)
    lines = child.stdout.read().splitlines()
    errors = child.stderr.read().decode()
    assert child.wait() == code, errors
    watchdog.cancel()
  assert "interrupted: what was tracked until then is kept" in errors
  assert "Traceback" not in errors
  assert 1 + len(lines) < 1200
  name = "stdin" if source == "-" else "long"
  table = json.loads((tmp_path / f"{name}_pose.json").read_text())
  assert len(table["frames"]) == 1 + len(lines)
  assert len(read_frames(tmp_path / "a.mp4")) == 1 + len(lines)
  assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", f"{name}_pose.json"]


MISTAKES = [
  ([], "give one video"),
  (["clip.mp4", "spot.tflite"], "give one video.*Received: clip.mp4 spot.tflite"),
  (["clip.mp4", "--model=gone.tflite"], "gone.tflite: no such model"),
  (["clip.mp4", "--model=clip.mp4"], "clip.mp4: not a TensorFlow Lite model"),
  (["gone.mp4", "--model=spot.tflite"], "gone.mp4: no such file"),
  (["spot.tflite", "--model=spot.tflite"], "spot.tflite: not a video"),
  (["clip.mp4", "--model=spot.tflite", "--box=1,2,3"], "--box=1,2,3: must be 4 numbers"),
  (["clip.mp4", "--model=spot.tflite", "--box=9,9,5,5"], "not a box"),
  (["clip.mp4", "--model=spot.tflite", "--start=2", "--end=1"], "start=2, end=1: not a part"),
  (
    ["clip.mp4", "--model=spot.tflite", "--start=9"],
    "clip.mp4: no frame from start=9 s on; the video is 1.2",
  ),
  (["93", "--model=spot.tflite"], "93: no camera that can be read"),
  (["clip.mp4", "--model=spot.tflite", "--output=clip.mp4"], "Give another output"),
  (["clip.mp4", "--model=spot.tflite", "--output=a.docx"], "End its name in .mp4"),
  (["clip.mp4", "--model=spot.tflite", "--contact_sheet=a.pdf"], "End it in .png or .jpg"),
]


@pytest.mark.parametrize(("arguments", "expected"), MISTAKES)
def test_error_is_reported_in_one_line(folder, monkeypatch, arguments, expected):
  monkeypatch.chdir(folder)
  contents = sorted(folder.iterdir())
  assert re.search(expected, refusal(track_command, *arguments))
  assert sorted(folder.iterdir()) == contents


@pytest.mark.parametrize(
  ("arguments", "message"),
  [
    (["gone.mp4", "--model=spot.tflite"], "error: gone.mp4: no such file"),
    (["clip.mp4", "--start=2", "--end=1"], "error: --start=2, --end=1: not a part of a video"),
  ],
)
def test_error_sets_the_exit_code(folder, arguments, message):
  done = track(folder, *arguments)
  assert done.returncode == 1
  assert done.stderr.splitlines()[-1].startswith(message)
  assert "Traceback" not in done.stderr
