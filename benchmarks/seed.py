"""Fills a database with made-up leads that look like real ones: Finnish names, and gaps where map data has gaps.

Usage: python -m benchmarks.seed DATABASE_URL [--leads 200000] [--email bench@example.com]
Prints the account's id. Fill rates are those of businesses in an OpenStreetMap extract of central Helsinki. The same
count gives the same leads (ids and times aside).
"""

import argparse
import random
import time
from typing import Any

from core import clock, errors, ids
from models import base, lead_batch, migrations
from services import accounts
from services.accounts import Caller
from services.lead_values import POINTS

BATCH = 5_000
KINDS = {
    "restaurant": (18, ("Ravintola", "Ravintola", "Bistro", "Trattoria")),
    "cafe": (11, ("Kahvila", "Café", "Cafe", "Konditoria")),
    "hairdresser": (11, ("Parturi-Kampaamo", "Hiusstudio", "Kampaamo")),
    "bar": (7, ("Bar", "Baari", "Pub")),
    "fast_food": (7, ("Grilli", "Pizzeria", "Kebab")),
    "clothes": (7, ("Vaate", "Muoti", "Boutique")),
    "convenience": (5, ("Kioski", "K-Market", "Siwa")),
    "car_repair": (4, ("Autokorjaamo", "Autohuolto")),
    "dentist": (4, ("Hammaslääkäri", "Hammasklinikka")),
    "beauty": (4, ("Kauneushoitola", "Beauty")),
    "florist": (3, ("Kukkakauppa", "Kukkapuoti")),
    "hotel": (3, ("Hotelli", "Hotel")),
    "pharmacy": (3, ("Apteekki",)),
    "jewelry": (3, ("Kultaseppä", "Koruliike")),
    "optician": (3, ("Optikko", "Silmäasema")),
    "books": (2, ("Kirjakauppa", "Antikvariaatti")),
    "bakery": (2, ("Leipomo",)),
    "massage": (2, ("Hieroja", "Thaihieronta")),
    "art": (1, ("Galleria",)),
}
OWNERS = (
    "Sävel", "Mäkinen", "Töölö", "Korhonen", "Virtanen", "Åberg", "Engel", "Hämäläinen", "Kallio", "Ekberg", "Koski",
    "Lehtinen", "Rantala", "Pohjola", "Aurora", "Sininen", "Kultainen", "Merihaka", "Ruusu", "Ullanlinna", "Nyström",
    "Öhman", "Saaristo", "Tähti", "Vanha", "Lumi", "Kaisla", "Helmi", "Aalto", "Satama", "Pihlaja", "Wiklund",
)  # fmt: skip
STREETS = (
    "Aleksanterinkatu", "Mannerheimintie", "Bulevardi", "Fredrikinkatu", "Iso Roobertinkatu", "Hämeentie", "Kaivokatu",
    "Pohjoisesplanadi", "Eerikinkatu", "Kalevankatu", "Uudenmaankatu", "Lönnrotinkatu", "Runeberginkatu", "Töölönkatu",
    "Mäkelänkatu", "Vaasankatu", "Kustaankatu", "Unioninkatu", "Museokatu", "Albertinkatu",
)  # fmt: skip
CITIES = (
    ("Helsinki", 60.17, 24.94, 60), ("Espoo", 60.21, 24.66, 14), ("Tampere", 61.50, 23.76, 10),
    ("Turku", 60.45, 22.27, 8), ("Jyväskylä", 62.24, 25.75, 5), ("Pietarsaari", 63.67, 22.70, 3),
)  # fmt: skip
BRANDS = (
    "Espresso House",
    "Hesburger",
    "R-kioski",
    "Robert's Coffee",
    "Subway",
    "Alepa",
    "Fazer Café",
    "Instrumentarium",
)
FILL = {
    "phone": 0.42, "website": 0.52, "email": 0.17, "opening_hours": 0.48, "social": 0.08, "street": 0.66,
    "postcode": 0.43, "brand": 0.13, "operator": 0.07, "name_sv": 0.11, "alt_name": 0.05, "attributes": 0.38,
}  # fmt: skip


def seed(caller: Caller, count: int) -> None:
    """Give the account ``count`` more leads, in transactions of ``BATCH``."""
    chance = random.Random(count)
    for start in range(0, count, BATCH):
        leads = [lead(chance, start + each) for each in range(min(BATCH, count - start))]
        with base.transaction():
            lead_batch.write(caller.account_id, caller.account_number, leads)


def lead(chance: random.Random, serial: int) -> dict[str, Any]:
    """Make up one lead."""
    has = {name: chance.random() < rate for name, rate in FILL.items()}
    now = clock.now_stamp()
    made = {
        **_identity(chance, has, serial),
        **_place(chance, has),
        **_contacts(chance, has),
        **_details(chance, has, serial),
    }
    reasons = _reasons(has)
    return {
        "id": ids.new("lead"), **made,
        "rating": None, "review_count": None, "quality_score": sum(POINTS[reason] for reason in reasons),
        "quality_reasons": reasons, "attribution": "© OpenStreetMap contributors", "content_hash": f"{serial:064x}",
        "scan_id": "scan_00000000000000000000000000", "first_seen_at": now, "last_seen_at": now, "changed_at": now,
        "gone_at": None,
    }  # fmt: skip


def _identity(chance: random.Random, has: dict[str, bool], serial: int) -> dict[str, Any]:
    category = chance.choices(list(KINDS), [weight for weight, _ in KINDS.values()])[0]
    owner = chance.choice(OWNERS)
    brand = chance.choice(BRANDS) if has["brand"] else None
    name = brand or f"{chance.choice(KINDS[category][1])} {owner}" + (f" {serial % 97}" if serial % 3 == 0 else "")
    return {
        "name": name,
        "names": {"fi": name, "sv": f"{owner}s {category}"} if has["name_sv"] else {},
        "alt_names": [f"{owner} {chance.choice(OWNERS)}"] if has["alt_name"] else [],
        "brand": brand,
        "brand_wikidata": f"Q{1_000_000 + BRANDS.index(brand)}" if brand else None,
        "operator": f"{owner} Oy" if has["operator"] else None,
        "category": category,
    }


def _place(chance: random.Random, has: dict[str, bool]) -> dict[str, Any]:
    city, lat, lon, _ = chance.choices(CITIES, [weight for *_, weight in CITIES])[0]
    return {
        "lat": round(chance.gauss(lat, 0.02), 7),
        "lon": round(chance.gauss(lon, 0.04), 7),
        "house_number": str(chance.randint(1, 120)) if has["street"] else None,
        "street": chance.choice(STREETS) if has["street"] else None,
        "unit": None,
        "district": None,
        "city": city,
        "region": None,
        "postcode": f"{chance.randint(0, 990):03d}{chance.choice('0235')}0" if has["postcode"] else None,
        "country": "FI",
        "timezone": "Europe/Helsinki",
    }


def _contacts(chance: random.Random, has: dict[str, bool]) -> dict[str, Any]:
    site = f"{chance.choice(OWNERS).lower().translate(_PLAIN)}{chance.randint(1, 9999)}.fi"
    phone = f"{chance.choice(('9', '40', '50', '44'))}{chance.randint(1_000_000, 9_999_999)}"
    return {
        "phones": [{"e164": f"+358{phone}", "raw": f"+358 {phone}", "kind": "landline", "valid": True}]
        if has["phone"]
        else [],
        "emails": [f"info@{site}"] if has["email"] else [],
        "websites": [f"https://www.{site}/"] if has["website"] else [],
        "socials": {"facebook": [f"https://www.facebook.com/{site[:-3]}"]} if has["social"] else {},
        **{f"has_{name}": has[name] for name in ("phone", "email", "website", "social")},
    }


_PLAIN = str.maketrans("äöå", "aoa")


def _details(chance: random.Random, has: dict[str, bool], serial: int) -> dict[str, Any]:
    hours = f"Mo-Fr {chance.randint(7, 11):02d}:00-{chance.randint(16, 23)}:00; Sa 10:00-16:00"
    source = {
        "source": "osm", "record_id": f"node/{1_000_000 + serial}", "license": "ODbL-1.0",
        "updated_at": "2019-03-02T10:00:00.000Z", "release": "2019-04-21T17:20:26.000Z",
        "url": f"https://www.openstreetmap.org/node/{1_000_000 + serial}",
    }  # fmt: skip
    return {
        "opening_hours": {"raw": hours, "valid": True} if has["opening_hours"] else None,
        "has_opening_hours": has["opening_hours"],
        "operating_status": "open",
        "attributes": {"wheelchair": chance.random() < 0.7} if has["attributes"] else {},
        "sources": [source],
    }


def _reasons(has: dict[str, bool]) -> list[str]:
    known = {f"has_{name}": there for name, there in has.items()}
    known |= {"has_full_address": has["street"] and has["postcode"], "recently_updated": True}
    return [reason for reason in POINTS if known.get(reason)]


def _account(email: str) -> Caller:
    try:
        return accounts.create(email, "enterprise")
    except errors.Conflict:
        return accounts.by_email(email)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database_url", help="sqlite:///path or postgresql://...; brought up to date first")
    parser.add_argument("--leads", type=int, default=200_000)
    parser.add_argument("--email", default="bench@example.com")
    return parser.parse_args()


def main() -> None:
    given = _arguments()
    base.connect(
        given.database_url, pragmas={"synchronous": "off"} if given.database_url.startswith("sqlite") else None
    )
    with base.connection():
        migrations.migrate()
        caller = _account(given.email)
        start = time.perf_counter()
        seed(caller, given.leads)
        seconds = time.perf_counter() - start
        print(f"{given.leads:,} leads in {seconds:.1f} s, {given.leads / seconds:,.0f} a second")
        print(caller.account_id)


if __name__ == "__main__":
    main()
