"""One running installation with the sample city, shared by the stories; each makes its own account."""

import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.platform import SAMPLE, Platform
from tests.traffic import traffic

Captured = tuple[dict[str, str], bytes]


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    made = Platform(tmp_path_factory.mktemp("platform"), MAPTARGETER_CRAWLER_TIMEOUT_S="3")
    made.run("places", "import", str(SAMPLE))
    made.start()
    yield made
    assert made.stop() == 0


@pytest.fixture
def receiver() -> Iterator[tuple[str, "queue.Queue[Captured]"]]:
    """A customer's own server on loopback, and what it received."""
    received: queue.Queue[Captured] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            traffic().delivered(body)
            received.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class named it
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hooks", received
    server.shutdown()
    thread.join()
    server.server_close()
