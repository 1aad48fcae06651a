"""A lead as customers see it, made when it is written, so that reading a page of leads is reading a page of texts.

Building the same from forty columns takes longer than everything else about answering with a page (docs/decisions.md).
What changes without the lead being written anew, ``VOLATILE``, is put in its place when it is read.
"""

from collections.abc import Mapping
from typing import Any

from core import taxonomy

NAMES = (
    "id", "name", "names", "alt_names", "brand", "operator", "category", "category_path", "location", "address",
    "timezone", "phones", "emails", "websites", "socials", "opening_hours", "operating_status", "attributes", "rating",
    "review_count", "quality", "sources", "attribution", "first_seen_at", "last_seen_at", "changed_at", "gone_at",
    "distance_m",
)  # fmt: skip
"""Every property of a lead, in the order in which they are shown."""

VOLATILE = ("last_seen_at", "gone_at")
"""Columns that are read besides the document."""

_ADDRESS = ("house_number", "street", "unit", "district", "city", "region", "postcode", "country")


def document(lead: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lead that these columns of ``models.lead.Lead`` are, seen from nowhere."""
    made = {
        "brand": {"name": lead["brand"], "wikidata": lead["brand_wikidata"]} if lead["brand"] else None,
        "category_path": list(taxonomy.path(lead["category"])),
        "location": {"lat": lead["lat"], "lon": lead["lon"]},
        "address": {name: lead[name] for name in _ADDRESS} | {"formatted": _one_line(lead)},
        "emails": [{"address": address} for address in lead["emails"]],
        "quality": {"score": lead["quality_score"], "reasons": lead["quality_reasons"]},
        "distance_m": None,
    }
    return {name: made[name] if name in made else lead[name] for name in NAMES}


def _one_line(lead: Mapping[str, Any]) -> str | None:
    """Return the address on one line, street before number and postcode before city; None if nothing is known."""
    street = _joined(" ", lead["street"], lead["house_number"])
    first = street and _joined(" ", street, lead["unit"])
    second = _joined(" ", lead["postcode"], lead["city"] or lead["district"])
    return _joined(", ", first, second, lead["country"])


def _joined(separator: str, *parts: str | None) -> str | None:
    return separator.join(part for part in parts if part) or None
