"""The catalogue: every place of every source, shared by all accounts, and the imports it came from."""

from collections.abc import Collection
from itertools import chain
from typing import Any

import orjson
import peewee

from core import zones
from models import base
from models.base import JSONText, Stamp

Bbox = tuple[float, float, float, float]
"""West, south, east, north in WGS84 degrees; west is more than east when it crosses the antimeridian."""

Row = dict[str, Any]


class PlaceImport(base.Model):
    """One file that was read: which data set, how old, of which area, and what it changed."""

    id = peewee.AutoField()
    source = peewee.CharField(max_length=16)
    file_name = peewee.TextField()
    release = Stamp()
    area = peewee.TextField()  # the box the file claims to cover, as text to compare; empty when it claims none
    license = peewee.CharField(max_length=64)
    attribution = peewee.TextField()
    read = peewee.IntegerField()
    new = peewee.IntegerField()
    changed = peewee.IntegerField()
    unchanged = peewee.IntegerField()
    gone = peewee.IntegerField()
    places = peewee.IntegerField()  # how many the source had afterwards
    at = Stamp()

    class Meta:
        indexes = ((("source", "area", "release", "file_name"), True),)


class Place(base.Model):
    """One record of one source, as ``providers.base.RawPlace`` describes it.

    ``release`` is the newest release that had something to say about it: that it is there, or that it is gone.
    ``import_id`` is the import that brought that news.
    """

    id = peewee.AutoField()
    source = peewee.CharField(max_length=16)
    record_id = peewee.CharField(max_length=64)
    updated_at = Stamp(null=True)
    name = peewee.TextField()
    names = JSONText()
    alt_names = JSONText()
    brand = peewee.TextField(null=True)
    brand_wikidata = peewee.TextField(null=True)
    operator = peewee.TextField(null=True)
    category = peewee.CharField(max_length=64)
    lat = peewee.DoubleField()
    lon = peewee.DoubleField()
    house_number = peewee.TextField(null=True)
    street = peewee.TextField(null=True)
    unit = peewee.TextField(null=True)
    district = peewee.TextField(null=True)
    city = peewee.TextField(null=True)
    region = peewee.TextField(null=True)
    postcode = peewee.TextField(null=True)
    country = peewee.CharField(max_length=2, null=True)
    timezone = peewee.TextField(null=True)
    phones = JSONText()
    emails = JSONText()
    websites = JSONText()
    socials = JSONText()
    opening_hours = JSONText(null=True)
    operating_status = peewee.CharField(max_length=24)
    attributes = JSONText()
    raw_tags = JSONText()
    license = peewee.CharField(max_length=64)
    content_hash = peewee.CharField(max_length=64)
    tile_y = peewee.IntegerField()
    tile_x = peewee.IntegerField()
    release = Stamp()
    import_id = peewee.IntegerField()
    imported_at = Stamp()
    gone_at = Stamp(null=True)

    class Meta:
        indexes = ((("source", "record_id"), True), (("tile_y", "tile_x"), False))


TABLES: tuple[type[base.Model], ...] = (Place, PlaceImport)

_COLUMNS = tuple(Place._meta.fields)
_LIST = ", ".join(_COLUMNS)
_JSON = tuple(name for name, field in Place._meta.fields.items() if isinstance(field, JSONText))


def tiles_in(bbox: Bbox, categories: Collection[str] | None = None) -> list[tuple[int, int, int]]:
    """Return (y, x, places) of each tile of zoom ``core.zones.TILE_ZOOM`` with present places inside ``bbox``.

    Only places inside the box are counted, and of these, unless None, only those of one of ``categories``.
    """
    where, parameters = _present(bbox, categories)
    by_tile = "GROUP BY tile_y, tile_x ORDER BY tile_y, tile_x"
    return base.rows(statement("SELECT tile_y, tile_x, COUNT(*) FROM place WHERE", where, by_tile), parameters)


def count_in(bbox: Bbox, categories: Collection[str] | None = None) -> int:
    """Return how many present places ``bbox`` holds."""
    where, parameters = _present(bbox, categories)
    return int(base.rows(statement("SELECT COUNT(*) FROM place WHERE", where), parameters)[0][0])


def points_in(bbox: Bbox, categories: Collection[str] | None = None) -> list[tuple[float, float]]:
    """Return latitude and longitude of each present place in ``bbox``, for areas that are no box."""
    where, parameters = _present(bbox, categories)
    return base.rows(statement("SELECT lat, lon FROM place WHERE", where), parameters)


def places_in_tile(y: int, x: int, categories: Collection[str] | None = None) -> list[Row]:
    """Return the present places of a tile by the columns of ``Place``, in the order of their sources and records."""
    among, parameters = _of(categories)
    here = statement("FROM place WHERE tile_y = ? AND tile_x = ? AND gone_at IS NULL", among)
    found = base.rows(statement("SELECT", _LIST, here, "ORDER BY source, record_id"), (y, x, *parameters))
    return [_row(values) for values in found]


def sources() -> list[Row]:
    """Return for each source its newest ``release``, number of present ``places``, ``license`` and ``attribution``."""
    found = base.rows(
        "SELECT i.source, newest.release, i.places, i.license, i.attribution FROM place_import AS i JOIN"
        " (SELECT source, MAX(release) AS release, MAX(id) AS id FROM place_import GROUP BY source) AS newest"
        " ON newest.id = i.id ORDER BY i.source"
    )
    return [dict(zip(("source", "release", "places", "license", "attribution"), row, strict=True)) for row in found]


def statement(*parts: str) -> str:
    """Put a statement together of parts written in this package; nothing a user says is ever part of one."""
    return " ".join(" ".join(parts).split())


def _row(values: tuple[Any, ...]) -> Row:
    row = dict(zip(_COLUMNS, values, strict=True))
    return row | {name: None if row[name] is None else orjson.loads(row[name]) for name in _JSON}


def _present(bbox: Bbox, categories: Collection[str] | None) -> tuple[str, tuple[Any, ...]]:
    """A condition and its parameters. The tiles are in it because they are what the index knows."""
    west, south, east, north = bbox
    spans = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    meridians = " OR ".join(["tile_x BETWEEN ? AND ? AND lon BETWEEN ? AND ?"] * len(spans))
    parallels = (zones.tile(north, 0.0)[0], zones.tile(south, 0.0)[0], south, north)
    columns = [(zones.tile(0.0, left)[1], zones.tile(0.0, right)[1], left, right) for left, right in spans]
    among, chosen = _of(categories)
    where = f"tile_y BETWEEN ? AND ? AND lat BETWEEN ? AND ? AND ({meridians}) AND gone_at IS NULL {among}"
    return where, (*parallels, *chain.from_iterable(columns), *chosen)


def _of(categories: Collection[str] | None) -> tuple[str, tuple[str, ...]]:
    if categories is None:
        return "", ()
    wanted = tuple(sorted(categories)) or ("",)  # none at all: nothing is of the category ""
    return f"AND category IN ({', '.join('?' * len(wanted))})", wanted
