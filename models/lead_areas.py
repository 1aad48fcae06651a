"""The condition on where leads are: boxes that the index knows find the candidates, the exact shape decides."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from core import geo
from core.geo import Box
from models import base, geo_sql, search_terms
from models.lead_conditions import Narrowed, Sql, joined

_INNER = 0.69
"""The corners of a box around a circle of this share of the radius, below the root of 1/2, mostly lie in the circle."""


@dataclass(frozen=True, slots=True, repr=False)
class Within:
    """The lead lies in the area, its edge included."""

    area: geo.Area

    def __repr__(self) -> str:
        """Tell any two areas apart: what prints a polygon by default shortens it."""
        shape = self.area.shape.wkt if isinstance(self.area, geo.Outline) else repr(self.area)
        return f"Within({shape})"

    def sql(self) -> Sql:
        inside = _in_boxes(_uncrossed(self.area.bbox))
        if isinstance(self.area, geo.Circle):
            return joined(" AND ", [inside, _in_circle(self.area)])
        if isinstance(self.area, geo.Outline):
            return joined(" AND ", [inside, _in_outline(self.area)])
        return inside

    def narrowed(self) -> Narrowed:
        covering = search_terms.cells(_uncrossed(self.area.bbox))
        return ((covering,) if covering else ()), False


def circle(lat: float, lon: float, radius_m: float) -> Within:
    """Return the condition of lying within so many metres of a point."""
    return Within(geo.Circle(lat, lon, radius_m, geo.circle_box(lat, lon, radius_m)))


def _in_circle(area: geo.Circle) -> Sql:
    """Where a box inside the circle is, nothing but the box is asked for: a distance costs far more."""
    exact = "haversine_m(lead.lat, lead.lon, ?, ?) <= ?", (area.lat, area.lon, area.radius_m)
    west, south, east, north = box = geo.circle_box(area.lat, area.lon, area.radius_m * _INNER)
    corners = ((lat, lon) for lat in (south, north) for lon in (west, east))
    if any(geo.haversine_m(*corner, area.lat, area.lon) > area.radius_m for corner in corners):
        return exact
    return joined(" OR ", [_in_boxes(_uncrossed(box)), exact])


def _in_outline(area: geo.Outline) -> Sql:
    rings = [list(ring.coords) for ring in (area.shape.exterior, *area.shape.interiors)]
    if base.is_sqlite():
        polygon = orjson.dumps({"type": "Polygon", "coordinates": rings}).decode()
        return "polygon_contains(?, lead.lat, lead.lon)", (polygon,)
    return "edges_contain(?, lead.lat, lead.lon)", (geo_sql.edges_of(rings),)


def _uncrossed(box: Box) -> list[Box]:
    """Return the box as one or two that do not cross the antimeridian."""
    west, south, east, north = box
    return [box] if west <= east else [(west, south, 180.0, north), (-180.0, south, east, north)]


def _in_boxes(boxes: Sequence[Box]) -> Sql:
    inside = "lead.lat BETWEEN ? AND ? AND lead.lon BETWEEN ? AND ?"
    return joined(" OR ", [(inside, (south, north, west, east)) for west, south, east, north in boxes])
