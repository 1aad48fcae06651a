"""The outermost part: names the request, bounds its body, and signs every answer, whoever gave it.

It stands before connexion's exception handling, so errors pass through it on their way out like anything else.
"""

import re
import time
from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import clock, ids, meters
from core.config import Network
from core.errors import InvalidInput, MapTargeterError, Violation
from handlers import exchange
from handlers.errors import PayloadTooLarge
from handlers.exchange import Exchange
from handlers.proxies import client_of
from services import request_log
from services.request_log import LoggedRequest

MAX_BODY = 1_000_000
_LENGTH = re.compile(r"[0-9]{1,18}", re.ASCII)
_TOO_LARGE = f"The body is over {MAX_BODY:,} bytes."


class Edge:
    """Adds ``X-Request-Id`` and the headers that every answer needs; answers HEAD as GET without its body.

    Starlette and werkzeug each have their own idea of HEAD; behind this there is only GET, so a HEAD is checked
    and counted exactly like the GET it stands for.
    """

    def __init__(self, app: ASGIApp, proxies: Sequence[Network] = ()) -> None:
        self.app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["type"] != "http":
            await self.app(scope, receive, send)
        else:
            began = time.monotonic()
            about = Exchange(ids.new("req"), client_of(scope, self._proxies), head=scope["method"] == "HEAD")
            inner = {**scope, exchange.KEY: about, "method": "GET" if about.head else scope["method"]}
            try:
                await self.app(inner, receive, _signed(send, about))
            finally:
                operation = about.operation.id if about.operation else "none"
                meters.count("http_requests", operation=operation, status=str(about.status or "none"))
                meters.observe("http_request_seconds", time.monotonic() - began, operation=operation)
                _note(scope, about, time.monotonic() - began)


def _note(scope: Scope, about: Exchange, seconds: float) -> None:
    """Put a request with a valid key into the log of its account."""
    if about.account_id is None or about.operation is None or about.status is None:
        return
    query = scope["query_string"].decode("latin-1")
    target = f"{scope['path']}?{query}" if query else scope["path"]
    request_log.note(
        LoggedRequest(
            id=about.request_id, account_id=about.account_id, key_id=about.key_id or "", at=clock.now_stamp(),
            method=scope["method"], path=about.operation.path, target=request_log.masked(target), status=about.status,
            error_code=about.error_code, duration_ms=round(seconds * 1000), address=about.address,
            error_message=about.error_message and request_log.masked(about.error_message),
        )
    )  # fmt: skip


def _signed(send: Send, about: Exchange) -> Send:
    async def signed(message: Message) -> None:
        if message["type"] == "http.response.start":
            about.status = message["status"]
            message["headers"] = _complete(message.get("headers", ()), about)
        elif about.head:
            message = {"type": "http.response.body", "body": b"", "more_body": message.get("more_body", False)}
        await send(message)

    return signed


def _complete(headers: list[tuple[bytes, bytes]], about: Exchange) -> list[tuple[bytes, bytes]]:
    made = [*headers, *about.headers, *(about.operation.notices if about.operation else ())]
    made.append((b"x-request-id", about.request_id.encode()))
    made.append((b"x-content-type-options", b"nosniff"))
    if not any(name.lower() == b"cache-control" for name, _ in headers):
        made.append((b"cache-control", b"no-store"))
    return made


async def read_body(scope: Scope, receive: Receive) -> bytes | MapTargeterError:
    """Return the whole body, or what is wrong with it; never keeps more than MAX_BODY bytes."""
    lengths = exchange.header_values(scope, b"content-length")
    if any(not _LENGTH.fullmatch(length) for length in lengths) or len(set(lengths)) > 1:
        problem = Violation("header", "Content-Length", "wrong_format", "must be a number of bytes")
        return InvalidInput("The request has 1 problem.", [problem])
    if lengths and int(lengths[0]) > MAX_BODY:
        return PayloadTooLarge(_TOO_LARGE)
    chunks, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        more = message.get("more_body", False)
        if size > MAX_BODY:
            return PayloadTooLarge(_TOO_LARGE)
    return b"".join(chunks)
