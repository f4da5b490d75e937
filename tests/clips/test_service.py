"""Batches of a tf.data service are the batches that are made here."""

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
  """One that is free, as the next one most likely is."""
  with socket.socket() as free:
    free.bind(("localhost", 0))
    return free.getsockname()[1]


@pytest.fixture(name="addresses")
def fixture_addresses():
  """Two services, each a process of its own."""
  doors = [
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
    lines = [door.stdout.readline().strip() for door in doors]
    yield [line.partition("--data_service=")[2] for line in lines]
    for door in doors:
      door.send_signal(signal.SIGTERM)
    assert [door.wait(timeout=60) for door in doors] == [143, 143]
  finally:
    for door in doors:
      door.kill()


@pytest.mark.slow
def test_services_give_the_same_batches(tiny_dataset, addresses):
  """From one, and from two in turn; from the start, and from where a run goes on."""
  builder = records.open_records(tiny_dataset)

  def stream(first_step, turn=(0, 1)):
    arguments = {**ARGUMENTS, "first_step": first_step}
    return pipeline.training_batches(builder, "train", turn=turn, **arguments)

  for first_step in (0, 3):
    expected = itertools.islice(stream(first_step).as_numpy_iterator(), 5)
    one = service.served([stream(first_step)], addresses[:1])
    two = service.served([stream(first_step, (number, 2)) for number in range(2)], addresses)
    assert one.element_spec == two.element_spec == stream(first_step).element_spec
    for batch, *others in zip(expected, one.as_numpy_iterator(), two.as_numpy_iterator()):
      for other in others:
        assert set(other) == set(batch)
        for name, value in batch.items():
          np.testing.assert_array_equal(other[name], value)


def test_a_port_that_is_taken(monkeypatch):
  # This process may use its GPUs already.
  monkeypatch.setattr(tf.config, "set_visible_devices", lambda *_: None)
  with socket.socket() as taken:
    taken.bind(("", 0))
    taken.listen()
    number = taken.getsockname()[1]
    message = refusal(data_service, f"--port={number}")
  assert f"--port={number}" in message and "Give another" in message
