"""Tests that training on several replicas and processes equals training on one."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

from ppn_tf import train
from ppn_tf.config.experiment import Experiment
from ppn_tf.models.layers import batch_norm
from ppn_tf.models.pose_net import pose_net
from ppn_tf.runtime.errors import InputError
from ppn_tf.training import distribution
from ppn_tf.training import experiment as training_experiment
from tests.command_calls import refusal
from tests.test_train import NETWORK, ROOT

import tensorflow as tf

NUM_STEPS = 20
TRAINING = [
  *NETWORK,
  "--num_frames=3",
  "--batch_size=4",
  f"--num_steps={NUM_STEPS}",
  # With a small epsilon, Adam turns the rounding of tiny gradients into whole steps.
  "--adam_epsilon=1e-6",
  "--learning_rate=0.001",
  "--log_every=1",
  "--checkpoint_every=4",
]
WORKERS = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}'
CHIEF = '{"cluster": {"worker": ["b:1"], "chief": ["a:1"]}, "task": {"type": "worker", "index": 0}}'


def test_tf_config_names_the_workers():
  assert distribution.read_tf_config(WORKERS) == (["a:1", "b:1"], 1)
  assert distribution.read_tf_config(CHIEF) == (["a:1", "b:1"], 1)


@pytest.mark.parametrize(
  ("text", "expected"),
  [
    (None, "is not set"),
    ("", "is not set"),
    ("{", "cannot be read"),
    ("[]", "cannot be read"),
    (WORKERS.replace("task", "tusk"), "'task'"),
    (WORKERS.replace("index", "number"), "'index'"),
    (WORKERS.replace(": 1}", ": 2}"), "no worker number 2"),
    (WORKERS.replace('"worker", "', '"chief", "'), "no chief number 1"),
    (WORKERS.replace('["a:1", "b:1"]', '"a:1"'), "'a:1' is no list of HOST:PORT"),
    (WORKERS.replace("b:1", "b"), "no list of HOST:PORT"),
    (WORKERS.replace('{"worker"', '{"ps": ["c:1"], "worker"'), "jobs ps, worker"),
    (WORKERS.replace('{"worker": ["a:1", "b:1"]}', "{}"), "jobs none"),
  ],
)
def test_invalid_tf_config_is_refused(text, expected):
  with pytest.raises(InputError, match="^TF_CONFIG") as error:
    distribution.read_tf_config(text)
  message = str(error.value)
  assert expected in message and "\n" not in message and "Expected" in message or "needs" in message


@pytest.mark.usefixtures("tiny_backbone")
def test_invalid_flags_are_refused(tiny_dataset, tmp_path, monkeypatch):
  arguments = [*TRAINING, f"--dataset={tiny_dataset}", f"--workdir={tmp_path / 'run'}"]
  monkeypatch.delenv("TF_CONFIG", raising=False)
  assert "TF_CONFIG" in refusal(train, *arguments, "--distribution=multi_worker")
  message = refusal(train, *arguments, "--num_replicas=2")
  assert "--num_replicas=2" in message and "--distribution=mirrored" in message
  for service in ("localhost:5000", "grpc://localhost"):
    message = refusal(train, *arguments, f"--data_service={service}")
    assert f"--data_service={service}" in message and "grpc://HOST:PORT" in message
  with socket.socket() as free:
    free.bind(("localhost", 0))
    address = f"grpc://localhost:{free.getsockname()[1]}"
    message = refusal(train, *arguments, f"--data_service={address}")
  assert address in message and "nothing answers" in message
  assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("batch_size", "accumulation"), [(8, 1), (9, 2)])
def test_indivisible_batch_is_refused(batch_size, accumulation, monkeypatch):
  replicas = SimpleNamespace(num_replicas_in_sync=3)
  monkeypatch.setattr(tf.distribute, "get_strategy", lambda: replicas)
  experiment = Experiment().replace(batch_size=6, accumulation=2)
  assert training_experiment.trainer_arguments(experiment)["settings"].accumulation == 2
  experiment = experiment.replace(batch_size=batch_size, accumulation=accumulation)
  with pytest.raises(InputError, match=f"--batch_size={batch_size}.* {3 * accumulation} parts"):
    training_experiment.trainer_arguments(experiment)


def test_device_flags_are_not_part_of_a_run():
  device_flags = {"distribution", "num_replicas", "data_service"}
  assert not device_flags & set(Experiment().to_flags())
  assert "batch_norm" in Experiment().to_flags()


@pytest.mark.parametrize("backbone", ["mobilenet_v2_0.35", "resnet18"])
def test_all_batch_norms_are_synchronized(backbone):
  """On one replica, synchronized statistics equal those of the batch."""
  network = pose_net(backbone, (64, 64), 3)
  norms = [layer for layer in network.layers if "BatchNorm" in type(layer).__name__]
  frames = np.random.default_rng(0).uniform(0, 255, (4, 64, 64, 3)).astype(np.float32)
  features = tf.keras.Model(network.input, network.get_layer("heatmaps").input)
  expected = features(frames, training=True)
  norms[0].trainable = False
  batch_norm.synchronize(network)
  assert [layer.synchronized for layer in norms] == [False] + [True] * (len(norms) - 1)
  norms[0].trainable = True
  np.testing.assert_allclose(features(frames, training=True), expected, atol=2e-3)


def read_rows(workdir: pathlib.Path):
  rows = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
  assert [row["step"] for row in rows] == list(range(1, NUM_STEPS + 1))
  return rows


def start(*arguments, **environment) -> subprocess.Popen:
  return subprocess.Popen(
    [sys.executable, "-m", "tests.tiny_backbone", "ppn_tf.train", *TRAINING, *map(str, arguments)],
    cwd=ROOT,
    env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
  )


def finish(process: subprocess.Popen):
  """Returns the exit code, stdout, and the error lines of stderr."""
  try:
    out, err = process.communicate(timeout=300)
  finally:
    process.kill()
  return process.returncode, out, [line for line in err.splitlines() if "error:" in line]


def train_alone(workdir: pathlib.Path, *arguments):
  """Trains on one device and returns the reported metrics."""
  result = finish(start(f"--workdir={workdir}", *arguments))
  assert result[0] == 0, result
  return read_rows(workdir)


def assert_same(actual, expected):
  for name in ("loss", "loss_first", "loss_final"):
    np.testing.assert_allclose([r[name] for r in actual], [r[name] for r in expected], atol=1e-4)


def read_averages(workdir: pathlib.Path):
  """Returns the averaged weights of the last checkpoint; kernels must differ from trained ones."""
  reader = tf.train.load_checkpoint(tf.train.latest_checkpoint(str(workdir / "checkpoints")))
  names = [name for name in reader.get_variable_to_shape_map() if name.startswith("model/")]
  weights = {name: reader.get_tensor(name) for name in names}
  kernels = [name for name in names if "/body_net/" in name and "kernel" in name]
  assert all(
    np.abs(weights[name] - reader.get_tensor(f"trainer/{name}")).max() > 0 for name in kernels
  )
  return weights


@pytest.mark.slow
def test_two_replicas_equal_one(tiny_dataset, tmp_path):
  """Losses and averaged weights are equal only with batch statistics over all replicas."""
  common = [f"--dataset={tiny_dataset}", "--ema_momentum=0.9"]
  mirrored = ["--distribution=mirrored", "--num_replicas=2"]
  processes = [
    start(*common, *mirrored, f"--batch_norm={policy}", f"--workdir={tmp_path / policy}")
    for policy in ("synchronized", "per_replica")
  ]
  for process in processes:
    result = finish(process)
    assert result[0] == 0, result
  # On one replica, synchronized statistics are those of the batch.
  expected = train_alone(tmp_path / "one", *common, "--batch_norm=synchronized")
  assert_same(read_rows(tmp_path / "synchronized"), expected)
  # PCK counts few joints, so a cell can change a joint or two.
  actual = [row["pck"] for row in read_rows(tmp_path / "synchronized")]
  np.testing.assert_allclose(actual, [row["pck"] for row in expected], atol=3.0)
  difference = [
    a["loss"] - b["loss"] for a, b in zip(read_rows(tmp_path / "per_replica"), expected)
  ]
  assert np.abs(difference).max() > 2e-4

  averages, actual = read_averages(tmp_path / "one"), read_averages(tmp_path / "synchronized")
  assert set(averages) == set(actual)
  for name, value in averages.items():
    np.testing.assert_allclose(actual[name], value, atol=2e-3, err_msg=name)


def start_cluster(*arguments):
  """Starts two processes on this machine that train together."""
  listeners = [socket.socket() for _ in range(2)]
  for listener in listeners:
    listener.bind(("localhost", 0))
  cluster = {"worker": [f"localhost:{listener.getsockname()[1]}" for listener in listeners]}
  for listener in listeners:
    listener.close()
  return [
    start(
      "--distribution=multi_worker",
      *arguments,
      TF_CONFIG=json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}}),
    )
    for index in range(2)
  ]


def wait_for_report(workdir: pathlib.Path, step: int, process: subprocess.Popen) -> None:
  metrics, deadline = workdir / "metrics.jsonl", time.monotonic() + 240
  while not metrics.exists() or metrics.read_bytes().count(b"\n") < step:
    assert process.poll() is None and time.monotonic() < deadline, finish(process)
    time.sleep(0.01)


@pytest.mark.slow
def test_killed_and_stopped_cluster_resumes(tiny_dataset, tmp_path):
  """Compares losses with an uninterrupted run of one process, and the reports of the workers."""
  workdir = tmp_path / "run"
  settings = f"--dataset={tiny_dataset}", "--method=framewise", "--batch_norm=synchronized"
  arguments = (*settings, f"--workdir={workdir}")

  chief, worker = start_cluster(*arguments)
  wait_for_report(workdir, 5, chief)
  worker.kill()
  start_time = time.monotonic()
  assert finish(worker)[0] == -signal.SIGKILL
  code, _, errors = finish(chief)
  assert code == 1 and time.monotonic() - start_time < 120
  (line,) = errors
  assert re.search(
    r"worker 1 is gone.*the same commands: they resume from step (4|8|12|16)\.$", line
  )

  chief, worker = start_cluster(*arguments)
  wait_for_report(workdir, 7, chief)
  worker.send_signal(signal.SIGTERM)
  code, out, _ = finish(chief)
  worker_code, worker_out, _ = finish(worker)
  # The signal may arrive after the last step.
  assert (code, worker_code) in {(143, 143), (0, 0)}
  assert "step 1/" not in out, "training restarted from step 1"
  reports = [re.findall(r"step \d+/\d+: loss [\d.]+", text) for text in (out, worker_out)]
  assert reports[0] == reports[1] and reports[0]

  if code:
    chief, worker = start_cluster(*arguments)
    assert (finish(chief)[0], finish(worker)[0]) == (0, 0)
  assert_same(read_rows(workdir), train_alone(tmp_path / "one", *settings))
  # The library decides whether a released lock remains a file.
  assert {path.name for path in workdir.iterdir()} - {"lock"} == {
    "checkpoints", "flags.cfg", "flags.json", "made_by.json", "metrics.jsonl", "tensorboard"
  }  # fmt: skip


def test_plain_distribution_wraps_nothing():
  plain = distribution.PLAIN
  assert plain.is_plain and plain.is_chief and plain.num_replicas == 1
  batches = tf.data.Dataset.range(3)
  assert plain.spread(batches) is batches
  assert plain.is_same(5)
  with plain.folder("/some/run") as folder:
    assert folder == "/some/run"


def test_lost_worker_is_reported_in_one_line(tmp_path):
  workers = distribution.Distribution(tf.distribute.get_strategy(), 0, 2)
  text = "from /job:worker/replica:0/task:1: connection lost\nto /job:worker/replica:0/task:0"
  with pytest.raises(InputError, match="worker 1 is gone.*from step 0") as error:
    with workers.survived(str(tmp_path)):
      raise tf.errors.UnavailableError(None, None, text)
  assert "\n" not in str(error.value)
  with pytest.raises(tf.errors.UnavailableError), distribution.PLAIN.survived(str(tmp_path)):
    raise tf.errors.UnavailableError(None, None, text)


def test_restarted_data_service_is_reported(tmp_path):
  text = "Unknown iteration client id 3000. The dispatcher is not configured to be fault tolerant"
  with pytest.raises(InputError, match="--data_service: was restarted.*from step 0"):
    with distribution.PLAIN.survived(str(tmp_path)):
      raise tf.errors.NotFoundError(None, None, text)
  with pytest.raises(tf.errors.NotFoundError), distribution.PLAIN.survived(str(tmp_path)):
    raise tf.errors.NotFoundError(None, None, "train-00000.tfrecord; No such file or directory")


def test_other_workers_write_to_a_deleted_folder(tmp_path):
  second = distribution.Distribution(tf.distribute.get_strategy(), 1, 2)
  with second.folder(str(tmp_path)) as folder:
    (pathlib.Path(folder) / "file").write_text("")
    assert pathlib.Path(folder) != tmp_path
  assert not pathlib.Path(folder).exists() and not list(tmp_path.iterdir())


def test_operations_use_half_of_the_cores():
  """Imports TensorFlow once, and starts it anew in a fork for each case."""
  program = """
import os
os.cpu_count = lambda: 8
import tensorflow as tf
from ppn_tf.training import distribution

def print_threads(setup):
  if os.fork() == 0:
    setup()
    distribution.share_cores()
    print(tf.config.threading.get_intra_op_parallelism_threads(), flush=True)
    os._exit(0)
  os.wait()

print_threads(lambda: None)
print_threads(lambda: os.environ.update(TF_NUM_INTRAOP_THREADS="3"))
# A runtime that has started keeps its threads.
print_threads(lambda: tf.zeros([]).numpy())
"""
  inherited = {name: value for name, value in os.environ.items() if "INTRAOP" not in name}
  result = subprocess.run(
    [sys.executable, "-c", program], env=inherited, cwd=ROOT, capture_output=True, text=True
  )
  # 0 is TensorFlow's own choice.
  assert result.stdout.split() == ["4", "0", "0"], result.stderr
