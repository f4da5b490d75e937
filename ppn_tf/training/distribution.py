"""Training on several GPUs or machines with tf.distribute."""

import contextlib
import json
import os
import re
import signal
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple, Union

from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.scratch import scratch_folder

import tensorflow as tf

Path = Union[str, os.PathLike]


_EXAMPLE = '{"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}}'
# Errors after another process of the cluster has ended or cannot be reached.
_LOST = (
  tf.errors.UnavailableError,
  tf.errors.AbortedError,
  tf.errors.CancelledError,
  tf.errors.DeadlineExceededError,
  tf.errors.FailedPreconditionError,
)


class Distribution:
  """Strategy of tf.distribute, and the number of this process among all that train together.

  Attributes:
    strategy: strategy in whose scope networks and trainer are created.
    worker: number of this process.
    num_workers: number of processes.
  """

  def __init__(self, strategy: tf.distribute.Strategy, worker: int = 0, num_workers: int = 1):
    self.strategy = strategy
    self.worker, self.num_workers = worker, num_workers

  @property
  def num_replicas(self) -> int:
    """Copies of the network that learn together, on all machines."""
    return int(self.strategy.num_replicas_in_sync)

  @property
  def is_chief(self) -> bool:
    """Returns whether this process writes and scores."""
    return self.worker == 0

  @property
  def is_plain(self) -> bool:
    """Returns whether there is no strategy, so that variables are not distributed."""
    strategies = (tf.distribute.MirroredStrategy, tf.distribute.MultiWorkerMirroredStrategy)
    return not isinstance(self.strategy, strategies)

  @property
  def part(self) -> Tuple[int, int]:
    """Rows of a batch for this process, as an argument of `pipeline.training_batches`."""
    return self.worker, self.num_workers

  def spread(self, batches: tf.data.Dataset) -> Iterable[Any]:
    """Distributes this process's rows of each batch to its replicas in order."""
    if self.is_plain:
      return batches
    rows = batches.element_spec["frames"].shape[0]
    parts = batches.rebatch(rows * self.num_workers // self.num_replicas)
    # With a known end, workers would ask each other for another batch before each step.
    endless = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    return self.strategy.distribute_datasets_from_function(lambda _: parts.apply(endless))

  def gathered(self, batch: Mapping[str, Any]) -> Dict[str, tf.Tensor]:
    """Gathers the rows of a batch from `spread` that this process has."""
    local = self.strategy.experimental_local_results
    return {name: tf.concat(local(value), axis=0) for name, value in batch.items()}

  def is_same(self, value: int) -> bool:
    """Waits for all processes; returns whether all of them pass the same value."""
    if self.num_workers == 1:
      return True

    def mean() -> tf.Tensor:
      context = tf.distribute.get_replica_context()
      return context.all_reduce(tf.distribute.ReduceOp.MEAN, tf.constant(value, tf.float64))

    means = self.strategy.experimental_local_results(
      tf.function(self.strategy.run, autograph=False)(mean)
    )
    # A different integer in one of n processes moves the mean by at least 1 / n.
    return abs(float(means[0]) - value) * self.num_workers < 0.5

  @contextlib.contextmanager
  def folder(self, path: Path) -> Iterator[Path]:
    """Yields the folder that this process writes to: `path` for the chief, else a temporary one.

    All processes must save checkpoints, because TensorFlow gathers the statistics of batch norms
    while it writes them.
    """
    if self.is_chief:
      yield path
      return
    with scratch_folder() as scratch:
      yield scratch

  @contextlib.contextmanager
  def survived(self, workdir: Path) -> Iterator[None]:
    """Replaces errors after the end of another process by one line on how to resume.

    Raises:
      InputError: another worker has ended, or a tf.data service was restarted.
    """
    try:
      yield
    except tf.errors.NotFoundError as error:
      if "dispatcher" not in str(error):
        raise
      raise InputError(
        "--data_service: was restarted meanwhile. Give the same command again: it resumes from "
        f"step {_last_step(workdir)}."
      ) from error
    except _LOST as error:
      if self.num_workers == 1:
        raise
      raise InputError(
        f"{_name_worker(str(error), self.worker)} is gone (see its own error). Start all workers "
        f"again with the same commands: they resume from step {_last_step(workdir)}."
      ) from error


# One device, no strategy.
PLAIN = Distribution(tf.distribute.get_strategy())


def share_cores() -> None:
  """Gives an operation half of the CPU cores, so that two operations run in parallel.

  The two gradients of a convolution are independent, and neither keeps all cores busy on small
  batches. Nothing changes if the environment sets TF_NUM_INTRAOP_THREADS, or after TensorFlow
  has begun to compute.
  """
  if "TF_NUM_INTRAOP_THREADS" not in os.environ:
    with contextlib.suppress(RuntimeError):
      tf.config.threading.set_intra_op_parallelism_threads(max(1, (os.cpu_count() or 1) // 2))


def mirrored(num_replicas: int = 0) -> Distribution:
  """Creates the distribution of one process over its GPUs, or over parts of its CPU.

  Args:
    num_replicas: number of GPUs; 0: all. Without GPUs, number of devices that the CPU is divided
      into, for trying out.
  Raises:
    InputError: there are fewer GPUs.
  """
  gpus = tf.config.list_physical_devices("GPU")
  if gpus:
    if num_replicas > len(gpus):
      raise InputError(f"--num_replicas={num_replicas}: there are {len(gpus)} GPUs.")
    devices = [f"GPU:{number}" for number in range(num_replicas or len(gpus))]
  else:
    devices = [f"CPU:{number}" for number in range(num_replicas or 1)]
    (cpu, *_) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(
      cpu, [tf.config.LogicalDeviceConfiguration()] * len(devices)
    )
  return Distribution(tf.distribute.MirroredStrategy(devices))


def multi_worker(tf_config: Optional[str]) -> Distribution:
  """Creates the distribution of one of several processes, and waits for the others.

  Must be called before TensorFlow does anything else. The process uses all GPUs that it sees.

  Args:
    tf_config: TF_CONFIG of the environment, which lists all processes.
  Raises:
    InputError: see `read_tf_config`; or the address cannot be used.
  """
  addresses, worker = read_tf_config(tf_config)
  # While TensorFlow waits for the others, no Python handler runs: Ctrl-C must end the process by
  # itself. TensorFlow leaves a handler of its own for SIGTERM.
  handlers = {
    number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGTERM)
  }
  try:
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
  except (tf.errors.OpError, RuntimeError) as error:
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    raise InputError(
      f"TF_CONFIG: worker {worker} cannot be {addresses[worker]} ({reason}). Give it an address "
      "of this machine and a port that is free."
    ) from error
  finally:
    for number, handler in handlers.items():
      signal.signal(number, handler)
  return Distribution(strategy, worker, len(addresses))


def read_tf_config(text: Optional[str]) -> Tuple[List[str], int]:
  """Parses TF_CONFIG.

  Returns:
    Addresses of all workers, a chief first, and the number of this process.
  Raises:
    InputError: TF_CONFIG is missing or does not have the form that TensorFlow expects.
  """
  if not text:
    raise InputError(f"TF_CONFIG: is not set. --distribution=multi_worker needs, e.g., {_EXAMPLE}")

  def refuse(reason: str) -> InputError:
    return InputError(f"TF_CONFIG={' '.join(text.split())}: {reason}. Expected, e.g., {_EXAMPLE}")

  try:
    config = json.loads(text)
    cluster = dict(config["cluster"])
    kind, index = config["task"]["type"], int(config["task"]["index"])
  except (ValueError, KeyError, TypeError) as error:
    raise refuse(f"cannot be read ({type(error).__name__}: {error})") from error
  others = sorted(set(cluster) - {"chief", "worker"})
  if others or "worker" not in cluster:
    raise refuse(f"has the jobs {', '.join(sorted(cluster)) or 'none'}, not worker (and chief)")
  for addresses in cluster.values():
    if not isinstance(addresses, list) or not all(
      isinstance(address, str) and re.fullmatch(r".+:\d+", address) for address in addresses
    ):
      raise refuse(f"{addresses!r} is no list of HOST:PORT")
  if not 0 <= index < len(cluster.get(kind, [])):
    raise refuse(f"its cluster has no {kind} number {index}")
  chiefs = cluster.get("chief", [])
  return [*chiefs, *cluster["worker"]], index + (len(chiefs) if kind == "worker" else 0)


def _name_worker(message: str, worker: int) -> str:
  """Names the worker that an error of TensorFlow is about, if the message has its number."""
  named = {int(number) for number in re.findall(r"/job:worker/replica:0/task:(\d+)", message)}
  others = sorted(named - {worker})
  return f"worker {others[0]}" if len(others) == 1 else "another worker"


def _last_step(workdir: Path) -> str:
  """Returns the step of the latest checkpoint."""
  latest = tf.train.latest_checkpoint(os.path.join(workdir, "checkpoints"))
  return latest.rpartition("-")[2] if latest else "0"
