"""Reads leads: a page in any order, how many there are, one alone.

Whatever the search index knows of a condition narrows the search; the rest is checked lead by lead. In order of
rank the index is read from the front, and nothing is sorted. In another order a small result is sorted, and for a
large one the leads are walked in that order until the page is full.

Who cannot wait for what is rare looks at a part of the leads: ``reach`` and ``reach_in_order`` tell how far to look.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from models import base, search, search_terms
from models.lead_areas import circle
from models.lead_conditions import All, Condition, OneOf, Sql, Words, bound, joined

Row = tuple[Any, ...]
Place = tuple[Any, int]
"""Where a lead stands in an order: the column's value, and its number."""

FEW = 10_000
"""Leads that are sorted, or counted, in no time."""
LOOK = 60_000
"""Leads, one after the other, whose conditions are checked in 30 ms; those below take so many times as long."""
_ELSEWHERE = 6  # where the search index leads to one here, one there
_SLOW = 24  # for what is a list, or a shape
_SPOT, _CHECKED = frozenset(search.SPOT), frozenset(search.CHECKED)
_INDEXED = ("id", "scan_id")

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
    part: tuple[int, int] | None = None  # the rank keys to look at, from and up to, if not at all

    def bounds(self) -> tuple[int, int]:
        return self.part or search.bounds(self.account_number, self.gone)


@dataclass(frozen=True, slots=True)
class Order:
    """A column that is never null, and the way; leads that are equal in it follow by number, the same way."""

    column: str
    descending: bool = False


def best(
    wanted: Search, columns: Sequence[str], limit: int, after: int | None = None, *, worst: bool = False
) -> list[Row]:
    """Return columns of the best (or worst) leads first, those after the rank key ``after``."""
    source, key, where = _by_index(wanted.where, _behind(wanted, after, worst=worst))
    return _select((", ".join(columns), ()), source, where, f"{key} DESC" if worst else key, limit)


def ordered(
    wanted: Search,
    columns: Sequence[str],
    order: Order,
    limit: int,
    after: Place | None,
    *,
    few: bool,
    upto: Place | None = None,
) -> list[Row]:
    """Return columns of leads in ``order``, those after one place in it, up to another.

    ``few`` tells that at most ``FEW`` leads meet the condition.
    """
    source, _, where = _by_index(wanted.where, wanted.bounds()) if few else _by_account(wanted)
    between = _between(order, after, upto)
    return _select((", ".join(columns), ()), source, joined(" AND ", [where, *between]), _order_by(order), limit)


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


def reach(wanted: Search, after: int | None = None, *, worst: bool = False) -> tuple[int, int] | None:
    """Return the rank keys to look at if nobody is to wait, those after one that was looked at; None to look at all.

    What the search index finds alone needs no look.
    """
    found: tuple[int, int] | None = _asked(_reach, wanted, after, worst)
    return found


def _reach(wanted: Search, after: int | None, worst: bool) -> tuple[int, int] | None:
    groups, rest = _split(wanted.where)
    if not rest or _has_index(rest):
        return None
    low, high = bounds = _behind(wanted, after, worst=worst)
    source, key, (text, values) = _found(groups, bounds)
    cost = _cost(rest, _ELSEWHERE if groups else 1)
    way = "DESC" if worst else ""
    sql = ("SELECT", key, "FROM", source, "WHERE", text, "ORDER BY", key, way, "LIMIT 1 OFFSET ?")
    end = base.rows(" ".join(sql), (*values, LOOK // cost))
    if not end:
        return None
    return (end[0][0] + 1, high) if worst else (low, end[0][0])


def reach_in_order(wanted: Search, order: Order, after: Place | None = None) -> Place | None:
    """Return the place up to which to look at the leads of the account in this order; None to look at all."""
    where = joined(" AND ", [("lead.account_id = ?", (wanted.account_id,)), *_between(order, after, None)])
    place = f"lead.{order.column}, lead.number"
    sql = ("SELECT", place, "FROM lead WHERE", where[0], "ORDER BY", _order_by(order), "LIMIT 1 OFFSET ?")
    found = base.rows(" ".join(sql), (*where[1], LOOK // _SLOW))
    return (found[0][0], found[0][1]) if found else None


def count(wanted: Search, at_most: int | None = None) -> int:
    """Return how many leads meet the condition; counting ends at ``at_most``.

    Counting takes as long as reading a page. While the database stays as it is, the answer is remembered.
    """
    return int(_asked(_count, wanted, at_most))


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


def _asked(ask: Callable[..., Any], *given: Any) -> Any:
    """Ask the database, unless that was asked before and nothing has changed since."""
    state = _state()
    return ask(*given) if state is None else _remembered(state, ask, *given)


@lru_cache(maxsize=1_000)
def _remembered(_: object, ask: Callable[..., Any], *given: Any) -> Any:
    return ask(*given)


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
    source, key, found = _found(groups, bounds)
    lead = _lead(rest)
    if not groups:
        return lead, key, joined(" AND ", [found, *checked])
    if not (checked or joined_to_lead):
        return source, key, found
    tied = f"lead.rank_key = {key}", ()
    return f"{source} CROSS JOIN {lead}", key, joined(" AND ", [found, tied, *checked])


def _found(groups: search_terms.Groups, bounds: tuple[int, int]) -> tuple[str, str, Sql]:
    """Return the table, the rank key and the condition for finding what the search index alone finds."""
    if not groups:
        return "lead", "lead.rank_key", ("lead.rank_key >= ? AND lead.rank_key < ?", bounds)
    index = search.table()
    return index.name, index.key, search.found(groups, bounds)


def _behind(wanted: Search, after: int | None, *, worst: bool) -> tuple[int, int]:
    low, high = wanted.bounds()
    if after is None:
        return low, high
    return (low, after) if worst else (after + 1, high)


def _between(order: Order, after: Place | None, upto: Place | None) -> list[Sql]:
    place = f"(lead.{order.column}, lead.number)"
    signs = ("<", ">=") if order.descending else (">", "<=")
    ends = zip(signs, (after, upto), strict=True)
    return [(f"{place} {sign} (?, ?)", end) for sign, end in ends if end is not None]


def _order_by(order: Order) -> str:
    way = " DESC" if order.descending else ""
    return f"lead.{order.column}{way}, lead.number{way}"


def _cost(rest: Sequence[Condition], usual: int) -> int:
    """Return how many times as long as usual the conditions take."""
    text = " ".join(part.sql()[0] for part in rest)
    return usual if "_contain" not in text and _CHECKED.issuperset(_columns(rest)) else _SLOW


def _by_account(wanted: Search) -> tuple[str, str, Sql]:
    """Return the same for walking the account's leads in another order than by rank."""
    gone = {None: "1 = 1", True: "lead.gone_at IS NOT NULL", False: "lead.gone_at IS NULL"}[wanted.gone]
    mine = f"lead.account_id = ? AND {gone}", (wanted.account_id,)
    parts = (part.said() if isinstance(part, Words) else part.sql() for part in _parts(wanted.where))
    return "lead", "lead.rank_key", joined(" AND ", [mine, *(bound(part, wanted.bounds()) for part in parts)])


def _lead(rest: Sequence[Condition]) -> str:
    """Return the table of leads, to be read by what is checked, unless there is a better index or one is not enough."""
    if not rest or not base.is_sqlite() or _has_index(rest) or not _CHECKED.issuperset(_columns(rest)):
        return "lead"
    return f"lead INDEXED BY {'lead_spot' if _SPOT.issuperset(_columns(rest)) else 'lead_checked'}"


def _columns(rest: Sequence[Condition]) -> set[str]:
    return {name for part in rest for name in re.findall(r"\blead\.(\w+)", part.sql()[0])}


def _has_index(rest: Sequence[Condition]) -> bool:
    return any(isinstance(part, OneOf) and part.column in _INDEXED for part in rest)


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
