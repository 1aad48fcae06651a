"""Make ``helsinki-centre.osm.pbf``: the businesses of a city centre and the map they stand on.

Usage: python data/make_sample.py SOURCE
SOURCE is an OpenStreetMap extract of central Helsinki (.osm.pbf, ODbL licence, see data/LICENSE). Kept are named
businesses with all that helps to reach and describe them, and streets, rails, water, green and buildings with what
a drawn map needs. Editors' names and change numbers are dropped; the time of each business's last edit stays.
"""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import osmium
from osmium.osm import Node, Relation, Way

OUTPUT = Path(__file__).with_name("helsinki-centre.osm.pbf")
NAMES = ("name", "brand", "operator")
BUSINESS_KEYS = ("amenity", "shop", "healthcare", "tourism", "craft", "leisure", "education", "club", "office")
FORMER = ("", "disused:", "was:", "abandoned:", "closed:")
NO_USE = ("source", "note", "fixme", "created_by", "marker", "paved", "parking:", "traffic_sign", "snowplowing")
AREA_TYPES = ("multipolygon", "site", "building")
MAP_VALUES = {
    "highway": "living_street motorway pedestrian primary residential secondary service tertiary trunk unclassified"
    " cycleway footway path steps",
    "railway": "rail tram subway",
    "waterway": "canal river stream",
    "natural": "bay coastline water wood",
    "landuse": "basin cemetery forest grass recreation_ground reservoir",
    "leisure": "garden marina park pitch playground",
    "man_made": "bridge pier",
    "place": "square",
}
MAP_TAGS = {
    *MAP_VALUES,
    "name",
    "name:en",
    "name:fi",
    "name:sv",
    "building",
    "bridge",
    "tunnel",
    "layer",
    "area",
    "type",
}

Tags = dict[str, str]
Key = tuple[str, int]
Thing = Node | Way | Relation


def main(source: Path) -> None:
    kept: dict[Key, Tags] = {}
    tracker = osmium.IdTracker()
    newest = datetime.fromtimestamp(0, UTC)
    for thing in _things(source):
        newest = max(newest, thing.timestamp)
        if tags := _useful(thing):
            kept[thing.type_str(), thing.id] = tags
            tracker.add_references(thing)
    tracker.complete_backward_references(source)
    _write(source, kept, tracker, newest)


def _things(source: Path) -> Iterator[Thing]:
    return (thing for thing in osmium.FileProcessor(source) if isinstance(thing, Node | Way | Relation))


def _useful(thing: Thing) -> Tags:
    """The tags to keep of one object; none when the sample can do without it."""
    tags = {tag.k: tag.v for tag in thing.tags}
    if thing.is_relation() and tags.get("type") not in AREA_TYPES:
        return {}
    if _is_business(tags):
        return {key: value for key, value in tags.items() if not key.startswith(NO_USE)}
    if not thing.is_node() and _is_on_the_map(tags):
        return {key: value for key, value in tags.items() if key in MAP_TAGS}
    return {}


def _is_business(tags: Tags) -> bool:
    named = any(key in NAMES or key.startswith("name:") for key in tags)
    return named and any(prefix + key in tags for prefix in FORMER for key in BUSINESS_KEYS)


def _is_on_the_map(tags: Tags) -> bool:
    beside_a_street = tags.get("footway") in ("sidewalk", "crossing")
    drawn = any(tags.get(key) in values.split() for key, values in MAP_VALUES.items())
    return "building" in tags or (drawn and not beside_a_street)


def _write(source: Path, kept: dict[Key, Tags], tracker: osmium.IdTracker, newest: datetime) -> None:
    needed = {"n": tracker.node_ids(), "w": tracker.way_ids(), "r": tracker.relation_ids()}
    target = osmium.io.File(OUTPUT, "pbf,add_metadata=timestamp,pbf_compression_level=9")
    with osmium.SimpleWriter(target, header=_header(source, newest), overwrite=True) as writer:
        for thing in _things(source):
            tags = kept.get((thing.type_str(), thing.id), {})
            if tags or needed[thing.type_str()].get(thing.id):
                stamp = thing.timestamp if _is_business(tags) else datetime.fromtimestamp(0, UTC)
                writer.add(thing.replace(tags=tags, timestamp=stamp))


def _header(source: Path, newest: datetime) -> osmium.io.Header:
    header = osmium.io.Header()
    header.set("generator", "MapTargeter data/make_sample.py")
    header.set("osmosis_replication_timestamp", newest.strftime("%Y-%m-%dT%H:%M:%SZ"))
    header.set("sorting", "Type_then_ID")
    header.add_box(osmium.FileProcessor(source).header.box())
    return header


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
