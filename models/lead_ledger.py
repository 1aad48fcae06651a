"""Which places an account's leads were merged from, and what each scan did to them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import orjson

from models import base
from models.lead import Lead, LeadPlace

Row = dict[str, Any]
Tile = tuple[int, int]

_CHUNK = 500


def tiles(account_id: str, ranges: Iterable[tuple[int, int, int, int]]) -> set[Tile]:
    """Return the (y, x) of tiles that hold places of the account's leads, within (y1, x1, y2, x2), ends included."""
    sql = (
        "SELECT DISTINCT tile_y, tile_x FROM lead_place"
        " WHERE account_id = ? AND tile_y BETWEEN ? AND ? AND tile_x BETWEEN ? AND ?"
    )
    return {(y, x) for y1, x1, y2, x2 in ranges for y, x in base.rows(sql, (account_id, y1, y2, x1, x2))}


def in_tile(account_id: str, tile: Tile) -> set[int]:
    """Return the numbers of the leads that have a place in the tile."""
    sql = "SELECT DISTINCT lead_number FROM lead_place WHERE account_id = ? AND tile_y = ? AND tile_x = ?"
    return {number for (number,) in base.rows(sql, (account_id, *tile))}


def in_box(account_id: str, box: tuple[float, float, float, float]) -> set[int]:
    """Return the numbers of the leads in a (west, south, east, north) box."""
    west, south, east, north = box
    sql = "SELECT number FROM lead WHERE account_id = ? AND lat BETWEEN ? AND ? AND lon BETWEEN ? AND ?"
    return {number for (number,) in base.rows(sql, (account_id, south, north, west, east))}


def load(numbers: Iterable[int]) -> list[Row]:
    """Return leads with all their columns, by number."""
    found: list[Row] = []
    for chunk in _chunks(sorted(numbers)):
        query: Any = Lead.select().where(Lead.number.in_(chunk)).order_by(Lead.number)
        found += query.dicts()
    return found


def places(numbers: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
    """Return the (source, record id) of every place of these leads."""
    found: dict[int, list[tuple[str, str]]] = {}
    for chunk in _chunks(sorted(numbers)):
        query: Any = LeadPlace.select(LeadPlace.lead_number, LeadPlace.source, LeadPlace.record_id)
        for number, source, record_id in query.where(LeadPlace.lead_number.in_(chunk)).tuples():
            found.setdefault(number, []).append((source, record_id))
    return found


def count(account_id: str) -> int:
    """Return how many leads the account keeps."""
    return int(base.rows("SELECT count(*) FROM lead WHERE account_id = ?", (account_id,))[0][0])


def link(account_id: str, links: Iterable[tuple[int, tuple[str, str], Tile]]) -> None:
    """Set which lead (by number) places belong to, and in which tile they are now."""
    _each(
        "INSERT INTO lead_place (account_id, source, record_id, lead_number, tile_y, tile_x) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (account_id, source, record_id) DO UPDATE"
        " SET lead_number = excluded.lead_number, tile_y = excluded.tile_y, tile_x = excluded.tile_x",
        ((account_id, *key, number, *tile) for number, key, tile in links),
    )


def record(account_id: str, scan_id: str, at: str, changes: Iterable[tuple[str, str, dict[str, Any]]]) -> None:
    """Write (lead id, change, fields) into the history of the account's leads."""
    _each(
        "INSERT INTO lead_change (account_id, lead_id, scan_id, change, fields, at) VALUES (?, ?, ?, ?, ?, ?)",
        (
            (account_id, lead_id, scan_id, change, orjson.dumps(fields).decode(), at)
            for lead_id, change, fields in changes
        ),
    )


def _each(sql: str, parameters: Iterable[tuple[Any, ...]]) -> None:
    base.database.cursor().executemany(base.portable(sql), parameters)


def _chunks(numbers: Sequence[int]) -> Iterator[list[int]]:
    rest = iter(numbers)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
