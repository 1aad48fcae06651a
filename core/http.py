"""The one client for every outbound request: webhooks, websites, live map services.

Each hop resolves the name once, checks every answer (``core.addresses``) and connects to a checked one; a
kept connection is used again only if its address is among the answers just checked. Nothing is taken from
the environment, no proxy either. A request never outlives its time nor keeps more bytes than asked for.
"""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from threading import Lock
from time import monotonic

import certifi

from core.addresses import Address, ParsedTarget, check_answers, check_url
from core.config import Network
from core.dial import Resolver, connect, resolve, start_tls, system_resolver, tls_facts
from core.errors import ForbiddenAddress
from core.outbound import OutboundError, Response, Timing, Tls, Trace
from core.unpack import read
from core.wire import Wire

__all__ = ["Client", "OutboundError", "Response", "Timing", "Tls", "Trace", "system_resolver"]

IDLE_SECONDS = 4.0  # several common servers close after 5: better to be the first
MAX_IDLE = 128
_OURS = {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"}
_CREDENTIALS = {"authorization", "cookie"}
_SAFE_TO_REPEAT = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}
_MARKED_REPEATABLE = {"webhook-id", "idempotency-key"}
_DEFAULTS = {"accept": "*/*", "accept-encoding": "gzip, deflate"}


class Client:
    """Thread-safe; make one and keep it. ``allow`` holds the networks the operator opened.

    ``resolver`` maps a name to addresses as text, or raises OSError. ``tls`` replaces the trusted
    authorities, which are the system's and Mozilla's.
    """

    def __init__(
        self,
        allow: Sequence[Network] = (),
        user_agent: str = "MapTargeter",
        *,
        resolver: Resolver = system_resolver,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow = tuple(allow)
        self._user_agent = user_agent
        self._resolver = resolver
        self._tls = tls
        self._idle = _Idle()

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        *,
        max_bytes: int,
        timeout: float = 15.0,
        connect_timeout: float = 5.0,
        redirects: int = 0,
        plain_http: bool = False,
    ) -> Response:
        """Send one request and return the answer, whatever its status; raise OutboundError otherwise.

        ``timeout`` seconds of wall-clock time bound all of it; ``connect_timeout`` bounds lookup, connection
        and TLS of one hop. ``redirects`` (GET and HEAD only) follows that many, each checked like the first.
        ``plain_http`` is for websites: http on the usual ports too. The headers that frame the request are
        ours and left out of ``headers``.
        """
        if redirects and method not in ("GET", "HEAD"):
            raise ValueError(f"redirects are not followed for {method}")
        sent = _DEFAULTS | {"user-agent": self._user_agent} | {n.lower(): v for n, v in (headers or {}).items()}
        call = _Call(method, sent, content, monotonic(), timeout, connect_timeout, max_bytes, plain_http)
        try:
            return self._follow(call, url, redirects)
        except OutboundError as error:
            error.trace = call.trace()
            raise

    def resolve_and_check(self, url: str, *, plain_http: bool = False, timeout: float = 5.0) -> list[Address]:
        """Return the addresses behind a URL; raise ForbiddenAddress if it may not be reached.

        A name that does not resolve now raises OutboundError ``dns``: that may be different tomorrow.
        """
        target = check_url(url, self._allow, plain_http=plain_http)
        return self._addresses(target, monotonic() + timeout)

    def close(self) -> None:
        """Close the kept connections."""
        self._idle.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _follow(self, call: "_Call", url: str, redirects: int) -> Response:
        with _refusals():
            target = _target(url, self._allow, call.plain_http)
        for _ in range(redirects + 1):
            response = self._hop(call, target)
            next_url = response.location if redirects else None
            if next_url is None:
                return response
            with _refusals():
                following = check_url(next_url, self._allow, plain_http=call.plain_http)
            if following.origin != target.origin:
                call.drop_credentials()
            target = following
        raise OutboundError("redirects", f"more than {redirects} redirects", permanent=True)

    def _hop(self, call: "_Call", target: ParsedTarget) -> Response:
        call.begin_hop(target.url)
        ready_by = min(call.deadline, monotonic() + call.connect_timeout)
        with _refusals():
            addresses = self._addresses(target, ready_by)
        call.timing = Timing(resolve_ms=_since(call.hop_started))
        link = self._idle.take(target.origin, addresses)
        if link is None:
            return self._exchange(call, target, self._open(call, target, addresses, ready_by))
        try:
            return self._exchange(call, target, link)
        except OutboundError as error:
            if error.kind != "reset" or link.wire.answered or not call.repeatable:
                raise
        # the server closed the kept connection just as we used it: as if it had not been kept
        ready_by = min(call.deadline, monotonic() + call.connect_timeout)
        return self._exchange(call, target, self._open(call, target, addresses, ready_by))

    def _addresses(self, target: ParsedTarget, deadline: float) -> list[Address]:
        addresses = [target.literal] if target.literal else resolve(target.host, self._resolver, deadline)
        check_answers(target, addresses, self._allow)
        return addresses

    def _open(self, call: "_Call", target: ParsedTarget, addresses: Sequence[Address], deadline: float) -> "_Link":
        started = monotonic()
        sock, call.address = connect(addresses, target.port, deadline)
        call.timing = replace(call.timing, connect_ms=_since(started))
        if target.scheme == "https":
            started = monotonic()
            sock = start_tls(sock, self._tls or _trusting_context(), target.host, deadline)
            call.timing = replace(call.timing, tls_ms=_since(started))
        return _Link(target.origin, call.address, Wire(sock, IDLE_SECONDS), tls_facts(sock))

    def _exchange(self, call: "_Call", target: ParsedTarget, link: "_Link") -> Response:
        call.address, call.tls = link.address, link.tls
        try:
            link.wire.send(*call.request(target), call.deadline)
            call.status, raw = link.wire.receive(call.method, call.deadline)
            headers = _readable(raw)
            body, truncated = read(link.wire.body(), headers.get("content-encoding", ""), call.max_bytes)
        except ValueError as error:
            raise OutboundError("protocol", f"the request cannot be sent: {error}", permanent=True) from error
        finally:
            call.timing = replace(call.timing, first_byte_ms=link.wire.first_byte_ms)
            self._idle.put(link)
        return Response(call.status, headers, body, truncated, target.url, link.address, link.tls, call.trace().timing)


@dataclass(slots=True)
class _Call:
    """One ``send`` on its way: what to send, its limits, and how far it got."""

    method: str
    headers: dict[str, str]
    content: bytes
    started: float
    timeout: float
    connect_timeout: float
    max_bytes: int
    plain_http: bool
    url: str = ""
    hop_started: float = 0.0
    address: Address | None = None
    tls: Tls | None = None
    status: int | None = None
    timing: Timing = field(default_factory=Timing)

    @property
    def deadline(self) -> float:
        return self.started + self.timeout

    @property
    def repeatable(self) -> bool:
        """RFC 9110 §9.2.2: what is idempotent by method, or known to be so by an id the receiver checks."""
        return self.method in _SAFE_TO_REPEAT or not _MARKED_REPEATABLE.isdisjoint(self.headers)

    def begin_hop(self, url: str) -> None:
        self.url, self.hop_started = url, monotonic()
        self.address = self.tls = self.status = None
        self.timing = Timing()

    def drop_credentials(self) -> None:
        self.headers = {name: value for name, value in self.headers.items() if name not in _CREDENTIALS}

    def trace(self) -> Trace:
        timing = replace(self.timing, total_ms=_since(self.started))
        return Trace(self.url, self.address, self.tls, self.status, timing)

    def request(self, target: ParsedTarget) -> tuple[str, list[tuple[str, str]], bytes]:
        """Return the request line without its version, the headers, and the body."""
        sent = [("host", target.authority), *((n, v) for n, v in self.headers.items() if n not in _OURS)]
        if self.content or self.method not in ("GET", "HEAD"):
            sent.append(("content-length", str(len(self.content))))
        return f"{self.method} {target.target}", sent, self.content


@dataclass(eq=False, slots=True)
class _Link:
    """A connection, and the checked address it leads to."""

    origin: tuple[str, str, int]
    address: Address
    wire: Wire
    tls: Tls | None


class _Idle:
    """Connections kept for the next request, oldest first."""

    def __init__(self) -> None:
        self._links: list[_Link] = []
        self._lock = Lock()

    def take(self, origin: tuple[str, str, int], addresses: Sequence[Address]) -> _Link | None:
        """Return the newest usable connection to ``origin`` at one of the just checked ``addresses``."""
        with self._lock:
            fitting = [one for one in self._links if one.origin == origin and one.address in addresses]
            for link in reversed(fitting):
                self._links.remove(link)
                if not link.wire.has_expired():
                    return link
                link.wire.close()
        return None

    def put(self, link: _Link) -> None:
        """Keep a connection if its last exchange was complete; close it otherwise."""
        if not link.wire.reusable:
            link.wire.close()
            return
        with self._lock:
            self._links.append(link)
            while self._links and (len(self._links) > MAX_IDLE or self._links[0].wire.has_expired()):
                self._links.pop(0).wire.close()

    def close(self) -> None:
        with self._lock:
            links, self._links = self._links, []
        for link in links:
            link.wire.close()


@lru_cache(1024)
def _target(url: str, allow: tuple[Network, ...], plain_http: bool) -> ParsedTarget:
    """What a URL may be is read once; where its name leads is looked up and checked for every request."""
    return check_url(url, allow, plain_http=plain_http)


@contextmanager
def _refusals() -> Iterator[None]:
    """While sending, a forbidden address is one more way not to arrive."""
    try:
        yield
    except ForbiddenAddress as error:
        raise OutboundError("refused_address", error.message, permanent=True) from error


def _readable(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("utf-8", "replace")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


@cache
def _trusting_context() -> ssl.SSLContext:
    """The system's authorities and Mozilla's, since some systems come without any; reading them takes 0.1 s."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


def _since(moment: float) -> float:
    return round((monotonic() - moment) * 1000, 3)
