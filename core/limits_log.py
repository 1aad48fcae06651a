"""The rule of every limit, and the store that keeps it within one process.

A hit with its cost is kept until its window has passed; a further one is admitted while the costs kept stay within the
limit (a sliding window log: exact, unlike counters per interval). Hits of one key carry the running total of costs, so
the hit that must leave before ``cost`` fits is the one at ``total + cost - limit``: found by halving, not by adding up.
Times are whole microseconds: a client that waits the announced time must not fail by a rounding.
"""

import threading
from bisect import bisect_left
from collections import deque
from operator import itemgetter
from typing import NamedTuple, Protocol

from core import clock

SECOND = 1_000_000
_SWEEP_EVERY = 30 * SECOND


class Reading(NamedTuple):
    """What a store knows after a hit: ``used`` of the limit, microseconds until the oldest hit leaves
    (0 if there is none), and microseconds until the refused cost fits (0 if it was admitted)."""

    allowed: bool
    used: int
    reset: int
    wait: int


class Store(Protocol):
    """Where hits are kept."""

    @property
    def failures(self) -> tuple[type[Exception], ...]:
        """What ``take`` raises when the store does not answer."""

    def take(self, key: str, limit: int, window: int, cost: int, *, record: bool = True) -> Reading:
        """Admit ``cost`` (at most ``limit``) within ``window`` seconds or refuse it; ``record`` an admitted one.

        Of all processes that use the store, one at a time.
        """


def micros() -> int:
    """Return the current time in microseconds since 1970."""
    return round(clock.now().timestamp() * SECOND)


class _Log:
    """The hits of one key, oldest first, each as (when it leaves, running total)."""

    __slots__ = ("gone", "hits")

    def __init__(self) -> None:
        self.hits: deque[tuple[int, int]] = deque()
        self.gone = 0

    @property
    def total(self) -> int:
        return self.hits[-1][1] if self.hits else self.gone

    def settle(self, now: int, window: int) -> None:
        """Drop what has left the window. If the clock was set back, hits of the future count as of now."""
        if self.hits and self.hits[-1][0] > now + window:
            self.hits = deque((min(until, now + window), total) for until, total in self.hits)
        while self.hits and self.hits[0][0] <= now:
            self.gone = self.hits.popleft()[1]

    def take(self, now: int, limit: int, window: int, cost: int, record: bool) -> Reading:
        self.settle(now, window)
        excess = self.total - self.gone + cost - limit
        if excess <= 0 and record and cost:
            self.hits.append((now + window, self.total + cost))
        reset = self.hits[0][0] - now if self.hits else 0
        wait = self._leaving(excess) - now if excess > 0 else 0
        return Reading(excess <= 0, self.total - self.gone, reset, wait)

    def _leaving(self, excess: int) -> int:
        """Return when the oldest ``excess`` of the costs kept will have left."""
        return self.hits[bisect_left(self.hits, self.gone + excess, key=itemgetter(1))][0]


class MemoryStore:
    """Limits of one process, by the clock that tests can set."""

    failures: tuple[type[Exception], ...] = ()

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logs: dict[str, _Log] = {}
        self._next_sweep = 0

    def take(self, key: str, limit: int, window: int, cost: int, *, record: bool = True) -> Reading:
        with self._lock:
            now = micros()
            self._sweep(now)
            log = self._logs.get(key) or self._logs.setdefault(key, _Log())
            return log.take(now, limit, window * SECOND, cost, record)

    def _sweep(self, now: int) -> None:
        """Forget keys that nobody uses any more."""
        if now >= self._next_sweep or now < self._next_sweep - _SWEEP_EVERY:
            self._logs = {key: log for key, log in self._logs.items() if log.hits and log.hits[-1][0] > now}
            self._next_sweep = now + _SWEEP_EVERY
