"""Leads for tests: Finnish businesses, written through the one way in which leads are written."""

from typing import Any

from core import clock, ids
from models import base, lead_batch
from services import accounts
from services.accounts import Caller

SEEN = "2026-11-01T00:00:00.000Z"


def account(email: str = "alice@example.com", plan: str = "pro") -> Caller:
    """Make an account."""
    return accounts.create(email, plan)


def lead(name: str = "Café Engel", **columns: Any) -> dict[str, Any]:
    """Return the columns of a lead; ``columns`` replaces any of them. Presence follows from the lists."""
    made: dict[str, Any] = {
        "id": ids.new("lead"), "name": name, "names": {}, "alt_names": [], "brand": None, "brand_wikidata": None,
        "operator": None, "category": "cafe", "lat": 60.1695, "lon": 24.952, "house_number": "26",
        "street": "Aleksanterinkatu", "unit": None, "district": "Kluuvi", "city": "Helsinki", "region": None,
        "postcode": "00170", "country": "FI", "timezone": "Europe/Helsinki", "phones": [], "emails": [],
        "websites": [], "socials": {}, "opening_hours": None, "operating_status": "open", "attributes": {},
        "rating": None, "review_count": None, "quality_score": 50, "quality_reasons": [], "sources": [source("node/1")],
        "attribution": "© OpenStreetMap contributors", "content_hash": "0" * 64, "scan_id": "scan_" + "0" * 26,
        "first_seen_at": SEEN, "last_seen_at": SEEN, "changed_at": SEEN, "gone_at": None, "tags": [], "stage": "new",
        "note": None, "layers": None,
    } | columns  # fmt: skip
    for what, column in (("phone", "phones"), ("email", "emails"), ("website", "websites"), ("social", "socials")):
        made.setdefault(f"has_{what}", bool(made[column]))
    return {"has_opening_hours": made["opening_hours"] is not None} | made


def phone(e164: str) -> dict[str, Any]:
    """Return a phone as a lead has it."""
    return {"e164": e164, "raw": e164, "kind": "landline", "valid": True}


def source(record_id: str, name: str = "osm") -> dict[str, Any]:
    """Return a source as a lead has it."""
    return {
        "source": name, "record_id": record_id, "license": "ODbL-1.0", "updated_at": None, "release": None, "url": None,
    }  # fmt: skip


def write(caller: Caller, *leads: dict[str, Any]) -> list[int]:
    """Give the account these leads; return their numbers."""
    with base.transaction():
        return lead_batch.write(caller.account_id, caller.account_number, leads)


def gone(*numbers: int) -> None:
    """Let these leads be gone from now on."""
    with base.transaction():
        lead_batch.set_gone(numbers, clock.now_stamp())
