"""The search index: the words and tags of every lead, kept in an order that already is the ranking.

A lead's document number is its ``rank_key``. One account's leads are one range of it, the best ones first, so the
first page of any search is read off the front of the index: no sorting, no second look at whose lead it is.

SQLite keeps the index as an FTS5 table, PostgreSQL as a ``tsvector`` table, both made of the very same tokens.
A document goes with its lead: by a trigger on SQLite, by a foreign key on PostgreSQL.
"""

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core import taxonomy, text
from models import base, geo_sql

_ACCOUNT_SHIFT = 43
GONE = 1 << 42
_QUALITY_SHIFT = 35
_CELL_LEVELS = (17, 14, 11, 8)
"""A cell of level n is 360 / 2**n degrees wide and half as high: 150 m, 1.2 km, 10 km and 78 km high."""
_MOST_CELLS = 16

PRESENCE = ("phone", "email", "website", "social", "opening_hours")
"""What a lead may have or lack: its ``has_...`` columns."""

_TAGGED = {"city_key": "city", "country": "in"}

MAX_KEY_BYTES = 300
"""So that a sort key fits into a page cursor; no known source has longer names."""

Groups = Sequence[tuple[str, ...]]
"""A search: of every group at least one token must be there. A token ending in ``*`` is a prefix."""

_SQLITE = (
    # which words, not where in the text; short prefixes, as people type them, have an index of their own
    "CREATE VIRTUAL TABLE lead_fts USING fts5"
    " (terms, tokenize = \"ascii tokenchars '_'\", detail = none, columnsize = 0, prefix = '1 2 3')",
    "CREATE TRIGGER lead_fts_delete AFTER DELETE ON lead BEGIN DELETE FROM lead_fts WHERE rowid = old.rank_key; END",
)
_POSTGRESQL = (
    *geo_sql.POSTGRESQL,
    "CREATE TABLE lead_terms (rank_key bigint PRIMARY KEY"
    " REFERENCES lead (rank_key) ON DELETE CASCADE, terms tsvector NOT NULL)",
    "CREATE INDEX lead_terms_terms ON lead_terms USING gin (terms) WITH (gin_pending_list_limit = 1024)",
)
# by is_sqlite(); in order of rank key, because FTS5 writes a segment whenever it goes back
_ADD = {
    True: "INSERT INTO lead_fts (rowid, terms) VALUES (?, ?)",
    False: "INSERT INTO lead_terms (rank_key, terms) VALUES (?, array_to_tsvector(string_to_array(?, ' ')))",
}
_REMOVE = {True: "DELETE FROM lead_fts WHERE rowid = ?", False: "DELETE FROM lead_terms WHERE rank_key = ?"}
_READ = {
    True: "SELECT rowid, terms FROM lead_fts WHERE rowid IN",
    False: "SELECT rank_key, array_to_string(tsvector_to_array(terms), ' ') FROM lead_terms WHERE rank_key IN",
}
_CHUNK = 500


def create() -> None:
    """Create the index of an empty database; the lead table must be there."""
    for statement in _SQLITE if base.is_sqlite() else _POSTGRESQL:
        base.database.execute_sql(statement)


def rank_key(account_number: int, quality_score: int, number: int, *, gone: bool) -> int:
    """Return the place of a lead among all: by account, present before gone, best before worst, oldest first.

    Fits 63 bits for account numbers below 2**20, scores of 0 to 100 and lead numbers below 2**35.
    """
    return (
        account_number << _ACCOUNT_SHIFT
        | gone * GONE
        | (100 - quality_score) << _QUALITY_SHIFT
        | number
    )  # fmt: skip


def bounds(account_number: int, gone: bool | None) -> tuple[int, int]:
    """Return the lowest rank key of an account's present, gone or (None) all leads, and the first one beyond."""
    start = account_number << _ACCOUNT_SHIFT
    middle, end = start + GONE, start + (1 << _ACCOUNT_SHIFT)
    if gone is None:
        return start, end
    return (middle, end) if gone else (start, middle)


def index(documents: Iterable[tuple[int, str]]) -> None:
    """Add leads, by rank key and ``terms``; they are in the lead table already, and not in the index."""
    _each(_ADD[base.is_sqlite()], sorted(documents))


def unindex(rank_keys: Iterable[int]) -> None:
    """Take leads out of the index, before their rank keys change."""
    _each(_REMOVE[base.is_sqlite()], ((key,) for key in sorted(rank_keys)))


def indexed(rank_keys: Iterable[int]) -> list[tuple[int, str]]:
    """Return rank key and terms of leads as they stand in the index."""
    keys = list(rank_keys)
    chunks = (keys[start : start + _CHUNK] for start in range(0, len(keys), _CHUNK))
    sql = _READ[base.is_sqlite()]
    return [row for chunk in chunks for row in base.rows(f"{sql} ({', '.join('?' * len(chunk))})", tuple(chunk))]


def terms(lead: Mapping[str, Any]) -> str:
    """Return the words and tags by which a lead, given as its columns, is found, joined by spaces."""
    texts = [lead["name"], *lead["names"].values(), *lead["alt_names"]]
    texts += filter(None, (lead[name] for name in ("brand", "operator", "street", "district", "city", "postcode")))
    said = (word for value in texts for word in _tokens(value))
    return " ".join(dict.fromkeys([*said, *_category_terms(lead["category"]), *_tags(lead)]))


def key(value: str) -> str:
    """Return what is compared and sorted of a text: its folded words, at most ``MAX_KEY_BYTES`` of them."""
    return " ".join(_tokens(value)).encode()[:MAX_KEY_BYTES].decode(errors="ignore")


def words(query: str) -> list[tuple[str, ...]]:
    """Return the search for what a person typed: every word, the last one as a prefix; [] if there is no word."""
    found = text.tokens(query)
    return [*((word,) for word in dict.fromkeys(found[:-1])), (found[-1] + "*",)] if found else []


def tag(column: str, value: str) -> str | None:
    """Return the tag of leads whose column has this value; None if the index does not know it.

    The underscore keeps tags and words apart: ``core.text.tokens`` gives no word that has one.
    """
    known = column in _TAGGED and 0 < len(value) <= text.MAX_TOKEN
    return f"{_TAGGED[column]}_{value.lower().replace(' ', '_')}" if known else None


def category_tag(category: str) -> str:
    """Return the tag of leads of a category or of one below it."""
    return f"c_{category}"


def presence_tag(name: str, there: bool) -> str:
    """Return the tag of leads that have, or lack, one of ``PRESENCE``."""
    return f"{'has' if there else 'no'}_{name}"


def cells(boxes: Iterable[tuple[float, float, float, float]]) -> tuple[str, ...] | None:
    """Return the tags of few cells that cover the (west, south, east, north) boxes; None if they are too large."""
    found = list(boxes)
    for level in _CELL_LEVELS:
        ranges = [(*_cell(south, west, level), *_cell(north, east, level)) for west, south, east, north in found]
        if sum((x2 - x1 + 1) * (y2 - y1 + 1) for x1, y1, x2, y2 in ranges) <= _MOST_CELLS:
            covered = ((x, y) for x1, y1, x2, y2 in ranges for x in range(x1, x2 + 1) for y in range(y1, y2 + 1))
            return tuple(dict.fromkeys(_cell_tag(level, x, y) for x, y in covered))
    return None


@dataclass(frozen=True, slots=True)
class Table:
    """The index as SQL names it: its table, the rank key in it, and the condition for a search."""

    name: str
    key: str
    found: str


_TABLES = {
    True: Table("lead_fts", "lead_fts.rowid", "lead_fts MATCH ?"),
    False: Table("lead_terms", "lead_terms.rank_key", "lead_terms.terms @@ CAST(? AS tsquery)"),
}


def table() -> Table:
    return _TABLES[base.is_sqlite()]


def found(groups: Groups, bounds: tuple[Any, Any]) -> tuple[str, tuple[Any, ...]]:
    """Return the SQL condition, and its values, for what a search of at least one group finds within bounds."""
    index = table()
    return f"{index.found} AND {index.key} >= ? AND {index.key} < ?", (match(groups), *bounds)


def matching(groups: Groups, bounds: tuple[Any, Any]) -> tuple[str, tuple[Any, ...]]:
    """Return a query for the rank keys of what a search finds, and its values."""
    index, (condition, values) = table(), found(groups, bounds)
    return " ".join(("SELECT", index.key, "FROM", index.name, "WHERE", condition)), values


def match(groups: Groups) -> str:
    """Return the search, of at least one group, in the query language of this database's index."""
    quote, prefix, both, either = ('"', "*", " AND ", " OR ") if base.is_sqlite() else ("'", ":*", " & ", " | ")
    quoted = ([f"{quote}{word.replace('*', quote + prefix)}" for word in group] for group in groups)
    return both.join(
        f"({either.join(word if word.endswith(prefix) else word + quote for word in group)})" for group in quoted
    )


def _each(sql: str, parameters: Iterable[tuple[Any, ...]]) -> None:
    base.database.cursor().executemany(base.portable(sql), parameters)


@functools.lru_cache(maxsize=16_384)
def _tokens(value: str) -> tuple[str, ...]:
    """Streets, cities and brands come again and again."""
    return tuple(text.tokens(value))


@functools.cache
def _category_terms(category: str) -> tuple[str, ...]:
    path = taxonomy.path(category) or (category,)
    said = (word for part in path for term in taxonomy.search_terms(part) for word in _words(part, term, path))
    return tuple(dict.fromkeys([*said, *map(category_tag, path)]))


def _words(part: str, term: str, path: tuple[str, ...]) -> list[str]:
    """Return the words of ``term`` that find a business of this kind.

    A word that is the very name of another kind does not: a restaurant, a pub and a shop for coffee are no ``cafe``,
    whatever synonyms and other languages say. A kind's own name always does.
    """
    known = taxonomy.get(part)
    words = text.tokens(term)
    if known is not None and term == known.name:
        return words
    return [word for word in words if not _names().get(word, frozenset(path)).isdisjoint(path)]


@functools.cache
def _names() -> dict[str, frozenset[str]]:
    """English name of one word, folded -> the categories of that name."""
    names: dict[str, frozenset[str]] = {}
    for category in taxonomy.all_categories():
        name = text.fold(category.name)
        names[name] = names.get(name, frozenset()) | {category.id}
    return names


def _tags(lead: Mapping[str, Any]) -> list[str]:
    found = [tag(column, lead[column] or "") for column in _TAGGED]
    there = {name: bool(lead[f"has_{name}"]) for name in PRESENCE}
    return [
        *filter(None, found),
        *(presence_tag(name, value) for name, value in there.items()),
        *(_cell_tag(level, *_cell(lead["lat"], lead["lon"], level)) for level in _CELL_LEVELS),
    ]


def _cell(lat: float, lon: float, level: int) -> tuple[int, int]:
    size = 1 << level
    x, y = math.floor((lon + 180) / 360 * size), math.floor((lat + 90) / 180 * size)
    return min(max(x, 0), size - 1), min(max(y, 0), size - 1)


def _cell_tag(level: int, x: int, y: int) -> str:
    return f"g{level}_{x}_{y}"
