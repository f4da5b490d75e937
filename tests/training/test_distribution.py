"""Training on several replicas and processes is training on one."""

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
  "--learning_rate=0.001",
  "--log_every=1",
  "--checkpoint_every=4",
]
ONE = '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}'
CHIEF = '{"cluster": {"worker": ["b:1"], "chief": ["a:1"]}, "task": {"type": "worker", "index": 0}}'


def test_tf_config_names_the_workers():
  assert distribution.read_tf_config(ONE) == (["a:1", "b:1"], 1)
  assert distribution.read_tf_config(CHIEF) == (["a:1", "b:1"], 1)


@pytest.mark.parametrize(
  ("text", "said"),
  [
    (None, "is not set"),
    ("", "is not set"),
    ("{", "cannot be read"),
    ("[]", "cannot be read"),
    (ONE.replace("task", "tusk"), "'task'"),
    (ONE.replace("index", "number"), "'index'"),
    (ONE.replace(": 1}", ": 2}"), "no worker number 2"),
    (ONE.replace('"worker", "', '"chief", "'), "no chief number 1"),
    (ONE.replace('["a:1", "b:1"]', '"a:1"'), "'a:1' is no list of HOST:PORT"),
    (ONE.replace("b:1", "b"), "no list of HOST:PORT"),
    (ONE.replace('{"worker"', '{"ps": ["c:1"], "worker"'), "jobs ps, worker"),
    (ONE.replace('{"worker": ["a:1", "b:1"]}', "{}"), "jobs none"),
  ],
)
def test_a_tf_config_that_is_none(text, said):
  with pytest.raises(InputError, match="^TF_CONFIG") as error:
    distribution.read_tf_config(text)
  message = str(error.value)
  assert said in message and "\n" not in message and "Expected" in message or "needs" in message


@pytest.mark.usefixtures("tiny_backbone")
def test_flags_that_do_not_fit(tiny_dataset, tmp_path, monkeypatch):
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
def test_a_batch_that_cannot_be_divided(batch_size, accumulation, monkeypatch):
  replicas = SimpleNamespace(num_replicas_in_sync=3)
  monkeypatch.setattr(tf.distribute, "get_strategy", lambda: replicas)
  experiment = Experiment().replace(batch_size=6, accumulation=2)
  assert training_experiment.trainer_arguments(experiment)["settings"].accumulation == 2
  experiment = experiment.replace(batch_size=batch_size, accumulation=accumulation)
  with pytest.raises(InputError, match=f"--batch_size={batch_size}.* {3 * accumulation} parts"):
    training_experiment.trainer_arguments(experiment)


def test_how_the_devices_are_chosen_decides_no_run():
  places = {"distribution", "num_replicas", "data_service"}
  assert not places & set(Experiment().to_flags())
  assert "batch_norm" in Experiment().to_flags()


@pytest.mark.parametrize("backbone", ["mobilenet_v2_0.35", "resnet18"])
def test_all_batch_norms_are_synchronized(backbone):
  """One replica's statistics are the batch's: the other kernel, the same numbers."""
  network = pose_net(backbone, (64, 64), 3)
  norms = [one for one in network.layers if "BatchNorm" in type(one).__name__]
  frames = np.random.default_rng(0).uniform(0, 255, (4, 64, 64, 3)).astype(np.float32)
  features = tf.keras.Model(network.input, network.get_layer("heatmaps").input)
  before = features(frames, training=True)
  norms[0].trainable = False
  batch_norm.synchronize(network)
  assert [one.synchronized for one in norms] == [False] + [True] * (len(norms) - 1)
  norms[0].trainable = True
  np.testing.assert_allclose(features(frames, training=True), before, atol=2e-3)


def rows(workdir: pathlib.Path):
  found = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
  assert [row["step"] for row in found] == list(range(1, NUM_STEPS + 1))
  return found


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
  """Exit code, stdout and what the program itself says on stderr."""
  try:
    out, err = process.communicate(timeout=300)
  finally:
    process.kill()
  return process.returncode, out, [line for line in err.splitlines() if "error:" in line]


def alone(workdir: pathlib.Path, *arguments):
  """The reports of a run on one device."""
  done = finish(start(f"--workdir={workdir}", *arguments))
  assert done[0] == 0, done
  return rows(workdir)


def assert_same(found, expected):
  for name in ("loss", "loss_first", "loss_final"):
    np.testing.assert_allclose([r[name] for r in found], [r[name] for r in expected], atol=1e-4)


@pytest.mark.slow
def test_two_replicas_are_one(tiny_dataset, tmp_path):
  """With statistics over all replicas; with each replica's own it is another training."""
  two = ["--distribution=mirrored", "--num_replicas=2", f"--dataset={tiny_dataset}"]
  processes = [
    start(*two, f"--batch_norm={policy}", f"--workdir={tmp_path / policy}")
    for policy in ("synchronized", "per_replica")
  ]
  for process in processes:
    done = finish(process)
    assert done[0] == 0, done
  expected = alone(tmp_path / "one", f"--dataset={tiny_dataset}")
  assert_same(rows(tmp_path / "synchronized"), expected)
  # Of few joints; a cell more or less is a joint or two.
  found = [row["pck"] for row in rows(tmp_path / "synchronized")]
  np.testing.assert_allclose(found, [row["pck"] for row in expected], atol=3.0)
  difference = [a["loss"] - b["loss"] for a, b in zip(rows(tmp_path / "per_replica"), expected)]
  assert np.abs(difference).max() > 2e-4


def averages(workdir: pathlib.Path):
  """The last checkpoint's averaged weights by name, all of which differ from the trained ones."""
  reader = tf.train.load_checkpoint(tf.train.latest_checkpoint(str(workdir / "checkpoints")))
  names = [name for name in reader.get_variable_to_shape_map() if name.startswith("model/")]
  found = {name: reader.get_tensor(name) for name in names}
  kernels = [name for name in names if "/body_net/" in name and "kernel" in name]
  assert all(np.abs(found[one] - reader.get_tensor(f"trainer/{one}")).max() > 0 for one in kernels)
  return found


@pytest.mark.slow
def test_the_average_of_two_replicas_is_that_of_one(tiny_dataset, tmp_path):
  common = [f"--dataset={tiny_dataset}", "--ema_momentum=0.9", "--batch_norm=synchronized"]
  two = ["--distribution=mirrored", "--num_replicas=2"]
  for name, where in (("one", []), ("two", two)):
    done = finish(start(*common, *where, f"--workdir={tmp_path / name}"))
    assert done[0] == 0, done
  one, other = averages(tmp_path / "one"), averages(tmp_path / "two")
  assert set(one) == set(other)
  for name, value in one.items():
    np.testing.assert_allclose(other[name], value, atol=2e-3, err_msg=name)


def start_cluster(*arguments):
  """Two processes on this machine that train together."""
  sockets = [socket.socket() for _ in range(2)]
  for one in sockets:
    one.bind(("localhost", 0))
  cluster = {"worker": [f"localhost:{one.getsockname()[1]}" for one in sockets]}
  for one in sockets:
    one.close()
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
def test_a_cluster_that_is_killed_and_stopped_goes_on(tiny_dataset, tmp_path):
  """Its losses are those of one process that nothing interrupted, and its workers agree."""
  workdir = tmp_path / "run"
  settings = f"--dataset={tiny_dataset}", "--method=framewise", "--batch_norm=synchronized"
  arguments = (*settings, f"--workdir={workdir}")

  chief, other = start_cluster(*arguments)
  wait_for_report(workdir, 5, chief)
  other.kill()
  began = time.monotonic()
  assert finish(other)[0] == -signal.SIGKILL
  code, _, said = finish(chief)
  assert code == 1 and time.monotonic() - began < 120
  (line,) = said
  assert re.search(
    r"worker 1 is gone.*the same commands: they resume from step (4|8|12|16)\.$", line
  )

  chief, other = start_cluster(*arguments)
  wait_for_report(workdir, 7, chief)
  other.send_signal(signal.SIGTERM)
  code, out, _ = finish(chief)
  other_code, other_out, _ = finish(other)
  # The signal may come too late, when the last step is done.
  assert (code, other_code) in {(143, 143), (0, 0)}
  assert "step 1/" not in out, "it began anew"
  reports = [re.findall(r"step \d+/\d+: loss [\d.]+", text) for text in (out, other_out)]
  assert reports[0] == reports[1] and reports[0]

  if code:
    chief, other = start_cluster(*arguments)
    assert (finish(chief)[0], finish(other)[0]) == (0, 0)
  assert_same(rows(workdir), alone(tmp_path / "one", *settings))
  # Whether a lock that is free is a file is the library's business.
  assert {path.name for path in workdir.iterdir()} - {"lock"} == {
    "checkpoints", "flags.cfg", "flags.json", "made_by.json", "metrics.jsonl", "tensorboard"
  }  # fmt: skip


def test_no_strategy_is_no_wrapper():
  one = distribution.PLAIN
  assert one.is_plain and one.is_chief and one.num_replicas == 1
  batches = tf.data.Dataset.range(3)
  assert one.spread(batches) is batches
  assert one.is_same(5)
  with one.folder("/some/run") as folder:
    assert folder == "/some/run"


def test_a_lost_worker_is_one_line(tmp_path):
  two = distribution.Distribution(tf.distribute.get_strategy(), 0, 2)
  text = "from /job:worker/replica:0/task:1: connection lost\nto /job:worker/replica:0/task:0"
  with pytest.raises(InputError, match="worker 1 is gone.*from step 0") as error:
    with two.survived(str(tmp_path)):
      raise tf.errors.UnavailableError(None, None, text)
  assert "\n" not in str(error.value)
  with pytest.raises(tf.errors.UnavailableError), distribution.PLAIN.survived(str(tmp_path)):
    raise tf.errors.UnavailableError(None, None, text)


def test_a_data_service_that_was_started_anew_is_one_line(tmp_path):
  text = "Unknown iteration client id 3000. The dispatcher is not configured to be fault tolerant"
  with pytest.raises(InputError, match="--data_service: was restarted.*from step 0"):
    with distribution.PLAIN.survived(str(tmp_path)):
      raise tf.errors.NotFoundError(None, None, text)
  with pytest.raises(tf.errors.NotFoundError), distribution.PLAIN.survived(str(tmp_path)):
    raise tf.errors.NotFoundError(None, None, "train-00000.tfrecord; No such file or directory")


def test_others_write_to_what_is_deleted(tmp_path):
  second = distribution.Distribution(tf.distribute.get_strategy(), 1, 2)
  with second.folder(str(tmp_path)) as folder:
    (pathlib.Path(folder) / "file").write_text("")
    assert pathlib.Path(folder) != tmp_path
  assert not pathlib.Path(folder).exists() and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
  ("environment", "before", "threads"),
  [
    ({}, "", 4),
    ({"TF_NUM_INTRAOP_THREADS": "3"}, "", 0),
    # What has begun to compute keeps its threads; 0 is TensorFlow's own choice.
    ({}, "tf.zeros([]).numpy()", 0),
  ],
)
def test_an_operation_gets_half_of_the_cores(environment, before, threads):
  program = f"""
import os
os.cpu_count = lambda: 8
import tensorflow as tf
from ppn_tf.training import distribution
{before}
distribution.share_cores()
print(tf.config.threading.get_intra_op_parallelism_threads())
"""
  inherited = {name: value for name, value in os.environ.items() if "INTRAOP" not in name}
  done = subprocess.run(
    [sys.executable, "-c", program],
    env={**inherited, **environment},
    cwd=ROOT,
    capture_output=True,
    text=True,
  )
  assert done.stdout.split() == [str(threads)], done.stderr
