"""Tests of signals: the first one is recorded, and later ones reach the previous handler."""

import os
import signal

import pytest

from ppn_tf.runtime.signals import Interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_is_recorded_and_next_one_is_handled(number):
  handled = []
  previous = signal.signal(number, lambda *_: handled.append(number))
  try:
    with Interruption() as interruption:
      assert interruption.received is None
      os.kill(os.getpid(), number)
      assert interruption.received == number and handled == []
      os.kill(os.getpid(), number)
      assert handled == [number]
    os.kill(os.getpid(), number)
    assert handled == [number] * 2
  finally:
    signal.signal(number, previous)


def test_handlers_are_restored():
  previous = signal.getsignal(signal.SIGTERM)
  with pytest.raises(ValueError), Interruption():
    raise ValueError
  assert signal.getsignal(signal.SIGTERM) == previous
