"""Serves poses to cameras, for stills and for short videos.

  python -m ppn_tf.serving --model=people

Cameras send frames to the WebSocket /v1/stream; /v1/pose takes stills, /v1/video short videos. The
page /docs lists all requests, and docs/serving.md describes them. Ctrl-C or SIGTERM stops the
server after the frames that wait have been answered.
"""

import asyncio
import dataclasses
import pathlib
from typing import Dict, Sequence

from absl import flags

from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.cores import count_cores
from ppn_tf.runtime.errors import InputError
from ppn_tf.serving.limits import Limits

FLAGS = flags.FLAGS
_EXTRA = (
  "fastapi",
  "fastapi_offline",
  "multipart",
  "prometheus_client",
  "python_multipart",
  "uvicorn",
  "websockets",
)


def define_flags() -> None:
  """Defines the flags of this command."""
  flags.DEFINE_string(
    "model", "people", "people, a .tflite file, a SavedModel folder or the workdir of a run."
  )
  flags.DEFINE_string("host", "127.0.0.1", "Address to listen at; 0.0.0.0: all of this machine.")
  command_flags.define_integer("port", 8000, "Port to listen at; 0: any free one.", 0, 65535)
  command_flags.define_integer(
    "workers", 0, "Processes that track, each with one thread; 0: one for each core.", 0, 1024
  )
  flags.DEFINE_bool("pin", True, "Pin each process to a core of its own, where that is possible.")
  flags.DEFINE_string(
    "api_keys", None, "Text file with one API key per line; without it everybody may send frames."
  )
  with command_flags.group("Limits"):
    for field in dataclasses.fields(Limits):
      command_flags.define_field(field)


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  try:
    # Worker processes import this module, but not what only the server needs.
    from ppn_tf.serving import access, page, server
    from ppn_tf.serving.pool import WorkerPool
    from ppn_tf.serving.worker_settings import WorkerSettings
  except ModuleNotFoundError as error:
    if error.name not in _EXTRA:
      raise
    raise InputError(
      f"serving requires {error.name}, which is not installed. Run pip install 'ppn-tf[serve]'."
    ) from error
  names = [field.name for field in dataclasses.fields(Limits)]
  limits = Limits.from_flags(command_flags.values(names))
  keys = access.read_keys(pathlib.Path(FLAGS.api_keys)) if FLAGS.api_keys else frozenset()
  count = FLAGS.workers or count_cores()
  settings = WorkerSettings(FLAGS.model, limits.pixels, limits.max_video_frames)
  with server.listen(FLAGS.host, FLAGS.port) as bound:

    def announce() -> None:
      address, port = bound.getsockname()[:2]
      print(
        f"Serving {FLAGS.model} at http://{address}:{port}/ with {count} worker processes. "
        "Ctrl-C stops.",
        flush=True,
      )

    async def run() -> None:
      # Up to Python 3.9, locks belong to the event loop in which they are created.
      pool = WorkerPool(count, settings, FLAGS.pin)
      await server.serve(bound, pool, limits, keys, list_models(page.FOLDER), announce)

    asyncio.run(run())


def list_models(folder: pathlib.Path) -> Dict[str, pathlib.Path]:
  """Returns the network by name if the browser demo is built and can run it."""
  if not (folder / "index.html").is_file():
    return {}
  from ppn_tf.inference import people  # imports NumPy, which nothing else here needs

  path = people.FILE if FLAGS.model == people.NAME else pathlib.Path(FLAGS.model)
  return {path.stem: path} if path.suffix == ".tflite" and path.is_file() else {}


if __name__ == "__main__":
  define_flags()
  app.run(main)
