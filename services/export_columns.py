"""The flat columns that tables are made of: CSV, XLSX and Parquet have them all alike.

Values are made a column at a time, from the columns of the lead table where those say it all: that takes a fraction of
the time that parsing each lead's document does. A property of leads that nothing here knows comes from the document,
and becomes a column of its own name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import orjson

from core import taxonomy
from models import lead_document
from models.lead_document import ADDRESS
from services import lead_rows
from services.export_batch import Batch, Values

CODE, TEXT, TIME, NUMBER, INTEGER, LIST = "code", "text", "time", "number", "integer", "list"
SEPARATOR = "; "
"""Between the items of a list where a list must be one text."""


@dataclass(frozen=True, slots=True)
class Column:
    """One flat column. ``needs`` are columns of the lead table, ``values`` makes the column for a batch that has them.

    ``kind`` says what the values are, each of which may be None: TEXT; CODE, a text that we made ourselves, so that it
    is no formula; TIME as RFC 3339; NUMBER; INTEGER; LIST, a sequence of texts that is never None. ``is_json`` tells
    of a LIST that the one column it needs is the JSON of it.
    """

    name: str
    kind: str
    needs: tuple[str, ...]
    values: Callable[[Batch], Values]
    is_json: bool = False

    def texts(self, batch: Batch) -> Sequence[str | None]:
        """Return the values of a column that is neither NUMBER nor INTEGER as texts, the items of a LIST joined."""
        if self.kind != LIST:
            return self.values(batch)
        quickly = _joined(batch.column(self.needs[0])) if self.is_json else None
        return list(map(SEPARATOR.join, self.values(batch))) if quickly is None else quickly


def of_field(name: str) -> tuple[Column, ...]:
    """Return the columns that a property of a lead becomes: ``address`` is ``address_street``, ``address_city``, ..."""
    return tuple(COLUMNS[each] for each in _SPREAD.get(name, (name,)))


def _stored(name: str, kind: str, source: str | None = None) -> Column:
    """A column of the lead table as it is."""
    kept = source or name
    return Column(name, kind, (kept,), lambda batch: batch.column(kept))


def _mapped(name: str, kind: str, source: str, use: Callable[[Any], Any]) -> Column:
    """A column of the lead table, each value changed."""
    return Column(name, kind, (source,), lambda batch: list(map(use, batch.column(source))))


def _parsed(name: str, kind: str, source: str, use: Callable[[Any], Any], none: Any = None) -> Column:
    """What ``use`` makes of the values of a JSON column; ``none`` where they are empty."""
    return Column(
        name, kind, (source,), lambda batch: [use(value) if value else none for value in batch.parsed(source)]
    )


def _listed(name: str, source: str, items: Callable[[Any], Sequence[str]]) -> Column:
    """The texts in a JSON list or object."""
    return _parsed(name, LIST, source, items, ())


def _texts(name: str) -> Column:
    """A JSON list of texts."""
    return replace(_listed(name, name, list), is_json=True)


def _joined(lists: Values) -> Sequence[str] | None:
    """Join the items of JSON lists of texts; None if one has an escape, so that a quote may be part of an item."""
    whole = "".join(lists)
    if "\\" in whole:
        return None
    items = [text[len('["') : -len('"]')] for text in lists]
    return [text.replace('","', SEPARATOR) for text in items] if '","' in whole else items


def _first(name: str, of: Column, use: Callable[[str], str | None] = str) -> Column:
    """What ``use`` makes of the first item of a list."""
    return Column(name, TEXT, of.needs, lambda batch: [use(items[0]) if items else None for items in of.values(batch)])


def _shown(name: str) -> Column:
    """A property as the document has it."""
    return Column(name, TEXT, lead_rows.COLUMNS, lambda batch: [_flat(lead[name]) for lead in batch.documents()])


def _flat(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return SEPARATOR.join(value)
    return orjson.dumps(value).decode()


@lru_cache(maxsize=4_096)
def _path(category: str) -> str:
    return " > ".join(taxonomy.path(category))


def _phones(batch: Batch) -> Sequence[Sequence[str]]:
    """Most businesses have one phone at most, and most of these are in E.164."""
    start, end = _PHONE, len(_PHONE)
    return [
        () if text == "[]" else
        (text[end : text.index('"', end)],) if text[:end] == start and "},{" not in text else
        [phone["e164"] or phone["raw"] for phone in orjson.loads(text)]
        for text in batch.column("phones")
    ]  # fmt: skip


_PHONE = '[{"e164":"'


def _records(sources: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"{source['source']}:{source['record_id']}" for source in sources]


def _facts(attributes: Mapping[str, Any]) -> list[str]:
    return [f"{name}={'yes' if fact else 'no'}" for name, fact in attributes.items()]


def _corrected(layers: Mapping[str, Any]) -> list[str]:
    return list(layers.get("customer", ()))


def _newest(member: str) -> Callable[[Sequence[Mapping[str, Any]]], str | None]:
    return lambda sources: max([source[member] or "" for source in sources]) or None


def _profile(platform: str) -> Callable[[Mapping[str, Sequence[str]]], str | None]:
    return lambda socials: next(iter(socials.get(platform, ())), None)


def _domain(url: str) -> str | None:
    return (urlsplit(url).hostname or "").removeprefix("www.") or None


def _wikidata(batch: Batch) -> Values:
    """As in the document, that of a brand with a name."""
    return [
        code if brand else None for brand, code in zip(*map(batch.column, ("brand", "brand_wikidata")), strict=True)
    ]


def _one_line(batch: Batch) -> Values:
    return list(map(lead_document.one_line, *map(batch.column, ADDRESS)))


def _street_line(batch: Batch) -> Values:
    parts = zip(*map(batch.column, ("street", "house_number", "unit")), strict=True)
    return [" ".join(filter(None, part)) or None for part in parts]


def _fact(name: str, part: str, member: str, kind: str = TEXT) -> Column:
    """What the last visit of the website left; see ``models.lead_website``."""

    def use(facts: Mapping[str, Any]) -> Any:
        return (facts.get(part) or {}).get(member)

    if kind == LIST:
        return _parsed(name, LIST, "website_facts", lambda facts: use(facts) or (), ())
    return _parsed(name, kind, "website_facts", use)


def _legal_ids(facts: Mapping[str, Any]) -> list[str]:
    return [f"{one['scheme']} {one['value']}" for one in (facts.get("legal") or {}).get("ids", ())]


def _evidence(facts: Mapping[str, Any]) -> list[str]:
    return [f"{one['field']}: {one['value']} ({one['source_url']})" for one in facts.get("evidence") or ()]


_YES = {None: None, False: "no", True: "yes"}
_WEBSITE = (
    _stored("website_kind", CODE),
    _fact("website_final_url", "check", "final_url"), _fact("website_status_code", "check", "status_code", INTEGER),
    _mapped("website_https", CODE, "website_https", _YES.get), _stored("website_checked_at", TIME),
    _fact("site_title", "site", "title"), _fact("site_languages", "site", "languages", LIST),
    _fact("contact_pages", "site", "contact_pages", LIST),
    _fact("legal_name", "legal", "name"), _fact("legal_form", "legal", "form"),
    _listed("legal_ids", "website_facts", _legal_ids), _listed("evidence", "website_facts", _evidence),
    _stored("enrichment_status", CODE), _stored("enriched_at", TIME),
)  # fmt: skip
_PHONES = Column("phones", LIST, ("phones",), _phones)
_EMAILS, _WEBSITES = _texts("emails"), _texts("websites")
_KNOWN = (
    _stored("id", CODE), _stored("name", TEXT),
    _listed("names", "names", lambda names: [f"{language}={name}" for language, name in names.items()]),
    _texts("alt_names"),
    _stored("brand", TEXT), Column("brand_wikidata", TEXT, ("brand", "brand_wikidata"), _wikidata),
    _stored("operator", TEXT), _stored("category", CODE), _mapped("category_path", CODE, "category", _path),
    _stored("lat", NUMBER), _stored("lon", NUMBER),
    *(_stored(f"address_{part}", TEXT, part) for part in ADDRESS),
    Column("address_formatted", TEXT, ADDRESS, _one_line),
    _stored("timezone", CODE),
    _PHONES, _EMAILS, _WEBSITES,
    _listed("socials", "socials", lambda socials: [url for urls in socials.values() for url in urls]),
    _parsed("opening_hours", TEXT, "opening_hours", lambda hours: hours["raw"]),
    _stored("operating_status", CODE),
    _listed("attributes", "attributes", _facts),
    _stored("rating", NUMBER), _stored("review_count", INTEGER),
    _stored("quality_score", INTEGER), _texts("quality_reasons"),
    _listed("sources", "sources", _records),
    _listed("license", "sources", lambda sources: list({source["license"]: None for source in sources})),
    _parsed("source_updated_at", TIME, "sources", _newest("updated_at")),
    _parsed("source_release", TIME, "sources", _newest("release")),
    _stored("attribution", TEXT),
    *_WEBSITE,
    _texts("tags"), _stored("stage", CODE), _stored("note", TEXT),
    _listed("corrections", "layers", _corrected),
    *(_stored(f"{event}_at", TIME) for event in ("first_seen", "last_seen", "changed", "gone")),
    Column("distance_m", NUMBER, ("lat", "lon"), Batch.distances),
)  # fmt: skip
_EXTRA = (
    _first("phone", _PHONES), _first("email", _EMAILS), _first("website", _WEBSITES),
    _first("domain", _WEBSITES, _domain), Column("street_line", TEXT, ("street", "house_number", "unit"), _street_line),
    _parsed("facebook", TEXT, "socials", _profile("facebook")),
    _parsed("linkedin", TEXT, "socials", _profile("linkedin")),
)  # fmt: skip
_SPREAD = {
    "brand": ("brand", "brand_wikidata"),
    "location": ("lat", "lon"),
    "address": (*(f"address_{part}" for part in ADDRESS), "address_formatted"),
    "quality": ("quality_score", "quality_reasons"),
    "website_check": ("website_final_url", "website_status_code", "website_https", "website_checked_at"),
    "site": ("site_title", "site_languages", "contact_pages"),
    "legal": ("legal_name", "legal_form", "legal_ids"),
    "enrichment": ("enrichment_status", "enriched_at"),
    "sources": ("sources", "license", "source_updated_at", "source_release"),
}
_NAMED = {made.name: made for made in (*_KNOWN, *_EXTRA)}
_UNKNOWN = tuple(_shown(name) for name in lead_rows.NAMES if name not in _NAMED and name not in _SPREAD)
COLUMNS: Mapping[str, Column] = MappingProxyType(_NAMED | {made.name: made for made in _UNKNOWN})
"""Every column, by name."""
