"""Several GPUs or machines: the strategy of tf.distribute, and this process's part in it."""

import contextlib
import json
import os
import re
import signal
import tempfile
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple, Union

from ppn_tf.runtime.errors import InputError

import tensorflow as tf

Path = Union[str, os.PathLike]


_EXAMPLE = '{"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}}'
# What a process meets when another one of the cluster has ended or cannot be reached.
_LOST = (
  tf.errors.UnavailableError,
  tf.errors.AbortedError,
  tf.errors.CancelledError,
  tf.errors.DeadlineExceededError,
  tf.errors.FailedPreconditionError,
)


class Distribution:
  """A strategy, and which of the processes that train together this one is.

  Attributes:
    strategy: of tf.distribute; networks and trainer are made in its scope.
    worker: this process's number.
    num_workers: the number of processes.
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
    """Whether it is this process that writes and scores."""
    return self.worker == 0

  @property
  def is_plain(self) -> bool:
    """Whether there is no strategy, and variables are just variables."""
    strategies = (tf.distribute.MirroredStrategy, tf.distribute.MultiWorkerMirroredStrategy)
    return not isinstance(self.strategy, strategies)

  @property
  def part(self) -> Tuple[int, int]:
    """Which rows of a batch are this process's, as `pipeline.training_batches` takes it."""
    return self.worker, self.num_workers

  def spread(self, batches: tf.data.Dataset) -> Iterable[Any]:
    """Hands this process's rows of each batch, of endless batches, to its replicas in order."""
    if self.is_plain:
      return batches
    rows = batches.element_spec["frames"].shape[0]
    parts = batches.rebatch(rows * self.num_workers // self.num_replicas)
    # Else the workers would ask each other before each step whether there is another batch.
    endless = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    return self.strategy.distribute_datasets_from_function(lambda _: parts.apply(endless))

  def gathered(self, batch: Mapping[str, Any]) -> Dict[str, tf.Tensor]:
    """This process's rows of a batch that `spread` gave."""
    local = self.strategy.experimental_local_results
    return {name: tf.concat(local(value), axis=0) for name, value in batch.items()}

  def is_same(self, value: int) -> bool:
    """Waits for all processes; whether all of them called it with the same value."""
    if self.num_workers == 1:
      return True

    def mean() -> tf.Tensor:
      context = tf.distribute.get_replica_context()
      return context.all_reduce(tf.distribute.ReduceOp.MEAN, tf.constant(value, tf.float64))

    found = self.strategy.experimental_local_results(tf.function(self.strategy.run)(mean))
    # Whole numbers: one of n that is another moves the mean by 1 / n or more.
    return abs(float(found[0]) - value) * self.num_workers < 0.5

  @contextlib.contextmanager
  def folder(self, path: Path) -> Iterator[Path]:
    """Where this process writes: the chief to `path`, others to what is then deleted.

    All of them must save checkpoints, for the statistics of batch norms are
    gathered while TensorFlow writes them.
    """
    if self.is_chief:
      yield path
      return
    with tempfile.TemporaryDirectory(prefix=f"worker_{self.worker}_") as scratch:
      yield scratch

  @contextlib.contextmanager
  def survived(self, workdir: Path) -> Iterator[None]:
    """Turns what is raised when another process has ended into one line on how to go on.

    Raises:
      InputError: another worker is gone, or a tf.data service was.
    """
    try:
      yield
    except tf.errors.NotFoundError as error:
      if "dispatcher" not in str(error):
        raise
      raise InputError(
        "--data_service: was started anew meanwhile. Give the same command again: it goes on from "
        f"step {_last_step(workdir)}."
      ) from error
    except _LOST as error:
      if self.num_workers == 1:
        raise
      raise InputError(
        f"{_who(str(error), self.worker)} is gone (see there why). Start all workers again with "
        f"the same commands: they go on from step {_last_step(workdir)}."
      ) from error


# One device, no strategy.
PLAIN = Distribution(tf.distribute.get_strategy())


def share_cores() -> None:
  """Gives an operation half of the CPU's cores, so that two run beside each other.

  A convolution's two gradients do not wait for each other, and on small batches
  neither has work for all cores. Nothing changes where the environment's
  TF_NUM_INTRAOP_THREADS decides it, or where TensorFlow has begun to compute.
  """
  if "TF_NUM_INTRAOP_THREADS" not in os.environ:
    with contextlib.suppress(RuntimeError):
      tf.config.threading.set_intra_op_parallelism_threads(max(1, (os.cpu_count() or 1) // 2))


def mirrored(num_replicas: int = 0) -> Distribution:
  """One process and all its GPUs, or parts of its CPU.

  Args:
    num_replicas: how many GPUs; 0 takes all. Without GPUs, into how many
      devices the CPU is divided, which is for trying out.
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
  """One of several processes, on all GPUs that it sees; returns when all processes are there.

  Must be called before TensorFlow does anything else.

  Args:
    tf_config: the environment's TF_CONFIG, by which TensorFlow finds the others.
  Raises:
    InputError: see `read_tf_config`; an address that is not to be had.
  """
  addresses, worker = read_tf_config(tf_config)
  # TensorFlow waits for the others where no handler of Python's is called, so that Ctrl-C has to
  # end the process by itself; for SIGTERM it leaves a handler of its own.
  before = {one: signal.signal(one, signal.SIG_DFL) for one in (signal.SIGINT, signal.SIGTERM)}
  try:
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
  except (tf.errors.OpError, RuntimeError) as error:
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    raise InputError(
      f"TF_CONFIG: worker {worker} cannot be {addresses[worker]} ({reason}). Give it an address "
      "of this machine and a port that is free."
    ) from error
  finally:
    for one, handler in before.items():
      signal.signal(one, handler)
  return Distribution(strategy, worker, len(addresses))


def read_tf_config(text: Optional[str]) -> Tuple[List[str], int]:
  """The addresses of all workers, a chief first, and which of them this one is.

  Raises:
    InputError: TF_CONFIG is missing or not as TensorFlow wants it.
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
      isinstance(one, str) and re.fullmatch(r".+:\d+", one) for one in addresses
    ):
      raise refuse(f"{addresses!r} is no list of HOST:PORT")
  if not 0 <= index < len(cluster.get(kind, [])):
    raise refuse(f"its cluster has no {kind} number {index}")
  chiefs = cluster.get("chief", [])
  return [*chiefs, *cluster["worker"]], index + (len(chiefs) if kind == "worker" else 0)


def _who(message: str, worker: int) -> str:
  """The worker that an error of TensorFlow is about, as far as it says."""
  named = {int(number) for number in re.findall(r"/job:worker/replica:0/task:(\d+)", message)}
  others = sorted(named - {worker})
  return f"worker {others[0]}" if len(others) == 1 else "another worker"


def _last_step(workdir: Path) -> str:
  """Of the last checkpoint."""
  latest = tf.train.latest_checkpoint(os.path.join(workdir, "checkpoints"))
  return latest.rpartition("-")[2] if latest else "0"
