"""Which places an account's leads were merged from, and what became of them since."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from operator import itemgetter
from typing import Any, TypeVar

import orjson
import peewee

from models import base, lead_tally, search
from models.base import JSONText
from models.lead import OF_ACCOUNT, Lead, LeadChange
from models.place import Place

Row = dict[str, Any]
Tile = tuple[int, int]
Cause = tuple[str, str | None]
"""What changed a lead: the ``cause`` and ``cause_id`` of ``LeadChange``."""

Value = TypeVar("Value")

KINDS = ("new", "changed", "gone")
"""What a change makes of a lead."""

_CHUNK = 500
_COLUMNS = tuple(Lead._meta.fields)
_JSON = tuple(name for name, field in Lead._meta.fields.items() if isinstance(field, JSONText))
_FLAGS = tuple(name for name, field in Lead._meta.fields.items() if isinstance(field, peewee.BooleanField))
_LEADS = " ".join(("SELECT", ", ".join(_COLUMNS), "FROM lead WHERE number IN ($) ORDER BY number"))
_PLACES = "SELECT lead_number, source, record_id, record FROM lead_place WHERE lead_number IN ($)"
_NEAR = (
    "SELECT DISTINCT lead.number FROM (VALUES (...)) AS box CROSS JOIN lead WHERE lead.account_id = ?"
    " AND lead.lat BETWEEN box.column2 AND box.column4 AND lead.lon BETWEEN box.column1 AND box.column3"
)


def tiles(account_id: str, ranges: Iterable[tuple[int, int, int, int]]) -> set[Tile]:
    """Return the (y, x) of tiles that hold places of the account's leads, within (y1, x1, y2, x2), ends included."""
    sql = (
        "SELECT DISTINCT tile_y, tile_x FROM lead_place"
        " WHERE account_id = ? AND tile_y BETWEEN ? AND ? AND tile_x BETWEEN ? AND ?"
    )
    return {(y, x) for y1, x1, y2, x2 in ranges for y, x in base.rows(sql, (account_id, y1, y2, x1, x2))}


def in_tile(account_id: str, tile: Tile) -> list[Row]:
    """Return the leads that have a place in the tile.

    Rows hold every column of ``Lead``, as ``places`` the (source, record id) of every place of the lead, and as
    ``own`` what those say that are of the account's own lists.
    """
    here = "SELECT lead_number FROM lead_place WHERE account_id = ? AND tile_y = ? AND tile_x = ?"
    return _load(here, (account_id, *tile))


def in_box(account_id: str, box: tuple[float, float, float, float]) -> list[Row]:
    """Return the leads in a (west, south, east, north) box, as ``in_tile`` does."""
    west, south, east, north = box
    here = "SELECT number FROM lead WHERE account_id = ? AND lat BETWEEN ? AND ? AND lon BETWEEN ? AND ?"
    return _load(here, (account_id, south, north, west, east))


def in_boxes(account_id: str, boxes: Sequence[tuple[float, float, float, float]]) -> list[Row]:
    """Return the leads in any of many small boxes, as ``in_box`` does."""
    numbers: set[int] = set()
    for chunk in _chunks(boxes):
        sql = base.written(_NEAR, columns=4, rows=len(chunk))
        numbers.update(number for (number,) in base.rows(sql, (*chain.from_iterable(chunk), account_id)))
    return _numbered(numbers)


def owning(account_id: str, keys: Iterable[tuple[str, str]]) -> list[Row]:
    """Return the leads that these places (source, record id) belong to, as ``in_tile`` does."""
    found: dict[int, Row] = {}
    for source, chunk in _by_source(keys):
        mine = (
            "SELECT lead_number FROM lead_place WHERE account_id = ? AND source = ? AND record_id IN",
            _marks(chunk),
        )
        found |= {row["number"]: row for row in _load(" ".join(mine), (account_id, source, *chunk))}
    return list(found.values())


def by_id(account_id: str, ids: Iterable[str]) -> list[Row]:
    """Return the leads of the account with these public ids, as ``in_tile`` does."""
    found: list[Row] = []
    for chunk in _chunks(sorted(ids)):
        mine = " ".join(("SELECT number FROM lead WHERE", OF_ACCOUNT, "AND id IN", _marks(chunk)))
        found += _load(mine, (account_id, *chunk))
    return found


def of_place(account_id: str, source: str, record_id: str) -> list[Row]:
    """Return the lead that a place belongs to, as ``in_tile`` does; of any account if none is named."""
    mine = "SELECT lead_number FROM lead_place WHERE (account_id = ? OR ? = '') AND source = ? AND record_id = ?"
    return _load(mine, (account_id, account_id, source, record_id))


def by_rank_keys(keys: Iterable[int]) -> list[Row]:
    """Return the leads at these places of the ranking, as ``in_tile`` does."""
    return _numbered(number for (number,) in search.rows_in("SELECT number FROM lead WHERE rank_key IN", sorted(keys)))


def present(keys: Iterable[tuple[str, str]]) -> list[Row]:
    """Return those of the places (source, record id) that their source still has."""
    found: list[Row] = []
    for source, chunk in _by_source(keys):
        here = (Place.source == source) & Place.record_id.in_(chunk) & Place.gone_at.is_null()
        query: Any = Place.select().where(here)
        found.extend(query.dicts())
    return found


def count(account_id: str) -> int:
    """Return how many leads the account keeps, present and gone."""
    return lead_tally.total(account_id, lead_tally.KEPT)


def link(account_id: str, links: Iterable[tuple[int, tuple[str, str], Tile]]) -> None:
    """Set which lead (by number) places belong to, and in which tile they are now."""
    _each(
        "INSERT INTO lead_place (account_id, source, record_id, lead_number, tile_y, tile_x) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (account_id, source, record_id) DO UPDATE"
        " SET lead_number = excluded.lead_number, tile_y = excluded.tile_y, tile_x = excluded.tile_x",
        ((account_id, *key, number, *tile) for number, key, tile in links),
    )


def keep(account_id: str, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Write which lead (by number) rows of the account's own lists belong to, and what they say."""
    _each(
        "INSERT INTO lead_place (account_id, source, record_id, lead_number, tile_y, tile_x, record)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, source, record_id) DO UPDATE"
        " SET lead_number = excluded.lead_number, tile_y = excluded.tile_y, tile_x = excluded.tile_x,"
        " record = excluded.record",
        (
            (account_id, row["source"], row["record_id"], number, row["tile_y"], row["tile_x"], _json(row))
            for number, row in rows
        ),
    )


def record(account_id: str, cause: Cause, at: str, changes: Iterable[tuple[str, str, dict[str, Any]]]) -> None:
    """Write (lead id, change, fields) into the history of the account's leads; see ``LeadChange``."""
    _each(
        "INSERT INTO lead_change (account_id, lead_id, cause, cause_id, change, fields, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        ((account_id, lead_id, *cause, change, _json(fields), at) for lead_id, change, fields in changes),
    )


def history(account_id: str, lead_id: str, limit: int, before: int | None = None) -> list[Row]:
    """Return up to ``limit`` changes of a lead, newest first, from before number ``before``."""
    query: Any = LeadChange.select().where((LeadChange.account_id == account_id) & (LeadChange.lead_id == lead_id))
    if before is not None:
        query = query.where(LeadChange.id < before)
    return list(query.order_by(LeadChange.id.desc()).limit(limit).dicts())


def changes(account_id: str, scan_id: str, limit: int, before: int | None, change: str | None) -> list[Row]:
    """Return up to ``limit`` changes that a scan made, of one kind or all, the last first, from before a number."""
    found: list[Row] = []
    for kind in KINDS if change is None else (change,):  # each from its own end of the index, however rare it is
        where = (LeadChange.account_id == account_id) & (LeadChange.cause_id == scan_id) & (LeadChange.change == kind)
        if before is not None:
            where &= LeadChange.id < before
        query: Any = LeadChange.select().where(where).order_by(LeadChange.id.desc()).limit(limit)
        found.extend(query.dicts())
    return sorted(found, key=itemgetter("id"), reverse=True)[:limit]


def names(account_id: str, ids: Iterable[str]) -> dict[str, str]:
    """Return the names of leads by their public ids."""
    found: dict[str, str] = {}
    for chunk in _chunks(sorted(set(ids))):
        sql = " ".join(("SELECT id, name FROM lead WHERE", OF_ACCOUNT, "AND id IN", _marks(chunk)))
        found |= dict(base.rows(sql, (account_id, *chunk)))
    return found


def _load(numbers: str, parameters: tuple[Any, ...]) -> list[Row]:
    """Return the leads whose numbers the SQL ``numbers`` gives."""
    places: dict[int, list[tuple[str, str]]] = {}
    own: dict[int, list[Row]] = {}
    for number, source, record_id, record in base.rows(_PLACES.replace("$", numbers), parameters):
        places.setdefault(number, []).append((source, record_id))
        if record is not None:
            own.setdefault(number, []).append(orjson.loads(record))
    rows = (dict(zip(_COLUMNS, row, strict=True)) for row in base.rows(_LEADS.replace("$", numbers), parameters))
    return [_decoded(row) | _belonging(row["number"], places, own) for row in rows]


def _belonging(number: int, places: Mapping[int, Sequence[Any]], own: Mapping[int, Sequence[Any]]) -> Row:
    return {"places": tuple(places.get(number, ())), "own": tuple(own.get(number, ()))}


def _numbered(numbers: Iterable[int]) -> list[Row]:
    found: list[Row] = []
    for chunk in _chunks(sorted(numbers)):
        found += _load(" ".join(("SELECT number FROM lead WHERE number IN", _marks(chunk))), tuple(chunk))
    return found


def _decoded(row: Row) -> Row:
    for name in _JSON:
        value = row[name]
        row[name] = [] if value == "[]" else {} if value == "{}" else None if value is None else orjson.loads(value)
    for name in _FLAGS:
        row[name] = bool(row[name])
    return row


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value).decode()


def _marks(values: Sequence[Any]) -> str:
    return f"({', '.join('?' * len(values))})"


def _each(sql: str, parameters: Iterable[tuple[Any, ...]]) -> None:
    base.database.cursor().executemany(base.portable(sql), parameters)


def _by_source(keys: Iterable[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    records: dict[str, list[str]] = {}
    for source, record_id in keys:
        records.setdefault(source, []).append(record_id)
    return ((source, chunk) for source, ids in sorted(records.items()) for chunk in _chunks(sorted(ids)))


def _chunks(values: Sequence[Value]) -> Iterator[list[Value]]:
    rest = iter(values)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
