"""Threads beside the main one: their order, their errors, their end."""

import threading
import time

import pytest

from ppn_tf.tracking.video.threads import ReadAhead, WriteBehind


def test_all_items_in_their_order():
  with ReadAhead(range(100)) as ahead:
    assert list(ahead) == list(range(100))


def test_nothing():
  with ReadAhead([]) as ahead:
    assert list(ahead) == []


def test_only_a_few_are_read_ahead():
  taken = []

  def items():
    for index in range(50):
      taken.append(index)
      yield index

  with ReadAhead(items(), ahead=3) as ahead:
    next(iter(ahead))
    time.sleep(0.3)
    assert len(taken) <= 6


def test_an_error_comes_after_the_items_before_it():
  def items():
    yield 1
    raise ValueError("broken")

  seen = []
  with ReadAhead(items()) as ahead:
    with pytest.raises(ValueError, match="broken"):
      for item in ahead:
        seen.append(item)
  assert seen == [1]


def test_leaving_early_ends_the_thread_and_closes_the_source():
  closed = threading.Event()

  def items():
    try:
      while True:
        yield 1
    finally:
      closed.set()

  before = threading.active_count()
  with ReadAhead(items()) as ahead:
    next(iter(ahead))
  assert closed.wait(1.0)
  assert threading.active_count() == before


def test_it_can_be_stopped_while_nothing_comes():
  halt = threading.Event()

  def items():
    yield 1
    halt.wait(5.0)

  with ReadAhead(items(), stop=halt.is_set) as ahead:
    threading.Timer(0.2, halt.set).start()
    begin = time.monotonic()
    assert list(ahead) == [1]
  assert time.monotonic() - begin < 3.0


def test_of_a_camera_the_newest_are_kept():
  def items():
    yield from range(100)

  with ReadAhead(items(), ahead=2, newest=True) as ahead:
    time.sleep(0.3)
    rest = list(ahead)
  assert len(rest) <= 3
  assert rest[-1] == 99


def test_calls_are_made_in_their_order_and_awaited():
  seen = []

  def slow(index, text):
    time.sleep(0.005)
    seen.append((index, text))

  with WriteBehind(slow) as write:
    for index in range(20):
      write(index, "x")
  assert seen == [(index, "x") for index in range(20)]


def test_an_error_reaches_whoever_writes():
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


def test_after_an_error_elsewhere_what_waits_is_dropped():
  seen = []

  def slow(index):
    time.sleep(0.1)
    seen.append(index)

  with pytest.raises(KeyError):
    with WriteBehind(slow, behind=10) as write:
      for index in range(10):
        write(index)
      raise KeyError
  assert len(seen) <= 2
