"""Asking websites politely: one request at a time and at most one a second of each host, by the host's own rules.

Everything goes through ``core.http``, which guards against addresses that must not be reached. What is shared by
threads here is the pace alone; the lease on a host (``models.enrichment_web``) keeps other processes away meanwhile.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from core import clock, config, http
from core.http import OutboundError, Response
from services import enrich_sites
from services.enrich_robots import AGENT, MAX_BYTES, Robots

GAP_S = 1.0
"""Between the end of one request and the start of the next of the same host: never more than one a second."""

MAX_PAGE = 1024 * 1024
CONNECT_S = 8.0
MAX_HOPS = 5
LONGEST_WAIT_S = 40.0
"""A host that wants us slower than this gets no second page in the same visit."""

_ACCEPT = {"accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1", "accept-language": "*"}
_FORGOTTEN = 20_000


class OutOfTimeError(Exception):
    """The next request would have to wait longer than the visit may last, or everything is being stopped."""


class Paces:
    """When each host may be asked next, in this process. Thread-safe; times are of ``time.monotonic``."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}
        self._lock = threading.Lock()

    def reserve(self, host: str, gap: float) -> float:
        """Take the host's next turn; return the moment it comes."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next.get(host, now))
            self._next[host] = turn + gap
            if len(self._next) > _FORGOTTEN:
                self._next = {name: moment for name, moment in self._next.items() if moment > now}
        return turn

    def finished(self, host: str, gap: float) -> None:
        """Let the gap begin only now: the host was busy with us until this moment."""
        with self._lock:
            self._next[host] = max(self._next.get(host, 0.0), time.monotonic() + gap)


paces = Paces()


@dataclass(slots=True)
class Host:
    """One host while it is being visited, under a lease: its rules, its pace, and what was asked of it.

    ``robots`` are by origin. ``stop`` ends waiting; ``sleep`` may be replaced where time is not to pass.
    """

    name: str
    client: http.Client
    robots: dict[str, Robots] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    sent: int = 0
    asked_to_wait_s: float = 0.0
    until: float = 0.0

    @classmethod
    def known(cls, name: str, records: Mapping[str, Any], client: http.Client, stop: threading.Event) -> "Host":
        """Return a host of which these robots.txt were kept."""
        now = clock.now()
        kept = {origin: Robots.from_record(record, now) for origin, record in records.items()}
        return cls(name, client, {origin: robots for origin, robots in kept.items() if robots}, stop)

    def records(self) -> dict[str, Any]:
        """Return what is to be kept of its robots.txt."""
        kept = {origin: robots.record() for origin, robots in list(self.robots.items())[-8:]}
        return {origin: record for origin, record in kept.items() if record}

    def gap_s(self) -> float:
        """Return the seconds between requests: one, or what any of its robots.txt asks for."""
        return max([GAP_S, *(robots.delay_s for robots in self.robots.values())])

    def rules_for(self, url: str) -> Robots:
        """Return the rules that hold for an address, asking for them at most once."""
        origin = enrich_sites.origin(url)
        if origin not in self.robots:
            self.robots[origin] = self._ask_for_rules(origin)
        return self.robots[origin]

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Response:
        """Ask for a page when its turn comes, not following redirects; raise OutboundError, OutOfTimeError."""
        return self._send(url, {**_ACCEPT, **(headers or {})}, MAX_PAGE)

    def _ask_for_rules(self, origin: str) -> Robots:
        """Redirects are followed, five of them, to other hosts, too (RFC 9309 §2.3.1.2)."""
        url = f"{origin}/robots.txt"
        try:
            for _ in range(MAX_HOPS + 1):
                answer = self._send(url, {"accept": "text/plain,*/*;q=0.1"}, MAX_BYTES)
                following = answer.location
                if following is None:
                    return Robots.answered(answer.status, answer.body)
                url = following
        except OutboundError as error:
            if error.kind == "too_large":
                return Robots("none")
            raise
        return Robots("none")  # more redirects than we have to follow: as if there were none

    def _send(self, url: str, headers: Mapping[str, str], max_bytes: int) -> Response:
        _require_reachable(url)
        host = enrich_sites.host_key(url)
        gap = self.gap_s() if host == self.name else GAP_S
        self._wait_for_turn(host, gap)
        self.sent += 1
        timeout = config.current().crawler_timeout_s
        try:
            answer = self.client.send(
                "GET", enrich_sites.bare(url), headers, max_bytes=max_bytes, timeout=timeout,
                connect_timeout=min(timeout, CONNECT_S), plain_http=True,
            )  # fmt: skip
        finally:
            paces.finished(host, gap)
        if answer.status in (429, 503):
            self.asked_to_wait_s = _seconds(answer.headers.get("retry-after"))
        return answer

    def _wait_for_turn(self, host: str, gap: float) -> None:
        turn = paces.reserve(host, gap)
        wait = turn - time.monotonic()
        if wait > LONGEST_WAIT_S or (self.until and turn > self.until):
            raise OutOfTimeError(f"{host} is not to be asked again for {wait:.0f} seconds")
        if self.stop.wait(max(0.0, wait)):
            raise OutOfTimeError("stopped")


def client() -> http.Client:
    """Return this process's client for websites; its name and contact stand in every request."""
    settings = config.current()
    return _client(settings.outbound_allow, user_agent(settings.crawler_contact), settings.crawler_local)


def user_agent(contact: str) -> str:
    return f"{AGENT}/1.0 (+{contact})"


@cache
def _client(allow: tuple[config.Network, ...], agent: str, local: bool) -> http.Client:
    return http.Client(allow, agent, resolver=_no_names if local else http.system_resolver)


def _no_names(_: str) -> list[str]:
    raise OSError("no names are looked up")


def _require_reachable(url: str) -> None:
    """Where only the operator's networks may be reached, refuse an address of another; names lead nowhere there."""
    settings = config.current()
    try:
        address = ip_address((urlsplit(url).hostname or "").strip("[]"))
    except ValueError:
        return
    if settings.crawler_local and not any(address in network for network in settings.outbound_allow):
        raise OutboundError("refused_address", "MAPTARGETER_CRAWLER=local allows no visit there", permanent=True)


def _seconds(retry_after: str | None) -> float:
    text = (retry_after or "").strip()
    return min(float(text), 3600.0) if text.isascii() and text.isdigit() and len(text) < 10 else 0.0
