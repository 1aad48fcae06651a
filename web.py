"""One web process: uvicorn with what it lacks for the open internet.

uvicorn answers in plain text what goes wrong before the application is asked, lets a client take for ever to send its
head, and accepts a head of any size. Here such answers have the shape of every other error, and both are bounded.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

import orjson
import uvicorn
from uvicorn.importer import import_from_string
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from core import ids

HEAD_BYTES = 64 * 1024
KEEP_ALIVE_SECONDS = 65  # longer than the usual 60 of a proxy in front, so that it is the proxy that closes
IN_FLIGHT = 512
GRACE_SECONDS = 25
BACKLOG = 2048
RETRY_AFTER = (b"retry-after", b"1")


def run(target: str, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve the ASGI application that the factory ``target`` (``module:function``) makes, until SIGTERM or SIGINT.

    Requests in flight then have GRACE_SECONDS to finish.
    """
    build(import_from_string(target)(), on_ready).run(sockets=[listener])


def build(application: Callable[..., Any], on_ready: Callable[[], None] = lambda: None) -> "Server":
    """Make the server of one application; ``run(sockets=[...])`` serves."""
    config = uvicorn.Config(
        Overload(application, IN_FLIGHT), interface="asgi3", loop="uvloop", http=Protocol, ws="none", log_config=None,
        log_level=logging.ERROR, access_log=False, server_header=False, proxy_headers=False, backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS, timeout_graceful_shutdown=GRACE_SECONDS,
    )  # fmt: skip
    return Server(config, on_ready)


class Server(uvicorn.Server):
    """Says when it accepts requests."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


class Overload:
    """Refuses the request that would be one too many at once in this process, rather than let all wait."""

    def __init__(self, application: Callable[..., Any], most: int) -> None:
        self._application, self._most, self._busy = application, most, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        if self._busy >= self._most:
            await _refuse(send)
            return
        self._busy += 1
        try:
            await self._application(scope, receive, send)
        finally:
            self._busy -= 1


class Protocol(HttpToolsProtocol):
    """Bounds the head of a request in size and time, and answers in JSON what never reaches the application."""

    head_seconds = 15.0

    _timer: asyncio.TimerHandle | None = None
    _in_head = False
    _head_bytes = 0
    _fed_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self._timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():  # what the parser keeps of an unfinished header
            self._fed_bytes += len(data)
            if self._fed_bytes > 2 * HEAD_BYTES:
                self._head_bytes = self._fed_bytes
                self.send_400_response("")

    def on_message_begin(self) -> None:
        self._in_head, self._head_bytes, self._fed_bytes = True, 0, 0
        if self._timer is None:
            self._timer = self.loop.call_later(self.head_seconds, self._too_slow)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, or too much of it."""
        if self._head_bytes > HEAD_BYTES:
            most = f"The request line and headers may have {HEAD_BYTES} bytes."
            self._end(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "payload_too_large", most)
        else:
            self._end(HTTPStatus.BAD_REQUEST, "invalid_request", msg)

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES:
            raise ValueError("head too large")  # makes the parser stop, and call send_400_response

    def _too_slow(self) -> None:
        self._timer = None
        if self._in_head:
            late = f"The request line and headers did not arrive within {self.head_seconds:g} seconds."
            self._end(HTTPStatus.REQUEST_TIMEOUT, "invalid_request", late)
        else:
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, status: HTTPStatus, code: str, message: str) -> None:
        """Send an error, unless another answer is on its way on this connection, and close."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            headers, body = _error(code, message)
            lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
            lines += [name + b": " + value for name, value in [*self.server_state.default_headers, *headers]]
            self.transport.write(b"\r\n".join([*lines, b"connection: close", b"", body]))
        self.transport.close()


async def _refuse(send: Callable[[dict[str, Any]], Any]) -> None:
    headers, body = _error("unavailable", "The server is too busy. Try again in a second.")
    await send({"type": "http.response.start", "status": 503, "headers": [*headers, RETRY_AFTER]})
    await send({"type": "http.response.body", "body": body})


def _error(code: str, message: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    request_id = ids.new("req")
    body = orjson.dumps({"error": {"code": code, "message": message, "request_id": request_id}})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", request_id.encode()),
    ]
    return headers, body
