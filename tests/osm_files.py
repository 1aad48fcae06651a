"""Small OpenStreetMap files for tests, written by the real library."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import osmium

SAMPLE = Path(__file__).parent.parent / "data" / "helsinki-centre.osm.pbf"
BBOX = (24.9, 60.1, 25.0, 60.2)
EDITED = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Node:
    """A node; without tags only a corner of something."""

    id: int
    tags: dict[str, str] = field(default_factory=dict)
    lat: float = 60.15
    lon: float = 24.95
    edited: datetime = EDITED


def cafe(number: int, **tags: str) -> Node:
    """A café of a street, each a few metres from the next."""
    return Node(number, {"amenity": "cafe", "name": f"Café {number}"} | tags, lat=60.15 + number * 1e-5)


def write(
    path: Path,
    nodes: Iterable[Node],
    ways: Iterable[tuple[int, list[int], dict[str, str]]] = (),
    relations: Iterable[tuple[int, list[int], dict[str, str]]] = (),
    stamp: str | None = "2024-02-01T00:00:00Z",
    bbox: tuple[float, float, float, float] | None = BBOX,
) -> Path:
    """Write a file: ways as (id, nodes, tags), relations as (id, outer ways, tags); ``stamp`` and ``bbox`` head it."""
    header = osmium.io.Header()
    if stamp:
        header.set("osmosis_replication_timestamp", stamp)
    if bbox:
        header.add_box(osmium.osm.Box(*bbox))
    new = osmium.osm.mutable
    with osmium.SimpleWriter(path, header=header, overwrite=True) as writer:
        for node in sorted(nodes, key=lambda node: node.id):
            place = (node.lon, node.lat)
            writer.add(new.Node(id=node.id, location=place, tags=node.tags, timestamp=node.edited, version=1))
        for way, refs, tags in ways:
            writer.add(new.Way(id=way, nodes=refs, tags=tags, timestamp=EDITED, version=1))
        for relation, members, tags in relations:
            outer = [("w", member, "outer") for member in members]
            writer.add(new.Relation(id=relation, members=outer, tags=tags, timestamp=EDITED, version=1))
    return path
