"""Marshmallow classes and the spec's components say the same names and types."""

import inspect
from pathlib import Path
from typing import Any

import marshmallow
import pytest
import yaml
from marshmallow import fields

from handlers import schemas

SPEC = yaml.safe_load((Path(__file__).parent.parent.parent / "spec" / "openapi.yaml").read_text(encoding="utf-8"))
TYPES: dict[type[Any], str] = {
    fields.String: "string",
    fields.Integer: "integer",
    fields.Float: "number",
    fields.List: "array",
    fields.Nested: "object",
    fields.Dict: "object",
    fields.Boolean: "boolean",
}
CLASSES = [
    found
    for _, found in inspect.getmembers(schemas, inspect.isclass)
    if issubclass(found, marshmallow.Schema) and found is not marshmallow.Schema
]


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        target: dict[str, Any] = SPEC["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        return resolved(target)
    if "allOf" in schema:
        return resolved(schema["allOf"][0]) | {"nullable": schema.get("nullable", False)}
    return schema


@pytest.mark.parametrize("found", CLASSES, ids=lambda found: found.__name__)
def test_class_and_component_agree(found: type[marshmallow.Schema]) -> None:
    component = SPEC["components"]["schemas"][found.__name__.removesuffix("Schema")]
    ours = {name: (TYPES[type(field)], field.allow_none) for name, field in found().fields.items()}
    theirs = {name: resolved(schema) for name, schema in component["properties"].items()}
    assert ours == {name: (schema["type"], bool(schema.get("nullable"))) for name, schema in theirs.items()}
