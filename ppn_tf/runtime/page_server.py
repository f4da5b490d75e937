"""Server of the browser demo, on this computer only."""

import functools
import hashlib
import http.server
import json
import pathlib
from typing import Any, Dict, List, Mapping, Tuple

from ppn_tf.runtime.errors import InputError

_ADDRESS = "127.0.0.1"
# Threads of WebAssembly require both of the first two.
HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cache-Control": "no-cache",
  "X-Content-Type-Options": "nosniff",
}
# Not those of the computer's settings, which may be wrong.
TYPES = {
  "": "application/octet-stream",
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
}


def check_page(folder: pathlib.Path) -> None:
  """Checks that a folder has the built page.

  Raises:
    InputError: it has not.
  """
  if not (folder / "index.html").is_file():
    raise InputError(
      f"{folder}: the browser demo is not built. Run `make web` in the repository, which requires "
      "Node.js 20 or later."
    )


def make_server(
  page: pathlib.Path, models: Mapping[str, pathlib.Path], port: int
) -> http.server.ThreadingHTTPServer:
  """Returns a server of a built page and of models, which listens already.

  Args:
    page: folder of the page.
    models: .tflite files by the name that the page shows.
    port: 0 for any free one.
  Raises:
    InputError: the port is in use.
  """
  files, offers = list_offers(models)
  handler = functools.partial(_Handler, directory=str(page), files=files, offers=offers)
  try:
    return http.server.ThreadingHTTPServer((_ADDRESS, port), handler)
  except OSError as error:
    raise InputError(
      f"--port={port}: {error.strerror}. Give another port, or 0 for any free one."
    ) from error


def list_offers(
  models: Mapping[str, pathlib.Path],
) -> Tuple[Dict[str, pathlib.Path], List[Dict[str, str]]]:
  """Returns models by the path at which a page finds them, and the list of models.json.

  Paths have a digest: browsers never take a file of another model for this one.

  Args:
    models: .tflite files by the name that the page shows.
  """
  paths = {
    name: f"models/{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}.tflite"
    for name, path in models.items()
  }
  files = {paths[name]: path for name, path in models.items()}
  return files, [{"name": name, "file": path} for name, path in paths.items()]


class _Handler(http.server.SimpleHTTPRequestHandler):
  """Answers with files of the page, models.json, and the models."""

  extensions_map = TYPES

  def __init__(self, *args: Any, files: Dict[str, pathlib.Path], offers: Any, **kwargs: Any):
    self._files = files
    self._offers = json.dumps({"models": offers}).encode()
    super().__init__(*args, **kwargs)

  def do_GET(self) -> None:  # noqa: N802
    if self._get_name() != "models.json":
      super().do_GET()
      return
    self.send_response(200)
    self.send_header("Content-Type", TYPES[".json"])
    self.send_header("Content-Length", str(len(self._offers)))
    self.end_headers()
    self.wfile.write(self._offers)

  def translate_path(self, path: str) -> str:
    file = self._files.get(self._get_name())
    return str(file) if file else super().translate_path(path)

  def list_directory(self, path: Any) -> None:
    self.send_error(404)

  def end_headers(self) -> None:
    for name, value in HEADERS.items():
      self.send_header(name, value)
    super().end_headers()

  def log_message(self, *args: Any) -> None:
    """Stays silent."""

  def _get_name(self) -> str:
    return self.path.partition("?")[0].lstrip("/")
