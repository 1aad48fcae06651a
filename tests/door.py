"""A door before an installation: passes on what programs that are not ours send, and notes what is answered."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.platform import Client


class Door(ThreadingHTTPServer):
    """``statuses`` are those of the answers so far. The client's traffic is held against the contract."""

    def __init__(self, port: int, client: Client) -> None:
        super().__init__(("127.0.0.1", port), Passage)
        self.client = client
        self.statuses: list[int] = []
        self.url = f"http://127.0.0.1:{port}"


class Passage(BaseHTTPRequestHandler):
    server: Door

    def _pass_on(self) -> None:
        kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = self.server.client.base_url.copy_with(raw_path=self.path.encode())
        answer = self.server.client.send(httpx.Request(self.command, url, headers=kept, content=body or None))
        self.server.statuses.append(answer.status_code)
        self.send_response_only(answer.status_code)
        for name, value in answer.headers.multi_items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PATCH = do_DELETE = _pass_on  # noqa: N815 - the base class named them

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class named it
        pass


@contextmanager
def door(port: int, client: Client) -> Iterator[Door]:
    """Open a door at ``port`` until the block ends."""
    with Door(port, client) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()
