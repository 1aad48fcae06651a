"""What is written can be read back by the tools people use, says what the API says, and runs in no spreadsheet."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import openpyxl
import orjson
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from models import lead_document, lead_website
from services import export_json, lead_rows
from services.export_batch import Batch
from services.export_columns import COLUMNS, LIST
from services.export_csv import Dialect
from services.export_formats import FORMATS, Credits
from services.export_layout import PRESETS, layout, preset
from services.export_options import Csv, Options
from services.lead_rows import NAMES as FIELDS
from tests import leads
from tests.promises import Promises

TABLES = ("csv", "xlsx", "parquet")
HOURS = {"raw": "Mo-Fr 08:00-17:00; Sa off", "valid": True}
SOURCE = leads.source("node/268366322") | {
    "release": "2019-04-21T17:20:26.000Z", "updated_at": "2018-05-11T09:12:00.000Z",
}  # fmt: skip
FULL = leads.lead(
    "Café Engel", names={"fi": "Kahvila Engel", "sv": "Café Engel"}, alt_names=['"Engel"', "E, the"], brand="Engel",
    brand_wikidata="Q1", phones=[leads.phone("+3589652776"), leads.phone("1234") | {"e164": None, "raw": "1234"}],
    emails=["info@cafeengel.fi"], websites=["https://www.cafeengel.fi/", "https://engel.example/?a=1&b=<2>"],
    socials={"facebook": ["https://www.facebook.com/engel"], "x": ["https://x.com/engel"]}, opening_hours=HOURS,
    attributes={"delivery": False, "wheelchair": True}, quality_reasons=["has_phone", "has_website"],
    sources=[SOURCE], unit="B 3", rating=4.5, review_count=12, tags=["vip", "spring"], note="Call, then write",
    layers={"customer": {"name": {"value": "Café Engel", "at": leads.SEEN}}},
    website_facts={
        "website": "https://www.cafeengel.fi/", "kind": "own",
        "enrichment": {"id": "enr_1", "status": "ok", "at": leads.SEEN},
        "check": {"url": "http://cafeengel.fi/", "final_url": "https://www.cafeengel.fi/", "status_code": 200,
                  "responds": True, "https": True, "tls_ok": True, "ms": 180, "checked_at": leads.SEEN},
        "site": {"title": "Café", "languages": ["fi", "sv"], "contact_pages": ["https://www.cafeengel.fi/info"]},
        "legal": {"name": "Engel Oy", "form": "Oy", "ids": [{"scheme": "vat", "value": "FI01120389"}]},
        "evidence": [{"field": "emails", "value": "info@cafeengel.fi", "source_url": "https://www.cafeengel.fi/info",
                      "kind": "role", "status": "unchecked"}],
    }, website_https=True,
)  # fmt: skip
BARE = leads.lead(
    'Line\nbreak\\, "quote" & <tag>; ünï_x0041_', brand_wikidata="Q2", house_number=None, street=None, city=None,
    postcode=None, country=None, timezone=None, sources=[], gone_at="2026-11-20T00:00:00.000Z", lat=-33.5, lon=180.0,
    website_facts=None,
)  # fmt: skip
BOTH = (FULL, BARE)
Lead = dict[str, Any]


def batch(many: Sequence[Lead], origin: tuple[float, float] | None = None) -> Batch:
    """Return leads as they are read from the database."""
    json = {name for name in FULL if isinstance(FULL[name], list | dict)} | {"layers", "website_facts"}
    rows = []
    for lead in many:
        lead = {"website_facts": None} | lead
        lead |= lead_website.columns(lead)
        kept = lead | {name: None if lead[name] is None else orjson.dumps(lead[name]).decode() for name in json}
        rows.append(kept | {"document": orjson.dumps(lead_document.document(lead)).decode()})
    return Batch(list(rows[0]), [tuple(row[name] for row in rows) for name in rows[0]], origin)


def write(
    name: str, many: Sequence[Lead], fields: Sequence[str] = FIELDS, columns: Sequence[dict[str, str]] = (),
    dialect: Dialect | None = None, version: str = "4.0",
) -> bytes:  # fmt: skip
    file, credits_ = io.BytesIO(), Credits()
    encoder = FORMATS[name].open(file, layout(fields, columns, dialect, version), credits_)
    for part in filter(None, (many[:1], many[1:])):
        credits_.add(batch(part))
        encoder.write(batch(part))
    encoder.close()
    return file.getvalue()


def read_csv(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode("utf-8-sig"), newline=""), strict=True))


def read_xlsx(file: bytes) -> list[dict[str, Any]]:
    sheet = openpyxl.load_workbook(io.BytesIO(file)).active
    assert sheet is not None
    head, *rows = sheet.iter_rows(values_only=True)
    plain = [[unescape(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    return [dict(zip(map(str, head), row, strict=True)) for row in plain]


def read_parquet(file: bytes) -> list[dict[str, Any]]:
    return list(pyarrow.parquet.read_table(pyarrow.BufferReader(file)).to_pylist())


def read(name: str, file: bytes) -> list[Any]:
    readers = {"csv": read_csv, "xlsx": read_xlsx, "parquet": read_parquet}
    if name in readers:
        return readers[name](file)
    if name == "ndjson":
        return [orjson.loads(line) for line in file.splitlines()]
    if name == "json":
        return list(orjson.loads(file)["data"])
    return [feature["properties"] for feature in orjson.loads(file)["features"]]


def test_json_says_what_the_api_says() -> None:
    for origin in (None, (60.0, 25.0)):
        documents = lead_rows.shape().leads(
            list(zip(*(batch(BOTH).column(name) for name in lead_rows.COLUMNS), strict=True)), origin
        )
        made = export_json.objects([export_json.of_field(name) for name in FIELDS], batch(BOTH, origin))
        assert [orjson.loads(text) for text in made] == documents
    assert [orjson.loads(line) for line in write("ndjson", BOTH).splitlines()] == [
        lead_document.document(lead | lead_website.columns(lead)) for lead in BOTH
    ]


@pytest.mark.parametrize("name", TABLES)
def test_tables_have_a_flat_column_for_everything(name: str) -> None:
    row, bare = read(name, write(name, BOTH))
    joined = (lambda value: "; ".join(value)) if name == "parquet" else str
    assert row["name"] == "Café Engel"
    assert joined(row["names"]) == "fi=Kahvila Engel; sv=Café Engel"
    assert joined(row["alt_names"]) == '"Engel"; E, the'
    assert (float(row["lat"]), float(row["lon"]), float(row["rating"])) == (60.1695, 24.952, 4.5)
    assert (row["address_city"], row["address_postcode"], row["address_unit"]) == ("Helsinki", "00170", "B 3")
    assert row["address_formatted"] == "Aleksanterinkatu 26 B 3, 00170 Helsinki, FI"
    assert joined(row["phones"]) == "+3589652776; 1234"
    assert joined(row["websites"]) == "https://www.cafeengel.fi/; https://engel.example/?a=1&b=<2>"
    assert joined(row["socials"]) == "https://www.facebook.com/engel; https://x.com/engel"
    assert row["category_path"] == "food_and_drink > cafe"
    assert joined(row["attributes"]) == "delivery=no; wheelchair=yes"
    assert (str(row["quality_score"]), joined(row["quality_reasons"])) == ("50", "has_phone; has_website")
    assert (joined(row["license"]), row["attribution"]) == ("ODbL-1.0", "© OpenStreetMap contributors")
    assert joined(row["sources"]) == "osm:node/268366322"
    assert (row["legal_name"], joined(row["legal_ids"]), joined(row["site_languages"])) == (
        "Engel Oy", "vat FI01120389", "fi; sv",
    )  # fmt: skip
    assert (str(row["website_status_code"]), row["website_https"], row["website_kind"]) == ("200", "yes", "own")
    assert (row["brand"], row["brand_wikidata"]) == ("Engel", "Q1")
    assert (joined(row["tags"]), row["note"], joined(row["corrections"])) == ("vip; spring", "Call, then write", "name")
    assert bare["name"] == BARE["name"]
    assert all(not bare[name] for name in ("brand", "brand_wikidata", "opening_hours", "sources", "license"))


def test_parquet_keeps_types_and_is_geoparquet() -> None:
    file = write("parquet", BOTH)
    full, bare = read_parquet(file)
    assert full["phones"] == ["+3589652776", "1234"]
    assert full["source_release"].isoformat() == "2019-04-21T17:20:26+00:00"
    assert (full["review_count"], bare["rating"], bare["sources"]) == (12, None, [])
    assert bare["geometry"] == bytes.fromhex("010100000000000000008066400000000000c040c0")  # POINT(180 -33.5)
    about = pyarrow.parquet.read_metadata(pyarrow.BufferReader(file)).metadata
    geo = orjson.loads(about[b"geo"])
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    assert geo["columns"]["geometry"]["geometry_types"] == ["Point"]
    assert geo["columns"]["geometry"]["bbox"] == [24.952, -33.5, 180.0, 60.1695]
    assert orjson.loads(about[b"maptargeter"])["licenses"] == ["ODbL-1.0"]


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "vcf"])
def test_chosen_fields_and_columns_in_the_chosen_order(name: str) -> None:
    chosen = [{"field": "phone", "header": "Call"}, {"field": "emails", "header": "name"}]
    (row,) = read(name, write(name, [FULL], ["phones", "name"], chosen))
    names = [one for one in row if one != "geometry"]
    assert names == ["phones", "name", "Call", "name (2)"]
    assert row["Call"] == "+3589652776"
    assert row["name (2)"] in ("info@cafeengel.fi", ["info@cafeengel.fi"])


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "vcf"])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_every_lead_comes_back(name: str, count: int) -> None:
    many = [leads.lead(f"Number {number}") for number in range(count)]
    assert [row["name"] for row in read(name, write(name, many))] == [lead["name"] for lead in many]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_are_columns_that_there_are(name: str) -> None:
    (row,) = read_csv(write("csv", [FULL], [], preset(name)))
    assert list(row) == [header for _, header in PRESETS[name]]
    assert "Café Engel" in row.values()
    assert "+3589652776" in row.values()


def test_the_contract_names_them_all() -> None:
    schemas = Promises.read().document["components"]["schemas"]
    assert schemas["ExportColumnName"]["enum"] == list(COLUMNS)
    assert schemas["ExportPreset"]["enum"] == list(PRESETS)
    assert schemas["ExportFormat"]["enum"] == list(FORMATS)


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_is_what_it_says(name: str) -> None:
    column = COLUMNS[name]
    values = list(column.values(batch(BOTH)))
    assert len(values) == 2
    assert all((value is not None) if column.kind == LIST else not isinstance(value, list) for value in values)
    if column.kind == LIST:
        assert list(column.texts(batch(BOTH))) == ["; ".join(value) for value in values]


@pytest.mark.parametrize("name", ["json", "geojson"])
def test_documents_say_whose_data_they_hold(name: str) -> None:
    other = leads.lead(attribution="Overture Maps Foundation", sources=[SOURCE | {"license": "CC0-1.0"}])
    document = orjson.loads(write(name, [FULL, other, FULL], ["name"]))
    assert document["attribution"] == ["© OpenStreetMap contributors", "Overture Maps Foundation"]
    assert document["licenses"] == ["ODbL-1.0", "CC0-1.0"]


def test_geojson_is_points_with_longitude_first() -> None:
    document = orjson.loads(write("geojson", [FULL]))
    assert document["type"] == "FeatureCollection"
    (feature,) = document["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [24.952, 60.1695]}
    assert feature["id"] == FULL["id"]
    assert not {"id", "location"} & set(feature["properties"])


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\uff1dA1", "=5"])
def test_what_could_be_a_formula_is_quoted_unless_that_is_switched_off(text: str) -> None:
    (row,) = read_csv(write("csv", [leads.lead(text)], ["name"]))
    assert row["name"] == "'" + text
    (row,) = read_csv(write("csv", [leads.lead(text)], ["name"], dialect=Options(guard_formulas=False).dialect()))
    assert row["name"] == text
    assert list(read_csv(write("csv", [FULL], [], [{"field": "name", "header": text}]))[0]) == ["'" + text]


@pytest.mark.parametrize(
    "text", ["+358401234567", "-12.5", "+358401234567; +358401234568", "007", "Bar = Café", "100 % @home"]
)
def test_numbers_and_plain_text_are_left_alone(text: str) -> None:
    (row,) = read_csv(write("csv", [leads.lead(text)], ["name"]))
    assert row["name"] == text


def test_the_dialect_is_what_was_chosen() -> None:
    chosen = Csv("semicolon", "all", "lf", "comma", bom=False)
    file = write("csv", [leads.lead("a;b")], ["name", "location"], dialect=Options(csv=chosen).dialect())
    assert file == b'"name";"lat";"lon"\n"a;b";"60,1695";"24,952"\n'


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@settings(deadline=None)  # it writes three files; how long that takes on a busy machine is not what is asked
@given(st.lists(TEXT, min_size=1, max_size=4), st.sampled_from(["comma", "semicolon", "tab", "pipe"]), st.booleans())
def test_any_text_survives_and_none_is_a_formula(names: list[str], delimiter: str, quote_all: bool) -> None:
    many = [leads.lead(name, operator="end", alt_names=[name, name]) for name in names]
    dialect = Options(csv=Csv(delimiter, "all" if quote_all else "minimal")).dialect()
    text = write("csv", many, ["name", "operator", "alt_names"], dialect=dialect).decode("utf-8-sig")
    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True, delimiter=dialect.delimiter)
    for row, name in zip(rows, names, strict=True):
        assert (row["name"].removeprefix("'"), row["operator"]) == (name.removeprefix("'"), "end")
        assert row["alt_names"].removeprefix("'") == f"{name}; {name}".removeprefix("'")
        assert row["name"][:1] not in tuple("=@\t\r\n")
    assert [one["name"] for one in read("ndjson", write("ndjson", many, ["name"]))] == names
    lists = [{"field": "alt_names", "header": "x"}]
    assert [one["x"] for one in read("ndjson", write("ndjson", many, [], lists))] == [[name, name] for name in names]


@given(TEXT)
def test_any_text_survives_xlsx(name: str) -> None:
    """Line breaks are all one to it, and what XML cannot say is escaped as Excel does."""
    (row,) = read_xlsx(write("xlsx", [leads.lead(name)], ["name", "category"]))
    assert row["category"] == "cafe"
    assert row["name"].replace("\r\n", "\n") == name.replace("\r\n", "\n")


@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_vcards_are_folded_and_escaped(version: str) -> None:
    text = write("vcf", BOTH, version=version).decode()
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    lines = text.replace("\r\n ", "").split("\r\n")
    assert lines.count("BEGIN:VCARD") == lines.count("END:VCARD") == lines.count(f"VERSION:{version}") == 2
    assert lines[1] == f"VERSION:{version}"  # right after the beginning: RFC 6350 section 3.3
    assert 'FN:Line\\nbreak\\\\\\, "quote" & <tag>\\; ünï_x0041_' in lines
    assert "ORG:Café Engel" in lines
    assert any(line.startswith("TEL") and line.endswith("+3589652776") for line in lines)
    assert any(
        line.startswith("ADR;TYPE=") and line.endswith(":;B 3;Aleksanterinkatu 26;Helsinki;;00170;FI") for line in lines
    )
    assert ("GEO:geo:60.1695,24.952" if version == "4.0" else "GEO:60.1695;24.952") in lines
    assert ("N:;;;;" in lines) == (version == "3.0")
    assert "EMAIL" not in write("vcf", BOTH, ["phones"], version=version).decode()


@given(TEXT)
def test_any_text_survives_a_vcard(name: str) -> None:
    file = write("vcf", [leads.lead(name)], ["name"])
    assert all(len(line) <= 75 for line in file.split(b"\r\n"))
    lines = [line for line in file.decode().replace("\r\n ", "").split("\r\n") if line.startswith("FN:")]
    (value,) = lines
    marks = {"\\n": "\n", "\\\\": "\\", "\\,": ",", "\\;": ";"}
    back, left = "", value[3:]
    while left:
        mark = left[:2] if left[0] == "\\" else left[0]
        back, left = back + marks.get(mark, mark), left[len(mark) :]
    kept = name.replace("\r\n", "\n").replace("\r", "\n")
    assert back == "".join(each for each in kept if each in "\n\t" or (each >= " " and each != "\x7f"))
