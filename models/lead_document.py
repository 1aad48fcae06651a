"""A lead as customers see it, made when it is written, so that reading a page of leads is reading a page of texts.

Building the same from forty columns takes longer than everything else about answering with a page (docs/decisions.md).
What changes without the lead being written anew, ``VOLATILE``, is put in its place when it is read.
"""

from collections.abc import Callable, Mapping
from typing import Any

from core import taxonomy
from models import lead_website

NAMES = (
    "id", "name", "names", "alt_names", "brand", "operator", "category", "category_path", "location", "address",
    "timezone", "phones", "emails", "websites", "socials", "opening_hours", "operating_status", "attributes", "rating",
    "review_count", "quality", "sources", "attribution", "website_kind", "website_check", "site", "legal", "evidence",
    "enrichment",
    "tags", "stage", "note", "corrections", "first_seen_at", "last_seen_at", "changed_at", "gone_at",
    "distance_m",
)  # fmt: skip
"""Every property of a lead, in the order in which they are shown."""

TOLD = (
    "name", "names", "alt_names", "brand", "operator", "category", "location", "address", "timezone", "phones",
    "emails", "websites", "socials", "opening_hours", "operating_status", "attributes", "rating", "review_count",
    "attribution", "tags", "stage", "note",
)  # fmt: skip
"""The properties whose changes are worth telling: the others are made from these, or are times."""

VOLATILE = ("last_seen_at", "gone_at")
"""Columns that are read besides the document."""

_COLUMNS = {"brand": ("brand", "brand_wikidata"), "location": ("lat", "lon"), "address": ("street", "city", "country")}
ADDRESS = ("house_number", "street", "unit", "district", "city", "region", "postcode", "country")
"""Columns that an address is made of."""


def document(lead: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lead that these columns of ``models.lead.Lead`` are, seen from nowhere."""
    return {name: shown(name, lead) for name in NAMES}


def shown(name: str, lead: Mapping[str, Any]) -> Any:
    """Return one property of ``NAMES`` of the lead that these columns are."""
    made = _MADE.get(name)
    return made(lead) if made else lead[name]


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return each property of ``TOLD`` that two leads do not share: property -> {"from", "to"}.

    What ``after`` says nothing of stays as it was.
    """
    pairs = ((name, _told(name, before), _told(name, after)) for name in TOLD if _needs(name, after))
    return {name: {"from": old, "to": new} for name, old, new in pairs if old != new}


def _told(name: str, lead: Mapping[str, Any]) -> Any:
    """Return a property without what is known of its values: who gave them, and whether they were checked."""
    if name == "emails":
        return [{"address": address} for address in lead[name]]
    return lead[name] if name == "phones" else shown(name, lead)


def _needs(name: str, columns: Mapping[str, Any]) -> bool:
    return all(column in columns for column in _COLUMNS.get(name, (name,)))


def _corrections(lead: Mapping[str, Any]) -> list[dict[str, Any]]:
    corrected = (lead["layers"] or {}).get("customer", {})
    return [{"field": name, "source": "customer", "at": made["at"]} for name, made in corrected.items()]


def one_line(
    house_number: str | None, street: str | None, unit: str | None, district: str | None, city: str | None,
    _region: str | None, postcode: str | None, country: str | None,
) -> str | None:  # fmt: skip
    """Return the ADDRESS on one line, street before number and postcode before city; None if nothing is known.

    Exports do this for a million leads, so it is written plainly.
    """
    first = f"{street} {house_number}" if street and house_number else street or house_number
    first = f"{first} {unit}" if first and unit else first
    town = city or district
    second = f"{postcode} {town}" if postcode and town else postcode or town
    line = f"{first}, {second}" if first and second else first or second
    return (f"{line}, {country}" if line and country else line or country) or None


_MADE: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "brand": lambda lead: {"name": lead["brand"], "wikidata": lead["brand_wikidata"]} if lead["brand"] else None,
    "category_path": lambda lead: list(taxonomy.path(lead["category"])),
    "location": lambda lead: {"lat": lead["lat"], "lon": lead["lon"]},
    "address": lambda lead: {name: lead[name] for name in ADDRESS} | {"formatted": one_line(*map(lead.get, ADDRESS))},
    "emails": lead_website.emails,
    "phones": lead_website.phones,
    "quality": lambda lead: {"score": lead["quality_score"], "reasons": lead["quality_reasons"]},
    "corrections": _corrections,
    "website_kind": lead_website.kind,
    "website_check": lead_website.check,
    "site": lambda lead: (lead["website_facts"] or {}).get("site"),
    "legal": lambda lead: (lead["website_facts"] or {}).get("legal"),
    "evidence": lead_website.evidence,
    "enrichment": lambda lead: (lead["website_facts"] or {}).get("enrichment"),
    "distance_m": lambda _: None,
}
"""Properties that are not simply the column of that name."""
