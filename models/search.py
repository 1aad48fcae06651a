"""The search index: the terms of every lead (``models.search_terms``), in an order that already is the ranking.

A lead's document number is its ``rank_key``. One account's leads are one range of it, the best ones first, so the
first page of any search is read off the front of the index: no sorting, no second look at whose lead it is.

SQLite keeps the index as an FTS5 table, PostgreSQL as a ``tsvector`` table, both made of the very same tokens.
A document goes with its lead: by a trigger on SQLite, by a foreign key on PostgreSQL.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from models import base, geo_sql
from models.search_terms import Groups

_ACCOUNT_SHIFT = 43
GONE = 1 << 42
_QUALITY_SHIFT = 35

CHECKED = (
    "rank_key", "lat", "lon", "category", "country", "stage", "operating_status", "website_kind", "enrichment_status",
    "scan_id", "gone_at", "first_seen_at", "last_seen_at", "changed_at", "name_key", "brand_key", "operator_key",
    "street_key", "district_key", "city_key", "region_key", "postcode_key", "timezone_key", "website_key", "rating",
    "review_count", "quality_score", "has_phone", "has_email", "has_website", "has_social", "has_opening_hours",
    "website_https", "website_responds", "website_checked_at", "enriched_at",
)  # fmt: skip
"""What conditions look at that is no list. A lead in the index ``lead_checked`` is a twelfth of a lead."""
SPOT = ("rank_key", "lat", "lon")
"""What most conditions on a map look at."""

_SQLITE = (
    f"CREATE INDEX lead_checked ON lead ({', '.join(CHECKED)})",
    f"CREATE INDEX lead_spot ON lead ({', '.join(SPOT)})",
    # Which words, not where in the text. A prefix without an index of its own would cost as much as all its matches.
    "CREATE VIRTUAL TABLE lead_fts USING fts5 (terms, tokenize = \"ascii tokenchars '_'\", detail = none,"
    " columnsize = 0, prefix = '1 2 3 4 5 6 7 8 9 10 11 12')",
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
EVERYTHING = (0, (1 << 63) - 1)
"""The bounds of all leads of all accounts."""


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
    return [(key, terms) for key, terms in rows_in(_READ[base.is_sqlite()], rank_keys)]


def rows_in(sql: str, numbers: Iterable[int]) -> Iterator[tuple[Any, ...]]:
    """Give the rows of a query that ends in ``IN``, for any count of numbers."""
    rest = iter(numbers)
    while chunk := tuple(islice(rest, _CHUNK)):
        yield from base.rows(f"{sql} ({', '.join('?' * len(chunk))})", chunk)


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


def said(groups: Groups) -> tuple[str, tuple[Any, ...]]:
    """Return the SQL condition on ``lead``, and its values, for being found by a search, by the lead's own terms."""
    if not base.is_sqlite():
        return "EXISTS (SELECT 1 FROM lead_terms WHERE rank_key = lead.rank_key AND terms @@ CAST(? AS tsquery))", (
            match(groups),
        )
    either = (" OR ".join(["instr(' ' || c0 || ' ', ?) > 0"] * len(group)) for group in groups)
    sought = (f" {token.removesuffix('*')}{'' if token.endswith('*') else ' '}" for group in groups for token in group)
    every = " AND ".join(f"({one})" for one in either)
    # where FTS5 keeps the text of its rows: https://www.sqlite.org/fts5.html#fts5_data_structures
    text = ("EXISTS (SELECT 1 FROM lead_fts_content WHERE id = lead.rank_key AND", every, ")")
    return " ".join(text), tuple(sought)


def keys_of(token: str, bounds: tuple[int, int]) -> list[int]:
    """Return the rank keys, within bounds, of the leads that have a term; none for an empty one."""
    if not token:
        return []
    text, values = matching([(token,)], bounds)
    return [key for (key,) in base.rows(text, values)]


def match(groups: Groups) -> str:
    """Return the search, of at least one group, in the query language of this database's index."""
    both, either = (" AND ", " OR ") if base.is_sqlite() else (" & ", " | ")
    return both.join(f"({either.join(map(_quoted, group))})" for group in groups)


def _quoted(token: str) -> str:
    """Tokens hold letters, digits and underscores alone, so that nothing in them needs escaping."""
    quote, prefix = ('"', "*") if base.is_sqlite() else ("'", ":*")
    return f"{quote}{token.removesuffix('*')}{quote}{prefix if token.endswith('*') else ''}"


def _each(sql: str, parameters: Iterable[tuple[Any, ...]]) -> None:
    base.database.cursor().executemany(base.portable(sql), parameters)
