"""When something that recurs is due next. Pure.

A recurrence is ``{"every_hours": 24}``, counted from when it began, or ``{"weekdays": ["mon"], "time": "03:00",
"timezone": "Europe/Helsinki"}``, every day without weekdays. Where clocks are put forward over the time of day, it is
due when they have been; where they are put back over it, the first time.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.errors import InvalidInput, Violation

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def checked(recurrence: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recurrence; raise InvalidInput for a time zone that there is not."""
    zone = recurrence.get("timezone")
    if zone is not None:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            message = "must be an IANA name, such as Europe/Helsinki"
            place = Violation("body", "recurrence.timezone", "unknown", message, "/recurrence/timezone")
            raise InvalidInput(f"The time zone {message}.", [place]) from None
    return dict(recurrence)


def following(recurrence: Mapping[str, Any], began: datetime, now: datetime) -> datetime:
    """Return the first time after ``now`` that is due; what recurs by the hour is due whole periods after ``began``."""
    if "every_hours" in recurrence:
        every = timedelta(hours=recurrence["every_hours"])
        return began + max((now - began) // every + 1, 1) * every
    return _next_time_of_day(recurrence, now)


def _next_time_of_day(recurrence: Mapping[str, Any], now: datetime) -> datetime:
    zone, at = ZoneInfo(recurrence["timezone"]), time.fromisoformat(recurrence["time"])
    days = {WEEKDAYS.index(name) for name in recurrence.get("weekdays") or WEEKDAYS}
    today = now.astimezone(zone).date()
    for ahead in range(-1, 9):
        day = today + timedelta(days=ahead)
        due = datetime.combine(day, at, zone).astimezone(UTC)
        if day.weekday() in days and due > now:
            return due
    raise AssertionError("every week has a day that was chosen")
