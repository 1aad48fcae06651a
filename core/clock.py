"""The one place that asks what time it is, so that tests can decide it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

_LEAP_SECOND = re.compile(r"(T\d\d:\d\d:)60")


def _system_time() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system_time


def now() -> datetime:
    """Return the current time, aware, in UTC."""
    return _source()


def set_source(source: Callable[[], datetime] | None) -> None:
    """Let ``source`` tell the time from now on; ``None`` goes back to the system clock."""
    global _source
    _source = source or _system_time


def stamp(moment: datetime) -> str:
    """Write a moment as RFC 3339 UTC with milliseconds, ``2026-11-24T04:38:00.123Z``: sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def now_stamp() -> str:
    """Return the current time as written in the database and on the wire."""
    return stamp(now())


def parse(text: str) -> datetime:
    """Read an RFC 3339 time with any offset; a leap second counts as the second before it.

    Raise ValueError for anything else, and for what lies outside the years 1 to 9999 in UTC.
    """
    moment = datetime.fromisoformat(_LEAP_SECOND.sub(r"\g<1>59", text.upper()))
    if moment.tzinfo is None:
        raise ValueError(f"time without an offset: {text!r}")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"time out of range: {text!r}") from None
