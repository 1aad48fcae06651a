"""Brings a whole file into the catalogue at once: staged beside it first, then merged in one transaction.

Until the merge nobody sees anything of it and nobody waits for it; a file that turns out to be broken halfway, or a
process killed, leaves the catalogue as it was.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from core import clock, zones
from models import base
from models.base import JSONText
from models.place import Bbox, Place, PlaceImport, statement

_COLUMNS = tuple(name for name in Place._meta.fields if name != "id")
_NEWS = ("release", "import_id", "imported_at", "gone_at")
_MADE = ("content_hash", "tile_y", "tile_x")
_GIVEN = tuple(name for name in _COLUMNS if name not in (*_NEWS, *_MADE))
_STAGED = (*_GIVEN, *_MADE)
_JSON = frozenset(name for name in _GIVEN if isinstance(Place._meta.fields[name], JSONText))


_SAME_RECORD = "p.source = s.source AND p.record_id = s.record_id"
_NEWER = """CASE WHEN p.gone_at IS NOT NULL THEN s.release >= p.release
    WHEN p.content_hash = s.content_hash THEN 1 = 0
    WHEN s.updated_at IS NULL OR p.updated_at IS NULL THEN s.release >= p.release
    ELSE s.updated_at >= p.updated_at END"""

_CREATE = statement("CREATE TEMP TABLE staged_place AS SELECT", ", ".join(_COLUMNS), "FROM place WHERE 1 = 0")
_CREATE_INDEX = "CREATE UNIQUE INDEX staged_place_record ON staged_place (source, record_id)"
_DROP = "DROP TABLE IF EXISTS staged_place"
_STAGE = statement(
    "INSERT INTO staged_place",
    f"({', '.join(_STAGED)}) VALUES ({', '.join('?' * len(_STAGED))}) ON CONFLICT DO NOTHING",
)
_STAMP = "UPDATE staged_place SET release = ?, import_id = ?, imported_at = ?"
_UPDATE = statement(
    "UPDATE place AS p SET",
    ", ".join(f"{name} = s.{name}" for name in _COLUMNS),
    f"FROM staged_place AS s WHERE {_SAME_RECORD} AND {_NEWER}",
)
_CONFIRM = statement(
    "UPDATE place AS p SET release = s.release, import_id = s.import_id FROM staged_place AS s",
    f"WHERE {_SAME_RECORD} AND p.content_hash = s.content_hash AND p.gone_at IS NULL AND s.release > p.release",
)
_INSERT = statement(
    "INSERT INTO place",
    f"({', '.join(_COLUMNS)})",
    "SELECT",
    ", ".join(f"s.{name}" for name in _COLUMNS),
    "FROM staged_place AS s WHERE NOT EXISTS (SELECT 1 FROM place AS p WHERE",
    _SAME_RECORD,
    ")",
)
_SET_GONE = statement(
    """UPDATE place SET gone_at = ?, release = ?, import_id = ? WHERE id IN (WITH here AS (
        SELECT p.id, p.tile_y, p.tile_x, i.area, s.record_id AS found
        FROM place AS p JOIN place_import AS i ON i.id = p.import_id LEFT JOIN staged_place AS s ON""",
    _SAME_RECORD,
    """WHERE p.source = ? AND p.gone_at IS NULL AND p.release <= ?
        AND p.lat BETWEEN ? AND ? AND p.lon BETWEEN ? AND ?
    ), covered AS (
        SELECT tile_y, tile_x, area FROM here GROUP BY tile_y, tile_x, area
        HAVING area = ? OR COUNT(found) * 4 >= COUNT(*)
    )
    SELECT here.id FROM here JOIN covered
    ON covered.tile_y = here.tile_y AND covered.tile_x = here.tile_x AND covered.area = here.area
    WHERE here.found IS NULL)""",
)


@dataclass(frozen=True, slots=True)
class DataSet:
    """The file being imported. ``release`` is how old its data is, ``bbox`` the area it claims to cover, if any."""

    source: str
    file_name: str
    release: str
    bbox: Bbox | None
    license: str
    attribution: str

    @property
    def area(self) -> str:
        """The box as text: two releases of one extract have the same."""
        return ",".join(f"{edge:.7f}" for edge in self.bbox) if self.bbox else ""


@dataclass(frozen=True, slots=True)
class Merged:
    """How many places came, changed and went."""

    new: int
    changed: int
    gone: int


@contextmanager
def staging() -> Iterator[None]:
    """Open an empty staging table on this thread's connection; it is gone afterwards. Not inside a transaction."""
    if base.is_sqlite():
        base.database.execute_sql("PRAGMA temp_store = FILE")  # a country does not fit into memory
    try:
        for sql in (_DROP, _CREATE, _CREATE_INDEX):
            base.database.execute_sql(sql)
        yield
    finally:
        base.database.execute_sql(_DROP)
        if base.is_sqlite():
            base.database.execute_sql("PRAGMA temp_store = MEMORY")


def stage(places: Iterable[Mapping[str, Any]]) -> None:
    """Put places, by the properties of ``providers.base.RawPlace``, on the staging table; of one record the first."""
    with base.database.atomic():
        base.database.cursor().executemany(base.portable(_STAGE), map(_record, places))


def staged() -> tuple[int, str | None]:
    """Return how many places are staged, and when the newest of them was edited."""
    count, newest = base.rows("SELECT COUNT(*), MAX(updated_at) FROM staged_place")[0]
    return int(count), newest


def merge(data: DataSet) -> Merged:
    """Bring the catalogue up to what is staged; inside a transaction.

    A record replaces what is known of it unless what is known is newer. Places of the same source that the file should
    have and has not are marked gone: those of an earlier release of the same extract, and those of another extract
    in tiles which the file evidently covers, because at least a quarter of them are in it. A file older than one of the
    same area brings nothing new, for what only it has is known to be gone.
    """
    _wait_for_other_imports()
    base.database.execute_sql("ANALYZE staged_place")
    imported = _import_id(data)
    _run(_STAMP, data.release, imported, clock.now_stamp())
    gone = _run(_SET_GONE, *_gone_parameters(data, imported)) if data.bbox else 0
    changed = _run(_UPDATE)
    _run(_CONFIRM)
    new = 0 if _is_outdated(data) else _run(_INSERT)
    merged = Merged(new, changed, gone)
    _note(imported, data, merged)
    return merged


def _gone_parameters(data: DataSet, imported: int) -> tuple[Any, ...]:
    west, south, east, north = data.bbox or (0.0, 0.0, 0.0, 0.0)
    news = (clock.now_stamp(), data.release, imported)
    return (*news, data.source, data.release, south, north, west, east, data.area)


def _import_id(data: DataSet) -> int:
    """The row of this import; the one it had when the same file was imported before."""
    key = {"source": data.source, "area": data.area, "release": data.release, "file_name": data.file_name}
    known = PlaceImport.get_or_none(**key)
    if known is not None:
        return int(known.id)
    zeros = dict.fromkeys(("read", "new", "changed", "unchanged", "gone", "places"), 0)
    about = {"license": data.license, "attribution": data.attribution, "at": clock.now_stamp()}
    return int(PlaceImport.insert(**key, **zeros, **about).execute())


def _is_outdated(data: DataSet) -> bool:
    same = (PlaceImport.source == data.source) & (PlaceImport.area == data.area) & (PlaceImport.area != "")
    return bool(PlaceImport.select().where(same & (PlaceImport.release > data.release)).exists())


def _note(imported: int, data: DataSet, merged: Merged) -> None:
    """Write down what the import did, unless it is one known already that did nothing."""
    read = staged()[0]
    row = PlaceImport.get_by_id(imported)
    if row.read and merged == Merged(0, 0, 0):
        return
    present = Place.select().where((Place.source == data.source) & Place.gone_at.is_null()).count()
    counts = {"new": merged.new, "changed": merged.changed, "gone": merged.gone}
    unchanged = read - merged.new - merged.changed
    values = {"read": read, "unchanged": unchanged, "places": present, "at": clock.now_stamp()}
    PlaceImport.update(**values, **counts).where(PlaceImport.id == imported).execute()


def _wait_for_other_imports() -> None:
    """SQLite has one writer anyway; on PostgreSQL this keeps out another import, but no reader."""
    if not base.is_sqlite():
        base.database.execute_sql("LOCK TABLE place_import IN EXCLUSIVE MODE")


def _run(sql: str, *parameters: Any) -> int:
    return int(base.database.execute_sql(base.portable(sql), parameters).rowcount)


def _record(place: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values of ``_STAGED``."""
    values = [_json(place[name]) if name in _JSON else place[name] for name in _GIVEN]
    digest = hashlib.sha256(orjson.dumps(values)).hexdigest()
    return (*values, digest, *zones.tile(place["lat"], place["lon"]))


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
