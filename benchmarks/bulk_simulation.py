"""Simulates workers that track the videos of a day as they arrive.

  python -m benchmarks.bulk_simulation --workers=600,700

Videos arrive at random times, more of them around noon, and wait in one queue for the next free
worker. The time of a video is its number of frames times the measured time per frame; a share of
the units loses its worker on the way, and starts again. docs/scaling.md has the results.
"""

import heapq
from typing import NamedTuple, Sequence, Tuple

import numpy as np
from absl import flags

from ppn_tf.evaluation.tables import Row, Section, Table, format_cell, to_text
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.settings import Bounds

FLAGS = flags.FLAGS
_DAY = 86400.0  # seconds
_COLUMNS = ("busy, %", "mean wait, s", "95 % wait, s", "99 % wait, s", "longest queue", "late, s")


class Load(NamedTuple):
  """Simulated days.

  Attributes:
    busy: share of the workers' time spent on videos until the last arrival.
    waits: [N] seconds from the arrival of each video to its start.
    longest_queue: most videos waiting at a time.
    late: seconds from the last arrival to the last end.
  """

  busy: float
  waits: np.ndarray
  longest_queue: int
  late: float


def define_flags() -> None:
  """Defines the flags of the command."""
  command_flags.define_integer("videos_per_day", 10**6, "Videos that arrive in a day.", 1, 10**8)
  command_flags.define_float("days", 1.0, "Days to simulate.", 0.01, 100.0)
  command_flags.define_float("seconds", 60.0, "Mean length of a video, in seconds.", 0.1, 1e5)
  command_flags.define_float(
    "spread", 0.5, "Standard deviation of the logarithm of the lengths.", 0.0, 3.0
  )
  command_flags.define_float("fps", 30.0, "Frames per second of a video.", 0.1, 1000.0)
  command_flags.define_float("milliseconds", 27.0, "Time of a worker per frame, ms.", 0.01, 1e5)
  command_flags.define_float(
    "peak", 0.5, "Arrivals at the busiest time over the mean, less 1.", 0.0, 1.0
  )
  command_flags.define_float("lost", 0.001, "Share of the units that lose a worker.", 0.0, 1.0)
  command_flags.define_numbers(
    "workers", (600, 700, 800, 900), "Numbers of workers.", Bounds(1, 10**6, whole=True)
  )
  command_flags.define_integer("seed", 0, "Seed of all random numbers.", 0, 2**31)


def draw_arrivals(random: np.random.Generator, count: int, days: float, peak: float) -> np.ndarray:
  """Draws arrival times [count] in seconds, ascending; the rate is 1 - peak cos(2 pi t / day)."""
  # By rejection: the rate is 1 + peak at most.
  times = np.empty(0)
  while len(times) < count:
    candidates = random.uniform(0.0, days * _DAY, 2 * count)
    rates = 1 - peak * np.cos(2 * np.pi * candidates / _DAY)
    kept = candidates[random.uniform(0.0, 1 + peak, 2 * count) < rates]
    times = np.concatenate([times, kept])
  return np.sort(times[:count])


def draw_services(
  random: np.random.Generator, count: int, mean: float, spread: float, lost: float
) -> np.ndarray:
  """Draws the seconds [count] that videos take a worker, with a log-normal spread.

  A share `lost` of them takes a part of its time twice.
  """
  times = mean * np.exp(spread * random.standard_normal(count) - spread**2 / 2)
  again = random.uniform(size=count) * (random.uniform(size=count) < lost)
  return times * (1 + again)


def simulate(arrivals: np.ndarray, services: np.ndarray, num_workers: int) -> Load:
  """Serves videos in the order of their arrival.

  Args:
    arrivals: [N] seconds, ascending.
    services: [N] seconds of a worker.
    num_workers: number of workers, all free at first.
  """
  free = [0.0] * num_workers
  starts = np.empty(len(arrivals))
  for index, (arrival, service) in enumerate(zip(arrivals.tolist(), services.tolist())):
    starts[index] = max(arrival, free[0])
    heapq.heapreplace(free, starts[index] + service)
  ends = starts + services
  last = arrivals[-1]
  # At each arrival, those that arrived earlier and have not started are waiting.
  queues = np.arange(len(arrivals)) + 1 - np.searchsorted(starts, arrivals, side="right")
  busy = float(np.sum(np.minimum(ends, last) - np.minimum(starts, last)))
  return Load(
    busy=busy / (num_workers * last),
    waits=starts - arrivals,
    longest_queue=int(queues.max()),
    late=float(ends.max() - last),
  )


def make_table(loads: Sequence[Tuple[int, Load]]) -> Table:
  """Returns the table of all loads by number of workers."""
  rows = []
  for num_workers, load in loads:
    waits = [load.waits.mean(), *np.percentile(load.waits, [95, 99])]
    values = [100 * load.busy, *waits, load.longest_queue, load.late]
    forms = ("{:.1f}", "{:.1f}", "{:.1f}", "{:.1f}", "{:.0f}", "{:.0f}")
    cells = tuple(format_cell(float(value), form) for value, form in zip(values, forms))
    rows.append(Row(f"{num_workers} workers", cells))
  return Table(_COLUMNS, (Section("", tuple(rows)),))


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  random = np.random.default_rng(FLAGS.seed)
  count = max(1, round(FLAGS.videos_per_day * FLAGS.days))
  mean = FLAGS.seconds * FLAGS.fps * FLAGS.milliseconds / 1000
  arrivals = draw_arrivals(random, count, FLAGS.days, FLAGS.peak)
  services = draw_services(random, count, mean, FLAGS.spread, FLAGS.lost)
  print(f"{count} videos, {mean:.1f} s of a worker each: {services.sum() / _DAY:.0f} worker days")
  loads = [(number, simulate(arrivals, services, number)) for number in FLAGS.workers]
  print(to_text(make_table(loads)))


if __name__ == "__main__":
  define_flags()
  app.run(main)
