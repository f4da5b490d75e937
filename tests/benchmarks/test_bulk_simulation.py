"""Tests of the simulated queue against the formulas of queueing theory."""

import numpy as np
import pytest

from benchmarks import bulk_simulation


def poisson(random, count, rate):
  return np.cumsum(random.exponential(1 / rate, count))


def test_waits_of_three_workers_follow_erlang():
  # M/M/3 with an offered load of 2: Erlang's C is 4/9, and the mean wait C / (3 - 2).
  random = np.random.default_rng(0)
  arrivals, services = poisson(random, 400_000, 2.0), random.exponential(1.0, 400_000)
  load = bulk_simulation.simulate(arrivals, services, 3)
  assert (load.waits > 0).mean() == pytest.approx(4 / 9, abs=0.01)
  assert load.waits.mean() == pytest.approx(4 / 9, rel=0.05)
  assert load.busy == pytest.approx(2 / 3, abs=0.01)


def test_wait_of_one_worker_follows_pollaczek_and_khinchine():
  # M/D/1 at half load: the mean wait is half of a service.
  arrivals = poisson(np.random.default_rng(1), 400_000, 0.5)
  load = bulk_simulation.simulate(arrivals, np.ones(400_000), 1)
  assert load.waits.mean() == pytest.approx(0.5, rel=0.03)


def test_case_by_hand():
  load = bulk_simulation.simulate(np.array([0.0, 1.0, 1.0, 2.0]), np.array([4.0, 4.0, 1.0, 1.0]), 2)
  # Both workers are busy until 4 and 5; the third video starts at 4, the fourth at 5.
  np.testing.assert_array_equal(load.waits, [0, 0, 3, 3])
  assert (load.longest_queue, load.late) == (2, 4.0)
  assert load.busy == pytest.approx((2 + 1) / (2 * 2))


def test_arrivals_peak_at_noon_and_lost_units_take_longer():
  random = np.random.default_rng(2)
  arrivals = bulk_simulation.draw_arrivals(random, 100_000, 1.0, 0.5)
  assert len(arrivals) == 100_000 and (np.diff(arrivals) >= 0).all()
  hours = np.histogram(arrivals, 24, (0, 86400))[0] / (100_000 / 24)
  assert hours[[0, 12]] == pytest.approx([0.5, 1.5], abs=0.1)
  services = bulk_simulation.draw_services(random, 200_000, 48.0, 0.5, 0.2)
  assert services.mean() == pytest.approx(48.0 * 1.1, rel=0.02)
