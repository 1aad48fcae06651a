"""What the map of a search shows of the part in view: single leads while they are few, or else how many are where.

So a page costs the same for a thousand leads and for a million. Up to ``CLUSTERED`` leads in view are put together by
where they are on the screen; of more the hexagons are counted.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Any

import flask
from werkzeug.wrappers import Response

from core import cells, geo, taxonomy
from core.geo import Box
from dashboard import searching
from dashboard.frame import caller, pages, surroundings
from dashboard.searching import Search
from services import filters, lead_aggregates, leads
from services.lead_aggregates import Cells
from services.leads import Spot

MARKERS = 300
"""So many leads in view are shown one by one."""
CLUSTERED = 2_000
_TOGETHER_PIXELS = 72
_ALONE = 2  # leads close together that are still shown one by one
SAMPLE_BOX: Box = (24.9352, 60.1642, 24.9534, 60.1791)
_PADDING = 0.002
_COARSE_TO_FINE = (1, 3, 5, cells.FINEST)
_ENOUGH_CELLS = 20  # so many show where the leads are closely enough
_OR_MORE = " or more"


@pages.get("/leads/map")
def lead_map() -> Response:
    """Answer with the leads of the search that are in the part of the map that is in view."""
    search, view = searching.asked(), _view()
    zoom = min(max(flask.request.args.get("zoom", 12.0, float), 0.0), 22.0)
    inside = search.filters.inside(view)
    found, total = leads.spots(caller(), inside, CLUSTERED)
    if len(found) == CLUSTERED and total.relation == "gte":
        return _hexagons(search, view, zoom)
    alone, together = (found, []) if len(found) <= MARKERS else clustered(found, zoom)
    words = _words(len(found), _OR_MORE if total.relation == "gte" else "")
    return flask.jsonify(leads=list(_markers(alone)), cells=together, words=words)


def clustered(found: Iterable[Spot], zoom: float) -> tuple[list[Spot], list[dict[str, Any]]]:
    """Return the leads that stand alone on a map at ``zoom``, and for each crowd its middle and how many it is."""
    crowds: dict[tuple[int, int], list[Spot]] = {}
    squares = 256 * 2**zoom / _TOGETHER_PIXELS
    for lead in found:
        crowds.setdefault(_square(lead, squares), []).append(lead)
    alone = [lead for crowd in crowds.values() if len(crowd) <= _ALONE for lead in crowd]
    return alone, [_crowd(crowd) for crowd in crowds.values() if len(crowd) > _ALONE]


def bounds(search: Search | None, found: list[dict[str, Any]]) -> Box:
    """Return what a map of the search begins with: its area, or that of the leads on the page."""
    parameters = search.parameters if search else {}
    if "bbox" in parameters:
        west, south, east, north = parameters["bbox"]
        return west, south, east, north
    if "near" in parameters:
        lat, lon = parameters["near"]
        return geo.circle_box(lat, lon, parameters.get("radius_m") or filters.DEFAULT_RADIUS_M)
    if search and search.filters == filters.EVERYTHING:
        return everywhere() or SAMPLE_BOX
    return around(found) or SAMPLE_BOX


def everywhere() -> Box | None:
    """Return a box around all of the account's leads, None if there are none. As quick for a million as for one."""
    for resolution in _COARSE_TO_FINE:
        counted = lead_aggregates.aggregate(caller(), wanted_cells=Cells(resolution)).cells
        if len(counted) >= _ENOUGH_CELLS or resolution == cells.FINEST:
            margin = 4 / math.sqrt(7) ** resolution  # degrees; about the size of a cell
            spots = [{"location": {"lat": cell.lat, "lon": cell.lon}} for cell in counted]
            return around(spots, margin)
    return None


def around(found: list[dict[str, Any]], margin: float = _PADDING) -> Box | None:
    """Return a box with all of the leads and ``margin`` degrees more, None if there are none."""
    lats = [lead["location"]["lat"] for lead in found]
    lons = [lead["location"]["lon"] for lead in found]
    if not found:
        return None
    west, east = max(min(lons) - margin, -180.0), min(max(lons) + margin, 180.0)
    return west, max(min(lats) - margin, -85.0), east, min(max(lats) + margin, 85.0)


def _view() -> Box:
    view = surroundings().rules.query("list_leads", {"bbox": flask.request.args.get("view", "")})["bbox"]
    return view[0], view[1], view[2], view[3]


def _markers(found: Iterable[Spot]) -> Iterator[dict[str, Any]]:
    above = flask.url_for("dashboard.lead", lead_id="lead").removesuffix("lead")
    for lead in found:
        category = taxonomy.get(lead.category)
        told = {"category": category.name if category else lead.category, "url": above + lead.id}
        yield {"id": lead.id, "name": lead.name, "lat": lead.lat, "lon": lead.lon, "gone": lead.gone} | told


def _square(lead: Spot, squares: float) -> tuple[int, int]:
    """Return in which square of the map of the world, so many each way, a lead is."""
    sine = math.sin(math.radians(lead.lat))
    down = 0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)
    return int((lead.lon / 360 + 0.5) * squares), int(down * squares)


def _crowd(crowd: list[Spot]) -> dict[str, Any]:
    lat, lon = (sum(places) / len(crowd) for places in zip(*((lead.lat, lead.lon) for lead in crowd), strict=True))
    return _cell(lat, lon, len(crowd))


def _cell(lat: float, lon: float, count: int) -> dict[str, Any]:
    return {"lat": round(lat, 6), "lon": round(lon, 6), "count": count, "label": short(count)}


def _hexagons(search: Search, view: Box, zoom: float) -> Response:
    """Count all leads from what is kept of them, or those in view that a search finds."""
    wanted = Cells(cells.resolution_for(zoom), view)
    found = search.filters if search.filters == filters.EVERYTHING else search.filters.inside(view)
    counted = lead_aggregates.aggregate(caller(), found, wanted_cells=wanted, patient=False)
    made = [_cell(cell.lat, cell.lon, cell.count) for cell in counted.cells]
    count = sum(cell.count for cell in counted.cells)
    return flask.jsonify(leads=[], cells=made, words=_words(count, "" if counted.complete else _OR_MORE))


def short(count: int) -> str:
    """Return a number that fits into a small circle."""
    for size, unit in ((10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:.1f}".removesuffix(".0") + unit if count < 10 * size else f"{count // size}{unit}"
    return str(count)


def _words(count: int, more: str = "") -> str:
    if not count:
        return "None found in view so far" if more else "No lead of this search in view"
    return f"{count:,}{more} in view"
