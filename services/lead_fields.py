"""What leads can be filtered by: every field, its type, its operators, and where the database keeps it.

The one source for the filter grammar and for what the API says about it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from models import search_terms

OPERATORS = MappingProxyType(
    {
        "text": ("eq", "ne", "in", "nin", "contains", "prefix", "exists"),
        "category": ("eq", "ne", "in", "nin"),
        "number": ("eq", "gt", "gte", "lt", "lte", "exists"),
        "time": ("eq", "gt", "gte", "lt", "lte", "exists"),
        "boolean": ("eq",),
        "list": ("has", "has_any", "exists"),
        "presence": ("exists",),
        "location": ("within",),
    }
)
"""Type -> its operators."""


@dataclass(frozen=True, slots=True)
class LeadField:
    """One field. ``column`` is what is compared; ``compared`` turns a text asked for into the form it has there.

    ``presence`` is what of ``models.search_terms.PRESENCE`` decides ``exists``; ``member`` as in
    ``models.lead_conditions.Holds``.
    """

    name: str
    type: str
    column: str = ""
    compared: Callable[[str], str] = str
    presence: str = ""
    member: str = ""
    sortable: bool = False

    @property
    def operators(self) -> tuple[str, ...]:
        return OPERATORS[self.type]


def _keyed(name: str, *, presence: str = "", sortable: bool = False) -> LeadField:
    """A text that is compared without case, diacritics and punctuation."""
    return LeadField(name, "text", f"{name}_key", search_terms.key, presence, sortable=sortable)


def _phone(number: str) -> str:
    """Phones are kept as E.164; people write them with spaces, dashes and brackets."""
    return "".join(character for character in number if character.isdigit() or character == "+")


_ALL = (
    LeadField("id", "text", "id", str.lower),
    _keyed("name", sortable=True),
    _keyed("brand"),
    _keyed("operator"),
    LeadField("category", "category"),
    _keyed("street"),
    _keyed("district"),
    _keyed("city"),
    _keyed("region"),
    _keyed("postcode"),
    LeadField("country", "text", "country", str.upper),
    _keyed("timezone"),
    LeadField("location", "location"),
    LeadField("phones", "list", "phones", _phone, presence="phone", member="e164"),
    LeadField("emails", "list", "emails", presence="email"),
    _keyed("website", presence="website"),
    LeadField("websites", "list", "websites", presence="website"),
    LeadField("socials", "list", "socials", presence="social", member="*"),
    LeadField("website_kind", "text", "website_kind", str.lower),
    LeadField("website_https", "boolean", "website_https"),
    LeadField("website_responds", "boolean", "website_responds"),
    LeadField("website_checked_at", "time", "website_checked_at"),
    LeadField("enrichment_status", "text", "enrichment_status", str.lower),
    LeadField("enriched_at", "time", "enriched_at"),
    LeadField("opening_hours", "presence", presence="opening_hours"),
    LeadField("operating_status", "text", "operating_status", str.lower),
    LeadField("rating", "number", "rating"),
    LeadField("review_count", "number", "review_count"),
    LeadField("quality_score", "number", "quality_score", sortable=True),
    LeadField("source", "list", "sources", member="source"),
    LeadField("tags", "list", "tags"),
    LeadField("stage", "text", "stage", str.lower),
    LeadField("scan_id", "text", "scan_id", str.lower),
    LeadField("first_seen_at", "time", "first_seen_at", sortable=True),
    LeadField("last_seen_at", "time", "last_seen_at", sortable=True),
    LeadField("changed_at", "time", "changed_at", sortable=True),
    LeadField("gone_at", "time", "gone_at"),
    LeadField("gone", "boolean"),
)
FIELDS = MappingProxyType({field.name: field for field in _ALL})
"""Every field that a filter may name, by name."""
