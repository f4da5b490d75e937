"""Serves the browser demo on this computer.

  python -m ppn_tf.demo

Prints the address to open in a browser. The network runs in the browser, so pictures do not leave
the computer. The network for people is exported once, in float32 and float16; --model=FILE.tflite
offers other files instead. docs/web_demo.md describes the page.
"""

import functools
import pathlib
import subprocess
import sys
import tempfile
from typing import Dict, Sequence

from absl import flags

from ppn_tf.runtime import app, cache, command_flags, layout, page_server
from ppn_tf.runtime.command_names import command
from ppn_tf.runtime.errors import InputError

FLAGS = flags.FLAGS
PAGE = pathlib.Path(__file__).parent / "web"
_WEIGHTS = pathlib.Path(__file__).parent / "inference" / "weights" / "people.npz"
_FORMS = {"float32": "none", "float16": "float16"}  # values of --quantize
_EXPORT = 1  # see cache.name_conversion


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


def _export_people() -> Dict[str, pathlib.Path]:
  """Returns the exported network for people by name; exports it once, into the user's cache."""
  models = {}
  for form, quantize in _FORMS.items():
    name = cache.name_conversion(f"demo-{form}", _EXPORT, _WEIGHTS)
    try:
      models[f"people, {form}"] = cache.get_or_make(name, functools.partial(_export, quantize))
    except OSError as error:
      raise InputError(f"the network for people cannot be kept: {error}. Give --model.") from error
  return models


def _export(quantize: str) -> bytes:
  """Returns the content of the exported network."""
  print(f"Exporting the network for people, once, in {cache.get_folder()}", file=sys.stderr)
  with tempfile.TemporaryDirectory() as folder:
    output = pathlib.Path(folder) / "people.tflite"
    arguments = ["--model=people", f"--quantize={quantize}", f"--output={output}"]
    program = [sys.executable, "-m", layout.find_module("export.tflite"), *arguments]
    done = subprocess.run(program, env=layout.child_environment(), capture_output=True, text=True)
    if done.returncode:
      raise InputError(f"{command('export tflite')} failed: {done.stderr.strip()[-300:]}")
    return output.read_bytes()


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  page_server.check_page(PAGE)
  models = _list_given(FLAGS.model) or _export_people()
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
