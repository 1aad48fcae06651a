"""Areas on the map: what is inside, how large, and what is wrong with one that was sent.

Everything is WGS84 degrees on a sphere of the mean radius, which is within 0.6 % of the ellipsoid: fine for deciding
what a scan covers. Edges of a polygon are straight in longitude and latitude, as GeoJSON has them (RFC 7946 §3.1.1).
"""

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry import Polygon

from core.errors import InvalidInput, Violation

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees; west beyond east crosses the antimeridian."""

EARTH_RADIUS_M = 6_371_008.8  # mean radius R1 of WGS84
MAX_POINTS = 1_000


def haversine_m(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the metres between two points along the great circle."""
    north, east = math.radians(lat2 - lat1) / 2, math.radians(lon2 - lon1) / 2
    chord = math.sin(north) ** 2 + math.cos(math.radians(lat1)) * math.cos(math.radians(lat2)) * math.sin(east) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord)))


class Area(ABC):
    """A rectangle, a circle or a polygon. ``bbox`` holds all of it."""

    bbox: Box

    @staticmethod
    def from_json(document: dict[str, Any], pointer: str = "/area") -> "Area":
        """Read ``{"bbox": [w, s, e, n]}``, ``{"circle": {"lat", "lon", "radius_m"}}`` or ``{"polygon": GeoJSON}``.

        The contract has checked types and bounds. Raise InvalidInput for what it cannot say, such as south beyond
        north, an open ring or one that crosses itself; ``pointer`` says where the document stands.
        """
        (kind, value) = next(iter(document.items()))
        return _READERS[kind](value, f"{pointer}/{kind}")

    @property
    @abstractmethod
    def area_km2(self) -> float:
        """Its size in square kilometres."""

    @abstractmethod
    def contains(self, lat: float, lon: float) -> bool:
        """Tell whether a point is inside; the edge belongs to it."""


@dataclass(frozen=True, slots=True)
class Rectangle(Area):
    bbox: Box

    @property
    def area_km2(self) -> float:
        west, south, east, north = self.bbox
        width = east - west if west <= east else east - west + 360
        height = math.sin(math.radians(north)) - math.sin(math.radians(south))
        return round(math.radians(width) * height * (EARTH_RADIUS_M / 1000) ** 2, 6)

    def contains(self, lat: float, lon: float) -> bool:
        west, south, east, north = self.bbox
        across = west <= lon <= east if west <= east else lon >= west or lon <= east
        return across and south <= lat <= north


@dataclass(frozen=True, slots=True)
class Circle(Area):
    lat: float
    lon: float
    radius_m: float
    bbox: Box

    @property
    def area_km2(self) -> float:
        """Return the size of the spherical cap."""
        angle = min(self.radius_m / EARTH_RADIUS_M, math.pi)
        return round(2 * math.pi * (1 - math.cos(angle)) * (EARTH_RADIUS_M / 1000) ** 2, 6)

    def contains(self, lat: float, lon: float) -> bool:
        return haversine_m(self.lat, self.lon, lat, lon) <= self.radius_m


@dataclass(frozen=True, slots=True)
class Outline(Area):
    """A polygon, possibly with holes."""

    shape: Polygon
    bbox: Box

    @property
    def area_km2(self) -> float:
        rings = [self.shape.exterior, *self.shape.interiors]
        outer, *holes = (_ring_km2(list(ring.coords)) for ring in rings)
        return round(outer - sum(holes), 6)

    def contains(self, lat: float, lon: float) -> bool:
        return bool(shapely.intersects_xy(self.shape, lon, lat))


def circle_box(lat: float, lon: float, radius_m: float) -> Box:
    """Return the box around a circle (http://janmatuschek.de/LatitudeLongitudeBoundingCoordinates, §3)."""
    angle = radius_m / EARTH_RADIUS_M * (1 + 1e-9)  # a hair wider, so that rounding leaves nothing out
    south, north = lat - math.degrees(angle), lat + math.degrees(angle)
    if south <= -90 or north >= 90:
        return (-180.0, max(south, -90.0), 180.0, min(north, 90.0))
    side = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(math.radians(lat)))))
    west, east = lon - side, lon + side
    return (west + 360 if west < -180 else west, south, east - 360 if east > 180 else east, north)


def _rectangle(value: Sequence[float], pointer: str) -> Area:
    west, south, east, north = (float(each) for each in value)
    problems = [
        _problem(f"{pointer}/{index}", "not_allowed", "must be a latitude, from -90 to 90")
        for index, latitude in ((1, south), (3, north))
        if abs(latitude) > 90
    ]
    if not problems and south > north:
        problems = [_problem(pointer, "not_allowed", "south must not be beyond north: write west, south, east, north")]
    _refuse(problems)
    return Rectangle((west, south, east, north))


def _circle(value: dict[str, float], _pointer: str) -> Area:
    lat, lon, radius_m = float(value["lat"]), float(value["lon"]), float(value["radius_m"])
    return Circle(lat, lon, radius_m, circle_box(lat, lon, radius_m))


def _outline(value: dict[str, Any], pointer: str) -> Area:
    rings, problems = value["coordinates"], []
    if sum(len(ring) for ring in rings) > MAX_POINTS:
        problems.append(_problem(pointer, "too_many", f"must have at most {MAX_POINTS} points"))
    for number, ring in enumerate(rings):
        if ring[0] != ring[-1]:
            problems.append(_problem(f"{pointer}/coordinates/{number}", "not_allowed", "must end where it begins"))
        if any(abs(lat) > 90 for _, lat in ring):
            problems.append(_problem(f"{pointer}/coordinates/{number}", "not_allowed", "latitudes go from -90 to 90"))
        if any(abs(lon2 - lon1) > 180 for (lon1, _), (lon2, _) in itertools.pairwise(ring)):
            message = "must not cross the antimeridian, nor have an edge over more than 180 degrees of longitude"
            problems.append(_problem(f"{pointer}/coordinates/{number}", "not_allowed", message))
    _refuse(problems)
    shape = Polygon(rings[0], rings[1:])
    if not shape.is_valid or shape.area == 0:
        reason = shapely.is_valid_reason(shape).split("[")[0].lower() if not shape.is_valid else "it has no area"
        _refuse([_problem(pointer, "not_allowed", f"must be one simple polygon, but: {reason}")])
    west, south, east, north = shape.bounds
    return Outline(shape, (west, south, east, north))


_READERS: dict[str, Callable[[Any, str], Area]] = {"bbox": _rectangle, "circle": _circle, "polygon": _outline}


def _ring_km2(ring: list[tuple[float, ...]]) -> float:
    """Return the size of a ring whose edges are straight in longitude and latitude.

    Line integral of sin(latitude) along the ring, exact for such an edge.
    """
    total = 0.0
    for (lon1, lat1), (lon2, lat2) in itertools.pairwise(ring):
        low, high = math.radians(lat1), math.radians(lat2)
        mean = math.sin(low) if abs(high - low) < 1e-9 else (math.cos(low) - math.cos(high)) / (high - low)
        total += math.radians(lon2 - lon1) * mean
    return abs(total) * (EARTH_RADIUS_M / 1000) ** 2


def _problem(pointer: str, code: str, message: str) -> Violation:
    return Violation("body", pointer.strip("/").replace("/", "."), code, message, pointer)


def _refuse(problems: list[Violation]) -> None:
    if problems:
        raise InvalidInput("This is not an area on the map.", problems)
