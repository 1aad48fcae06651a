"""Random hostile requests as bytes for a socket: good ones of every operation, spoilt in all ways that we know of.

The same seed gives the same attacks. Nothing in them leads a server anywhere but to this machine.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from tests.promises import Operation, Promises

OPERATIONS = Promises.read().operations
PAGES = (
    "/", "/healthz", "/readyz", "/metrics", "/dashboard/", "/v1/docs/", "/v1/docs/errors", "/v1/openapi.yaml", "/v1",
)  # fmt: skip
METHODS = (
    "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW", "get", "PRI", "M-SEARCH",
    "A" * 99,
)  # fmt: skip
NASTY = (
    "\x00", "\r\n", "\ufeff", "\u202e", "😀", "e\u0301", "\ud7ff", "\uffff", "''", "'; DROP TABLE lead; --", "${7*7}",
    "{{7*7}}", "../../etc/passwd", "%00", "%", "%zz", "null", "true", "NaN", "1e999", "-0", "0x10", "1_0", "٣", " 1",
    "9" * 400, "a" * 9000,
)  # fmt: skip
JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 0.1, 1e308, -1e308, 2**31, 2**63, 2**64, 10**400, "", [], {}, [[]], [None], {"": None}, *NASTY,
    list(range(2000)), {str(number): number for number in range(2000)},
)  # fmt: skip
NOT_JSON = (
    b"", b"{", b"}", b"nul", b"{'a': 1}", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}", b'"\\ud800"', b'{"a": "\xc0\xaf"}', b"[" * 50_000, b'{"a":' * 50_000, b"[" * 90 + b"]" * 90,
    b"{}{}", b"1" * 100_000, b'"' + b"\\" * 999, b'{"a": "\x00"}', b"\x1f\x8b\x08\x00", b"<a/>", b"a=1&b=2",
    b"\x00" * 100, b"-", b"1e", b'{"\\u0000": 1}',
)  # fmt: skip
URLS = (
    "", "x", "http://", "https://127.0.0.1:99999/", "https://[::1", "file:///etc/passwd", "http://0x7f000001:1/",
    "http://2130706433:1/", "http://[::ffff:127.0.0.1]:9/", "https://u:p@127.0.0.1/", "http://127.0.0.1:9/\r\nX: y",
    "http://127.0.0.1\\@127.0.0.2/", "http://①②⑦.0.0.1/",
)  # fmt: skip
TYPES = (
    "application/json", "text/plain", "", "application/json; charset=utf-7", "application/json;;;", "\xff",
    "application/JSON", "*/*",
)  # fmt: skip
HEADERS = (
    "Accept: text/html", "Accept: ;;q=x,,*/*;q=9", "Accept: " + "a/b," * 500, "Accept: \xe9",
    "Accept-Encoding: gzip;q=x", "Range: bytes=9-1", "Range: bytes=" + "0-," * 999, "If-None-Match: *",
    "If-None-Match: \"", "Expect: 100-continue", "Expect: x", "Upgrade: websocket", "Upgrade: h2c",
    "HTTP2-Settings: AAMAAABk", "Sec-WebSocket-Key: x", "Connection: upgrade", "Cookie: a=" + "b" * 4000,
    "Cookie: ;;=;\xff", "X-Forwarded-For: 1.1.1.1, ::1, x", "X-Forwarded-Proto: gopher",
    "X-Forwarded-Host: evil.invalid", "Forwarded: for=\"", "X-Request-Id: \x01", "X-HTTP-Method-Override: DELETE",
    "Host: b", "Host: \xff", "Host:", "Host: a:b:c", "Host: [::1", "Content-Length: 5", "Content-Length: -1",
    "Content-Length: 1_0", "Content-Length: 99999999999999999999", "Transfer-Encoding: gzip",
    "Transfer-Encoding: chunked, identity", "Transfer-Encoding: xchunked", "Transfer-Encoding : chunked",
    "Content-Encoding: br", "Content-Type: x", "Authorization: Basic x:y", "Authorization: Bearer",
    "Authorization: Bearer \xe9", "Authorization: Bearer mt_live_x", "X-API-Key: mt_live_x", "X-API-Key:",
    "X_API_KEY: x", "Idempotency-Key: \x7f", "Idempotency-Key: " + "k" * 300,
    "Idempotency-Key: a\r\nIdempotency-Key: b", "Date: x", "no colon", ": no name", " folded: x", "a\x00b: c",
    "a: \x00", "\xff: x", "X-Long: " + "x" * 70_000, "\r\n".join(["X: y"] * 1500),
)  # fmt: skip
RAW = (
    b"", b"\r\n\r\n", b"GET\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/0.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET http://127.0.0.2/v1/status HTTP/1.1\r\nHost: x\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"CONNECT 127.0.0.1:9 HTTP/1.1\r\nHost: x\r\n\r\n", b"\x00" * 5000, b"GET / HTTP/1.1\nHost: x\n\n",
    b"A" * 200_000, b"SSH-2.0-x\r\n",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attack:
    """``data`` to send. ``whole`` tells that it is sure to be answered; ``leave`` to hang up after sending."""

    data: bytes
    whole: bool = False
    leave: bool = False


@dataclass
class Request:
    """A request in the making. ``headers`` are lines."""

    method: str
    target: bytes
    headers: list[str]
    body: bytes | None
    chunked: bool = False
    last: bool = True

    def data(self) -> bytes:
        lines = [*self.headers, "Connection: close"] if self.last else self.headers
        body = self.body or b""
        if self.chunked:
            lines = [*lines, "Transfer-Encoding: chunked"]
            body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in _parts(body)) + b"0\r\n\r\n"
        elif self.body is not None:
            lines = [*lines, f"Content-Length: {len(body)}"]
        head = self.method.encode() + b" " + self.target + b" HTTP/1.1\r\n"
        return head + "".join(f"{line}\r\n" for line in lines).encode("latin-1", "replace") + b"\r\n" + body


class Attacker:
    """Makes one attack after the other."""

    def __init__(self, seed: str, key: str) -> None:
        self.random = random.Random(seed)
        self._key = key
        self._ways: tuple[Callable[[], Attack], ...] = (
            self._spoilt, self._spoilt, self._spoilt, self._spoilt, self._scrambled, self._abandoned, self._pipelined,
            self._no_http, self._oversized,
        )  # fmt: skip

    def attack(self) -> Attack:
        return self.random.choice(self._ways)()

    def _spoilt(self) -> Attack:
        """A request with one to three things wrong in it."""
        request = self._spoil(self._good())
        framing = ("Content-Length", "Transfer-Encoding", "Expect", "Upgrade", "Connection")
        unclear = any(line.startswith(framing) or line.endswith("\r\n") for line in request.headers)
        return Attack(request.data(), whole=not unclear and request.method != "CONNECT")

    def _scrambled(self) -> Attack:
        """A good request with some of its bytes changed, doubled or lost."""
        data = bytearray(self._good(with_url=False).data())
        for _ in range(self.random.randint(1, 10)):
            at = self.random.randrange(len(data))
            new = self.random.choice(
                (b"", bytes([self.random.randrange(256)]), data[at : at + 20] * 2, b"\r\n", b"\x00")
            )
            data[at : at + self.random.choice((0, 1, 1, 5))] = new
        return Attack(bytes(data or b"x"))

    def _abandoned(self) -> Attack:
        """The beginning of a request; then the client hangs up."""
        data = self._good().data()
        return Attack(data[: self.random.randrange(len(data))], leave=True)

    def _pipelined(self) -> Attack:
        """Several requests at once, one perhaps spoilt."""
        several = [self._good() for _ in range(self.random.randint(2, 12))]
        for one in several:
            one.method = "GET" if one.method == "HEAD" else one.method
            one.last = one is several[-1]
        if self.random.random() < 0.5:
            spoilt = self.random.choice(several)
            spoilt.body = self.random.choice(NOT_JSON)
        return Attack(b"".join(one.data() for one in several), whole=True)

    def _no_http(self) -> Attack:
        if self.random.random() < 0.5:
            return Attack(self.random.choice(RAW))
        return Attack(self.random.randbytes(self.random.randint(1, 3000)))

    def _oversized(self) -> Attack:
        """A body beyond the limit, announced or not."""
        request = self._good()
        request.body = b" " * self.random.choice((999_990, 1_000_001, 1_500_000))
        request.chunked = self.random.random() < 0.5
        return Attack(request.data(), whole=True)

    def _good(self, *, with_url: bool = True) -> Request:
        operation = self.random.choice(OPERATIONS)
        while operation.id == "create_webhook_endpoint" and not with_url:  # its URL, changed, might lead elsewhere
            operation = self.random.choice(OPERATIONS)
        body = orjson.dumps(self._body(operation)) if operation.body else None
        ids = {part.name: part.example for part in operation.parameters if part.where == "path"}
        headers = ["Host: x", f"X-API-Key: {self._key}", *(["Content-Type: application/json"] if body else [])]
        method = "HEAD" if operation.method == "GET" and self.random.random() < 0.1 else operation.method
        return Request(method, f"/v1{operation.template.format(**ids)}".encode(), headers, body)

    def _body(self, operation: Operation) -> Any:
        example = self.random.choice(operation.examples)
        return example | {"url": "http://127.0.0.1:9/"} if "url" in example else example

    def _spoil(self, request: Request) -> Request:
        ways = (
            self._wrong_body,
            self._wrong_query,
            self._wrong_path,
            self._wrong_method,
            self._wrong_header,
            self._wrong_key,
        )
        for way in self.random.choices(ways, k=self.random.randint(1, 3)):
            way(request)
        request.chunked = request.body is not None and self.random.random() < 0.2
        return request

    def _wrong_body(self, request: Request) -> None:
        if not request.body or self.random.random() < 0.3:
            request.body = self.random.choice(NOT_JSON)
            return
        if self.random.random() < 0.2:
            request.headers[-1] = f"Content-Type: {self.random.choice(TYPES)}"
        try:
            body = orjson.loads(request.body)
            request.body = _dumps(self._replaced(body))
        except orjson.JSONDecodeError:
            request.body = request.body[:-1]

    def _replaced(self, node: Any) -> Any:
        """Return a JSON value with one of its inner values replaced, taken away, or with one more."""
        if isinstance(node, dict) and node and self.random.random() < 0.85:
            name = self.random.choice(sorted(node))
            if name == "url":
                return node | {name: self.random.choice(URLS)}
            changed = {name: self._replaced(node[name])}
            more: tuple[dict[str, Any], ...] = ({}, {}, {self.random.choice(NASTY): self.random.choice(JUNK)})
            return node | changed | self.random.choice(more)
        if isinstance(node, list) and node and self.random.random() < 0.6:
            at = self.random.randrange(len(node))
            return [*node[:at], self._replaced(node[at]), *node[at + 1 :]]
        return self.random.choice(JUNK)

    def _wrong_query(self, request: Request) -> None:
        names = ["limit", "cursor", "filter", "sort", "near", "bbox", "query", "fields", "category", "x", *NASTY]
        pairs = [
            f"{self._text(self.random.choice(names))}={self._text(self._value())}"
            for _ in range(self.random.randint(1, 6))
        ]
        request.target += b"?" + self.random.choice(("&", "&&", ";")).join(pairs).encode()

    def _value(self) -> str:
        value = self.random.choice(
            (*JUNK, *({"name": {"eq": one}} for one in NASTY), {"or": [{}]}, {"not": {"not": {}}})
        )
        return value if isinstance(value, str) else _dumps(value).decode()[:5000]

    def _text(self, text: str) -> str:
        return quote(text, safe="") if self.random.random() < 0.9 else quote(text, safe="%;/?:@&=+$,#[]{}\"'")

    def _wrong_path(self, request: Request) -> None:
        path = request.target if self.random.random() < 0.8 else self.random.choice(PAGES).encode()
        more = quote(self.random.choice(NASTY)[:300], safe="%/.").encode()
        tricks = (
            path + b"/",
            b"/" + path,
            path + b"%0A",
            path + more,
            path.replace(b"/", b"//"),
            path + b"/../..",
            b"/v1/%2e%2e/v1",
        )
        request.target = self.random.choice(
            (*tricks, path.upper(), path[:-1], path + b"#x", b"/v1/docs/../docs", b"*", path + b"\xff")
        )

    def _wrong_method(self, request: Request) -> None:
        request.method = self.random.choice(METHODS)

    def _wrong_header(self, request: Request) -> None:
        request.headers.insert(self.random.randrange(len(request.headers) + 1), self.random.choice(HEADERS))

    def _wrong_key(self, request: Request) -> None:
        request.headers = [line for line in request.headers if not line.startswith("X-API-Key")]
        if self.random.random() < 0.7:
            request.headers.append(
                f"{self.random.choice(('X-API-Key: ', 'Authorization: Bearer '))}{self.random.choice(NASTY)[:200]}"
            )


def _dumps(value: Any) -> bytes:
    """Write JSON, also numbers and texts that orjson refuses."""
    return json.dumps(value).encode()


def _parts(body: bytes) -> list[bytes]:
    size = max(1, len(body) // 7)
    return [body[at : at + size] for at in range(0, len(body), size)]
