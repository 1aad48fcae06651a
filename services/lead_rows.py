"""Leads as the API shows them, straight from database rows.

A page is built column by column, not lead by lead: what most leads do not have then costs almost nothing, and
choosing fewer properties reads and builds fewer.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import orjson

from core import geo, taxonomy

Column = Sequence[Any]
Lead = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Property:
    """How to make one property of a page of leads from the values in these columns."""

    columns: tuple[str, ...]
    build: Callable[..., Iterable[Any]]


def _as_is(values: Column) -> Column:
    return values


def _list(texts: Column) -> list[Any]:
    return [[] if text == "[]" else orjson.loads(text) for text in texts]


def _object(texts: Column) -> list[Any]:
    return [{} if text == "{}" else orjson.loads(text) for text in texts]


def _brand(names: Column, wikidata: Column) -> list[Any]:
    pairs = zip(names, wikidata, strict=True)
    return [None if name is None else {"name": name, "wikidata": item} for name, item in pairs]


def _path(categories: Column) -> list[Any]:
    return [list(taxonomy.path(category)) for category in categories]


def _location(lats: Column, lons: Column) -> list[Any]:
    return [{"lat": lat, "lon": lon} for lat, lon in zip(lats, lons, strict=True)]


_ADDRESS = ("house_number", "street", "unit", "district", "city", "region", "postcode", "country")


def _address(*columns: Column) -> list[Any]:
    return [
        {
            "house_number": number, "street": street, "unit": unit, "district": district, "city": city,
            "region": region, "postcode": postcode, "country": country,
            "formatted": _one_line(number, street, unit, city or district, postcode, country),
        }
        for number, street, unit, district, city, region, postcode, country in zip(*columns, strict=True)
    ]  # fmt: skip


Text = str | None


def _one_line(number: Text, street: Text, unit: Text, city: Text, postcode: Text, country: Text) -> Text:
    """Return an address on one line, street before number and postcode before city; None if nothing is known."""
    first = f"{street} {number}" if street and number else street or number
    if unit and first:
        first = f"{first} {unit}"
    second = f"{postcode} {city}" if postcode and city else postcode or city
    return ", ".join([part for part in (first, second, country) if part]) or None


def _emails(texts: Column) -> list[Any]:
    return [[] if text == "[]" else [{"address": address} for address in orjson.loads(text)] for text in texts]


def _opening_hours(texts: Column) -> list[Any]:
    return [None if text is None else orjson.loads(text) for text in texts]


def _quality(scores: Column, reasons: Column) -> list[Any]:
    return [{"score": score, "reasons": orjson.loads(text)} for score, text in zip(scores, reasons, strict=True)]


_MADE = {
    "names": Property(("names",), _object),
    "alt_names": Property(("alt_names",), _list),
    "brand": Property(("brand", "brand_wikidata"), _brand),
    "category_path": Property(("category",), _path),
    "location": Property(("lat", "lon"), _location),
    "address": Property(_ADDRESS, _address),
    "phones": Property(("phones",), _list),
    "emails": Property(("emails",), _emails),
    "websites": Property(("websites",), _list),
    "socials": Property(("socials",), _object),
    "opening_hours": Property(("opening_hours",), _opening_hours),
    "attributes": Property(("attributes",), _object),
    "quality": Property(("quality_score", "quality_reasons"), _quality),
    "sources": Property(("sources",), _list),
    "distance_m": Property(("lat", "lon"), _location),
}
NAMES = (
    "id", "name", "names", "alt_names", "brand", "operator", "category", "category_path", "location", "address",
    "timezone", "phones", "emails", "websites", "socials", "opening_hours", "operating_status", "attributes", "rating",
    "review_count", "quality", "sources", "attribution", "first_seen_at", "last_seen_at", "changed_at", "gone_at",
    "distance_m",
)  # fmt: skip
"""Every property of a lead, in the order in which they are shown."""

PROPERTIES = MappingProxyType({name: _MADE.get(name, Property((name,), _as_is)) for name in NAMES})


@dataclass(frozen=True, slots=True)
class Shape:
    """What is shown of leads: ``names`` in order, made from database ``columns``."""

    names: tuple[str, ...]
    columns: tuple[str, ...]

    def leads(self, rows: Sequence[Sequence[Any]], origin: tuple[float, float] | None = None) -> list[Lead]:
        """Return the leads of rows that have ``columns``; ``distance_m`` is from ``origin`` (lat, lon), or null."""
        if not rows:
            return []
        values = dict(zip(self.columns, zip(*rows, strict=True), strict=True))
        built = [self._build(name, values, origin) for name in self.names]
        return [dict(zip(self.names, lead, strict=True)) for lead in zip(*built, strict=True)]

    def _build(self, name: str, values: Mapping[str, Column], origin: tuple[float, float] | None) -> Iterable[Any]:
        made = PROPERTIES[name]
        if name == "distance_m":
            return _distances(values["lat"], values["lon"], origin)
        return made.build(*[values[column] for column in made.columns])


def _distances(lats: Column, lons: Column, origin: tuple[float, float] | None) -> list[float | None]:
    if origin is None:
        return [None] * len(lats)
    return [round(geo.haversine_m(lat, lon, *origin), 1) for lat, lon in zip(lats, lons, strict=True)]


@lru_cache(maxsize=256)
def shape(names: tuple[str, ...] = NAMES) -> Shape:
    """Return the shape for these properties, which must be known, in the usual order; ``id`` is always one."""
    chosen = tuple(name for name in NAMES if name in ("id", *names))
    return Shape(chosen, tuple(dict.fromkeys(column for name in chosen for column in PROPERTIES[name].columns)))
