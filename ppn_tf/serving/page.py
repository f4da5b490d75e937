"""Browser demo of a server: the built page, and its network for the browser."""

import pathlib
from typing import Awaitable, Callable, Dict

import fastapi
from fastapi.responses import FileResponse, JSONResponse, Response

from ppn_tf.runtime import page_server

FOLDER = pathlib.Path(__file__).parents[1] / "web"


def add_page(app: fastapi.FastAPI, folder: pathlib.Path, models: Dict[str, pathlib.Path]) -> None:
  """Adds the page at / to an application.

  Args:
    app: application.
    folder: built page.
    models: .tflite files by the name that the page shows.
  """
  files, offers = page_server.list_offers(models)
  files.update(
    (path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file()
  )
  files[""] = folder / "index.html"

  @app.get("/models.json", include_in_schema=False)
  async def list_models() -> Response:
    return JSONResponse({"models": offers}, headers=page_server.HEADERS)

  # Each file has its own route: no path leads out of the folder, or hides those of other methods.
  for name, file in files.items():
    app.add_api_route(f"/{name}", _make_sender(file), include_in_schema=False)


def _make_sender(file: pathlib.Path) -> Callable[[], Awaitable[Response]]:
  kind = page_server.TYPES.get(file.suffix, page_server.TYPES[""])

  async def send() -> Response:
    return FileResponse(file, media_type=kind, headers=page_server.HEADERS)

  return send
