"""OpenStreetMap files (.osm.pbf, also .osm and its packed forms): businesses as points.

Nodes stand where they are; ways and relations stand in the middle of the box around them, as Overpass's
``out center`` has it. Data licence: ODbL 1.0, https://www.openstreetmap.org/copyright
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import osmium
from osmium.filter import IdFilter, KeyFilter
from osmium.index import LocationTable
from osmium.osm import NODE, NOTHING, RELATION, WAY, Node, NodeRef, Relation, Way

from core import clock, errors, taxonomy
from providers import osm_tags
from providers.base import Progress, RawPlace, Release

SOURCE = osm_tags.SOURCE
LICENSE = osm_tags.LICENSE
ATTRIBUTION = "© OpenStreetMap contributors"

_IN_MEMORY = 256_000_000
"""Bytes of file up to which the positions of its nodes, twice as large, are kept in memory and not in a file."""
_KEYS = [prefix + key for prefix in ("", *osm_tags.FORMER) for key in taxonomy.KEYS]
_TELL_EVERY = 500
_TYPES = {"n": "node", "w": "way", "r": "relation"}

_NO_TIMESTAMP = 1970

Thing = Node | Way | Relation
Point = tuple[float, float]


def release(path: Path) -> Release:
    """Return the date and area in the file's header. Raise PlaceFileError if it is not such a file."""
    with _one_line(path), osmium.io.Reader(path, NOTHING) as reader:
        header = reader.header()
        box, stamp = header.box(), header.get("osmosis_replication_timestamp")
        if header.has_multiple_object_versions:
            raise errors.PlaceFileError(f"{path.name}: a history or change file, not a map")
    bounds = (box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat) if box.valid() else None
    return Release(clock.stamp(clock.parse(stamp)) if stamp else None, bounds)


def read(path: Path, progress: Progress) -> Iterator[RawPlace]:
    """Give every named business in the file. Raise PlaceFileError when it turns out to be broken, maybe halfway."""
    size = path.stat().st_size if path.is_file() else 0
    with _one_line(path), tempfile.TemporaryDirectory() as folder:
        positions = "sparse_mem_array" if size < _IN_MEMORY else f"sparse_file_array,{folder}/nodes"
        for count, place in enumerate(filter(None, map(osm_tags.place, _records(path, positions)))):
            if count % _TELL_EVERY == 0:
                progress(_position(path), size)
            yield place
    progress(size, size)


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """Turn what the library says of a broken file into one sentence."""
    try:
        yield
    except (RuntimeError, UnicodeDecodeError, OSError) as error:
        reason = " ".join(str(error).replace(str(path), path.name).split())[:200]
        raise errors.PlaceFileError(f"{path.name}: not a readable OpenStreetMap file ({reason})") from error


def _records(path: Path, positions: str) -> Iterator[osm_tags.Record]:
    """Everything tagged like a business that has a place: nodes and ways as they come, then relations."""
    business = KeyFilter(*_KEYS)
    things = osmium.FileProcessor(path, NODE | WAY).with_locations(positions).with_filter(business)
    for thing in things:
        if isinstance(thing, Node):
            yield from _record(thing, _points([thing]))
        elif isinstance(thing, Way):
            yield from _record(thing, _points(thing.nodes))
    relations = osmium.FileProcessor(path, RELATION).with_filter(business)
    ways = {member.ref for thing in relations if isinstance(thing, Relation) for member in thing.members}
    points = _points_of(ways, path, things.node_location_storage) if ways else {}
    for thing in relations:
        if isinstance(thing, Relation):
            members = [member.ref for member in thing.members if member.type == "w"]
            yield from _record(thing, [point for way in members for point in points.get(way, ())])


def _points_of(ways: Iterable[int], path: Path, nodes: LocationTable | None) -> dict[int, list[Point]]:
    """Where the given ways run. ``nodes`` holds the positions of all nodes by now."""
    locate = osmium.NodeLocationsForWays(nodes)  # type: ignore[arg-type]  # None only before with_locations
    locate.ignore_errors()
    wanted = IdFilter(ways)  # the iterator borrows its filters, so they need a name that outlives it
    with osmium.io.Reader(path, WAY) as reader:
        found = osmium.OsmFileIterator(reader, locate, wanted)
        return {way.id: _points(way.nodes) for way in found if isinstance(way, Way)}


def _points(nodes: Iterable[Node | NodeRef]) -> list[Point]:
    """Latitude and longitude of those nodes that are in the file."""
    return [(node.location.lat, node.location.lon) for node in nodes if node.location.valid()]


def _record(thing: Thing, points: list[Point]) -> Iterator[osm_tags.Record]:
    """The object in the middle of the box around ``points``; nothing if it is nowhere, as at an extract's edge."""
    if points:
        lats, lons = zip(*points, strict=True)
        yield osm_tags.Record(
            record_id=f"{_TYPES[thing.type_str()]}/{thing.id}",
            updated_at=clock.stamp(thing.timestamp) if thing.timestamp.year > _NO_TIMESTAMP else None,
            lat=round((min(lats) + max(lats)) / 2, 7),
            lon=round((min(lons) + max(lons)) / 2, 7),
            tags={tag.k: tag.v for tag in thing.tags},
        )


def _position(path: Path) -> int:
    """How far the file has been read, in bytes: what Linux tells of the open file; elsewhere nobody does."""
    try:
        for link in Path("/proc/self/fd").iterdir():
            if link.is_symlink() and link.readlink() == path.resolve():
                return int(Path(f"/proc/self/fdinfo/{link.name}").read_text().split()[1])
    except OSError:
        pass
    return 0
