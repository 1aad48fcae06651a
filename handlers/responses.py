"""What handlers return: status and headers in one place, so that no handler spells them out."""

from collections.abc import Iterable
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

import flask
from marshmallow import Schema

from handlers import ranges
from handlers.errors import RangeNotSatisfiable

POLL_AFTER_S = 2

Answer = tuple[Any, int, dict[str, str]] | flask.Response


class Page(Protocol):
    """Some rows of a list, and the cursor of the next page (None on the last)."""

    @property
    def rows(self) -> list[Any]: ...
    @property
    def next_cursor(self) -> str | None: ...


class File(Protocol):
    """A file to send: ``size`` in bytes, ``sha256`` in hex; ``read`` gives bytes from a place on."""

    @property
    def name(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    def read(self, start: int, length: int) -> Iterable[bytes]: ...


def ok(body: Any, replayed: bool = False) -> Answer:
    return body, 200, _replayed(replayed)


def versioned(body: Any, version: str) -> Answer:
    """200, with the version that ``If-Match`` may name."""
    return body, 200, {"ETag": f'"{version}"'}


def created(body: Any, location: str, replayed: bool = False) -> Answer:
    """201, with the path of what was made."""
    return body, 201, {"Location": location} | _replayed(replayed)


def accepted(body: Any, location: str | None, replayed: bool = False) -> Answer:
    """202: it will be done. ``location`` is the path to look at, in a moment; None if there is nothing to poll."""
    poll = {"Location": location, "Retry-After": str(POLL_AFTER_S)} if location else {}
    return body, 202, poll | _replayed(replayed)


def no_content() -> Answer:
    return None, 204, {}


def page(made: Page, schema: Schema | None = None, **more: Any) -> Answer:
    """A page of a list, its rows shown by ``schema`` if given, with a ``Link`` to the next page."""
    rows = schema.dump(made.rows, many=True) if schema else made.rows
    headers = {"Link": f'<{_next_url(made.next_cursor)}>; rel="next"'} if made.next_cursor else {}
    return {"data": rows, "next_cursor": made.next_cursor, **more}, 200, headers


def file(sent: File) -> Answer:
    """A file or the range of it that is asked for, sent as it is read; its ETag is its SHA-256."""
    headers = dict(flask.request.headers)
    if ranges.known(headers, sent.sha256):
        return _tagged(flask.Response(status=304), sent)
    try:
        span = ranges.span(headers, sent.size, sent.sha256)
    except ranges.Unsatisfiable:
        whole = {"Content-Range": f"bytes */{sent.size}"}
        raise RangeNotSatisfiable(f"The file has {sent.size:,} bytes.", headers=whole) from None
    start, length = (span.start, span.length) if span else (0, sent.size)
    answer = flask.Response(sent.read(start, length), 206 if span else 200, mimetype=sent.media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{sent.name}"'
    answer.headers["Content-Length"] = str(length)
    answer.headers["Accept-Ranges"] = "bytes"
    if span:
        answer.headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{sent.size}"
    return _tagged(answer, sent)


def _tagged(answer: flask.Response, sent: File) -> flask.Response:
    if answer.status_code == 304:
        del answer.headers["Content-Type"]
    answer.set_etag(sent.sha256)
    return answer


def idempotency_key() -> str | None:
    """Return the ``Idempotency-Key`` of the present request; bare or quoted is the same key."""
    sent = flask.request.headers.get("Idempotency-Key")
    return sent[1:-1] if sent and len(sent) > 2 and sent[0] == sent[-1] == '"' else sent


def _replayed(replayed: bool) -> dict[str, str]:
    return {"Idempotency-Replayed": "true"} if replayed else {}


def _next_url(cursor: str) -> str:
    query = [(name, value) for name, value in parse_qsl(flask.request.query_string.decode()) if name != "cursor"]
    return f"{flask.request.path}?{urlencode([*query, ('cursor', cursor)])}"
