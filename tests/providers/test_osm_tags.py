from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import taxonomy
from providers import osm_tags
from providers.base import RawPlace

EDITED = "2024-01-01T00:00:00.000Z"
CAFE = {"amenity": "cafe", "name": "Café Engel"}


def place(tags: dict[str, str], lat: float = 60.17, lon: float = 24.94) -> RawPlace | None:
    return osm_tags.place(osm_tags.Record("node/17", EDITED, lat, lon, tags))


def cafe(**tags: str) -> RawPlace:
    found = place(CAFE | {key.replace("__", ":"): value for key, value in tags.items()})
    assert found is not None
    return found


def test_a_business_with_everything() -> None:
    tags = CAFE | {
        "name:sv": "Café Engel på svenska",
        "alt_name": "Engel; Engels",
        "brand": "Chain",
        "brand:wikidata": "Q1",
        "operator": "Engel Oy",
        "addr:housenumber": "26",
        "addr:street": "Aleksanterinkatu",
        "addr:city": "Helsinki",
        "addr:postcode": "00170",
        "addr:unit": "B",
        "phone": "09 652 776; +358 40 1234567",
        "fax": "09 652 777",
        "contact:email": "Info@Engel.fi",
        "website": "www.engel.fi",
        "contact:facebook": "cafeengel",
        "opening_hours": "Mo-Fr 08:00-22:00",
        "wheelchair": "limited",
        "takeaway": "yes",
        "smoking": "no",
    }

    assert place(tags) == RawPlace(
        source="osm",
        record_id="node/17",
        updated_at=EDITED,
        name="Café Engel",
        names={"sv": "Café Engel på svenska"},
        alt_names=["Engel", "Engels"],
        brand="Chain",
        brand_wikidata="Q1",
        operator="Engel Oy",
        category="cafe",
        lat=60.17,
        lon=24.94,
        house_number="26",
        street="Aleksanterinkatu",
        unit="B",
        district=None,
        city="Helsinki",
        region=None,
        postcode="00170",
        country="FI",
        timezone="Europe/Helsinki",
        phones=[
            {"e164": "+3589652776", "raw": "09 652 776", "kind": "landline", "valid": True},
            {"e164": "+358401234567", "raw": "+358 40 1234567", "kind": "mobile", "valid": True},
            {"e164": "+3589652777", "raw": "09 652 777", "kind": "fax", "valid": True},
        ],
        emails=["info@engel.fi"],
        websites=["http://www.engel.fi/"],
        socials={"facebook": ["https://www.facebook.com/cafeengel"]},
        opening_hours={"raw": "Mo-Fr 08:00-22:00", "valid": True},
        operating_status="open",
        attributes={"takeaway": True, "smoking": False},
        raw_tags=tags,
        license="ODbL-1.0",
    )


@pytest.mark.parametrize(
    "tags",
    [
        {"amenity": "cafe"},
        {"amenity": "cafe", "name": "  "},
        {"name": "Somewhere"},
        {"amenity": "bench", "name": "Bench of somebody"},
        {"amenity": "parking", "name": "P-Hall", "was:shop": "books"},
        {"shop": "vacant", "name": "For rent"},
        {"type": "route", "route": "bus", "name": "345", "tourism": "Elielinaukio"},
        {"type": "street", "name": "Fredrikinkatu", "shop": "yes"},
    ],
)
def test_what_is_no_business(tags: dict[str, str]) -> None:
    assert place(tags) is None


@pytest.mark.parametrize(
    ("tags", "name"),
    [
        ({"name:en": "Espresso House"}, "Espresso House"),
        ({"brand": "Otto", "operator": "Otto Oy"}, "Otto"),
        ({"operator": "Otto Oy"}, "Otto Oy"),
    ],
)
def test_a_business_may_be_known_by_another_name(tags: dict[str, str], name: str) -> None:
    found = place({"amenity": "cafe"} | tags)

    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    ("tags", "status"),
    [
        ({"shop": "books"}, "open"),
        ({"disused:shop": "books"}, "permanently_closed"),
        ({"was:amenity": "cafe", "building": "yes"}, "permanently_closed"),
        ({"shop": "vacant", "disused:shop": "books"}, "permanently_closed"),
        ({"shop": "books", "opening_hours": "off"}, "temporarily_closed"),
        ({"shop": "books", "operational_status": "closed"}, "temporarily_closed"),
        ({"shop": "books", "was:shop": "shoes"}, "open"),
    ],
)
def test_operating_status(tags: dict[str, str], status: str) -> None:
    found = place({"name": "Antikvariaatti"} | tags)

    assert found is not None
    assert found.operating_status == status


def test_the_tagged_country_counts_more_than_the_time_zone() -> None:
    assert cafe(addr__country="se").country == "SE"
    assert cafe(addr__country="Finland").country == "FI"


def test_no_country_on_the_open_sea() -> None:
    found = place(CAFE, lat=0.0, lon=-30.0)

    assert found is not None
    assert (found.country, found.timezone) == (None, None)


def test_contacts_in_the_wrong_field_count_in_the_right_one() -> None:
    found = cafe(phone="https://www.viinitie.fi/", website="info@engel.fi")

    assert (found.phones, found.websites, found.emails) == ([], ["https://www.viinitie.fi/"], ["info@engel.fi"])


def test_a_website_that_is_a_profile_is_both() -> None:
    found = cafe(website="https://www.facebook.com/engel", contact__facebook="engel")

    assert found.websites == ["https://www.facebook.com/engel"]
    assert found.socials == {"facebook": ["https://www.facebook.com/engel"]}


def test_dead_networks_are_left_out() -> None:
    assert cafe(contact__google_plus="https://plus.google.com/1", contact__twitter="engel").socials == {
        "x": ["https://x.com/engel"]
    }


KEYS = [
    "name", "amenity", "shop", "phone", "fax", "website", "email", "contact:facebook", "contact:whatsapp", "twitter",
    "opening_hours", "addr:country", "name:fi", "alt_name", "wheelchair", "disused:shop", "cuisine", "type",
]  # fmt: skip
VALUES: Any = st.text() | st.sampled_from(["cafe", "yes", "no", "pizza;sushi", "a.fi", "+358 9 652776", "x@a.fi"])


@given(st.dictionaries(st.sampled_from(KEYS), VALUES), st.floats(-90, 90), st.floats(-180, 180))
def test_any_tags_on_any_spot(tags: dict[str, str], lat: float, lon: float) -> None:
    found = place(tags, lat, lon)

    assert found is None or (taxonomy.get(found.category) and found.name and found.raw_tags == tags)
