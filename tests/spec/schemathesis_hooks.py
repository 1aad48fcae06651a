"""Makes requests that are meant to be good really good, where JSON Schema has no words for a rule.

Only such requests are touched: what is meant to be bad stays as it was made. Each repair says which rule it stands for.
"""

import json
import os
import uuid
from typing import Any

import schemathesis
from schemathesis import Case, HookContext
from schemathesis.generation import GenerationMode

OWN_KEY_ID = os.environ["OWN_KEY_ID"]
RECEIVER = "https://127.0.0.1:9/hooks"  # the installation under test allows this address; nobody listens there
KNOWN_CATEGORY = "cafe"
LEAD_FILTER = "#/components/schemas/LeadFilter"
TEXT_FILTER = "#/components/schemas/TextFilter"
SOME_CONDITIONS = ("name", "category", "location", "phones", "rating", "changed_at", "gone", "query", "and", "not")
NO_LEAD = "lead_" + "0" * 26
NO_SCAN = "scan_" + "0" * 26
NO_SCHEDULE = "sch_" + "0" * 26
KNOWN_TIMEZONE = "Europe/Helsinki"
# what can be suppressed, by kind; a lead is one that there is, and no invented id is
SUPPRESSIBLE = {
    "domain": "shut.example.fi",
    "email": "info@shut.example.fi",
    "phone": "+358 9 310 1691",
    "place": "osm:node/268366322",
}
CORRECTION = {
    "category": KNOWN_CATEGORY,  # the taxonomy is data, not schema
    "opening_hours": "Mo-Fr 08:00-17:00",  # a grammar of its own
    "phones": ["+358 9 652776"],  # numbers that are given out
    "emails": ["info@cafeengel.fi"],  # a host that can be
    "websites": ["https://www.cafeengel.fi/"],
}
SQUARE = [[24.9, 60.1], [25.0, 60.1], [25.0, 60.2], [24.9, 60.2], [24.9, 60.1]]
Json = dict[str, Any]


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: Json) -> None:
    """Walk the filter whole once, where leads are searched: each operation that takes one is 3,000 requests more.

    A filter within a filter has one kind of condition: all kinds at each level are 15,000 requests more.
    """
    schemas = raw_schema["components"]["schemas"]
    inner = {"type": "object", "additionalProperties": False, "properties": {"name": {"$ref": TEXT_FILTER}}}
    several = {"type": "array", "minItems": 1, "maxItems": 20, "items": inner}
    properties = schemas["LeadFilter"]["properties"]
    properties |= {"and": several, "or": several, "not": inner}
    some = {name: properties[name] for name in SOME_CONDITIONS}
    schemas["SomeLeadFilter"] = {**schemas["LeadFilter"], "properties": some}
    for name, schema in schemas.items():
        filters = schema.get("properties", {}).get("filters")
        if name.endswith("Request") and name != "LeadSearchRequest" and filters == {"$ref": LEAD_FILTER}:
            schema["properties"]["filters"] = {"$ref": f"{LEAD_FILTER.removesuffix('LeadFilter')}SomeLeadFilter"}


@schemathesis.hook
def before_call(context: HookContext, case: "Case[Any]", kwargs: Json) -> None:
    """Repair what is about to be sent."""
    if case.operation.definition.raw.get("operationId") == "revoke_api_key" and OWN_KEY_ID in str(case.path_parameters):
        case.path_parameters["api_key_id"] = OWN_KEY_ID[:-1] + "0"  # the run must not lock itself out
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    # a key that was used with another body is refused, as it should be
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    if case.headers:
        case.headers.pop("If-Match", None)  # the version of a lead: no invented one is right
    # an export repeats its filters, and schemathesis takes the condition on scan_id there for the id of a scan
    if not str(case.path_parameters.get("scan_id", NO_SCAN)).startswith("scan_"):
        case.path_parameters["scan_id"] = NO_SCAN
    # a row that was refused has no lead
    if not str(case.path_parameters.get("lead_id", NO_LEAD)).startswith("lead_"):
        case.path_parameters["lead_id"] = NO_LEAD
    # a scan that no schedule made says so with null, which schemathesis takes for the id of one
    if not str(case.path_parameters.get("schedule_id", NO_SCHEDULE)).startswith("sch_"):
        case.path_parameters["schedule_id"] = NO_SCHEDULE
    if isinstance(case.query, dict):
        repair_query(case.query)
    if isinstance(case.body, dict):
        repair_body(case.body)


def repair_query(query: Json) -> None:
    query.pop("cursor", None)  # signed: no invented one is right
    if "near" in query:  # one schema stands for latitude and longitude
        latitude, longitude = numbers(query["near"])
        query["near"] = f"{within(latitude, 90)},{longitude}"
    else:
        query.pop("radius_m", None)  # needs a centre
        if query.get("sort") == "distance":
            del query["sort"]  # needs a centre
    if "bbox" in query:
        query["bbox"] = ",".join(map(str, bbox(query["bbox"])))
    if "category" in query:
        query["category"] = KNOWN_CATEGORY  # the taxonomy is data, not schema
    if "parent" in query:
        query["parent"] = "food_and_drink"
    if "filter" in query:
        query["filter"] = json.dumps({"website": {"exists": True}})  # JSON inside a string


def repair_body(body: Json) -> None:
    body.pop("cursor", None)
    if body.get("sort") == "distance" and "near" not in body:
        del body["sort"]
    if "categories" in body:
        body["categories"] = [KNOWN_CATEGORY]
    if "url" in body:
        body["url"] = RECEIVER  # https, and an address that may be reached
    body.pop("only_new_since", None)  # an export that there is
    if body.get("format") == "vcf":  # has columns of its own
        body.pop("columns", None)
        body.pop("preset", None)
    if body.get("expires_at"):
        body["expires_at"] = "2999-01-01T00:00:00Z"  # in the future
    if "headers" in body:
        body["headers"] = list({header["name"]: header for header in body["headers"]}.values())  # each once
    repair_parts(body)


def repair_parts(body: Json) -> None:
    for name in ("area", "cells"):
        repair_area(body.get(name) or {})
    if "filters" in body:
        repair_filter(body["filters"])
    if "timezone" in body.get("recurrence", {}):
        body["recurrence"]["timezone"] = KNOWN_TIMEZONE  # those there are are data, not schema
    if "corrections" in body:
        repair_corrections(body["corrections"])
    for lead in body.get("leads", ()):
        repair_corrections(lead)  # or the row would be refused, and nothing be imported
    if "kind" in body and "value" in body:  # which value is good hangs on the kind
        body["kind"] = body["kind"] if body["kind"] in SUPPRESSIBLE else "place"
        body["value"] = SUPPRESSIBLE[body["kind"]]


def repair_corrections(corrections: Json) -> None:
    for name, good in CORRECTION.items():
        if corrections.get(name):  # null and an empty list are good as they are
            corrections[name] = good
    if (corrections.get("address") or {}).get("country"):
        corrections["address"]["country"] = "FI"  # the list of countries is data, not schema


def repair_area(area: Json) -> None:
    if "bbox" in area:
        area["bbox"] = bbox(area["bbox"])
    if "polygon" in area:
        area["polygon"]["coordinates"] = [SQUARE]  # closed, and crossing nowhere


def repair_filter(wanted: Json, room: int = 90) -> int:
    """Keep at most ``room`` conditions (a filter may have 100 in all); return how many more there may be."""
    for name in list(wanted):
        if name in ("and", "or", "not"):
            continue
        room -= len(wanted[name])
        if room < 0:
            del wanted[name]
    if "category" in wanted:
        wanted["category"] = {"in": [KNOWN_CATEGORY]}
    place = wanted.get("location", {}).get("within")
    if isinstance(place, dict):
        repair_area(place)
    for inner in [*wanted.get("and", ()), *wanted.get("or", ()), *([wanted["not"]] if "not" in wanted else ())]:
        room = repair_filter(inner, room)
    return room


def numbers(sent: str | list[float]) -> list[float]:
    """Return the numbers of a list, which a query string has as text."""
    return [float(one) for one in (sent.split(",") if isinstance(sent, str) else sent)]


def bbox(sent: str | list[float]) -> list[float]:
    """South below north, both within the world: JSON Schema cannot compare two numbers."""
    west, south, east, north = numbers(sent)
    south, north = sorted((within(south, 89), within(north, 89)))
    west, east = sorted((west, east))
    return [west, south, max(east, west + 0.001), max(north, south + 0.001)]


def within(number: float, most: float) -> float:
    return max(-most, min(most, number))
