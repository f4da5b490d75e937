"""Serves training clips to trainings on other machines.

  python -m ppn_tf.training.data_service --port=5000

A tf.data service with one dispatcher and one worker: with --data_service=grpc://HOST:5000,
`python -m ppn_tf.train` lets it decode, crop and augment. It needs the files of the data set
under the same path, and serves any run until it is stopped.
"""

import socket
import threading
from typing import Sequence

from absl import flags

from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.errors import InputError

import tensorflow as tf

FLAGS = flags.FLAGS


def define_flags() -> None:
  """Defines the flags of this command."""
  command_flags.define_integer(
    "port", 5000, "Port of the dispatcher; the worker uses the next one.", 1, 65534
  )
  flags.DEFINE_string("host", "", "Name of this machine for others; by default its own.")


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  # The trainer on this machine wants the GPUs.
  tf.config.set_visible_devices([], "GPU")
  service = tf.data.experimental.service
  host = FLAGS.host or socket.gethostname()
  try:
    dispatcher = service.DispatchServer(service.DispatcherConfig(port=FLAGS.port))
    worker = service.WorkerServer(
      service.WorkerConfig(
        dispatcher_address=f"localhost:{FLAGS.port}",
        worker_address=f"{host}:{FLAGS.port + 1}",
        port=FLAGS.port + 1,
      )
    )
  except (tf.errors.OpError, RuntimeError) as error:
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    raise InputError(
      f"--port={FLAGS.port}: cannot serve there and on the next port ({reason}). Give another."
    ) from error
  print(f"serving: --data_service=grpc://{host}:{FLAGS.port}", flush=True)
  try:
    # A lock that Ctrl-C and SIGTERM end, unlike the servers' own join.
    threading.Event().wait()
  finally:
    del worker, dispatcher


if __name__ == "__main__":
  define_flags()
  app.run(main)
