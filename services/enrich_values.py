"""What a visit came to, as it is kept and shown: every value with its evidence, and the columns it gives a lead. Pure.

A result is ``{"kind", "check", "values", "columns", "site", "legal"}``. Conflicting values are all in ``values``, the
likeliest of each field first; ``columns`` hold what is sure enough to stand on the lead, beside what the map says and
behind what the customer corrected (``services.lead_layers``).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from core import normalize
from providers.website import SiteFacts
from providers.website.facts import Address, Evidence, Found, LegalId
from services import enrich_pages
from services.enrich_visit import Check, Visit

Result = dict[str, Any]
Value = dict[str, Any]

LEAST_CONFIDENCE = 0.5
"""What is less sure than this is shown, but not put on the lead."""

MOST = 25  # values of one field
_UNUSABLE = {"no_mx", "invalid", "disposable"}
_GONE = {404, 410}


def judged(visit: Visit, mail: Mapping[str, str]) -> tuple[str, Result]:
    """Return the status of a visit's leads and the result; ``mail`` is the status of each address found."""
    facts = visit.facts
    if facts is None:
        return visit.status, _result(kind_without_page(visit), visit.check, [], {})
    values = list(_values(facts, mail, visit.check.checked_at))
    kind = facts.status if facts.status in ("parked", "dead") else facts.kind
    status = "done" if enrich_pages.says_something(facts) else "done_empty"
    made = _result(kind, visit.check, values, _columns(facts, values))
    return status, made | {"site": _site(facts), "legal": _legal(facts)}


def kind_without_page(visit: Visit) -> str:
    """Return ``dead`` for a website that nobody answers for, or whose page is not there; else it is ``unknown``."""
    code = visit.check.status_code
    return "dead" if visit.status == "unreachable" and (code is None or code in _GONE) else "unknown"


def refreshed(result: Result, check: Check) -> Result:
    """Return the result of a visit that found everything as it was: seen again now."""
    seen = {"seen_at": check.checked_at}
    kept = {**result["check"], **{name: value for name, value in asdict(check).items() if value is not None}}
    return {**result, "check": kept, "values": [{**value, **seen} for value in result["values"]]}


def counted(result: Mapping[str, Any] | None) -> dict[str, int]:
    """Return which of what customers look for a result has: 1 for each, else 0."""
    fields = {value["field"] for value in (result or {}).get("values", ())}
    legal = any(field.startswith("legal") for field in fields)
    return {name: int(name in fields) for name in ("emails", "phones", "socials")} | {"legal": int(legal)}


def _result(kind: str, check: Check, values: list[Value], columns: dict[str, Any]) -> Result:
    return {"kind": kind, "check": asdict(check), "values": values, "columns": columns, "site": None, "legal": None}


def _values(facts: SiteFacts, mail: Mapping[str, str], at: str) -> Iterator[Value]:
    for email in facts.emails[:MOST]:
        address = email.value.address
        yield _value("emails", address, email, at, kind=email.value.kind, status=mail.get(address, "syntax_ok"))
    for phone in facts.phones[:MOST]:
        status = "valid" if phone.value.valid else "invalid"
        yield _value("phones", phone.value.e164, phone, at, kind=phone.value.kind, status=status)
    for profile in facts.profiles[:MOST]:
        yield _value("socials", profile.value.url, profile, at, kind=profile.value.platform)
    for url in facts.contact_pages[:MOST]:
        yield _value("contact_pages", url, Found(url, (Evidence(url, "link", 0.99),)), at)
    for rating in facts.ratings[:MOST]:
        yield _value("rating", f"{rating.value.value:g}", rating, at)
    for name, found in (("name", facts.names), ("opening_hours", facts.hours)):
        yield from _plain(name, found, at)
    for place in facts.addresses[:MOST]:
        yield _value("address", _one_line(place.value), place, at)
    yield from _plain("legal_name", facts.legal_names, at)
    yield from _plain("legal_form", facts.legal_forms, at)
    for legal in facts.legal_ids[:MOST]:
        yield _value("legal_id", _number(legal.value), legal, at, kind=legal.value.scheme)


def _plain(field: str, found: Iterable[Found[str]], at: str) -> Iterator[Value]:
    for one, _ in zip(found, range(MOST), strict=False):
        yield _value(field, one.value, one, at)


def _value(
    field: str, value: str, found: Found[Any], at: str, kind: str | None = None, status: str | None = None
) -> Value:
    best = found.evidence[0]
    return {
        "field": field, "value": value[:5000], "kind": kind, "status": status, "source_url": best.source_url[:4096],
        "method": best.method, "confidence": found.confidence, "seen_at": at,
    }  # fmt: skip


def _columns(facts: SiteFacts, values: Iterable[Value]) -> dict[str, Any]:
    """Return the columns of a lead (``lead_layers.ENRICHABLE``) that are sure enough."""
    sure = {(value["field"], value["value"]) for value in values if _is_sure(value)}
    phones = [one.value for one in facts.phones if ("phones", one.value.e164) in sure]
    socials: dict[str, list[str]] = {}
    for one in facts.profiles:
        if ("socials", one.value.url) in sure:
            socials.setdefault(one.value.platform, []).append(one.value.url)
    rating = next((one.value for one in facts.ratings if one.confidence >= LEAST_CONFIDENCE), None)
    made = {
        "emails": [one.value.address for one in facts.emails if ("emails", one.value.address) in sure],
        "phones": [{"e164": one.e164, "raw": one.raw, "kind": one.kind, "valid": one.valid} for one in phones],
        "socials": socials,
        "opening_hours": _hours(facts),
        "rating": rating.value if rating else None,
        "review_count": rating.count if rating else None,
    }
    return {name: value for name, value in made.items() if value not in (None, [], {})}


def _is_sure(value: Value) -> bool:
    return value["confidence"] >= LEAST_CONFIDENCE and value["status"] not in _UNUSABLE


def _hours(facts: SiteFacts) -> dict[str, Any] | None:
    read = (normalize.hours(one.value) for one in facts.hours if one.confidence >= LEAST_CONFIDENCE)
    return next((dict(hours) for hours in read if hours and hours["valid"]), None)


def _site(facts: SiteFacts) -> dict[str, Any]:
    return {
        "title": _short(facts.title), "description": _short(facts.description), "languages": list(facts.languages[:20]),
        "generator": _short(facts.generator), "builder": facts.builder, "technologies": list(facts.technologies[:50]),
        "contact_pages": list(facts.contact_pages[:MOST]), "has_contact_form": facts.has_contact_form,
        "mobile_viewport": facts.mobile_viewport, "copyright_year": facts.copyright_year,
    }  # fmt: skip


def _legal(facts: SiteFacts) -> dict[str, Any] | None:
    ids = [asdict(one.value) for one in facts.legal_ids[:MOST]]
    made = {
        "name": enrich_pages.first_of(facts.legal_names),
        "form": enrich_pages.first_of(facts.legal_forms),
        "ids": ids,
    }
    return made if any(made.values()) else None


def _number(legal: LegalId) -> str:
    return f"{legal.registry} {legal.value}" if legal.registry else legal.value


def _one_line(address: Address) -> str:
    city = " ".join(part for part in (address.postcode, address.city) if part)
    return ", ".join(part for part in (address.street, city, address.region, address.country) if part)


def _short(text: str | None) -> str | None:
    return text[:500] if text else None
