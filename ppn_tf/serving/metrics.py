"""Metrics of a server, in the text format of Prometheus."""

import contextlib
import pathlib
from typing import Any, Iterable, Iterator, Mapping

import prometheus_client
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ppn_tf.runtime.resident_memory import resident
from ppn_tf.serving.pool import WorkerPool

prometheus_client.disable_created_metrics()
CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST
_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0)


class Metrics:
  """Metrics of one server.

  Attributes:
    frames: answered frames by kind: stream, still, video or step.
    seconds: time from a frame's arrival to its answer, by kind.
    dropped: frames of streams that were dropped.
    people: people found in answered frames.
    refused: refused requests and streams by status.
    streams: open streams.
  """

  def __init__(self, pool: WorkerPool):
    """Creates metrics of a pool of workers."""
    registry = self._registry = prometheus_client.CollectorRegistry()
    self.frames = prometheus_client.Counter(
      "ppn_frames", "Answered frames.", ["kind"], registry=registry
    )
    self.seconds = prometheus_client.Histogram(
      "ppn_frame_seconds",
      "Seconds from the arrival of a frame, a still or a video to its answer.",
      ["kind"],
      buckets=_SECONDS,
      registry=registry,
    )
    self.dropped = prometheus_client.Counter(
      "ppn_dropped_frames", "Frames of streams that were dropped.", registry=registry
    )
    self.people = prometheus_client.Counter(
      "ppn_people", "People found in answered frames.", registry=registry
    )
    self.refused = prometheus_client.Counter(
      "ppn_refused", "Refused requests and streams by status.", ["status"], registry=registry
    )
    self.streams = prometheus_client.Gauge("ppn_open_streams", "Open streams.", registry=registry)
    registry.register(_Processes(pool))

  def count(self, kind: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Counts answered frames.

    Args:
      kind: stream, still, video or step.
      rows: the people of each frame under "people".
    """
    for row in rows:
      self.frames.labels(kind).inc()
      self.people.inc(sum(person["found"] for person in row["people"]))

  def write(self) -> bytes:
    """Returns the text that Prometheus reads."""
    return prometheus_client.generate_latest(self._registry)


class _Processes(Collector):
  """Memory of the processes, and workers that died."""

  def __init__(self, pool: WorkerPool):
    self._pool = pool

  def collect(self) -> Iterator[GaugeMetricFamily]:
    memory = GaugeMetricFamily(
      "ppn_memory_bytes", "Resident memory of a process.", labels=["process"]
    )
    restarts = GaugeMetricFamily(
      "ppn_worker_restarts", "Times that a worker died and was started again.", labels=["process"]
    )
    if pathlib.Path("/proc/self/statm").exists():
      memory.add_metric(["front"], resident())
      for member in self._pool.workers:
        with contextlib.suppress(OSError):  # it may end meanwhile
          if member.pid is not None:
            memory.add_metric([f"worker {member.number}"], resident(member.pid))
    for member in self._pool.workers:
      restarts.add_metric([f"worker {member.number}"], member.num_restarts)
    yield memory
    yield restarts
