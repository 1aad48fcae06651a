"""What the last visit of a lead's website left in ``website_facts``, as columns and as customers see it. Pure.

``website_facts`` is null before the first visit, then ``{"website", "enrichment", "kind", "check", "site", "legal",
"evidence"}``: the address visited, ``{"id", "status", "at"}`` of the enrichment, and what came of it.
"""

from collections.abc import Mapping
from typing import Any

from core import websites

Row = Mapping[str, Any]


def columns(lead: Row) -> dict[str, Any]:
    """Return the columns that filters use."""
    facts = _facts(lead)
    check, enrichment = facts.get("check") or {}, facts.get("enrichment") or {}
    return {
        "website_kind": kind(lead), "website_https": check.get("https"), "website_responds": check.get("responds"),
        "website_checked_at": check.get("checked_at") or None, "enrichment_status": enrichment.get("status"),
        "enriched_at": enrichment.get("at"),
    }  # fmt: skip


def kind(lead: Row) -> str:
    """Return what the lead's website is; what a visit showed counts as long as the lead still has that website."""
    facts = _facts(lead)
    if facts.get("kind", "unknown") != "unknown" and facts.get("website") in lead["websites"]:
        return str(facts["kind"])
    return websites.kind_of_all(lead["websites"])


def check(lead: Row) -> dict[str, Any] | None:
    made: dict[str, Any] | None = _facts(lead).get("check")
    return made if made and made["checked_at"] else None


def emails(lead: Row) -> list[dict[str, Any]]:
    """Return each address with what is known of it."""
    seen = {value["value"]: value for value in evidence(lead) if value["field"] == "emails"}
    said = _said_by(lead, "emails", str)
    made = []
    for address in lead["emails"]:
        found = seen.get(address, {})
        made.append(
            {"address": address, "kind": found.get("kind"), "status": found.get("status"), "source": said(address)}
        )
    return made


def phones(lead: Row) -> list[dict[str, Any]]:
    """Return each number with who gave it."""
    said = _said_by(lead, "phones", lambda phone: phone["e164"] or phone["raw"])
    return [{**phone, "source": said(phone)} for phone in lead["phones"]]


def evidence(lead: Row) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _facts(lead).get("evidence") or []
    return found


def _said_by(lead: Row, name: str, key: Any) -> Any:
    """Return what tells of a value of the lead whether ``map``, ``list``, ``website`` or ``customer`` gave it."""
    layers = lead["layers"] or {}
    if name in layers.get("customer", {}):
        return lambda _: "customer"
    found = {key(value) for value in layers.get("enriched", {}).get(name, ())}
    mapped = {key(value) for value in layers.get("map", {}).get(name, ())}
    websites, listed = found - mapped, set(layers.get("listed", {}).get(name, ()))
    return lambda value: "website" if key(value) in websites else "list" if key(value) in listed else "map"


def _facts(lead: Row) -> Mapping[str, Any]:
    return lead.get("website_facts") or {}
