"""The condition on where leads are: boxes that the index knows find the candidates, the exact shape decides."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from core import geo
from core.geo import Box
from models import base, geo_sql, search_terms
from models.lead_conditions import Narrowed, Sql, joined


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
            near = self.area.lat, self.area.lon, self.area.radius_m
            return joined(" AND ", [inside, ("haversine_m(lead.lat, lead.lon, ?, ?) <= ?", near)])
        if isinstance(self.area, geo.Outline):
            return joined(" AND ", [inside, _in_outline(self.area)])
        return inside

    def narrowed(self) -> Narrowed:
        covering = search_terms.cells(_uncrossed(self.area.bbox))
        return ((covering,) if covering else ()), False


def circle(lat: float, lon: float, radius_m: float) -> Within:
    """Return the condition of lying within so many metres of a point."""
    return Within(geo.Circle(lat, lon, radius_m, geo.circle_box(lat, lon, radius_m)))


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
