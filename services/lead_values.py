"""What a lead says, made of the places it was merged from. Pure: the same places always give the same lead.

Places are the catalogue's rows as mappings: the properties of ``providers.base.RawPlace`` and ``release``.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson

Place = Mapping[str, Any]
Columns = dict[str, Any]

MOST = 100
"""Longer lists are cut: no business has more phones, and answers stay bounded."""

LOCATED = ("house_number", "street", "unit")
"""Taken together from one place: the street of one and the number of another would be an address nobody has."""
REGIONAL = ("district", "city", "region", "postcode", "country", "timezone")
SCALARS = ("brand", "brand_wikidata", "operator", "opening_hours")
CONTENT = (
    "name", "names", "alt_names", "category", "lat", "lon", *LOCATED, *REGIONAL, *SCALARS, "phones", "emails",
    "websites", "socials", "operating_status", "attributes", "rating", "review_count", "attribution",
)  # fmt: skip
"""The columns a customer sees as the business itself: a lead has changed if one of these has."""

RATED = ("rating", "review_count")
"""No map has them, lists may."""

LIST = "list"
"""The source of what is only in a list of the customer's own (``services.list_rows``)."""

RECENT_YEARS = 2

_URLS = {"osm": "https://www.openstreetmap.org/{}"}
_FILLED = ("phones", "websites", "emails", "opening_hours", "street", "house_number", "postcode", "socials", "brand")


def merge(places: Sequence[Place], attributions: Mapping[str, str]) -> Columns:
    """Return the columns of the lead that these places (at least one) make, in whatever order they come.

    Lists are the union; of single values the first that is known counts, the fullest and newest place coming first.
    ``attributions`` gives the line to print for each source. ``listed`` are no column but for ``services.lead_layers``.
    """
    ranked = sorted(places, key=_rank, reverse=True)
    best = ranked[0]
    sources = sorted(map(_source, places), key=_source_key)[:MOST]
    columns: Columns = {"name": best["name"]}
    columns |= {name: _own(ranked, name)[name] for name in ("category", "lat", "lon")}
    columns |= _first_known(ranked, (*REGIONAL, *SCALARS)) | _address(ranked)
    columns |= {
        "names": united(place["names"] for place in ranked),
        "alt_names": _alt_names(ranked),
        **{name: unique(name, (value for place in ranked for value in place[name])) for name in LISTS},
        "socials": socials([place["socials"] for place in ranked]),
        "attributes": united(place["attributes"] for place in ranked),
        "operating_status": _operating_status(ranked),
        "sources": sources,
        "attribution": " · ".join(sorted({attributions[place["source"]] for place in places})),
    }
    columns |= {name: next((place[name] for place in ranked if place.get(name) is not None), None) for name in RATED}
    return finished(columns, _standing(places)) | _listed(places)


def attributions(of_maps: Mapping[str, str]) -> dict[str, str]:
    """Return the line to print for each source that a lead may be from."""
    return {**of_maps, LIST: "Your own lists"}


def finished(columns: Columns, standing: Collection[str]) -> Columns:
    """Return the columns and what follows from them: presence, quality, digest.

    ``standing`` are the reasons for quality that are not in the columns: ``STANDING``, or those of them that hold.
    """
    columns = columns | _presence(columns)
    reasons = _reasons(columns, standing)
    columns |= {"quality_score": sum(POINTS[reason] for reason in reasons), "quality_reasons": reasons}
    return columns | {"content_hash": _digest(columns)}


POINTS = {
    "has_phone": 20,
    "has_email": 20,
    "has_website": 20,
    "has_opening_hours": 10,
    "has_full_address": 10,
    "recently_updated": 10,
    "has_social": 5,
    "in_several_sources": 5,
}
"""What makes a lead worth calling, out of 100. ``recently_updated`` is measured from the release of the data, not
from today: a score that changes by itself would make every lead change every day."""


STANDING = ("recently_updated", "in_several_sources")


def _standing(places: Sequence[Place]) -> list[str]:
    recent, several = any(map(_is_recent, places)), len({place["source"] for place in places}) > 1
    return [reason for reason, holds in zip(STANDING, (recent, several), strict=True) if holds]


def _reasons(columns: Columns, standing: Collection[str]) -> list[str]:
    known = {
        **{
            name: columns[name] for name in ("has_phone", "has_email", "has_website", "has_opening_hours", "has_social")
        },
        "has_full_address": columns["street"] and columns["house_number"] and (columns["city"] or columns["postcode"]),
        **{reason: reason in standing for reason in STANDING},
    }
    return [reason for reason in POINTS if known[reason]]


def _is_recent(place: Place) -> bool:
    updated, release = place["updated_at"], place["release"]
    return bool(updated and release) and updated >= f"{int(release[:4]) - RECENT_YEARS}{release[4:]}"


def _own(ranked: Sequence[Place], name: str) -> Place:
    """Return the first place that says this itself, and did not take it from the lead that it belongs to."""
    return next((place for place in ranked if name not in place.get("borrowed", ())), ranked[0])


def _listed(places: Sequence[Place]) -> Columns:
    """Return as ``listed``, if there is any, the contacts that only lists give, by what they are known by."""
    keys: dict[str, Callable[[Any], str]] = {"phones": lambda phone: phone["e164"] or phone["raw"], "emails": str}
    listed = {}
    for name, key in keys.items():
        given: dict[bool, dict[str, None]] = {True: {}, False: {}}
        for place in places:
            given[place["source"] == LIST] |= dict.fromkeys(map(key, place[name]))
        listed[name] = [value for value in given[True] if value not in given[False]]
    return {"listed": listed} if any(listed.values()) else {}


def _rank(place: Place) -> tuple[Any, ...]:
    return (
        sum(1 for name in _FILLED if place[name]), place["updated_at"] or "", place["source"], place["record_id"],
    )  # fmt: skip


def _first_known(ranked: Sequence[Place], names: Iterable[str]) -> Columns:
    return {name: next((place[name] for place in ranked if place[name] is not None), None) for name in names}


def _address(ranked: Sequence[Place]) -> Columns:
    fullest = max(ranked, key=lambda place: sum(1 for name in LOCATED if place[name]))
    return {name: fullest[name] for name in LOCATED}


def united(mappings: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what any of the mappings says; of what several say, the first."""
    united: dict[str, Any] = {}
    for mapping in mappings:
        united = {**mapping, **united}
    return dict(sorted(united.items())[:MOST])


def _alt_names(ranked: Sequence[Place]) -> list[str]:
    others = [place["name"] for place in ranked[1:]]
    known = {ranked[0]["name"].casefold()}
    every = [name for place in ranked for name in place["alt_names"]]
    return [name for name in _unique(every + others, str.casefold) if name.casefold() not in known]


def socials(mappings: Sequence[Mapping[str, Sequence[str]]]) -> dict[str, list[str]]:
    """Return all profiles by platform."""
    platforms = sorted({platform for mapping in mappings for platform in mapping})
    return {
        platform: _unique((url for mapping in mappings for url in mapping.get(platform, ())), _url_key)
        for platform in platforms
    }


def _operating_status(ranked: Sequence[Place]) -> str:
    told = [place for place in ranked if place["operating_status"] != "unknown"]
    newest = max(told, key=lambda place: place["updated_at"] or "", default=None)
    return str(newest["operating_status"]) if newest else "unknown"


def unique(name: str, values: Iterable[Any]) -> list[Any]:
    """Return the values of one of ``LISTS``, those that mean the same once: the first of them."""
    return _unique(values, _SAME[name])


def _unique(values: Iterable[Any], key: Callable[[Any], Any]) -> list[Any]:
    found: dict[Any, Any] = {}
    for value in values:
        found.setdefault(key(value), value)
    return list(found.values())[:MOST]


def _phone_key(phone: Mapping[str, Any]) -> tuple[str, bool]:
    return phone["e164"] or phone["raw"], phone["kind"] == "fax"


def _url_key(url: str) -> str:
    """A front page with and without https, www or a final slash is one page."""
    return url.lower().partition("://")[2].removeprefix("www.").rstrip("/") or url


_SAME: dict[str, Callable[[Any], Any]] = {"phones": _phone_key, "emails": str.lower, "websites": _url_key}
LISTS = tuple(_SAME)


def _source(place: Place) -> dict[str, Any]:
    pattern = _URLS.get(place["source"])
    told = {name: place[name] for name in ("source", "record_id", "license", "updated_at", "release")}
    return told | {"url": pattern.format(place["record_id"]) if pattern else None}


def _source_key(source: Mapping[str, Any]) -> tuple[str, str]:
    return source["source"], source["record_id"]


def _presence(columns: Columns) -> Columns:
    return {
        "has_phone": any(phone["valid"] and phone["kind"] != "fax" for phone in columns["phones"]),
        "has_email": bool(columns["emails"]),
        "has_website": bool(columns["websites"]),
        "has_social": bool(columns["socials"]),
        "has_opening_hours": columns["opening_hours"] is not None,
    }


def _digest(columns: Columns) -> str:
    """Hash what the customer sees. When a source was released or a record touched does not make another lead."""
    records = [[source["source"], source["record_id"], source["license"]] for source in columns["sources"]]
    seen = [columns[name] for name in CONTENT]
    return hashlib.sha256(orjson.dumps([seen, records], option=orjson.OPT_SORT_KEYS)).hexdigest()
