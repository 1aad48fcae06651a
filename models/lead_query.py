"""Reads leads: a page in any order, how many there are, one alone.

Whatever the search index knows of a condition narrows the search; the rest is checked lead by lead. In order of
rank the index is read from the front, and nothing is sorted. In another order a small result is sorted, and for a
large one the leads are walked in that order until the page is full.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from models import base, search, search_terms
from models.lead_areas import circle
from models.lead_conditions import All, Condition, Sql, bound, joined

Row = tuple[Any, ...]
FEW = 10_000
"""Leads that are sorted, or counted, in no time."""

_FIRST_RING_M = 100.0
_RING_GROWTH = 2
_HALF_AROUND_M = 20_040_000.0


@dataclass(frozen=True, slots=True)
class Search:
    """Leads of one account: the present, the gone or (``gone`` None) all of them, that meet a condition."""

    account_id: str
    account_number: int
    gone: bool | None
    where: Condition

    def bounds(self) -> tuple[int, int]:
        return search.bounds(self.account_number, self.gone)


@dataclass(frozen=True, slots=True)
class Order:
    """A column that is never null, and the way; leads that are equal in it follow by number, the same way."""

    column: str
    descending: bool = False


def best(
    wanted: Search, columns: Sequence[str], limit: int, after: int | None = None, *, worst: bool = False
) -> list[Row]:
    """Return columns of the best (or worst) leads first, those after the rank key ``after``."""
    low, high = wanted.bounds()
    if after is not None:
        low, high = (low, after) if worst else (after + 1, high)
    source, key, where = _by_index(wanted.where, (low, high))
    return _select((", ".join(columns), ()), source, where, f"{key} DESC" if worst else key, limit)


def ordered(
    wanted: Search, columns: Sequence[str], order: Order, limit: int, after: tuple[Any, int] | None, *, few: bool
) -> list[Row]:
    """Return columns of leads in ``order``, those after the column's value and number in ``after``.

    ``few`` tells that at most ``FEW`` leads meet the condition.
    """
    source, _, where = _by_index(wanted.where, wanted.bounds()) if few else _by_account(wanted)
    place = f"lead.{order.column}", "lead.number"
    if after is not None:
        where = joined(" AND ", [where, (f"({', '.join(place)}) {'<' if order.descending else '>'} (?, ?)", after)])
    way = " DESC" if order.descending else ""
    return _select((", ".join(columns), ()), source, where, ", ".join(part + way for part in place), limit)


def nearest(
    wanted: Search,
    columns: Sequence[str],
    origin: tuple[float, float],
    limit: int,
    after: tuple[float, int] | None,
    *,
    few: bool,
) -> list[Row]:
    """Return the distance from ``origin`` (lat, lon) in metres, then columns, nearest leads first.

    Of many leads only those in a ring around the origin are looked at, which grows until it holds enough.
    """
    radius = _HALF_AROUND_M if few else max(_FIRST_RING_M, after[0] if after else 0.0)
    while radius < _HALF_AROUND_M:
        ring = replace(wanted, where=All((circle(*origin, radius), wanted.where)))
        found = _nearest(ring, columns, origin, limit, after)
        if len(found) == limit:
            return found
        radius *= _RING_GROWTH
    return _nearest(wanted, columns, origin, limit, after)


def count(wanted: Search, at_most: int | None = None) -> int:
    """Return how many leads meet the condition; counting ends at ``at_most``.

    Counting takes as long as reading a page. While the database stays as it is, the answer is remembered.
    """
    state = _state()
    return _count(wanted, at_most) if state is None else _remembered(state, wanted, at_most)


def walk(wanted: Search, columns: Sequence[str], chunk: int = 1_000) -> Iterator[list[Row]]:
    """Give all leads of a search, best first, in chunks."""
    after = None
    while found := best(wanted, ["lead.rank_key", *columns], chunk, after):
        yield [row[1:] for row in found]
        after = found[-1][0]


def walk_columns(wanted: Search, columns: Sequence[str], chunk: int = 1_000) -> Iterator[list[tuple[Any, ...]]]:
    """Give the same turned around: for each chunk its columns, each with a value for every lead."""
    after = None
    while found := best(wanted, [*columns, "lead.rank_key"], chunk, after):
        *made, keys = zip(*found, strict=True)
        yield made
        after = keys[-1]


def one(account_id: str, lead_id: str, columns: Sequence[str]) -> Row | None:
    """Return columns of one lead of the account, gone or not; None if there is none."""
    where = "lead.id = ? AND lead.account_id = ?", (lead_id, account_id)
    return next(iter(_select((", ".join(columns), ()), "lead", where, "lead.number", 1)), None)


def _count(wanted: Search, at_most: int | None) -> int:
    source, _, (text, values) = _by_index(wanted.where, wanted.bounds(), joined_to_lead=False)
    limit = ("LIMIT ?", (at_most,)) if at_most is not None else ("", ())
    sql = ("SELECT count(*) FROM (SELECT 1 FROM", source, "WHERE", text, limit[0], ") AS found")
    return int(base.rows(" ".join(sql), (*values, *limit[1]))[0][0])


@lru_cache(maxsize=1_000)
def _remembered(_: object, wanted: Search, at_most: int | None) -> int:
    return _count(wanted, at_most)


def _state() -> object | None:
    """Return what changes with every change of the database, ours or another's; None where nothing tells that.

    https://www.sqlite.org/pragma.html#pragma_data_version. In a transaction what is seen may still be undone.
    """
    if not base.is_sqlite():
        return None
    connection: sqlite3.Connection = base.database.connection()
    if connection.in_transaction:
        return None
    return connection, connection.execute("PRAGMA data_version").fetchone(), connection.total_changes


def _nearest(
    wanted: Search, columns: Sequence[str], origin: tuple[float, float], limit: int, after: tuple[float, int] | None
) -> list[Row]:
    distance = "haversine_m(lead.lat, lead.lon, ?, ?)"
    source, _, where = _by_index(wanted.where, wanted.bounds())
    if after is not None:
        where = joined(" AND ", [where, (f"({distance}, lead.number) > (?, ?)", (*origin, *after))])
    return _select((", ".join((distance, *columns)), origin), source, where, "1, lead.number", limit)


def _by_index(condition: Condition, bounds: tuple[int, int], *, joined_to_lead: bool = True) -> tuple[str, str, Sql]:
    """Return the tables, the rank key and the condition for finding leads by what the search index knows."""
    groups, rest = _split(condition)
    checked = [bound(part.sql(), bounds) for part in rest]
    if not groups:
        return (
            "lead",
            "lead.rank_key",
            joined(" AND ", [("lead.rank_key >= ? AND lead.rank_key < ?", bounds), *checked]),
        )
    index = search.table()
    found = search.found(groups, bounds)
    if not (checked or joined_to_lead):
        return index.name, index.key, found
    tied = f"lead.rank_key = {index.key}", ()
    return f"{index.name} CROSS JOIN lead", index.key, joined(" AND ", [found, tied, *checked])


def _by_account(wanted: Search) -> tuple[str, str, Sql]:
    """Return the same for walking the account's leads in another order than by rank."""
    gone = {None: "1 = 1", True: "lead.gone_at IS NOT NULL", False: "lead.gone_at IS NULL"}[wanted.gone]
    mine = f"lead.account_id = ? AND {gone}", (wanted.account_id,)
    return "lead", "lead.rank_key", joined(" AND ", [mine, bound(wanted.where.sql(), wanted.bounds())])


def _split(condition: Condition) -> tuple[search_terms.Groups, list[Condition]]:
    """Return what the index is asked for, and the conditions that are to be checked on top of it."""
    groups: list[tuple[str, ...]] = []
    rest: list[Condition] = []
    for part in _parts(condition):
        narrowed, enough = part.narrowed()
        groups += narrowed
        if not enough:
            rest.append(part)
    return groups, rest


def _parts(condition: Condition) -> Iterator[Condition]:
    if not isinstance(condition, All):
        yield condition
        return
    for part in condition.parts:
        yield from _parts(part)


def _select(what: Sql, source: str, where: Sql, order: str, limit: int) -> list[Row]:
    text = " ".join(("SELECT", what[0], "FROM", source, "WHERE", where[0], "ORDER BY", order, "LIMIT ?"))
    return base.rows(text, (*what[1], *where[1], limit))
