"""Signals are noted once, and obeyed as before the second time."""

import os
import signal

import pytest

from ppn_tf.runtime.signals import Interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_noted_and_the_next_one_obeyed(number):
  obeyed = []
  before = signal.signal(number, lambda *_: obeyed.append(number))
  try:
    with Interruption() as interruption:
      assert interruption.received is None
      os.kill(os.getpid(), number)
      assert interruption.received == number and obeyed == []
      os.kill(os.getpid(), number)
      assert obeyed == [number]
    os.kill(os.getpid(), number)
    assert obeyed == [number] * 2
  finally:
    signal.signal(number, before)


def test_handlers_are_put_back():
  before = signal.getsignal(signal.SIGTERM)
  with pytest.raises(ValueError), Interruption():
    raise ValueError
  assert signal.getsignal(signal.SIGTERM) == before
