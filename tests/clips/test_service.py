"""Tests that a tf.data service gives the same batches as this process."""

import itertools
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest

from ppn_tf.clips import pipeline, records, service
from ppn_tf.keypoints.skeletons import PENN_ACTION
from ppn_tf.training import data_service
from tests.command_calls import refusal
from tests.test_train import ROOT

import tensorflow as tf

ARGUMENTS = {
  "batch_size": 2,
  "num_frames": 3,
  "seed": 5,
  "first_step": 3,
  "skeleton": PENN_ACTION,
  "image_size": (64, 64),
  "box_margin": 1.25,
}


def port() -> int:
  """Returns a free port."""
  with socket.socket() as listener:
    listener.bind(("localhost", 0))
    return listener.getsockname()[1]


@pytest.fixture(name="addresses")
def fixture_addresses():
  """Starts two services in separate processes and yields their addresses."""
  servers = [
    subprocess.Popen(
      [
        sys.executable,
        "-m",
        "ppn_tf.training.data_service",
        f"--port={port()}",
        "--host=localhost",
      ],
      cwd=ROOT,
      stdout=subprocess.PIPE,
      stderr=subprocess.DEVNULL,
      text=True,
    )
    for _ in range(2)
  ]
  try:
    lines = [server.stdout.readline().strip() for server in servers]
    yield [line.partition("--data_service=")[2] for line in lines]
    for server in servers:
      server.send_signal(signal.SIGTERM)
    assert [server.wait(timeout=60) for server in servers] == [143, 143]
  finally:
    for server in servers:
      server.kill()


@pytest.mark.slow
def test_services_give_the_same_batches(tiny_dataset, addresses):
  """Compares one service and two in turn, from step 0 and from a step where a run resumes."""
  builder = records.open_records(tiny_dataset)

  def stream(first_step, turn=(0, 1)):
    arguments = {**ARGUMENTS, "first_step": first_step}
    return pipeline.training_batches(builder, "train", turn=turn, **arguments)

  for first_step in (0, 3):
    expected = itertools.islice(stream(first_step).as_numpy_iterator(), 5)
    from_one = service.served([stream(first_step)], addresses[:1])
    from_two = service.served([stream(first_step, (number, 2)) for number in range(2)], addresses)
    assert from_one.element_spec == from_two.element_spec == stream(first_step).element_spec
    for batch, *served_batches in zip(
      expected, from_one.as_numpy_iterator(), from_two.as_numpy_iterator()
    ):
      for served_batch in served_batches:
        assert set(served_batch) == set(batch)
        for name, value in batch.items():
          np.testing.assert_array_equal(served_batch[name], value)


def test_occupied_port_is_refused(monkeypatch):
  # This process may use its GPUs already.
  monkeypatch.setattr(tf.config, "set_visible_devices", lambda *_: None)
  with socket.socket() as listener:
    listener.bind(("", 0))
    listener.listen()
    occupied = listener.getsockname()[1]
    message = refusal(data_service, f"--port={occupied}")
  assert f"--port={occupied}" in message and "Give another" in message
