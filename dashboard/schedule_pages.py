"""Schedules: scans that are made again and again, by the hour or at a time of day."""

from functools import cache
from typing import Any
from zoneinfo import available_timezones

import flask
from werkzeug.wrappers import Response

from core.errors import MapTargeterError
from core.geo import Area
from dashboard import drawing
from dashboard.frame import caller, checked, form, once, page, pages, refused, see
from services import scans
from services import schedules as service
from services.recurrence import WEEKDAYS

ROWS = 25
DAYS = dict(zip(WEEKDAYS, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))
USUAL = {"time": "03:00", "timezone": "UTC", "weekdays": ["mon"]}
"""The recurrence that the form begins with; a script puts the reader's zone there."""


@pages.get("/schedules")
def schedules() -> Response:
    """Show every schedule."""
    return page("schedules.html", found=service.list_schedules(caller(), ROWS, flask.request.args.get("cursor")))


@pages.get("/schedules/new")
def new_schedule() -> Response:
    """Show the map to draw on, with the area of a scan if one is named."""
    return page("new_schedule.html", **_choices(_named_scan()))


@pages.post("/schedules")
def create_schedule() -> Response:
    """Begin to repeat a scan."""
    try:
        wanted = checked("create_schedule", drawing.document() | {"recurrence": _recurrence()})
        made = once("create_schedule", lambda: service.create_schedule(caller(), wanted))
    except MapTargeterError as error:
        return refused("new_schedule.html", error, **_choices({}))
    return see("schedule", "The schedule is made.", schedule_id=made["id"])


@pages.get("/schedules/<schedule_id>")
def schedule(schedule_id: str) -> Response:
    """Show a schedule."""
    found = service.get_schedule(caller(), schedule_id)
    return page("schedule.html", schedule=found, bounds=Area.from_json(found["area"]).bbox)


@pages.get("/schedules/<schedule_id>/edit")
def edit_schedule(schedule_id: str) -> Response:
    """Show the same form with what the schedule is."""
    found = service.get_schedule(caller(), schedule_id)
    return page("edit_schedule.html", schedule=found, **_choices(found))


@pages.post("/schedules/<schedule_id>")
def change_schedule(schedule_id: str) -> Response:
    """Change what is otherwise in the form, and nothing else: what recurs by the hour keeps its hours."""
    before = service.get_schedule(caller(), schedule_id)
    try:
        wanted = drawing.document() | {"recurrence": _recurrence()}
        changes = {name: value for name, value in wanted.items() if value != before[name]}
        if changes:
            service.update_schedule(caller(), schedule_id, checked("update_schedule", changes))
    except MapTargeterError as error:
        return refused("edit_schedule.html", error, schedule=before, **_choices(before))
    return see("schedule", "The changes are saved." if changes else "Nothing was changed.", schedule_id=schedule_id)


@pages.post("/schedules/<schedule_id>/status")
def set_schedule_status(schedule_id: str) -> Response:
    """Pause a schedule, or let it go on."""
    status = service.PAUSED if form("status") == service.PAUSED else service.ACTIVE
    service.update_schedule(caller(), schedule_id, {"status": status})
    said = "The schedule is paused." if status == service.PAUSED else "The schedule goes on."
    return see("schedule", said, schedule_id=schedule_id)


@pages.post("/schedules/<schedule_id>/delete")
def delete_schedule(schedule_id: str) -> Response:
    """Make no more scans."""
    service.delete_schedule(caller(), schedule_id)
    return see("schedules", "The schedule is deleted. The scans it made stay.")


@pages.app_template_filter("recurrence")
def in_words(recurrence: dict[str, Any]) -> str:
    """Return when something recurs as people say it."""
    hours = recurrence.get("every_hours")
    if hours is not None:
        return "Every hour" if hours == 1 else f"Every {hours:,} hours"
    days = ", ".join(DAYS[day] for day in recurrence.get("weekdays") or ())
    return f"{days or 'Every day'} at {recurrence['time']}, {recurrence['timezone']}"


def _recurrence() -> dict[str, Any]:
    """Return what the form says, not checked yet."""
    if form("repeat") == "hourly":
        return {"every_hours": int(form("every_hours")) if form("every_hours").isdecimal() else form("every_hours")}
    days = [day for day in WEEKDAYS if day in flask.request.form.getlist("weekdays")]
    made = {"time": form("time"), "timezone": form("timezone")}
    return made | ({"weekdays": days} if 0 < len(days) < len(WEEKDAYS) else {})


def _choices(given: dict[str, Any]) -> dict[str, Any]:
    """Return what the form needs; ``given`` is the schedule or scan that it begins with."""
    shown = _recurrence() if "repeat" in flask.request.form else given.get("recurrence", USUAL)
    around = drawing.choices(given.get("area"), given.get("categories", ()), given.get("name", ""))
    return {**around, "recurrence": shown, "days": DAYS, "zones": _zones()}


def _named_scan() -> dict[str, Any]:
    """Return the scan that the address names; nothing if it names none. Raise NotFound."""
    scan_id = flask.request.args.get("scan")
    return scans.get_scan(caller(), scan_id) if scan_id else {}


@cache
def _zones() -> list[str]:
    return sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")
