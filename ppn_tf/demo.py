"""Serves the browser demo on this computer.

  python -m ppn_tf.demo

Prints the address to open in a browser. The network runs in the browser, so pictures do not leave
the computer. --model=FILE.tflite offers other networks than the one for people. docs/web_demo.md
describes the page.
"""

import pathlib
from typing import Dict, Sequence

from absl import flags

from ppn_tf.inference import people
from ppn_tf.runtime import app, command_flags, page_server
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError

FLAGS = flags.FLAGS
PAGE = pathlib.Path(__file__).parent / "web"


def define_flags() -> None:
  """Defines the flags of this command."""
  command_flags.define_integer("port", 8010, "Port on this computer; 0: any free one.", 0, 65535)
  flags.DEFINE_multi_string(
    "model", [], "A .tflite file to offer instead of the network for people. Repeat for more."
  )


def _list_given(paths: Sequence[str]) -> Dict[str, pathlib.Path]:
  """Returns files of --model by name."""
  models = {pathlib.Path(path).name: pathlib.Path(path) for path in paths}
  for path in models.values():
    if path.suffix != ".tflite" or not path.is_file():
      raise InputError(
        f"--model={path}: no such .tflite file. `{command('export tflite')}` writes one."
      )
  return models


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  page_server.check_page(PAGE)
  models = _list_given(FLAGS.model) or {people.NAME: people.FILE}
  server = page_server.make_server(PAGE, models, FLAGS.port)
  print(f"Open http://localhost:{server.server_port}/ in a browser. Ctrl-C ends.", flush=True)
  try:
    server.serve_forever()
  except KeyboardInterrupt:
    pass  # the usual end
  finally:
    server.server_close()


if __name__ == "__main__":
  define_flags()
  app.run(main)
