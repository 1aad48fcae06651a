"""The contract itself: valid, complete, bounded, with examples that it accepts; and what is compiled from it."""

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from core import taxonomy
from handlers import operations
from handlers.contract import JSON, Contract, Document, Operation, read
from handlers.schema import Schemas, convert, is_time
from services.api_keys import SCOPES

DOCUMENT = read()
CONTRACT = Contract(DOCUMENT)
OPERATIONS = list(CONTRACT.operations.values())
ALWAYS = {400, 429, 500, 503}


def test_it_is_valid_openapi() -> None:
    assert not list(OpenAPIV30SpecValidator(DOCUMENT).iter_errors())


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)
def test_each_operation_has_a_handler_that_takes_what_it_sends(operation: Operation) -> None:
    handler = getattr(importlib.import_module(f"handlers.{operation.tag}"), operation.id)
    operations.view(CONTRACT, operation, handler)  # raises if the names do not fit
    assert inspect.getdoc(handler)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)
def test_each_operation_documents_how_it_may_fail(operation: Operation) -> None:
    documented = set(operation.answers)
    assert documented >= ALWAYS | ({401, 403} if operation.secured else set())
    assert ({413, 415} <= documented) == (operation.body is not None)
    assert (406 in documented) == bool(operation.produces)  # who gets no body has nothing to accept
    assert not operation.in_path or 404 in documented
    assert bool(operation.scopes) == operation.secured
    assert set(operation.scopes) <= set(SCOPES)
    assert operation.cost >= 1
    for status, answer in operation.answers.items():
        assert ("retry-after" in answer.headers) >= (status in (429, 503))
        assert "x-request-id" in answer.headers


def test_both_forms_of_a_key_are_offered_everywhere() -> None:
    both: list[Document] = [{"bearerAuth": []}, {"apiKeyAuth": []}]
    assert DOCUMENT["security"] == both
    assert all(made.get("security", both) in (both, []) for made in written_operations())


def test_the_scopes_are_those_that_keys_may_have() -> None:
    assert DOCUMENT["components"]["schemas"]["Scope"]["enum"] == list(SCOPES)


def test_every_value_that_is_sent_is_bounded() -> None:
    unbounded = [place for place, schema in request_schemas() if not is_bounded(schema)]
    assert not unbounded


def test_every_answer_is_bounded_or_a_file() -> None:
    unbounded = [
        place
        for place, schema in walk(DOCUMENT["components"]["schemas"], "")
        if schema.get("type") in ("integer", "array") and not is_bounded(schema)
    ]
    assert not unbounded


@pytest.mark.parametrize(
    "name", [name for name, made in DOCUMENT["components"]["schemas"].items() if "example" in made]
)
def test_examples_of_schemas(name: str) -> None:
    schemas = Schemas(DOCUMENT["components"]["schemas"])
    schema = {"$ref": f"#/components/schemas/{name}"}
    example = DOCUMENT["components"]["schemas"][name]["example"]
    assert not schemas.for_answer(schema).body(example)
    assert not schemas.for_request(schema).body(example)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)
def test_examples_of_bodies_and_answers(operation: Operation) -> None:
    made = DOCUMENT["paths"][operation.path][operation.method.lower()]
    if operation.body:
        examples = list(examples_in(made["requestBody"]["content"][JSON]))
        assert examples
        for example in examples:
            assert not operation.body.check.body(example)
    for status, answer in operation.answers.items():
        content = resolved(made["responses"][str(status)]).get("content", {})
        for media, check in answer.bodies.items():
            examples = list(examples_in(content[media]))
            assert examples
            for example in examples if check else []:
                assert check
                assert not check.body(example)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)
def test_examples_of_parameters(operation: Operation) -> None:
    made = DOCUMENT["paths"][operation.path][operation.method.lower()]
    written = {one["name"]: one for one in map(resolved, made.get("parameters", []))}
    for parameter in (*operation.query, *operation.in_path, *operation.header):
        example = written[parameter.name].get("example")
        if example is not None:
            assert parameter.check.is_valid(example), parameter.name
            text = ",".join(map(str, example)) if isinstance(example, list) else str(example)
            assert parameter.read([text]) == (example, [])


def test_example_categories_exist() -> None:
    assert {"cafe", "bar", "food_and_drink"} <= set(taxonomy.all_ids())


def test_answers_are_closed() -> None:
    lead = CONTRACT.operations["get_lead"].answers[200].bodies[JSON]
    assert lead
    example = DOCUMENT["components"]["examples"]["Lead"]["value"]
    assert lead.is_valid(example)
    for broken in (example | {"extra": 1}, example | {"location": example["location"] | {"extra": 1}}, {"name": "x"}):
        assert not lead.is_valid(broken)
    assert lead.is_valid(example | {"names": {"sv": "x", "de": "y"}})


def test_null_only_where_it_is_written() -> None:
    schemas = Schemas({"E": {"type": "string", "enum": ["a"]}, "O": {"type": "object", "properties": {"x": {}}}})
    may_be_null = {
        "plain": {"type": "integer", "nullable": True},
        "enum": {"type": "string", "nullable": True, "enum": ["a"]},
        "named": {"nullable": True, "allOf": [{"$ref": "#/components/schemas/O"}]},
    }
    for schema in may_be_null.values():
        assert schemas.for_answer(schema).is_valid(None)
        assert not schemas.for_answer(schema).is_valid(True)
    assert not schemas.for_answer({"$ref": "#/components/schemas/E"}).is_valid(None)
    assert schemas.for_answer(may_be_null["named"]).is_valid({"x": 1})
    assert not schemas.for_answer(may_be_null["named"]).is_valid({"y": 1})


def test_what_cannot_be_closed_is_refused() -> None:
    with pytest.raises(ValueError, match="allOf"):
        convert({"allOf": [{"type": "object"}, {"type": "object"}]}, closed=True)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("2026-11-24T04:38:00Z", True),
        ("2026-11-24T04:38:00.123456+02:00", True),
        ("2026-11-24t04:38:00z", True),
        ("2026-11-24 04:38:00Z", False),
        ("2026-11-24T04:38:00", False),
        ("2026-12-31T23:59:60Z", True),
        ("2026-02-30T00:00:00Z", False),
        ("0001-01-01T00:00:00+23:00", False),
        ("20261124T043800Z", False),
        ("2026-W48-2T04:38:00Z", False),
        ("٢٠٢٦-11-24T04:38:00Z", False),
    ],
)
def test_times(text: str, good: bool) -> None:
    assert is_time(text) is good


def written_operations() -> Iterator[Document]:
    for item in DOCUMENT["paths"].values():
        yield from (made for name, made in item.items() if name != "parameters")


def request_schemas() -> Iterator[tuple[str, Document]]:
    """Every schema of what clients send, each named one once."""
    seen: set[str] = set()
    for made in written_operations():
        name = made["operationId"]
        for parameter in map(resolved, made.get("parameters", [])):
            yield from deep(parameter["schema"], f"{name} {parameter['name']}", seen)
        if "requestBody" in made:
            yield from deep(made["requestBody"]["content"][JSON]["schema"], f"{name} body", seen)


def deep(schema: Document, place: str, seen: set[str]) -> Iterator[tuple[str, Document]]:
    if "$ref" in schema:
        if schema["$ref"] not in seen:
            seen.add(schema["$ref"])
            yield from deep(resolved(schema), schema["$ref"].rsplit("/", 1)[1], seen)
        return
    yield place, schema
    inner = [
        *schema.get("properties", {}).items(),
        *(("of", one) for key in ("allOf", "anyOf") for one in schema.get(key, ())),
    ]
    for name, one in [*inner, *([("items", schema["items"])] if "items" in schema else [])]:
        yield from deep(one, f"{place}.{name}", seen)


def walk(node: Any, place: str) -> Iterator[tuple[str, Document]]:
    """Every schema below the named ones."""
    if isinstance(node, dict):
        if isinstance(node.get("type"), str):
            yield place, node
        for name, one in node.items():
            if name not in ("example", "enum", "default"):
                yield from walk(one, f"{place}.{name}")
    elif isinstance(node, list):
        for number, one in enumerate(node):
            yield from walk(one, f"{place}[{number}]")


def is_bounded(schema: Document) -> bool:
    """Tell whether nothing endless fits: a range for numbers, a length for text and lists, a closed object."""
    bounds = {
        "integer": {"minimum", "maximum"},
        "number": {"minimum", "maximum"},
        "array": {"maxItems"},
        "object": {"additionalProperties"},
    }
    kind = schema.get("type")
    if kind == "string":
        return bool(schema.keys() & {"maxLength", "enum", "format"})
    return bounds.get(kind or "", set()) <= schema.keys()


def examples_in(content: Document) -> Iterator[Any]:
    if "example" in content:
        yield content["example"]
    for one in content.get("examples", {}).values():
        yield resolved(one)["value"]


def resolved(node: Document) -> Document:
    while "$ref" in node:
        found: Any = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        node = found
    return node
