"""Leads as JSON texts, made of columns of texts: no lead is parsed where the columns of its table say it all.

What is written is what ``models.lead_document`` makes, byte for byte; a test holds both against each other. A property
that nothing here knows is taken from the document.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import Any

import orjson

from core import taxonomy
from models import lead_document
from models.lead_document import ADDRESS
from services import export_columns, lead_rows
from services.export_batch import Batch, Values
from services.export_columns import LIST, Column

Texts = Sequence[str]


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a JSON object for each lead. ``needs`` are columns of the lead table."""

    name: str
    needs: tuple[str, ...]
    texts: Callable[[Batch], Texts]


def of_field(name: str) -> Member:
    """Return the member that shows a property of a lead as the API does."""
    return _KNOWN.get(name) or Member(
        name, lead_rows.COLUMNS, lambda batch: [_dumps(lead[name]) for lead in batch.documents()]
    )


def of_column(name: str, column: Column) -> Member:
    """Return the member that shows a flat column: its texts and numbers as they are, a list as a list."""
    if column.kind == LIST:
        if column.is_json:
            return _stored(name, column.needs[0])
        return Member(name, column.needs, lambda batch: lists(column.values(batch)))
    return Member(name, column.needs, lambda batch: scalars(column.values(batch)))


def objects(members: Sequence[Member], batch: Batch) -> list[str]:
    """Return for each lead the JSON object of these members, at least one."""
    parts: list[Iterable[str]] = []
    for number, member in enumerate(members):
        parts += [repeat(f"{',' if number else '{'}{_dumps(member.name)}:"), member.texts(batch)]
    return list(map("".join, zip(*parts, repeat("}"))))


def scalars(values: Values) -> list[str]:
    """Return the JSON text of each value, none of them a list or an object; all are written in one go.

    No JSON text of one has a line break in it, so that where the lines were broken they can be told apart.
    """
    text = orjson.dumps(values, option=orjson.OPT_INDENT_2).decode()
    return text[len("[\n  ") : -len("\n]")].split(",\n  ")


def lists(values: Values) -> list[str]:
    """Return the JSON texts of lists of texts; all are written in one go, unless a text looks like the end of one."""
    parts = orjson.dumps(values).decode()[len("[[") : -len("]]")].split("],[")
    return [f"[{part}]" for part in parts] if len(parts) == len(values) else list(map(_dumps, values))


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()


def _scalar(name: str) -> Member:
    return Member(name, (name,), lambda batch: scalars(batch.column(name)))


def _stored(name: str, source: str | None = None) -> Member:
    """A JSON column as it is."""
    kept = source or name
    return Member(name, (kept,), lambda batch: [text or "null" for text in batch.column(kept)])


def _filled(form: str, batch: Batch, *columns: str) -> Texts:
    """Return ``form`` filled with scalars of these columns."""
    return list(map(form.__mod__, zip(*(scalars(batch.column(name)) for name in columns), strict=True)))


def _brand(batch: Batch) -> Texts:
    texts = _filled('{"name":%s,"wikidata":%s}', batch, "brand", "brand_wikidata")
    return [text if brand else "null" for brand, text in zip(batch.column("brand"), texts, strict=True)]


@lru_cache(maxsize=4_096)
def _path(category: str) -> str:
    return _dumps(taxonomy.path(category))


def _derived(name: str, empty: str, *needs: str) -> Member:
    """What the document makes of JSON columns, the first of which most leads have nothing in."""

    def texts(batch: Batch) -> Texts:
        rows = zip(*map(batch.parsed, needs), strict=True)
        return [_shown(name, needs, row) if row[0] else empty for row in rows]

    return Member(name, needs, texts)


def _shown(name: str, needs: Sequence[str], row: Sequence[Any]) -> str:
    return _dumps(lead_document.shown(name, dict(zip(needs, row, strict=True))))


def _quality(batch: Batch) -> Texts:
    pairs = zip(scalars(batch.column("quality_score")), batch.column("quality_reasons"), strict=True)
    return list(map('{"score":%s,"reasons":%s}'.__mod__, pairs))


def _address(batch: Batch) -> Texts:
    columns = [scalars(batch.column(part)) for part in ADDRESS]
    formatted = scalars(export_columns.COLUMNS["address_formatted"].values(batch))
    return list(map(_ADDRESS_FORM.__mod__, zip(*columns, formatted, strict=True)))


_ADDRESS_FORM = "{" + ",".join(f'"{part}":%s' for part in (*ADDRESS, "formatted")) + "}"
_SCALARS = (
    "id", "name", "operator", "category", "timezone", "operating_status", "rating", "review_count", "attribution",
    "website_kind", "stage", "note", "first_seen_at", "last_seen_at", "changed_at", "gone_at",
)  # fmt: skip
_STORED = ("names", "alt_names", "tags", "websites", "socials", "opening_hours", "attributes", "sources")
_MADE = (
    Member("brand", ("brand", "brand_wikidata"), _brand),
    Member("category_path", ("category",), lambda batch: list(map(_path, batch.column("category")))),
    Member("location", ("lat", "lon"), lambda batch: _filled('{"lat":%s,"lon":%s}', batch, "lat", "lon")),
    Member("address", ADDRESS, _address),
    Member("quality", ("quality_score", "quality_reasons"), _quality),
    _derived("emails", "[]", "emails", "layers", "website_facts"),
    _derived("phones", "[]", "phones", "layers", "website_facts"),
    _derived("corrections", "[]", "layers"),
    _derived("evidence", "[]", "website_facts"),
    *(_derived(name, "null", "website_facts") for name in ("website_check", "site", "legal", "enrichment")),
    Member("distance_m", ("lat", "lon"), lambda batch: scalars(batch.distances())),
)
_KNOWN = {made.name: made for made in (*map(_scalar, _SCALARS), *map(_stored, _STORED), *_MADE)}
