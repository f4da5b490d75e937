"""Tests of the browser demo at the address of a server."""

import http.client
import json
import threading

import fastapi
import pytest
import uvicorn

from ppn_tf.serving.page import add_page
from ppn_tf.serving.server import listen
from tests.serving import served


@pytest.fixture(name="get")
def fixture_get(tmp_path):
  """Returns a function that gets a path: status, headers and content."""
  folder = tmp_path / "web"
  (folder / "wasm").mkdir(parents=True)
  (folder / "index.html").write_text("<title>the page</title>")
  (folder / "page.js").write_text("1;")
  (tmp_path / "secret.txt").write_text("not for the browser")
  (tmp_path / "small.tflite").write_bytes(b"model")
  app = fastapi.FastAPI()
  app.post("/v1/pose")(lambda: None)
  add_page(app, folder, {"small": tmp_path / "small.tflite"})
  server = uvicorn.Server(uvicorn.Config(app, log_config=None))
  with listen("127.0.0.1", 0) as bound:
    thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
    thread.start()
    served.wait_until(lambda: server.started)

    def get(path):
      connection = http.client.HTTPConnection(*bound.getsockname(), timeout=served.PATIENCE)
      connection.request("GET", path, headers={"Connection": "close"})
      response = connection.getresponse()
      return response.status, response.headers, response.read()

    yield get
    server.should_exit = True
    thread.join(served.PATIENCE)


def test_files_of_the_page_are_sent_with_their_types(get):
  for path, kind in (("/", "text/html; charset=utf-8"), ("/page.js", "text/javascript")):
    status, headers, content = get(path)
    assert status == 200 and content
    assert headers["content-type"].startswith(kind)
    assert headers["cross-origin-opener-policy"] == "same-origin"


def test_the_network_is_listed_and_sent(get):
  status, _, content = get("/models.json")
  (offer,) = json.loads(content)["models"]
  assert status == 200 and offer["name"] == "small"
  assert get(f"/{offer['file']}")[2] == b"model"


@pytest.mark.parametrize("path", ["/../secret.txt", "/wasm", "/none.js", "//etc/passwd", "/x%00y"])
def test_other_files_are_not_sent(get, path):
  assert get(path)[0] == 404


def test_the_page_does_not_hide_the_methods_of_other_paths(get):
  assert get("/v1/pose")[0] == 405
