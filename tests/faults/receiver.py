"""A receiver of webhooks in its own process, which outlives those that are killed; it writes down what it hears."""

import hashlib
import os
import signal
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = b'<html lang="en"><title>Engel</title><p>Coffee. <a href="mailto:info@engel.fi">info@engel.fi</a></p></html>'
Heard = tuple[str, str, str, bool]
"""Path, webhook-id, sha256 of the body, whether it was accepted."""


class Ear:
    """Listens from the beginning. A path that ends in /moody refuses each event the first time."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        journal.touch()
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._child = os.fork()
        if self._child == 0:
            _listen(listener, journal)
        listener.close()

    def heard(self, run: int) -> list[Heard]:
        """Return what came to the paths of a run, in order."""
        lines = [line.split() for line in self._journal.read_text().splitlines() if line.startswith(f"/{run}/")]
        return [(f"/{path.split('/')[2]}", event, digest, said == "200") for path, event, digest, said in lines]

    def close(self) -> None:
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)


def _listen(listener: socket.socket, journal: Path) -> None:
    refused: set[tuple[str, str]] = set()
    file = os.open(journal, os.O_WRONLY | os.O_APPEND)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            event = (self.path, self.headers["webhook-id"])
            status = 503 if self.path.endswith("/moody") and event not in refused else 200
            refused.add(event)
            os.write(file, f"{' '.join(event)} {hashlib.sha256(body).hexdigest()} {status}\n".encode())
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            """Be the website of a business, too."""
            found = self.path == "/"
            self.send_response(200 if found else 404)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(PAGE) if found else 0))
            self.end_headers()
            self.wfile.write(PAGE if found else b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.serve_forever()
