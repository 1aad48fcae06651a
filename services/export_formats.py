"""Leads as bytes of a file, a piece at a time: the same few kilobytes of memory for ten rows and for a million.

Every format carries where the data is from. JSON and GeoJSON end with it, CSV and NDJSON have it in each row
(fields ``sources`` and ``attribution``), unless the customer chose fields without it.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

Lead = dict[str, Any]

_PIECE = 64 * 1024
_ADDRESS = ("house_number", "street", "unit", "district", "city", "region", "postcode", "country", "formatted")


@dataclass(slots=True)
class Credits:
    """Whose data went into a file."""

    attribution: dict[str, None] = field(default_factory=dict)
    licenses: dict[str, None] = field(default_factory=dict)

    def add(self, lead: Lead) -> None:
        self.attribution[lead["attribution"]] = None
        for source in lead["sources"]:
            self.licenses[source["license"]] = None

    def members(self) -> bytes:
        """Return the two members that end a JSON object."""
        said = {"attribution": list(self.attribution), "licenses": list(self.licenses)}
        return orjson.dumps(said)[1:]


@dataclass(frozen=True, slots=True)
class Format:
    """How one kind of file is named and written. ``encode`` takes the fields and the leads."""

    name: str
    extension: str
    media_type: str
    encode: Callable[[Sequence[str], Iterable[Lead]], Iterator[bytes]]


def pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Join small parts into pieces of about 64 KiB."""
    buffer = bytearray()
    for part in parts:
        buffer += part
        if len(buffer) >= _PIECE:
            yield bytes(buffer)
            buffer.clear()
    yield bytes(buffer)


def csv_header(fields: Sequence[str]) -> list[str]:
    """Return the columns that stand for the fields: ``address`` becomes ``address_street``, ``address_city``, ..."""
    return [column for name in fields for column in _COLUMNS.get(name, (name,))]


def _csv(fields: Sequence[str], leads: Iterable[Lead]) -> Iterator[bytes]:
    """RFC 4180 with a byte order mark, without which spreadsheets read UTF-8 as something else."""
    line = csv.writer(_Echo(), lineterminator="\r\n").writerow
    columns = [(name, _CELLS.get(name, _plain)) for name in fields]

    def lines() -> Iterator[bytes]:
        yield b"\xef\xbb\xbf" + str(line(csv_header(fields))).encode()
        for lead in leads:
            flat = [cell for name, cells in columns for cell in cells(lead[name])]
            safe = [_safe(cell) if isinstance(cell, str) and cell[:1] in _RISKY else cell for cell in flat]
            yield str(line(safe)).encode()

    return pieces(lines())


class _Echo:
    """A file for ``csv.writer`` that hands each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


_RISKY = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")  # the last four are the wide forms, which are evaluated too
_NUMBERS = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?(; \+?[0-9]+)*")


def _safe(cell: str) -> str:
    """Keep a spreadsheet from running text as a formula: a quote goes before it, as OWASP advises.

    Not before plain numbers, nor phone numbers in E.164 and lists of them: they hold nothing to run, and a quote
    would spoil them for every other program.
    """
    return cell if _NUMBERS.fullmatch(cell) else "'" + cell


def _joined(values: Iterable[str]) -> tuple[str]:
    return ("; ".join(values),)


def _plain(value: Any) -> tuple[Any]:
    return (value,)


def _some(value: dict[str, Any] | None, *names: str) -> tuple[Any, ...]:
    return tuple(value[name] if value else None for name in names)


def _source_cells(sources: list[dict[str, Any]]) -> tuple[str, ...]:
    if len(sources) == 1:
        (one,) = sources
        return f"{one['source']}:{one['record_id']}", one["license"], one["updated_at"] or "", one["release"] or ""
    return (
        "; ".join(f"{source['source']}:{source['record_id']}" for source in sources),
        "; ".join(dict.fromkeys(source["license"] for source in sources)),
        max((source["updated_at"] or "" for source in sources), default=""),
        max((source["release"] or "" for source in sources), default=""),
    )


_COLUMNS = {
    "brand": ("brand", "brand_wikidata"),
    "location": ("lat", "lon"),
    "address": tuple(f"address_{part}" for part in _ADDRESS),
    "quality": ("quality_score", "quality_reasons"),
    "sources": ("sources", "license", "source_updated_at", "source_release"),
    "website_check": ("website_final_url", "website_status_code", "website_https", "website_checked_at"),
    "site": ("site_title", "site_languages", "contact_pages"),
    "legal": ("legal_name", "legal_form", "legal_ids"),
    "enrichment": ("enrichment_status", "enriched_at"),
}
_CELLS: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "names": lambda names: _joined(f"{language}={name}" for language, name in names.items()),
    "alt_names": _joined,
    "brand": lambda brand: (brand["name"], brand["wikidata"]) if brand else (None, None),
    "category_path": lambda path: (" > ".join(path),),
    "location": lambda location: (location["lat"], location["lon"]),
    "address": lambda address: tuple(address[part] for part in _ADDRESS),
    "phones": lambda phones: _joined(phone["e164"] or phone["raw"] for phone in phones),
    "emails": lambda emails: _joined(email["address"] for email in emails),
    "websites": _joined,
    "socials": lambda socials: _joined(url for urls in socials.values() for url in urls),
    "opening_hours": lambda hours: (hours["raw"] if hours else None,),
    "attributes": lambda facts: _joined(f"{name}={'yes' if fact else 'no'}" for name, fact in facts.items()),
    "quality": lambda quality: (quality["score"], "; ".join(quality["reasons"])),
    "sources": _source_cells,
    "website_check": lambda check: _some(check, "final_url", "status_code", "https", "checked_at"),
    "site": lambda site: (
        (site["title"], "; ".join(site["languages"]), "; ".join(site["contact_pages"])) if site else (None,) * 3
    ),
    "legal": lambda legal: (
        (legal["name"], legal["form"], "; ".join(f"{one['scheme']} {one['value']}" for one in legal["ids"]))
        if legal
        else (None,) * 3
    ),
    "evidence": lambda found: _joined(f"{one['field']}: {one['value']} ({one['source_url']})" for one in found),
    "enrichment": lambda enrichment: _some(enrichment, "status", "at"),
    "tags": _joined,
    "corrections": lambda corrections: _joined(made["field"] for made in corrections),
}


def _ndjson(fields: Sequence[str], leads: Iterable[Lead]) -> Iterator[bytes]:
    """One JSON object a line: https://github.com/ndjson/ndjson-spec."""
    return pieces(
        orjson.dumps({name: lead[name] for name in fields}, option=orjson.OPT_APPEND_NEWLINE) for lead in leads
    )


def _json(fields: Sequence[str], leads: Iterable[Lead]) -> Iterator[bytes]:
    """One object with the leads in ``data``."""
    credits_ = Credits()
    items = (orjson.dumps({name: lead[name] for name in fields}) for lead in _credited(credits_, leads))
    return pieces(_enclosed(b'{"data":[', items, credits_))


def _geojson(fields: Sequence[str], leads: Iterable[Lead]) -> Iterator[bytes]:
    """A FeatureCollection (RFC 7946) of points; whose data it is stands in foreign members of the collection."""
    credits_ = Credits()
    names = [name for name in fields if name not in ("id", "location")]
    items = (orjson.dumps(_feature(names, lead)) for lead in _credited(credits_, leads))
    return pieces(_enclosed(b'{"type":"FeatureCollection","features":[', items, credits_))


def _feature(names: Sequence[str], lead: Lead) -> dict[str, Any]:
    location = lead["location"]
    return {
        "type": "Feature",
        "id": lead["id"],
        "geometry": {"type": "Point", "coordinates": [location["lon"], location["lat"]]},
        "properties": {name: lead[name] for name in names},
    }


def _credited(credits_: Credits, leads: Iterable[Lead]) -> Iterator[Lead]:
    for lead in leads:
        credits_.add(lead)
        yield lead


def _enclosed(opening: bytes, items: Iterable[bytes], credits_: Credits) -> Iterator[bytes]:
    yield opening
    separator = b"\n"
    for item in items:
        yield separator
        yield item
        separator = b",\n"
    yield b"\n]," + credits_.members() + b"\n"


FORMATS = {
    made.name: made
    for made in (
        Format("csv", "csv", "text/csv", _csv),
        Format("json", "json", "application/json", _json),
        Format("ndjson", "ndjson", "application/x-ndjson", _ndjson),
        Format("geojson", "geojson", "application/geo+json", _geojson),
    )
}
