"""Tests of the command ppn_tf.demo and its server."""

import json
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

from ppn_tf.runtime import page_server
from ppn_tf.runtime.errors import InputError
from tests.command_calls import obey_signals
from tests.commands import ROOT, run_command


@pytest.fixture
def page(tmp_path):
  folder = tmp_path / "page"
  (folder / "wasm").mkdir(parents=True)
  (folder / "index.html").write_text("<title>the page</title>")
  (folder / "page.js").write_text("1;")
  (folder / "wasm" / "run.wasm").write_bytes(b"\0asm")
  (folder / "app.webmanifest").write_text("{}")
  (tmp_path / "secret.txt").write_text("not for the browser")
  return folder


@pytest.fixture
def models(tmp_path):
  paths = {name: tmp_path / f"{name}.tflite" for name in ("large", "small")}
  for name, path in paths.items():
    path.write_bytes(b"\x1c\0\0\0TFL3" + name.encode())
  return paths


@pytest.fixture
def address(page, models):
  server = page_server.make_server(page, models, 0)
  thread = threading.Thread(target=server.serve_forever)
  thread.start()
  yield f"http://127.0.0.1:{server.server_port}/"
  server.shutdown()
  thread.join()
  server.server_close()


# urlopen would take the proxies of the environment.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(address, name="", **headers):
  request = urllib.request.Request(address + name, headers=headers)
  with OPENER.open(request, timeout=10) as response:
    return response.headers, response.read()


def get_error(address, name, **headers):
  with pytest.raises(urllib.error.HTTPError) as caught:
    get(address, name, **headers)
  return caught.value.code


@pytest.mark.parametrize(
  ("name", "kind"),
  [
    ("", "text/html; charset=utf-8"),
    ("page.js?test", "text/javascript"),
    ("wasm/run.wasm", "application/wasm"),
    ("app.webmanifest", "application/manifest+json"),
    ("models.json", "application/json"),
  ],
)
def test_files_have_types_and_isolate_the_page(address, name, kind):
  headers, content = get(address, name)
  assert content
  assert headers["Content-Type"] == kind
  assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
  assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
  assert headers["Cache-Control"] == "no-cache"


def test_models_are_listed_and_read(address, models):
  offers = json.loads(get(address, "models.json")[1])["models"]
  assert [offer["name"] for offer in offers] == ["large", "small"]
  for offer in offers:
    headers, content = get(address, offer["file"])
    assert content == models[offer["name"]].read_bytes()
    assert headers["Content-Type"] == "application/octet-stream"


def test_unchanged_files_are_not_sent_again(address):
  modified = get(address, "page.js")[0]["Last-Modified"]
  assert get_error(address, "page.js", **{"If-Modified-Since": modified}) == 304


@pytest.mark.parametrize("name", ["secret.txt", "../secret.txt", "%2e%2e/secret.txt", "wasm/"])
def test_other_files_and_folders_are_not_served(address, name):
  assert get_error(address, name) == 404


def test_only_this_computer_is_served(page):
  server = page_server.make_server(page, {}, 0)
  assert server.server_address[0] == "127.0.0.1"
  server.server_close()


def test_a_port_in_use_is_one_line(page):
  server = page_server.make_server(page, {}, 0)
  with pytest.raises(InputError, match=rf"--port={server.server_port}: Address already in use\. "):
    page_server.make_server(page, {}, server.server_port)
  server.server_close()


def test_a_page_that_is_not_built_is_one_line(tmp_path):
  with pytest.raises(InputError, match="is not built. Run `make web`"):
    page_server.check_page(tmp_path)


def run_with_page(page, *arguments):
  """Starts the command with another folder for the page."""
  code = (
    "import pathlib, sys, ppn_tf.demo as demo\n"
    "demo.PAGE = pathlib.Path(sys.argv.pop(1))\n"
    "demo.define_flags()\n"
    "demo.app.run(demo.main)"
  )
  return subprocess.Popen(
    [sys.executable, "-c", code, page, *map(str, arguments)],
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
    cwd=ROOT,
    preexec_fn=obey_signals,
  )


def test_command_prints_the_address_and_serves_given_models(page, models):
  with run_with_page(page, "--port=0", *(f"--model={path}" for path in models.values())) as process:
    try:
      line = process.stdout.readline()
      address = re.fullmatch(r"Open (http://localhost:\d+/) in a browser. Ctrl-C ends.\n", line)[1]
      offers = json.loads(get(address.replace("localhost", "127.0.0.1"), "models.json")[1])
      assert [offer["name"] for offer in offers["models"]] == ["large.tflite", "small.tflite"]
    finally:
      process.send_signal(signal.SIGINT)
      threading.Timer(30, process.kill).start()  # else a server that ignores it would never end
      _, errors = process.communicate()
  assert (process.returncode, errors) == (0, "")


def test_a_missing_model_is_one_line(page, tmp_path):
  with run_with_page(page, f"--model={tmp_path / 'none.tflite'}") as process:
    _, errors = process.communicate(timeout=60)
  assert process.returncode == 1
  assert re.fullmatch(r"error: --model=.*none\.tflite: no such \.tflite file\. .*\n", errors)


def test_help_describes_the_flags():
  done = run_command("ppn_tf.demo", "--help")
  assert "--port" in done.stdout + done.stderr and "--model" in done.stdout + done.stderr
