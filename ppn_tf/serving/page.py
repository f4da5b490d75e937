"""Browser demo of a server: the built page, and its network for the browser."""

import pathlib
from typing import Dict

import fastapi
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from ppn_tf.runtime import page_server

FOLDER = pathlib.Path(__file__).parents[1] / "web"


def add_page(app: fastapi.FastAPI, folder: pathlib.Path, models: Dict[str, pathlib.Path]) -> None:
  """Adds the page at / to an application; its other paths must have been added before.

  Args:
    app: application.
    folder: built page.
    models: .tflite files by the name that the page shows.
  """
  files, offers = page_server.list_offers(models)
  # A path is looked up, never opened, so that none leads out of the folder.
  files.update(
    (path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file()
  )

  @app.get("/models.json", include_in_schema=False)
  async def list_models() -> Response:
    return JSONResponse({"models": offers}, headers=page_server.HEADERS)

  @app.get("/{path:path}", include_in_schema=False)
  async def send_file(path: str) -> Response:
    file = files.get(path or "index.html")
    if file is None:
      raise HTTPException(404, "no such page.")
    kind = page_server.TYPES.get(file.suffix, page_server.TYPES[""])
    return FileResponse(file, media_type=kind, headers=page_server.HEADERS)
