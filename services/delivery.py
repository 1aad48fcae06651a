"""What follows from one attempt to deliver an event: decided here from its outcome, apart from any I/O.

The rules are those of Standard Webhooks 1.0.0, "Deliverability and reliability"
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from core.clock import stamp

MINUTE, HOUR = 60, 3600
SCHEDULE = (0, 5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""Seconds before each attempt, counted from the end of the one before: ten attempts in about 76 hours."""

JITTER = 0.2
"""A wait is up to this share shorter or longer, so that what failed together is not retried together."""

LONGEST_RETRY_AFTER = 24 * HOUR
GONE = 410
RESPONSE_LIMIT = 16 * 1024

HOLD_AFTER = 10
"""So many failed attempts in a row, whatever the event, and the endpoint is only probed for a while: the breaker."""

FIRST_HOLD, LONGEST_HOLD = 30, 15 * MINUTE
PROBE_S = 60
"""While one delivery probes a held endpoint, so long nobody else tries."""

DISABLED_AFTER = timedelta(days=5)
"""An endpoint that failed all this time and never succeeded is disabled."""

KEPT_HEADERS, KEPT_HEADER_TEXT = 40, 500
_NOT_KEPT = {"set-cookie", "www-authenticate", "proxy-authenticate", "authorization"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. ``status_code`` is None when no answer came; ``retry_after`` is the header as it came."""

    status_code: int | None
    retry_after: str | None = None

    @property
    def delivered(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint has been doing: failed attempts since one succeeded, since when, and until when it is held."""

    failures: int = 0
    failing_since: str | None = None
    held_until: str | None = None

    @property
    def is_probed(self) -> bool:
        """One delivery at a time, until one succeeds."""
        return self.failures >= HOLD_AFTER


def next_attempt(tries: int, outcome: Outcome, now: datetime, chance: float) -> datetime | None:
    """Decide when to try again after try number ``tries`` (from 1) failed ``now``; None: it has failed for good.

    ``chance`` is in [0, 1). Everything but 2xx has failed, a redirect too: it is never followed. 410 disables the
    endpoint and costs the delivery no wait, so that it goes first if the endpoint is enabled again.
    """
    if tries >= len(SCHEDULE):
        return None
    if outcome.status_code == GONE:
        return _not_before(now)
    wait = max(scheduled_wait(tries, chance), asked_wait(outcome.retry_after, now))
    return _not_before(now + timedelta(seconds=wait))


def health_after(before: Health, outcomes: Sequence[Outcome], now: datetime) -> Health:
    """Return how an endpoint is doing after these attempts, in the order in which they ended."""
    failures, since = before.failures, before.failing_since
    for outcome in outcomes:
        failures, since = (0, None) if outcome.delivered else (failures + 1, since or stamp(now))
    if not outcomes:
        return before
    if failures < HOLD_AFTER:
        return Health(failures, since)
    wait = min(FIRST_HOLD * 2 ** min(failures - HOLD_AFTER, 10), LONGEST_HOLD)
    return Health(failures, since, stamp(now + timedelta(seconds=wait)))


def disabled_reason(health: Health, outcomes: Sequence[Outcome], now: datetime) -> str | None:
    """Return why an endpoint is disabled after these attempts: ``gone``, ``failing``, or None."""
    if any(outcome.status_code == GONE for outcome in outcomes):
        return "gone"
    failing = health.failing_since and health.failing_since <= stamp(now - DISABLED_AFTER)
    return "failing" if outcomes and failing else None


def scheduled_wait(attempts_made: int, chance: float) -> float:
    """Return the seconds to wait after so many attempts, with jitter chosen by ``chance`` in [0, 1)."""
    return SCHEDULE[attempts_made] * (1 - JITTER + 2 * JITTER * chance)


def asked_wait(retry_after: str | None, now: datetime) -> float:
    """Return the seconds a Retry-After header asks for, 0 to 24 h; 0 if there is none or it cannot be read.

    Both forms of RFC 9110, section 10.2.3: seconds, or an HTTP date.
    """
    text = (retry_after or "").strip()
    if re.fullmatch("[0-9]{1,20}", text):
        return min(int(text), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return 0
    moment = moment.replace(tzinfo=moment.tzinfo or UTC)
    return min(max((moment - now).total_seconds(), 0), LONGEST_RETRY_AFTER)


def kept_text(body: bytes) -> str:
    """Return what is kept of a response: at most 16 KiB as UTF-8, without what a text column cannot hold."""
    text = body[:RESPONSE_LIMIT].decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text.encode()[:RESPONSE_LIMIT].decode(errors="ignore")


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return what is kept of a response's headers: no cookies or credentials, none of it endless."""
    kept = [(name, value) for name, value in headers.items() if name not in _NOT_KEPT][:KEPT_HEADERS]
    return {name[:KEPT_HEADER_TEXT]: kept_text(value.encode())[:KEPT_HEADER_TEXT] for name, value in kept}


def _not_before(moment: datetime) -> datetime:
    """Round up to the milliseconds that a stored time has, so that it is never earlier."""
    return moment + timedelta(microseconds=-moment.microsecond % 1000)
