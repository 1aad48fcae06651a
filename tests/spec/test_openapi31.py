"""The derived 3.1 document is valid, complete, and means what the 3.0.3 source means."""

import copy
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from core.openapi import to_31, to_schema
from handlers.contract import read
from handlers.schema import convert
from tests.spec.samples import Sampler
from tests.spec.shapes import Schemas

SOURCE = read()
DERIVED = to_31(SOURCE)
NAMED = SOURCE["components"]["schemas"]
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**16,
    "",
    "a",
    "\u0000",
    "é" * 50_000,
    [],
    [[]],
    ["a"] * 1001,
    {},
    {"id": 1},
]


def test_it_is_valid_openapi_31() -> None:
    assert list(OpenAPIV31SpecValidator(DERIVED).iter_errors()) == []
    assert DERIVED["openapi"] == "3.1.0"


def test_the_source_is_left_as_it_is() -> None:
    given = copy.deepcopy(SOURCE)
    to_31(given)
    assert given == SOURCE


def test_order_is_kept_and_only_webhooks_are_renamed() -> None:
    assert list(DERIVED) == ["webhooks" if key == "x-webhooks" else key for key in SOURCE]
    assert list(DERIVED["webhooks"]) == list(SOURCE["x-webhooks"])
    assert list(DERIVED["paths"]) == list(SOURCE["paths"])
    assert DERIVED["webhooks"].keys() >= {"scan.completed", "export.ready"}


def test_what_is_no_schema_stays() -> None:
    for part in ("info", "servers", "tags", "security"):
        assert DERIVED[part] == SOURCE[part]
    for part in ("examples", "securitySchemes"):
        assert DERIVED["components"][part] == SOURCE["components"][part]
    operation, original = (made["paths"]["/scans"]["post"] for made in (DERIVED, SOURCE))
    assert operation["requestBody"] == original["requestBody"]
    assert {key: operation[key] for key in original if key != "responses"} == {
        key: original[key] for key in original if key != "responses"
    }


def test_nothing_of_30_is_left() -> None:
    left = [name for name, schema in walk(DERIVED["components"]["schemas"], "") if is_30(schema)]
    assert left == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": False}, {"type": "string"}),
        ({"type": "string", "nullable": True, "enum": ["a"]}, {"type": ["string", "null"], "enum": ["a", None]}),
        ({"type": "string", "nullable": True, "enum": [None]}, {"type": ["string", "null"], "enum": [None]}),
        ({"nullable": True, "allOf": [{"$ref": "#/x"}]}, {"anyOf": [{"$ref": "#/x"}, {"type": "null"}]}),
        (
            {"nullable": True, "description": "d", "enum": ["a"]},
            {"description": "d", "anyOf": [{"enum": ["a"]}, {"type": "null"}]},
        ),
        ({"$ref": "#/x", "description": "in 3.0 this says nothing"}, {"$ref": "#/x"}),
        ({"type": "integer", "example": 1}, {"type": "integer", "examples": [1]}),
        ({"type": "integer", "example": None}, {"type": "integer", "examples": [None]}),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"maximum": 1, "exclusiveMaximum": False}, {"maximum": 1}),
        ({"type": "string", "format": "binary"}, {"contentMediaType": "application/octet-stream"}),
        ({"type": "string", "format": "byte"}, {"type": "string", "contentEncoding": "base64"}),
        ({"items": {"nullable": True, "type": "string"}}, {"items": {"type": ["string", "null"]}}),
        ({"additionalProperties": False}, {"additionalProperties": False}),
        ({"not": {"type": "string", "nullable": True}}, {"not": {"type": ["string", "null"]}}),
        ({"properties": {"nullable": {"type": "string"}}}, {"properties": {"nullable": {"type": "string"}}}),
        ({"properties": {"example": {"type": "string"}}}, {"properties": {"example": {"type": "string"}}}),
        ({"default": {"nullable": True}}, {"default": {"nullable": True}}),
    ],
)  # fmt: skip
def test_schema(old: dict[str, Any], new: dict[str, Any]) -> None:
    kept = copy.deepcopy(old)
    assert to_schema(old) == new
    assert old == kept


def test_schemas_are_found_wherever_they_stand() -> None:
    schema, derived = {"type": "string", "nullable": True}, {"type": ["string", "null"]}
    content = {"application/json": {"schema": schema, "example": {"schema": schema}}}
    written = {
        "openapi": "3.0.3",
        "paths": {
            "/a": {
                "parameters": [{"in": "query", "name": "a", "schema": schema}],
                "x-schema": {"schema": schema},
                "post": {
                    "parameters": [{"in": "query", "name": "b", "content": content}],
                    "requestBody": {"content": content},
                    "responses": {"default": {"headers": {"H": {"schema": schema}}, "content": content}},
                    "callbacks": {"done": {"$url": {"put": {"requestBody": {"content": content}}}}},
                },
            }
        },
    }
    item = to_31(written)["paths"]["/a"]
    post = item["post"]
    assert item["parameters"][0]["schema"] == derived
    assert item["x-schema"] == {"schema": schema}
    assert post["responses"]["default"]["headers"]["H"]["schema"] == derived
    for holder in (
        post["parameters"][0],
        post["requestBody"],
        post["responses"]["default"],
        post["callbacks"]["done"]["$url"]["put"]["requestBody"],
    ):
        assert holder["content"]["application/json"] == {"schema": derived, "example": {"schema": schema}}


@pytest.mark.parametrize("name", [name for name in NAMED if NAMED[name].get("format") != "binary"])
def test_schema_takes_what_the_servers_schema_takes(name: str) -> None:
    schemas = Schemas(DERIVED["components"]["schemas"])
    node = {"$ref": f"#/components/schemas/{name}"}
    server = {"allOf": [node], "components": {"schemas": {key: convert(NAMED[key], closed=False) for key in NAMED}}}
    check = jsonschema_rs.Draft4Validator(server, validate_formats=True)
    plain = Sampler(schemas).valid(node)
    assert plain
    for value in [*plain, *spoiled(plain[-1]), *ODD]:
        assert schemas.accepts(node, value) == check.is_valid(value), value


def spoiled(value: Any) -> list[Any]:
    """Return values that are like ``value`` but for one property, which is gone or something else."""
    if not isinstance(value, dict):
        return []
    gone = [{key: value[key] for key in value if key != name} for name in value]
    return [*gone, *(value | {name: odd} for name in value for odd in ODD)]


def walk(node: Any, place: str) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(node, list):
        return [found for part in node for found in walk(part, place)]
    if not isinstance(node, dict):
        return []
    return [(place, node), *(found for key, part in node.items() for found in walk(part, f"{place}/{key}"))]


def is_30(schema: dict[str, Any]) -> bool:
    return isinstance(schema.get("nullable"), bool) or schema.get("exclusiveMinimum") is True or "example" in schema
