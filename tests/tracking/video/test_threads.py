"""Tests of ppn_tf.tracking.video.threads: order, errors, end."""

import threading
import time

import pytest

from ppn_tf.tracking.video.threads import ReadAhead, WriteBehind


def test_items_keep_their_order():
  with ReadAhead(range(100)) as ahead:
    assert list(ahead) == list(range(100))


def test_no_items():
  with ReadAhead([]) as ahead:
    assert list(ahead) == []


def test_number_of_items_read_ahead_is_limited():
  taken = []

  def items():
    for index in range(50):
      taken.append(index)
      yield index

  with ReadAhead(items(), ahead=3) as ahead:
    next(iter(ahead))
    time.sleep(0.3)
    assert len(taken) <= 6


def test_error_follows_the_preceding_items():
  def items():
    yield 1
    raise ValueError("broken")

  received = []
  with ReadAhead(items()) as ahead:
    with pytest.raises(ValueError, match="broken"):
      for item in ahead:
        received.append(item)
  assert received == [1]


def test_leaving_early_ends_the_thread_and_closes_the_source():
  closed = threading.Event()

  def items():
    try:
      while True:
        yield 1
    finally:
      closed.set()

  num_threads = threading.active_count()
  with ReadAhead(items()) as ahead:
    next(iter(ahead))
  assert closed.wait(1.0)
  assert threading.active_count() == num_threads


def test_stop_while_waiting_for_an_item():
  halt = threading.Event()

  def items():
    yield 1
    halt.wait(5.0)

  with ReadAhead(items(), stop=halt.is_set) as ahead:
    threading.Timer(0.2, halt.set).start()
    begin = time.monotonic()
    assert list(ahead) == [1]
  assert time.monotonic() - begin < 3.0


def test_newest_items_are_kept():
  def items():
    yield from range(100)

  with ReadAhead(items(), ahead=2, newest=True) as ahead:
    time.sleep(0.3)
    remaining = list(ahead)
  assert len(remaining) <= 3
  assert remaining[-1] == 99


def test_calls_keep_their_order_and_are_awaited():
  received = []

  def slow(index, text):
    time.sleep(0.005)
    received.append((index, text))

  with WriteBehind(slow) as write:
    for index in range(20):
      write(index, "x")
  assert received == [(index, "x") for index in range(20)]


def test_error_is_raised_by_the_next_call():
  def fail(index):
    raise OSError("disk full")

  with pytest.raises(OSError, match="disk full"):
    with WriteBehind(fail, behind=1) as write:
      for index in range(100):
        write(index)
        time.sleep(0.01)
  with pytest.raises(OSError, match="disk full"):
    with WriteBehind(fail) as write:
      write(0)


def test_error_in_the_context_drops_waiting_calls():
  received = []

  def slow(index):
    time.sleep(0.1)
    received.append(index)

  with pytest.raises(KeyError):
    with WriteBehind(slow, behind=10) as write:
      for index in range(10):
        write(index)
      raise KeyError
  assert len(received) <= 2
