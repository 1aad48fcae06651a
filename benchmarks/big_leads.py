"""Many leads that look like real ones: the businesses of the sample city, again and again, in many cities.

Names, categories, hours, and which contact data there is, are those of real businesses; words of names are mixed, and
numbers and addresses changed, so that each is another business. Every column is made by what makes it in a scan.
"""

import random
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from core import clock, ids, zones
from models import base, lead_batch, lead_ledger
from providers import osm
from services import enrich_leads, lead_editing, lead_values
from services.accounts import Caller

SAMPLE = Path(__file__).parent.parent / "data" / "helsinki-centre.osm.pbf"
BATCH = 5_000
CITIES = (
    ("London", "GB", 51.507, -0.128, 88), ("Paris", "FR", 48.857, 2.352, 80), ("Berlin", "DE", 52.52, 13.405, 70),
    ("Madrid", "ES", 40.417, -3.703, 62), ("Roma", "IT", 41.903, 12.496, 56), ("Wien", "AT", 48.208, 16.373, 44),
    ("Hamburg", "DE", 53.551, 9.993, 40), ("Budapest", "HU", 47.498, 19.04, 38), ("Warszawa", "PL", 52.23, 21.011, 38),
    ("Barcelona", "ES", 41.388, 2.17, 38), ("München", "DE", 48.137, 11.575, 34), ("Milano", "IT", 45.464, 9.19, 34),
    ("Praha", "CZ", 50.088, 14.42, 30), ("Sofia", "BG", 42.698, 23.322, 26), ("Bruxelles", "BE", 50.847, 4.352, 26),
    ("Köln", "DE", 50.938, 6.96, 24), ("Stockholm", "SE", 59.329, 18.069, 22), ("Amsterdam", "NL", 52.373, 4.893, 20),
    ("Marseille", "FR", 43.296, 5.37, 20), ("København", "DK", 55.676, 12.568, 18), ("Porto", "PT", 41.158, -8.629, 16),
    ("Lisboa", "PT", 38.722, -9.139, 16), ("Oslo", "NO", 59.914, 10.752, 15), ("Helsinki", "FI", 60.17, 24.94, 15),
    ("Dublin", "IE", 53.35, -6.26, 14), ("Lyon", "FR", 45.764, 4.836, 14), ("Zürich", "CH", 47.377, 8.542, 12),
    ("Riga", "LV", 56.949, 24.105, 11), ("Vilnius", "LT", 54.687, 25.28, 10), ("Göteborg", "SE", 57.709, 11.975, 10),
    ("Bordeaux", "FR", 44.838, -0.579, 9), ("Tallinn", "EE", 59.437, 24.754, 8), ("Bergen", "NO", 60.393, 5.324, 6),
    ("Tampere", "FI", 61.498, 23.761, 5), ("Turku", "FI", 60.452, 22.267, 4), ("Monaco", "MC", 43.738, 7.424, 2),
)  # fmt: skip
TAGS = ("vip", "call back", "trade fair", "newsletter", "north", "south", "key account", "chain")
ENRICHED, GONE, TOUCHED, CHAIN = 0.12, 0.03, 0.05, 0.3
_SPREAD_LAT, _SPREAD_LON = 0.05, 0.08
_YEAR = 365
Lead = dict[str, Any]


def fill(caller: Caller, count: int, scan_ids: list[str], models: int | None = None) -> None:
    """Give the account ``count`` leads, each found by one of the scans, with places and history.

    They are made like the first ``models`` businesses of the sample, by default all of them.
    """
    chance = random.Random(count)
    sample = [asdict(place) for place in islice(osm.read(SAMPLE, lambda _done, _all: None), models)]
    for start in range(0, count, BATCH):
        scan_id, days = chance.choice(scan_ids), _YEAR * (1 - start / count)
        at = clock.stamp(clock.now() - timedelta(days=days))
        leads = [made(chance, sample, start + each, scan_id, at) for each in range(min(BATCH, count - start))]
        with base.transaction():
            _write(caller, scan_id, at, leads)


def made(chance: random.Random, sample: list[Lead], serial: int, scan_id: str, at: str) -> Lead:
    """Return the columns of one lead, found by the scan at that time."""
    place = _place(chance, sample, serial, at)
    lead = lead_values.merge([place], {osm.SOURCE: osm.ATTRIBUTION}) | {"id": ids.new("lead"), "scan_id": scan_id}
    lead |= {"first_seen_at": at, "last_seen_at": at, "changed_at": at, "gone_at": None, **_own(chance)}
    if lead["websites"] and chance.random() < ENRICHED:
        lead |= _enriched(lead, at)
    return lead | ({"gone_at": clock.now_stamp()} if chance.random() < GONE else {})


def _place(chance: random.Random, sample: list[Lead], serial: int, at: str) -> Lead:
    """Return a place of the sample, moved to another city and changed into another business."""
    found = chance.choice(sample)
    city, country, lat, lon, _ = chance.choices(CITIES, [weight for *_, weight in CITIES])[0]
    number = f"{serial:07d}"
    return found | {
        "record_id": f"node/{10_000_000_000 + serial}", "release": at,
        "name": found["name"] if chance.random() < CHAIN else _mixed(found["name"], chance.choice(sample)["name"]),
        "lat": round(chance.gauss(lat, _SPREAD_LAT), 7), "lon": round(chance.gauss(lon, _SPREAD_LON), 7),
        "city": city, "country": country, "timezone": zones.timezone(lat, lon), "district": None,
        "phones": [phone | {"e164": f"+358{number}", "raw": f"+358 {number}"} for phone in found["phones"]],
        "emails": [f"info@{_host(found['name'], number)}" for _ in found["emails"][:1]],
        "websites": [f"https://www.{_host(found['name'], number)}/" for _ in found["websites"][:1]],
    }  # fmt: skip


def _mixed(name: str, other: str) -> str:
    """Return the first word of one name and the last words of another."""
    return " ".join([name.split(" ")[0], *other.split(" ")[-2:]])[:80]


def _host(name: str, number: str) -> str:
    return (
        "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())[:20] + f"{number}.example"
    )


def _own(chance: random.Random) -> Lead:
    """Return what the customer says of a lead: mostly nothing."""
    if chance.random() > TOUCHED:
        return {}
    note = "Asked for an offer." if chance.random() < 0.3 else None
    return {
        "tags": chance.sample(TAGS, chance.randint(1, 3)),
        "stage": chance.choice(lead_editing.STAGES),
        "note": note,
    }


def _enriched(lead: Lead, at: str) -> Lead:
    """Return the columns that a visit to the website adds."""
    website = lead["websites"][0]
    email = f"contact@{website.split('/')[2].removeprefix('www.')}"
    seen = {"source_url": f"{website}contact", "method": "mailto", "confidence": 0.95, "seen_at": at}
    check = {
        "url": website, "final_url": website, "status_code": 200, "responds": True, "https": True, "tls_ok": True,
        "ms": 180, "checked_at": at,
    }  # fmt: skip
    site = {
        "title": lead["name"], "description": None, "languages": ["fi"], "generator": None, "builder": None,
        "technologies": [], "contact_pages": [f"{website}contact"], "has_contact_form": True, "mobile_viewport": True,
        "copyright_year": 2026,
    }  # fmt: skip
    value = {"field": "emails", "value": email, "kind": "role", "status": "syntax_ok", **seen}
    result = {
        "kind": "own", "check": check, "values": [value], "columns": {"emails": [email]}, "site": site,
        "legal": None,
    }  # fmt: skip
    stored = lead | {"layers": None, "website_facts": None}
    return enrich_leads.enriched(stored, "enr_00000000000000000000000000", "done", result, website, at)


def _write(caller: Caller, scan_id: str, at: str, leads: list[Lead]) -> None:
    numbers = lead_batch.write(caller.account_id, caller.account_number, leads)
    lead_ledger.link(caller.account_id, _links(numbers, leads))
    lead_ledger.record(caller.account_id, ("scan", scan_id), at, [(lead["id"], "new", {}) for lead in leads])


def _links(numbers: list[int], leads: list[Lead]) -> Iterator[tuple[int, tuple[str, str], tuple[int, int]]]:
    for number, lead in zip(numbers, leads, strict=True):
        place = lead["sources"][0]
        yield number, (place["source"], place["record_id"]), zones.tile(lead["lat"], lead["lon"])
