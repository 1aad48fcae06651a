"""Scans: an area drawn on the map, counted before it is paid for with a slow look at it, watched while it runs."""

from typing import Any

import flask
import orjson
from werkzeug.wrappers import Response

from core.errors import Conflict, MapTargeterError, NotFound
from core.geo import Area
from dashboard import drawing, searching
from dashboard.frame import UNDER_WAY, caller, checked, once, page, pages, progress, refused, see
from services import scans as service
from services import schedules
from services.usage import get_usage

ROWS = 25
CHANGES = ("new", "changed", "gone")


@pages.get("/scans")
def scans() -> Response:
    """Show every scan."""
    return page("scans.html", found=service.list_scans(caller(), ROWS, flask.request.args.get("cursor")))


@pages.get("/scans/new")
def new_scan() -> Response:
    """Show the map to draw on."""
    return page("new_scan.html", **drawing.choices())


@pages.post("/scans/estimate")
def estimate_scan() -> Response:
    """Answer with what a scan of the form would find, exactly, and what the plan says."""
    try:
        wanted = checked("create_scan", drawing.document())
        counted = service.estimate_scan(caller(), wanted["area"], wanted.get("categories", []))
    except MapTargeterError as error:
        return page("_estimate.html", error=error, counted=None)
    return page("_estimate.html", counted=counted, plan=caller().plan, kept=get_usage(caller()).leads.used)


@pages.post("/scans")
def create_scan() -> Response:
    """Start a scan, and lead to it."""
    try:
        wanted = checked("create_scan", drawing.document())
        made = once("create_scan", lambda: _started(wanted))
    except MapTargeterError as error:
        return refused("new_scan.html", error, **drawing.choices())
    return see("scan", "The scan has started.", scan_id=made["id"])


@pages.get("/scans/<scan_id>")
def scan(scan_id: str) -> Response:
    """Show a scan and what it changed; while it runs, its state is asked for again and again."""
    found = service.get_scan(caller(), scan_id)
    if "HX-Request" in flask.request.headers:
        return progress("_scan.html", scan=found, **_about(found))
    west, south, east, north = Area.from_json(found["area"]).bbox
    more = {"schedule": _schedule(found), **_changes(found), **_about(found)}
    return page("scan.html", scan=found, bounds=(west, south, east, north), **more)


@pages.post("/scans/<scan_id>/cancel")
def cancel_scan(scan_id: str) -> Response:
    """Stop a scan; what it found stays."""
    try:
        service.cancel_scan(caller(), scan_id)
    except Conflict as error:
        return see("scan", error.message, scan_id=scan_id)
    return see("scan", "The scan is cancelled. What it found stays.", scan_id=scan_id)


def _started(wanted: dict[str, Any]) -> dict[str, Any]:
    return service.create_scan(caller(), wanted.get("name"), wanted["area"], wanted.get("categories", []))


def _about(found: dict[str, Any]) -> dict[str, Any]:
    query = searching.written({"filter": orjson.dumps({"scan_id": {"eq": found["id"]}}).decode()})
    return {"under_way": found["status"] in UNDER_WAY, "query": query}


def _changes(found: dict[str, Any]) -> dict[str, Any]:
    """Return what a scan that has ended found new, changed or gone: of the kind in the address, or of all."""
    asked = flask.request.args
    kind = asked.get("change") if asked.get("change") in CHANGES else None
    if found["status"] in UNDER_WAY:
        return {"changes": None}
    changes = service.list_scan_changes(caller(), found["id"], ROWS, asked.get("cursor"), change=kind)
    return {"changes": changes, "change": kind, "kinds": CHANGES}


def _schedule(found: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schedule that made a scan; None if none did, or it was deleted since."""
    try:
        return found["schedule_id"] and schedules.get_schedule(caller(), found["schedule_id"])
    except NotFound:
        return None
