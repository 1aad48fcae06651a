"""What OpenStreetMap's tags say about a business. Pure.

Tag meanings: https://wiki.openstreetmap.org/wiki/Map_features and the page of each key.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core import links, normalize, taxonomy, zones
from core.phones import phones
from providers.base import RawPlace

Tags = Mapping[str, str]

SOURCE = "osm"
LICENSE = "ODbL-1.0"
FORMER = ("disused:", "was:", "abandoned:", "closed:")
"""Prefixes of a business key for a business that is no longer there."""

PHONE_KEYS = ("phone", "contact:phone", "mobile", "contact:mobile", "phone_1", "phone:mobile")
FAX_KEYS = ("fax", "contact:fax")
EMAIL_KEYS = ("email", "contact:email")
WEBSITE_KEYS = ("website", "contact:website", "url")
ALT_NAME_KEYS = ("alt_name", "official_name", "short_name", "loc_name", "int_name")
ADDRESS_KEYS = {
    "house_number": ("addr:housenumber", "contact:housenumber"),
    "street": ("addr:street", "contact:street", "addr:place"),
    "unit": ("addr:unit", "addr:door", "addr:flats"),
    "district": ("addr:district", "addr:suburb", "addr:neighbourhood"),
    "city": ("addr:city", "contact:city"),
    "region": ("addr:state", "addr:province", "addr:region"),
    "postcode": ("addr:postcode", "contact:postcode"),
}
SOCIAL_KEYS = {prefix + platform: platform for platform in links.PLATFORMS for prefix in ("contact:", "")} | {
    "contact:twitter": "x",
    "twitter": "x",
}
ATTRIBUTE_KEYS = {
    "air_conditioning": "air_conditioning",
    "card_payment": "payment:cards",
    "changing_table": "changing_table",
    "credit_card_payment": "payment:credit_cards",
    "delivery": "delivery",
    "dogs_allowed": "dog",
    "drive_through": "drive_through",
    "indoor_seating": "indoor_seating",
    "internet_access": "internet_access",
    "organic": "organic",
    "outdoor_seating": "outdoor_seating",
    "reservation": "reservation",
    "second_hand": "second_hand",
    "self_service": "self_service",
    "smoking": "smoking",
    "takeaway": "takeaway",
    "toilets": "toilets",
    "vegan": "diet:vegan",
    "vegetarian": "diet:vegetarian",
    "wheelchair": "wheelchair",
}
_NEITHER = {"limited", "unknown", "unspecified", "separated", "isolated", "bad", "leashed"}
_EMPTY = {"vacant", "no", "none", "disused", "closed", "former"}
_NOT_A_PLACE = {"route", "street", "associatedStreet", "route_master", "public_transport", "restriction"}
_LANGUAGE = re.compile(r"name:[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Record:
    """An OpenStreetMap object: ``node/17``, its last edit, its point and its tags."""

    record_id: str
    updated_at: str | None
    lat: float
    lon: float
    tags: Tags


def place(record: Record) -> RawPlace | None:
    """Return the business that the record describes, or None if it is none or has no name of any kind."""
    tags = record.tags
    category, former = _category(tags)
    names = _names(tags)
    name = _name(tags, names)
    if category is None or not name:
        return None
    timezone = zones.timezone(record.lat, record.lon)
    country = _country(tags, timezone)
    return RawPlace(
        source=SOURCE,
        record_id=record.record_id,
        updated_at=record.updated_at,
        name=name,
        names=names,
        alt_names=_unique(alt for key in ALT_NAME_KEYS if key in tags for alt in normalize.items(tags[key])),
        brand=_first(tags, ("brand",)),
        brand_wikidata=_first(tags, ("brand:wikidata",)),
        operator=_first(tags, ("operator",)),
        category=category,
        lat=record.lat,
        lon=record.lon,
        country=country,
        timezone=timezone,
        opening_hours=normalize.hours(tags.get("opening_hours", "")),
        operating_status="permanently_closed" if former else _status(tags),
        attributes=_attributes(tags),
        raw_tags=dict(tags),
        license=LICENSE,
        **_address(tags),
        **_contacts(tags, country),
    )


def _category(tags: Tags) -> tuple[str | None, bool]:
    """The kind of business and whether it is a former one: a former shop in what is now a car park is neither."""
    if tags.get("type") in _NOT_A_PLACE:
        return None, False
    now = {key: value for key, value in tags.items() if key not in taxonomy.KEYS or value not in _EMPTY}
    if any(key in now for key in taxonomy.KEYS):
        return taxonomy.match(now), False
    for prefix in FORMER:
        then = {key.removeprefix(prefix): value for key, value in tags.items() if key.startswith(prefix)}
        if category := taxonomy.match(now | then):
            return category, True
    return None, False


def _names(tags: Tags) -> dict[str, str]:
    keys = [key for key in tags if key.startswith("name:") and _LANGUAGE.fullmatch(key)]
    names = {key.removeprefix("name:"): normalize.text(tags[key]) for key in keys}
    return {language: name for language, name in names.items() if name}


def _name(tags: Tags, names: dict[str, str]) -> str:
    candidates = (tags.get("name", ""), *names.values(), tags.get("brand", ""), tags.get("operator", ""))
    return next(filter(None, map(normalize.text, candidates)), "")


def _first(tags: Tags, keys: Iterable[str]) -> str | None:
    return next((value for key in keys if key in tags and (value := normalize.text(tags[key]))), None)


def _address(tags: Tags) -> dict[str, Any]:
    return {part: _first(tags, keys) for part, keys in ADDRESS_KEYS.items()}


def _country(tags: Tags, timezone: str | None) -> str | None:
    tagged = tags.get("addr:country", "").strip().upper()
    return tagged if zones.is_country(tagged) else zones.country(timezone)


def _status(tags: Tags) -> str:
    closed = tags.get("opening_hours", "").strip().lower() in ("off", "closed")
    said = tags.get("operational_status", "").lower()
    if closed or said in ("closed", "temporarily_closed", "closed_temporarily"):
        return "temporarily_closed"
    return "permanently_closed" if said == "permanently_closed" else "open"


def _attributes(tags: Tags) -> dict[str, bool]:
    """Yes-or-no facts; ``limited`` and the like are neither. Any other value is a kind of yes."""
    said = {name: tags[key].strip().lower() for name, key in ATTRIBUTE_KEYS.items() if key in tags}
    return {name: value != "no" for name, value in said.items() if value and value not in _NEITHER}


def _contacts(tags: Tags, country: str | None) -> dict[str, Any]:
    """Phones, e-mails, websites and profiles; an address that stands in the wrong field counts in the right one."""
    by_phone = [part for key in PHONE_KEYS for part in tags.get(key, "").split(";")]
    by_web = [tags[key] for key in WEBSITE_KEYS if key in tags]
    numbers = [part for part in by_phone if not links.is_link(part)]
    addresses = [*by_web, *(part for part in by_phone if links.is_link(part))]
    faxes = [tags[key] for key in FAX_KEYS if key in tags]
    websites = _unique(url for raw in addresses for url in links.websites(raw))
    mails = [tags[key] for key in EMAIL_KEYS if key in tags] + [raw for raw in by_web if "@" in raw]
    return {
        "phones": phones(";".join(numbers), country) + phones(";".join(faxes), country, "fax"),
        "emails": _unique(mail for raw in mails for mail in normalize.emails(raw)),
        "websites": websites,
        "socials": _socials(tags, websites, country),
    }


def _socials(tags: Tags, websites: Iterable[str], country: str | None) -> dict[str, list[str]]:
    """Profiles named in their own fields, and websites that are profiles."""
    raws = [(platform, tags[key]) for key, platform in SOCIAL_KEYS.items() if key in tags]
    raws += [(platform, url) for url in websites if (platform := links.platform_of(url))]
    found: dict[str, list[str]] = {}
    for platform, raw in raws:
        if urls := links.profiles(platform, raw, country):
            found[platform] = _unique([*found.get(platform, ()), *urls])
    return found


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))[: normalize.MAX_ITEMS]
