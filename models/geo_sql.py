"""Geometry that SQL needs and neither database has.

``haversine_m(lat1, lon1, lat2, lon2)`` is ``core.geo.haversine_m``, on both databases. Whether a point lies in a
polygon, edges included, tells ``polygon_contains(polygon, lat, lon)`` on SQLite, which is given GeoJSON, and
``edges_contain(edges, lat, lon)`` on PostgreSQL, which is given what ``edges_of`` makes of it.
"""

import functools
import itertools
from collections.abc import Iterable, Sequence

import orjson

from core import geo

Ring = Sequence[tuple[float, ...]]
"""Closed: (longitude, latitude) of each corner in turn, the first once more at the end."""

POSTGRESQL = (
    "CREATE OR REPLACE FUNCTION haversine_m"
    " (lat1 double precision, lon1 double precision, lat2 double precision, lon2 double precision)"
    " RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS"
    f" $$ SELECT 2 * CAST({geo.EARTH_RADIUS_M!r} AS double precision) * asin(least(1, sqrt("
    "power(sin(radians(lat2 - lat1) / 2), 2)"
    " + cos(radians(lat1)) * cos(radians(lat2)) * power(sin(radians(lon2 - lon1) / 2), 2)))) $$",
    # even-odd rule (a ray to the east), and then what lies on an edge
    "CREATE OR REPLACE FUNCTION edges_contain (e double precision[], lat double precision, lon double precision)"
    " RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS"
    " $$ SELECT mod(count(*) FILTER (WHERE (e[i] > lat) <> (e[i + 1] > lat)"
    " AND lon < e[i + 2] + (lat - e[i]) * e[i + 4]), 2) = 1"
    " OR bool_or(lat BETWEEN least(e[i], e[i + 1]) AND greatest(e[i], e[i + 1])"
    " AND lon BETWEEN least(e[i + 2], e[i + 3]) AND greatest(e[i + 2], e[i + 3])"
    " AND (e[i] = e[i + 1] OR lon = e[i + 2] + (lat - e[i]) * e[i + 4]))"
    " FROM generate_series(1, cardinality(e), 5) AS i $$",
)


def edges_of(rings: Iterable[Ring]) -> list[float]:
    """Return five numbers for each edge: its latitudes, its longitudes, the longitude gained per latitude."""
    edges: list[float] = []
    for ring in rings:
        for (lon1, lat1), (lon2, lat2) in itertools.pairwise(ring):
            edges += [lat1, lat2, lon1, lon2, 0.0 if lat1 == lat2 else (lon2 - lon1) / (lat2 - lat1)]
    return edges


def polygon_contains(polygon: str, lat: float, lon: float) -> bool:
    """The function of this name for SQLite."""
    return _area(polygon).contains(lat, lon)


@functools.lru_cache(maxsize=16)
def _area(polygon: str) -> geo.Area:
    return geo.Area.from_json({"polygon": orjson.loads(polygon)})


SQLITE = {"haversine_m": geo.haversine_m, "polygon_contains": polygon_contains}
