"""How many present leads an account has of each kind and in each cell, kept with every write.

Counting a million leads when they are asked for takes seconds; here each batch of leads adds its own few numbers, in
its own transaction, and reading them reads no lead.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import peewee

from core import cells
from models import base, search, search_terms

FACETS = (
    "category", "country", "region", "city", "district", "operating_status", "stage", "tags", "source",
    *(f"has_{what}" for what in search_terms.PRESENCE),
)  # fmt: skip
"""What leads are counted by; ``has_...`` is counted as ``true`` or ``false``."""

KNOWN, ALL, KEPT = "known", "all", "kept"
LEVELS = range(cells.FINEST + 1)
"""The resolutions of cells that are kept."""

_KNOWN = (
    "brand", "operator", "street", "district", "city", "region", "postcode", "country", "timezone", "rating",
    "review_count",
)  # fmt: skip
_FLAGS = tuple(f"has_{what}" for what in search_terms.PRESENCE)
_READ = (
    "account_id", *dict.fromkeys((*FACETS[:7], *_KNOWN, *_FLAGS)), "tags", "sources", "lat", "lon",
)  # fmt: skip
COLUMNS = _READ[1:]
"""The columns of a lead that are counted."""

_MADE_OF = {"source": "sources"}  # a facet that is not the column of its name
_JSON = ("tags", "sources")
Tally = Counter[tuple[str, str]]
Cells = Counter[int]


class LeadTally(base.Model):
    """``count`` present leads have this ``value`` of a facet, or (kind ``known``) any value of a column."""

    account_id = peewee.CharField(max_length=40)
    kind = peewee.CharField(max_length=24)
    value = peewee.TextField()
    count = peewee.IntegerField()

    class Meta:
        primary_key = peewee.CompositeKey("account_id", "kind", "value")


class LeadCell(base.Model):
    """``count`` present leads lie in the cell, whose middle is at ``lat`` and ``lon``."""

    account_id = peewee.CharField(max_length=40)
    level = peewee.IntegerField()
    cell = peewee.BigIntegerField()
    lat = peewee.DoubleField()
    lon = peewee.DoubleField()
    count = peewee.IntegerField()

    class Meta:
        primary_key = peewee.CompositeKey("account_id", "level", "cell")
        indexes = ((("account_id", "level", "lat"), False),)


TABLES: tuple[type[base.Model], ...] = (LeadTally, LeadCell)


def kinds_of(lead: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return everything that a lead, by its ``COLUMNS``, is counted as: (kind, value)."""
    found = facets_of(lead, FACETS)
    found += [(KNOWN, name) for name in _KNOWN if lead[name] is not None]
    return [*found, (ALL, ""), *([(KNOWN, "tags")] if lead["tags"] else [])]


def facets_of(lead: Mapping[str, Any], facets: Iterable[str]) -> list[tuple[str, str]]:
    """Return the values of some facets that a lead, by ``columns_of`` them, is counted by: (facet, value)."""
    return [(name, value) for name in facets for value in _values(name, lead[_MADE_OF.get(name, name)])]


def columns_of(facets: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that facets are made of."""
    return tuple(_MADE_OF.get(name, name) for name in facets)


def _values(facet: str, found: Any) -> Iterable[str]:
    if facet == "tags":
        return tuple(found)
    if facet == "source":
        return dict.fromkeys(each["source"] for each in found)
    if facet in _FLAGS:
        return ("true" if found else "false",)
    return (found,) if found else ()


def add(account_id: str, leads: Iterable[Mapping[str, Any]], sign: int = 1) -> None:
    """Count present leads of an account in, or with a ``sign`` of -1 out."""
    tally, places = Tally(), Cells()
    for lead in leads:
        if lead.get("gone_at") is None:
            tally.update(kinds_of(lead))
            places[cells.finest(lead["lat"], lead["lon"])] += 1
    _write(account_id, tally, places, sign)


def keep(account_id: str, count: int) -> None:
    """Count leads, present or gone, that an account has more, or less."""
    if count:
        _each("lead_tally", ("account_id", "kind", "value"), ("count",), [(account_id, KEPT, "", count)])


def take_out(numbers: Iterable[int]) -> None:
    """Count leads that are present, known by their numbers, out, before they are changed or leave."""
    sql = " ".join(("SELECT", ", ".join(_READ), "FROM lead WHERE gone_at IS NULL AND number IN"))
    by_account: dict[str, list[dict[str, Any]]] = {}
    for account_id, *values in search.rows_in(sql, numbers):
        by_account.setdefault(account_id, []).append(read(COLUMNS, values))
    for account_id, leads in by_account.items():
        add(account_id, leads, -1)


def read(names: Sequence[str], values: Iterable[Any]) -> dict[str, Any]:
    """Return a row of some of the ``COLUMNS`` as columns of a lead."""
    lead = dict(zip(names, values, strict=True))
    return lead | {name: orjson.loads(lead[name]) for name in _JSON if name in lead}


def facet(account_id: str, kind: str, limit: int) -> list[tuple[str, int]]:
    """Return the commonest values of a facet and how many leads have them."""
    mine = (LeadTally.account_id == account_id) & (LeadTally.kind == kind) & (LeadTally.count > 0)
    query: Any = LeadTally.select(LeadTally.value, LeadTally.count).where(mine)
    return list(query.order_by(LeadTally.count.desc(), LeadTally.value).limit(limit).tuples())


def total(account_id: str, kind: str) -> int:
    """Return how many leads are counted in a facet, each once for each of its values."""
    sql = "SELECT coalesce(sum(count), 0) FROM lead_tally WHERE account_id = ? AND kind = ?"
    return int(base.rows(sql, (account_id, kind))[0][0])


def in_cells(
    account_id: str, resolution: int, box: tuple[float, float, float, float] | None, limit: int
) -> list[tuple[int, int]]:
    """Return (cell, leads in it) of the cells of a resolution whose middle is in the (west, south, east, north) box.

    Only ``limit`` of them.
    """
    mine = (LeadCell.account_id == account_id) & (LeadCell.level == resolution) & (LeadCell.count > 0)
    if box:
        mine &= _inside(box)
    query: Any = LeadCell.select(LeadCell.cell, LeadCell.count).where(mine).order_by(LeadCell.cell)
    return list(query.limit(limit).tuples())


def _inside(box: tuple[float, float, float, float]) -> Any:
    west, south, east, north = box
    beside = (LeadCell.lon >= west) & (LeadCell.lon <= east)
    if west > east:
        beside = (LeadCell.lon >= west) | (LeadCell.lon <= east)
    return (LeadCell.lat >= south) & (LeadCell.lat <= north) & beside


def _write(account_id: str, tally: Tally, places: Cells, sign: int) -> None:
    """In one order for everybody, so that two who count do not wait for each other crosswise."""
    lines = [(account_id, kind, value, sign * count) for (kind, value), count in sorted(tally.items())]
    _each("lead_tally", ("account_id", "kind", "value"), ("count",), lines)
    spots = []
    for level in LEVELS:
        united = Cells()
        for cell, count in places.items():
            united[cells.parent(cell, level)] += count
        spots += [
            (account_id, level, cell, *cells.centre(cell), sign * count) for cell, count in sorted(united.items())
        ]
    _each("lead_cell", ("account_id", "level", "cell"), ("lat", "lon", "count"), spots)


def _each(table: str, key: tuple[str, ...], more: tuple[str, ...], lines: list[tuple[Any, ...]]) -> None:
    columns = (*key, *more)
    sql = (
        "INSERT INTO", table, f"({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET count = {table}.count + excluded.count",
    )  # fmt: skip
    base.database.cursor().executemany(base.portable(" ".join(sql)), lines)
