"""What follows from one attempt to deliver an event: decided here from its outcome, apart from any I/O.

The rules are those of Standard Webhooks 1.0.0, "Deliverability and reliability"
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MINUTE, HOUR = 60, 3600
SCHEDULE = (0, 5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
"""Seconds before each attempt, counted from the end of the one before: ten attempts in about 76 hours."""

JITTER = 0.2
"""A wait is up to this share shorter or longer, so that what failed together is not retried together."""

LONGEST_RETRY_AFTER = 24 * HOUR
GONE = 410
RESPONSE_LIMIT = 16 * 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended. ``status_code`` is None when no answer came; ``retry_after`` is the header as it came."""

    status_code: int | None
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class NextStep:
    """What becomes of the delivery (``delivered``, ``failed`` or ``pending``) and of its endpoint.

    Pending without a time means: not before the endpoint is enabled again.
    """

    status: str
    next_attempt_at: datetime | None = None
    disabled_reason: str | None = None


def next_step(attempts_made: int, outcome: Outcome, now: datetime, chance: float) -> NextStep:
    """Decide after attempt number ``attempts_made`` (from 1), which ended ``now``; ``chance`` is in [0, 1).

    2xx delivers. Anything else fails, a redirect too: it is never followed. 410 disables the endpoint and
    keeps the delivery, so that nothing is lost if it is enabled again. After the last attempt it has failed.
    """
    if outcome.status_code is not None and 200 <= outcome.status_code < 300:
        return NextStep("delivered")
    reason = "gone" if outcome.status_code == GONE else None
    if attempts_made >= len(SCHEDULE):
        return NextStep("failed", disabled_reason=reason)
    if reason:
        return NextStep("pending", disabled_reason=reason)
    wait = max(scheduled_wait(attempts_made, chance), asked_wait(outcome.retry_after, now))
    return NextStep("pending", _not_before(now + timedelta(seconds=wait)))


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


def _not_before(moment: datetime) -> datetime:
    """Round up to the milliseconds that a stored time has, so that it is never earlier."""
    return moment + timedelta(microseconds=-moment.microsecond % 1000)
