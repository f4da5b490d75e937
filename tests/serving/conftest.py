"""Server that the tests of streams and requests share."""

import importlib.util
from typing import Iterator

import pytest

from tests.serving import served


@pytest.fixture(scope="package", name="server")
def fixture_server() -> Iterator[served.Served]:
  """Starts a server with two workers; its log must stay without tracebacks."""
  with served.serve("--workers=2") as running:
    yield running
    assert served.end(running) == 0
    assert "Traceback" not in running.log


def pytest_ignore_collect(collection_path: object) -> bool:
  """Skips these tests where the packages of ppn-tf[serve] are missing."""
  return not all(map(importlib.util.find_spec, ("fastapi", "uvicorn", "websockets")))
