"""Scans: an area drawn on the map, counted before it is paid for with a slow look at it, watched while it runs."""

from typing import Any

import flask
import orjson
from werkzeug.wrappers import Response

from core import taxonomy
from core.errors import Conflict, InvalidInput, MapTargeterError, Violation
from core.geo import Area
from dashboard import lead_map, searching
from dashboard.frame import caller, checked, form, once, page, pages, refused, see
from services import places
from services import scans as service
from services.leads import list_leads

ROWS = 25
UNDER_WAY = ("queued", "running")


@pages.get("/scans")
def scans() -> Response:
    """Show every scan."""
    return page("scans.html", found=service.list_scans(caller(), ROWS, flask.request.args.get("cursor")))


@pages.get("/scans/new")
def new_scan() -> Response:
    """Show the map to draw on."""
    return page("new_scan.html", **_drawing())


@pages.post("/scans/estimate")
def estimate_scan() -> Response:
    """Answer with what a scan of the form would find, exactly, and what the plan says."""
    try:
        wanted = _wanted()
        counted = service.estimate_scan(caller(), wanted["area"], wanted.get("categories", []))
    except MapTargeterError as error:
        return page("_estimate.html", error=error, counted=None)
    kept = list_leads(caller(), fields=["id"], limit=1).total
    return page("_estimate.html", counted=counted, plan=caller().plan, kept=kept)


@pages.post("/scans")
def create_scan() -> Response:
    """Start a scan, and lead to it."""
    try:
        wanted = _wanted()
        made = once("create_scan", lambda: _started(wanted))
    except MapTargeterError as error:
        return refused("new_scan.html", error, **_drawing())
    return see("scan", "The scan has started.", scan_id=made["id"])


@pages.get("/scans/<scan_id>")
def scan(scan_id: str) -> Response:
    """Show a scan; while it runs, its state is asked for again and again."""
    found = service.get_scan(caller(), scan_id)
    if "HX-Request" in flask.request.headers:
        return page("_scan.html", scan=found, **_about(found))
    west, south, east, north = Area.from_json(found["area"]).bbox
    return page("scan.html", scan=found, bounds=(west, south, east, north), **_about(found))


@pages.post("/scans/<scan_id>/cancel")
def cancel_scan(scan_id: str) -> Response:
    """Stop a scan; what it found stays."""
    try:
        service.cancel_scan(caller(), scan_id)
    except Conflict as error:
        return see("scan", error.message, scan_id=scan_id)
    return see("scan", "The scan is cancelled. What it found stays.", scan_id=scan_id)


def _wanted() -> dict[str, Any]:
    """Return what the form says as the body of ``create_scan``; raise InvalidInput."""
    if not form("area"):
        raise InvalidInput("Draw an area on the map first.")
    try:
        area = orjson.loads(form("area"))
    except orjson.JSONDecodeError:
        problem = Violation("body", "area", "wrong_format", "must be JSON, as the API takes it")
        raise InvalidInput("The area cannot be read.", [problem]) from None
    document: dict[str, Any] = {"area": area, "categories": flask.request.form.getlist("categories")}
    if form("name"):
        document["name"] = form("name")
    return checked("create_scan", document)


def _started(wanted: dict[str, Any]) -> dict[str, Any]:
    return service.create_scan(caller(), wanted.get("name"), wanted["area"], wanted.get("categories", []))


def _drawing() -> dict[str, Any]:
    chosen = flask.request.form.getlist("categories")
    found = [category for category in map(taxonomy.get, chosen) if category]
    return {
        "bounds": lead_map.everywhere() or lead_map.SAMPLE_BOX, "plan": caller().plan, "sources": places.sources(),
        "kinds": [category for category in taxonomy.all_categories() if category.parent is None],
        "chosen": chosen, "special": [category for category in found if category.parent is not None],
        "area": form("area"),
    }  # fmt: skip


def _about(found: dict[str, Any]) -> dict[str, Any]:
    query = searching.written({"filter": orjson.dumps({"scan_id": {"eq": found["id"]}}).decode()})
    return {"under_way": found["status"] in UNDER_WAY, "query": query}
