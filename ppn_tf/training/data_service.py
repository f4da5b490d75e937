"""Prepares clips for trainings elsewhere: `python -m ppn_tf.training.data_service --port=5000`.

A tf.data service of one dispatcher and one worker. `python -m ppn_tf.train
--data_service=grpc://HOST:5000` lets it decode, crop and augment. It needs the
data set's files under the same path, and serves any run until it is stopped.
"""

import socket
import threading
from typing import Sequence

from absl import flags

from ppn_tf.runtime import app
from ppn_tf.runtime.errors import InputError

import tensorflow as tf

FLAGS = flags.FLAGS
flags.DEFINE_integer(
  "port",
  5000,
  "The dispatcher's; its worker takes the next.",
  lower_bound=1,
  upper_bound=65534,
)
flags.DEFINE_string("host", "", "The name by which others reach this machine; its own by default.")


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
  app.run(main)
