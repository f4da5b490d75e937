"""Tests of the command ppn_tf.serving: flags, errors, and packages that are missing."""

import re
import socket
import subprocess
import sys

import pytest

from ppn_tf.serving import __main__ as serve
from tests.command_calls import refusal
from tests.commands import ROOT


def run(*arguments, code=""):
  """Runs the command in a process of its own."""
  program = f"{code}\nimport runpy\nrunpy.run_module('ppn_tf.serving', run_name='__main__')"
  return subprocess.run(
    [sys.executable, "-c", program, *map(str, arguments)],
    cwd=ROOT,
    capture_output=True,
    text=True,
    timeout=120,
  )


def test_a_port_in_use_is_one_line():
  pytest.importorskip("fastapi")
  with socket.create_server(("127.0.0.1", 0)) as taken:
    port = taken.getsockname()[1]
    message = refusal(serve, f"--port={port}")
  assert re.fullmatch(rf"--host=127.0.0.1, --port={port}: Address already in use\. .*", message)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_addresses_of_others_are_refused(host):
  pytest.importorskip("fastapi")
  assert refusal(serve, "--port=0", f"--host={host}").startswith(f"--host={host}, --port=0: ")


def test_a_missing_model_is_one_line(tmp_path):
  pytest.importorskip("fastapi")
  message = refusal(serve, "--port=0", "--workers=2", f"--model={tmp_path / 'none.tflite'}")
  assert message.endswith("none.tflite: no such model. Give a .tflite file or a SavedModel folder.")


def test_a_missing_package_names_the_extra():
  hide = "import sys; sys.modules['uvicorn'] = None"
  done = run("--port=0", code=hide)
  assert done.returncode == 1
  assert done.stderr == (
    "error: serving requires uvicorn, which is not installed. Run pip install 'ppn-tf[serve]'.\n"
  )


def test_serving_imports_neither_tensorflow_nor_numpy_in_the_front():
  pytest.importorskip("fastapi")
  code = (
    "import sys, ppn_tf.serving, ppn_tf.serving.server\n"
    "print([name for name in ('tensorflow', 'numpy', 'cv2', 'av') if name in sys.modules])"
  )
  done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
  assert done.stdout == "[]\n", done.stderr


def test_workers_do_not_import_tensorflow():
  code = (
    "import sys\nfrom ppn_tf.serving.worker import Worker\n"
    "from ppn_tf.serving.worker_settings import WorkerSettings\n"
    "Worker(WorkerSettings('people', 1, 1))\nprint('tensorflow' in sys.modules)"
  )
  done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
  pytest.importorskip("ai_edge_litert")
  assert done.stdout == "False\n", done.stderr
