"""What the map of a search shows of the part in view: single leads while they are few, or else how many are where.

So a page costs the same for a thousand leads and for a million.
"""

from collections.abc import Mapping
from itertools import islice
from typing import Any

import flask
from werkzeug.wrappers import Response

from core import geo, taxonomy
from core.geo import Box
from dashboard import searching
from dashboard.frame import caller, pages, surroundings
from dashboard.searching import Search
from services import leads

MARKERS = 400
"""So many leads are shown one by one."""
SAMPLE_BOX: Box = (24.9352, 60.1642, 24.9534, 60.1791)
_PADDING = 0.002
_FIELDS = ("id", "name", "category", "location", "gone_at")


@pages.get("/leads/map")
def lead_map() -> Response:
    """Answer with the leads of the search that are in the part of the map that is in view."""
    search, view = searching.asked(), _view()
    inside = search.filters.inside(view)
    total = leads.list_leads(caller(), filters=inside, fields=["id"], limit=1).total
    found = list(islice(leads.iterate(caller(), inside, _FIELDS), MARKERS))
    made = [_marker(lead) for lead in found]
    return flask.jsonify(leads=made, cells=[], words=_words(total.value, total.relation == "gte"))


def bounds(search: Search | None, found: list[dict[str, Any]]) -> Box:
    """Return what a map of the search begins with: its area, or that of the leads on the page."""
    parameters = search.parameters if search else {}
    if "bbox" in parameters:
        west, south, east, north = parameters["bbox"]
        return west, south, east, north
    if "near" in parameters:
        return geo.circle_box(*parameters["near"], parameters.get("radius_m") or 1000)
    return around(found) or SAMPLE_BOX


def around(found: list[dict[str, Any]]) -> Box | None:
    """Return a box with all of the leads, None if there are none."""
    lats = [lead["location"]["lat"] for lead in found]
    lons = [lead["location"]["lon"] for lead in found]
    if not found:
        return None
    return min(lons) - _PADDING, min(lats) - _PADDING, max(lons) + _PADDING, max(lats) + _PADDING


def _view() -> Box:
    view = surroundings().rules.query("list_leads", {"bbox": flask.request.args.get("view", "")})["bbox"]
    return view[0], view[1], view[2], view[3]


def _marker(lead: Mapping[str, Any]) -> dict[str, Any]:
    category = taxonomy.get(lead["category"])
    return {
        "id": lead["id"], "name": lead["name"], "category": category.name if category else lead["category"],
        "lat": lead["location"]["lat"], "lon": lead["location"]["lon"], "gone": lead["gone_at"] is not None,
        "url": flask.url_for("dashboard.lead", lead_id=lead["id"]),
    }  # fmt: skip


def _words(count: int, or_more: bool) -> str:
    if not count:
        return "No lead of this search in view"
    more = f"; the best {MARKERS} are shown, zoom in for all" if count > MARKERS else ""
    return f"{count:,}{' or more' if or_more else ''} in view{more}"
