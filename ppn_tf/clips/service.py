"""Batches from tf.data services: other processes or machines decode, crop and augment."""

import re
import socket
from typing import Sequence

from ppn_tf.runtime.errors import InputError

import tensorflow as tf


def check_service(address: str) -> None:
  """Raises InputError unless the address reads grpc://HOST:PORT and something answers there."""
  match = re.fullmatch(r"grpc://(.+):(\d+)", address)
  if not match:
    raise InputError(
      f"--data_service={address}: expected grpc://HOST:PORT, or several with commas."
    )
  try:
    socket.create_connection((match[1], int(match[2])), timeout=10).close()
  except (OSError, OverflowError) as error:
    raise InputError(
      f"--data_service={address}: nothing answers there ({error}). Start "
      f"`python -m ppn_tf.training.data_service --port={match[2]}` on {match[1]} first."
    ) from error


def served(datasets: Sequence[tf.data.Dataset], addresses: Sequence[str]) -> tf.data.Dataset:
  """Interleaves endless datasets, each computed by a separate service.

  Args:
    datasets: one for each address; the services read the same files under the same names.
    addresses: addresses of dispatchers with one worker each. Several workers of a dispatcher
      would each compute all elements, which would then come twice.
  Raises:
    InputError: see `check_service`.
  """
  streams = []
  for address, dataset in zip(addresses, datasets):
    check_service(address)
    off = tf.data.experimental.service.ShardingPolicy.OFF
    service = tf.data.experimental.service.distribute(processing_mode=off, service=address)
    streams.append(dataset.apply(service).prefetch(tf.data.AUTOTUNE))
  if len(streams) == 1:
    return streams[0]
  return tf.data.Dataset.choose_from_datasets(streams, tf.data.Dataset.range(len(streams)).repeat())
