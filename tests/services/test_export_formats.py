"""What is written can be read back by the tools people use, and nothing in it runs in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import export_formats
from services.export_formats import FORMATS
from services.lead_rows import NAMES as FIELDS

LEAD: dict[str, Any] = {
    "id": "lead_01kaqv5m3x8d2e6f4g9h7j5k3m",
    "name": "Café Engel",
    "names": {"fi": "Kahvila Engel", "sv": "Café Engel"},
    "alt_names": ["Engel"],
    "brand": {"name": "Engel", "wikidata": "Q1"},
    "operator": None,
    "category": "cafe",
    "category_path": ["food_and_drink", "cafe"],
    "location": {"lat": 60.1690962, "lon": 24.9519535},
    "address": {
        "house_number": "26", "street": "Aleksanterinkatu", "unit": None, "district": None, "city": "Helsinki",
        "region": None, "postcode": "00170", "country": "FI", "formatted": "Aleksanterinkatu 26, 00170 Helsinki, FI",
    },
    "timezone": "Europe/Helsinki",
    "phones": [
        {"e164": "+3589652776", "raw": "+358 9 652776", "kind": "landline", "valid": True},
        {"e164": None, "raw": "1234", "kind": "unknown", "valid": False},
    ],
    "emails": [{"address": "info@cafeengel.fi"}],
    "websites": ["https://www.cafeengel.fi/", "https://engel.example/"],
    "socials": {"facebook": ["https://www.facebook.com/cafeengel"]},
    "opening_hours": {"raw": "Mo-Fr 08:00-22:00", "valid": True},
    "operating_status": "open",
    "attributes": {"delivery": False, "wheelchair": True},
    "rating": None,
    "review_count": None,
    "quality": {"score": 80, "reasons": ["has_phone", "has_website"]},
    "sources": [
        {
            "source": "osm", "record_id": "node/268366322", "license": "ODbL-1.0",
            "release": "2019-04-21T17:20:26.000Z", "updated_at": "2018-05-11T09:12:00.000Z",
            "url": "https://www.openstreetmap.org/node/268366322",
        }
    ],
    "attribution": "© OpenStreetMap contributors",
    "website_kind": "own",
    "website_check": {
        "url": "http://cafeengel.fi/", "final_url": "https://www.cafeengel.fi/", "status_code": 200, "responds": True,
        "https": True, "tls_ok": True, "ms": 180, "checked_at": "2026-11-24T04:39:02.000Z",
    },
    "site": {"title": "Café Engel", "languages": ["fi", "sv"], "contact_pages": ["https://www.cafeengel.fi/info"]},
    "legal": {"name": "Engel Oy", "form": "Oy", "ids": [{"scheme": "vat", "value": "FI01120389"}]},
    "evidence": [{"field": "emails", "value": "info@cafeengel.fi", "source_url": "https://www.cafeengel.fi/info"}],
    "enrichment": None,
    "tags": ["vip", "spring"],
    "stage": "new",
    "note": None,
    "corrections": [{"field": "name", "source": "customer", "at": "2026-11-24T04:38:01.000Z"}],
    "first_seen_at": "2026-11-24T04:38:01.000Z",
    "last_seen_at": "2026-11-24T04:38:01.000Z",
    "changed_at": "2026-11-24T04:38:01.000Z",
    "gone_at": None,
    "distance_m": None,
}  # fmt: skip


def write(name: str, leads: Iterable[dict[str, Any]], fields: Sequence[str] = FIELDS) -> bytes:
    return b"".join(FORMATS[name].encode(fields, leads))


def read_csv(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline=""), strict=True))


def names_in(name: str, file: bytes) -> list[str]:
    if name == "csv":
        return [row["name"] for row in read_csv(file)]
    if name == "ndjson":
        return [orjson.loads(line)["name"] for line in file.splitlines()]
    if name == "json":
        return [lead["name"] for lead in orjson.loads(file)["data"]]
    return [feature["properties"]["name"] for feature in orjson.loads(file)["features"]]


def test_csv_has_a_flat_column_for_everything() -> None:
    file = write("csv", [LEAD])
    assert file.startswith(b"\xef\xbb\xbfid,name,")
    assert file.count(b"\r\n") == file.count(b"\n") == 2
    (row,) = read_csv(file)
    assert row["name"] == "Café Engel"
    assert row["names"] == "fi=Kahvila Engel; sv=Café Engel"
    assert (row["lat"], row["lon"]) == ("60.1690962", "24.9519535")
    assert (row["address_city"], row["address_postcode"], row["address_unit"]) == ("Helsinki", "00170", "")
    assert row["phones"] == "+3589652776; 1234"
    assert row["websites"] == "https://www.cafeengel.fi/; https://engel.example/"
    assert row["category_path"] == "food_and_drink > cafe"
    assert row["attributes"] == "delivery=no; wheelchair=yes"
    assert (row["quality_score"], row["quality_reasons"]) == ("80", "has_phone; has_website")
    assert (row["license"], row["attribution"]) == ("ODbL-1.0", "© OpenStreetMap contributors")
    assert (row["sources"], row["source_release"]) == ("osm:node/268366322", "2019-04-21T17:20:26.000Z")
    assert (row["brand"], row["brand_wikidata"]) == ("Engel", "Q1")


def test_csv_without_the_optional_objects() -> None:
    (row,) = read_csv(write("csv", [LEAD | {"brand": None, "opening_hours": None, "sources": []}]))
    assert {row[column] for column in ("brand", "brand_wikidata", "opening_hours", "sources", "license")} == {""}


def test_chosen_fields_in_the_chosen_order() -> None:
    fields = ["phones", "address", "name"]
    assert list(read_csv(write("csv", [LEAD], fields))[0]) == export_formats.csv_header(fields)
    assert export_formats.csv_header(fields)[0] == "phones"
    assert list(orjson.loads(write("ndjson", [LEAD], fields))) == fields
    assert list(orjson.loads(write("json", [LEAD], fields))["data"][0]) == fields
    assert list(orjson.loads(write("geojson", [LEAD], fields))["features"][0]["properties"]) == fields


@pytest.mark.parametrize("count", [0, 1, 3, 5000])
@pytest.mark.parametrize("name", FORMATS)
def test_every_lead_comes_back(name: str, count: int) -> None:
    leads = [LEAD | {"name": f"Number {number}"} for number in range(count)]
    file = write(name, leads)
    assert names_in(name, file) == [lead["name"] for lead in leads]


@pytest.mark.parametrize("name", FORMATS)
def test_leads_are_written_as_they_come(name: str) -> None:
    taken = 0

    def endless() -> Iterable[dict[str, Any]]:
        nonlocal taken
        while True:
            taken += 1
            yield LEAD

    assert len(next(iter(FORMATS[name].encode(FIELDS, endless())))) < 80_000
    assert taken < 200


@pytest.mark.parametrize("name", ["json", "geojson"])
def test_documents_say_whose_data_they_hold(name: str) -> None:
    other = LEAD | {"attribution": "Overture Maps Foundation", "sources": [LEAD["sources"][0] | {"license": "CC0-1.0"}]}
    document = orjson.loads(write(name, [LEAD, other, LEAD], ["name"]))
    assert document["attribution"] == ["© OpenStreetMap contributors", "Overture Maps Foundation"]
    assert document["licenses"] == ["ODbL-1.0", "CC0-1.0"]


def test_geojson_is_points_with_longitude_first() -> None:
    document = orjson.loads(write("geojson", [LEAD]))
    assert document["type"] == "FeatureCollection"
    (feature,) = document["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [24.9519535, 60.1690962]}
    assert feature["id"] == LEAD["id"]
    assert not {"id", "location"} & set(feature["properties"])


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\uff1d1",
        "=cmd|'/c calc'!A0",
        "+358-40-1",
        "-",
        "+",
        "--1",
    ],
)
def test_formulas_are_disarmed(text: str) -> None:
    (row,) = read_csv(write("csv", [LEAD | {"name": text}], ["name"]))
    assert row["name"] == "'" + text


@pytest.mark.parametrize(
    "text", ["+358401234567", "-12.5", "+358401234567; +358401234568", "007", "Bar = Café", "100 % @home"]
)
def test_numbers_and_plain_text_are_left_alone(text: str) -> None:
    (row,) = read_csv(write("csv", [LEAD | {"name": text}], ["name"]))
    assert row["name"] == text


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1))
def test_any_text_survives_and_none_is_a_formula(names: list[str]) -> None:
    leads = [LEAD | {"name": name, "operator": "end"} for name in names]
    for row, name in zip(read_csv(write("csv", leads, ["name", "operator"])), names, strict=True):
        assert (row["name"].removeprefix("'"), row["operator"]) == (name.removeprefix("'"), "end")
        assert row["name"][:1] not in tuple("=@\t\r\n")
    lines = write("ndjson", leads, ["name"]).split(b"\n")
    assert [orjson.loads(line)["name"] for line in lines[:-1]] == names
