"""Make ``helsinki-centre.map.json``: the map that the businesses of the sample stand on, small enough for a browser.

Usage: python data/make_map.py
Reads ``helsinki-centre.osm.pbf`` beside it (ODbL licence, see data/LICENSE). Kept are the shapes of what is drawn, by
kind and in the order of drawing, and the names of streets; all else is left out. The file is one JSON object:

    {"attribution", "dated", "bbox": [w, s, e, n], "scale", "names": [street, ...],
     "layers": [{"kind", "areas": [[ring, ...], ...]} or {"kind", "lines": [[number of the name or -1, line], ...]}]}

A ring or line is a flat list of numbers, x and y by turns: degrees times ``scale``, each but the first two as the
difference from the one before.
"""

import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import osmium
import shapely
from osmium.osm import Area, Way
from shapely import LineString, Polygon
from shapely.ops import linemerge, nearest_points, polygonize, unary_union

SOURCE = Path(__file__).with_name("helsinki-centre.osm.pbf")
OUTPUT = Path(__file__).with_name("helsinki-centre.map.json")
ATTRIBUTION = "© OpenStreetMap contributors"
SCALE = 100_000  # about a metre
NEAR_EDGE = 4e-4  # degrees from the edge within which the extract has cut a shore
SIMPLER = 1.2e-5  # degrees by which a shape may be off

Tags = dict[str, str]
AREAS = {
    "green": {
        "landuse": "cemetery forest grass recreation_ground",
        "leisure": "garden park pitch playground",
        "natural": "wood",
    },
    "water": {"natural": "water bay", "landuse": "basin reservoir pond"},
    "square": {"place": "square", "highway": "pedestrian footway", "man_made": "pier bridge"},
}
LINES = {
    "path": {"highway": "footway path cycleway steps"},
    "rail": {"railway": "rail tram"},
    "service": {"highway": "service"},
    "minor": {"highway": "residential living_street unclassified pedestrian"},
    "major": {"highway": "motorway trunk primary secondary tertiary"},
}
NAMED = ("minor", "major")
ORDER = ("green", "water", "square", "building", *LINES)


@dataclass(slots=True)
class Drawing:
    """What was found so far."""

    box: Polygon
    areas: dict[str, list[Any]] = field(default_factory=dict)
    ways: dict[str, dict[str, list[LineString]]] = field(default_factory=dict)
    lines: dict[str, list[Any]] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    coast: list[LineString] = field(default_factory=list)

    def area(self, area: Area) -> None:
        kind = _kind({tag.k: tag.v for tag in area.tags}, AREAS)
        if kind:
            for outer in area.outer_rings():
                self.fill(kind, Polygon(_points(outer), [_points(ring) for ring in area.inner_rings(outer)]))

    def fill(self, kind: str, shape: Polygon) -> None:
        for part in _parts(shapely.make_valid(shape).intersection(self.box).simplify(SIMPLER), Polygon):
            rings = [_flat(ring.coords) for ring in (part.exterior, *part.interiors)]
            self.areas.setdefault(kind, []).append(rings)

    def way(self, way: Way) -> None:
        tags, points = {tag.k: tag.v for tag in way.tags}, _points(way.nodes)
        kind = _kind(tags, LINES)
        if len(points) < 2 or tags.get("area") == "yes" or tags.get("tunnel") == "yes":
            return
        if tags.get("natural") == "coastline":
            self.coast += [LineString(run) for run in _runs(way, self.box) if len(run) > 1]
        if way.is_closed() and len(points) < len(way.nodes) and len(points) > 2:
            self.cut(tags, points)
        if kind:
            name = tags.get("name", "") if kind in NAMED else ""
            self.ways.setdefault(kind, {}).setdefault(name, []).append(LineString(points))

    def cut(self, tags: Tags, points: list[tuple[float, float]]) -> None:
        """Fill what the extract has a part of only; of such there is no area."""
        kind = _kind(tags, AREAS)
        if kind:
            self.fill(kind, Polygon(points))

    def join(self) -> None:
        """Make lines of the ways: mappers cut a street where anything about it changes."""
        for kind, named in self.ways.items():
            for name, ways in named.items():
                number = self.names.setdefault(name, len(self.names)) if name else -1
                whole: Any = linemerge(_parts(unary_union(ways), LineString)) if len(ways) > 1 else ways[0]
                for part in _parts(whole.intersection(self.box).simplify(SIMPLER), LineString):
                    self.lines.setdefault(kind, []).append([number, _flat(part.coords)])

    def flood(self) -> None:
        """Fill what lies to the right of the coastline (https://wiki.openstreetmap.org/wiki/Tag:natural=coastline)."""
        shores = [part for line in self.coast for part in _parts(line.intersection(self.box), LineString)]
        for face in polygonize(unary_union([self.box.exterior, *shores])):
            if any(face.contains(shapely.Point(point)) for shore in shores for point in _right_of(shore)):
                self.fill("water", face)

    def document(self, dated: str) -> dict[str, Any]:
        shapes = [("areas", self.areas), ("lines", self.lines)]
        layers = [{"kind": kind, form: found[kind]} for kind in ORDER for form, found in shapes if kind in found]
        about = {"attribution": ATTRIBUTION, "dated": dated, "bbox": list(self.box.bounds), "scale": SCALE}
        return about | {"names": list(self.names), "layers": layers}


def main() -> None:
    header = osmium.FileProcessor(SOURCE).header
    low, high = header.box().bottom_left, header.box().top_right
    drawing = Drawing(shapely.box(low.lon, low.lat, high.lon, high.lat))
    for thing in osmium.FileProcessor(SOURCE).with_locations().with_areas():
        if isinstance(thing, Area):
            drawing.area(thing)
        elif isinstance(thing, Way):
            drawing.way(thing)
    drawing.join()
    drawing.flood()
    made = drawing.document(header.get("osmosis_replication_timestamp"))
    OUTPUT.write_text(json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


def _kind(tags: Tags, kinds: dict[str, dict[str, str]]) -> str | None:
    if kinds is AREAS and "building" in tags:
        return "building"
    for kind, values in kinds.items():
        if any(tags.get(key) in value.split() for key, value in values.items()):
            return kind
    return None


def _points(nodes: Iterable[Any]) -> list[tuple[float, float]]:
    return [(node.lon, node.lat) for node in nodes if node.location.valid()]


def _runs(way: Way, box: Polygon) -> Iterator[list[tuple[float, float]]]:
    """The parts of a way that the extract has the nodes of, each drawn on to the edge of the map where it was cut."""
    for there, group in itertools.groupby(way.nodes, key=lambda node: node.location.valid()):
        if there:
            points = _points(group)
            first, last = (_on_edge(point, box) for point in (points[0], points[-1]))
            yield [first, *points, last]


def _on_edge(point: tuple[float, float], box: Polygon) -> tuple[float, float]:
    """The nearest point of the edge if it is near, or else the point itself."""
    found = nearest_points(box.exterior, shapely.Point(point))[0]
    return (found.x, found.y) if found.distance(shapely.Point(point)) < NEAR_EDGE else point


def _parts(shape: Any, kind: type[Any]) -> Iterator[Any]:
    """The pieces of this kind that a shape is made of."""
    if isinstance(shape, kind):
        yield from () if shape.is_empty else (shape,)
    for part in getattr(shape, "geoms", ()):
        yield from _parts(part, kind)


def _flat(points: Iterable[tuple[float, ...]]) -> list[int]:
    whole = [(round(x * SCALE), round(y * SCALE)) for x, y, *_ in points]
    flat, last = [], (0, 0)
    for x, y in whole:
        flat += [x - last[0], y - last[1]]
        last = x, y
    return flat


def _right_of(line: LineString) -> Iterator[tuple[float, float]]:
    """A point a metre to the right of each segment."""
    points = list(line.coords)
    for (x1, y1), (x2, y2) in itertools.pairwise(points):
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        if length:
            aside = 1e-5 / length
            yield (x1 + x2) / 2 + (y2 - y1) * aside, (y1 + y2) / 2 - (x2 - x1) * aside


if __name__ == "__main__":
    main()
