"""How fast somebody may go: exact limits that all processes share, and what to tell the client about them.

A limit is a sliding window: in no stretch of ``window_s`` seconds is more admitted than ``limit``, by all processes
together; a client that waits exactly ``retry_after_s`` is admitted if it alone uses its key. What was refused is not
counted. When the store does not answer, each process goes on with a budget of its own.
"""

import logging
import threading
import time
from dataclasses import dataclass
from math import inf
from urllib.parse import urlsplit

from core import limits_redis, limits_sqlite
from core.limits_log import SECOND, MemoryStore, Reading, Store
from core.limits_redis import RedisStore
from core.limits_sqlite import SqliteStore

log = logging.getLogger(__name__)

PROBE_S = 2.0


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one hit.

    ``remaining`` of ``limit`` after it; ``reset_s`` whole seconds until some of what was used comes back (0 if nothing
    was used); ``retry_after_s`` whole seconds to wait, at least 1 if refused and 0 if admitted.
    """

    allowed: bool
    limit: int
    remaining: int
    reset_s: int
    retry_after_s: int
    window_s: int = 60


class Limiter:
    """Counts hits in a store. Threads may share it, and processes may fork with it."""

    def __init__(self, store: Store, probe_s: float = PROBE_S) -> None:
        """After a failure the store is left alone for ``probe_s`` seconds before the next hit tries it again."""
        self.store = store
        self._local = MemoryStore()
        self._probe_s = probe_s
        self._rest_until = -inf
        self._state = threading.Lock()
        self._healthy = True

    @classmethod
    def from_url(cls, url: str) -> "Limiter":
        """Count in ``memory://`` (one process), ``sqlite:///path`` (one machine), or ``redis://`` or ``valkey://``.

        Nothing is opened or connected yet. Raises ValueError for another scheme.
        """
        scheme = urlsplit(url).scheme
        if scheme == "memory":
            return cls(MemoryStore())
        if scheme in limits_sqlite.SCHEMES:
            return cls(SqliteStore(url))
        if scheme in limits_redis.SCHEMES:
            return cls(RedisStore(url))
        raise ValueError(f"MAPTARGETER_LIMITS_URL: use memory://, sqlite:///... or redis://..., not {scheme!r}")

    @property
    def healthy(self) -> bool:
        """False from a failure of the store until it answers again; only ``hit`` and ``peek`` find out."""
        return self._healthy

    def hit(self, key: str, limit: int, window_s: int = 60, cost: int = 1) -> Decision:
        """Count ``cost`` against ``limit`` per ``window_s`` seconds of ``key``, or refuse it and count nothing.

        A cost above the limit counts as the whole limit, so that it can pass; a cost of 0 always passes.
        Never fails for the store. Raises ValueError unless limit and window are at least 1 and cost at least 0.
        """
        return self._decide(key, limit, window_s, cost, record=True)

    def peek(self, key: str, limit: int, window_s: int = 60, cost: int = 1) -> Decision:
        """Return what ``hit`` would decide, with what remains now, and count nothing."""
        return self._decide(key, limit, window_s, cost, record=False)

    def _decide(self, key: str, limit: int, window_s: int, cost: int, record: bool) -> Decision:
        if limit < 1 or window_s < 1 or cost < 0:
            raise ValueError(f"not a limit: {limit} per {window_s} s, cost {cost}")
        reading = self._read(f"{key}/{window_s}", limit, window_s, min(cost, limit), record)
        allowed = reading.allowed or cost == 0
        wait_s = 0 if allowed else _seconds(reading.wait)
        return Decision(allowed, limit, max(0, limit - reading.used), _seconds(reading.reset), wait_s, window_s)

    def _read(self, key: str, limit: int, window: int, cost: int, record: bool) -> Reading:
        now = time.monotonic()
        if now < self._rest_until:
            return self._local.take(key, limit, window, cost, record=record)
        if not self._healthy:
            self._rest_until = now + self._probe_s  # one hit finds out, the others need not wait for it
        try:
            reading = self.store.take(key, limit, window, cost, record=record)
        except self.store.failures as error:
            self._rest_until = time.monotonic() + self._probe_s
            self._note(error)
            return self._local.take(key, limit, window, cost, record=record)
        self._rest_until = -inf
        self._note(None)
        return reading

    def _note(self, error: Exception | None) -> None:
        """Remember whether the store answers, and say so in the log once for each change."""
        if self._healthy == (error is None):
            return
        with self._state:
            changed, self._healthy = self._healthy != (error is None), error is None
        if changed and error:
            log.error("limit store does not answer, each process counts for itself: %s", type(error).__name__)
        elif changed:
            log.warning("limit store answers again")


def headers(decision: Decision, policy_name: str = "per-minute") -> dict[str, str]:
    """Return the HTTP fields that tell the client where it stands; ``policy_name`` is plain ASCII without quotes.

    Syntax: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/. ``Retry-After`` only if refused;
    it is never earlier than ``t``.
    """
    fields = {
        "RateLimit-Policy": f'"{policy_name}";q={decision.limit};w={decision.window_s}',
        "RateLimit": f'"{policy_name}";r={decision.remaining};t={decision.reset_s}',
    }
    if not decision.allowed:
        fields["Retry-After"] = str(decision.retry_after_s)
    return fields


def _seconds(microseconds: int) -> int:
    """Round up: who waits that long has waited long enough."""
    return -(-microseconds // SECOND)
