"""Derives the OpenAPI 3.1 document from the 3.0 source: the same meaning, in the words of 3.1.

The source is 3.0.3 because the framework that serves it understands nothing newer. Readers of 3.1 get ``webhooks`` and
schemas that are plain JSON Schema 2020-12.
"""

from collections.abc import Callable, Iterator
from typing import Any

Node = dict[str, Any]

VERSION = "3.1.0"
# Which kind of object stands under which key of which kind; a list holds several of the kind, "*" is any other key.
_CHILDREN: dict[str, dict[str, str]] = {
    "document": {"paths": "paths", "x-webhooks": "paths", "components": "components"},
    "components": {
        "schemas": "schemas",
        "parameters": "parameters",
        "headers": "parameters",
        "requestBodies": "bodies",
        "responses": "responses",
        "callbacks": "callbacks",
    },
    "paths": {"*": "item"},
    "item": {"parameters": "parameter", "*": "operation"},
    "operation": {
        "parameters": "parameter",
        "requestBody": "body",
        "responses": "responses",
        "callbacks": "callbacks",
    },
    "callbacks": {"*": "paths"},
    "parameters": {"*": "parameter"},
    "bodies": {"*": "body"},
    "responses": {"*": "response"},
    "schemas": {"*": "schema"},
    "parameter": {"schema": "schema", "content": "contents"},
    "body": {"content": "contents"},
    "response": {"headers": "parameters", "content": "contents"},
    "contents": {"*": "content"},
    "content": {"schema": "schema", "encoding": "responses"},
}
_AS_IT_IS = "as it is"
_ANNOTATIONS = ("title", "description", "examples", "default", "deprecated")
_FORMATS = {"binary": ("contentMediaType", "application/octet-stream"), "byte": ("contentEncoding", "base64")}
_BOUNDS = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}


def to_31(document: Node) -> Node:
    """Return the 3.1 document that means the same as the 3.0 ``document``, which stays as it is; order is kept."""
    renamed = {"x-webhooks": "webhooks"}
    made = {renamed.get(key, key): value for key, value in _derive(document, "document").items()}
    return made | {"openapi": VERSION}


def to_schema(schema: Node) -> Node:
    """Return an OpenAPI 3.0 schema as JSON Schema 2020-12.

    ``nullable`` without ``type`` is read as the server reads it, "or null", although 3.0.3 gives it no meaning.
    """
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    made = {new: value for old in schema for new, value in _KEYWORDS.get(old, _same)(old, schema)}
    return _or_null(made) if schema.get("nullable") and "type" not in schema else made


def _derive(node: Any, kind: str) -> Any:
    if isinstance(node, list):
        return [_derive(part, kind) for part in node]
    if kind == _AS_IT_IS or not isinstance(node, dict):
        return node
    if kind == "schema":
        return to_schema(node)
    return {key: _derive(value, _kind(key, _CHILDREN[kind])) for key, value in node.items()}


def _kind(key: str, children: dict[str, str]) -> str:
    found = children.get(key)
    return found or (_AS_IT_IS if key.startswith("x-") else children.get("*", _AS_IT_IS))


def _same(key: str, schema: Node) -> Iterator[tuple[str, Any]]:
    yield key, schema[key]


def _nothing(_key: str, _schema: Node) -> Iterator[tuple[str, Any]]:
    yield from ()


def _nested(key: str, schema: Node) -> Iterator[tuple[str, Any]]:
    yield key, _derive(schema[key], "schemas" if key == "properties" else "schema")


def _type(key: str, schema: Node) -> Iterator[tuple[str, Any]]:
    if schema.get("format") != "binary":  # bytes are no JSON value, so they have no type
        yield key, [schema[key], "null"] if schema.get("nullable") else schema[key]


def _enum(key: str, schema: Node) -> Iterator[tuple[str, Any]]:
    values = schema[key]
    yield key, [*values, None] if schema.get("nullable") and "type" in schema and None not in values else values


def _example(key: str, schema: Node) -> Iterator[tuple[str, Any]]:
    yield "examples", [schema[key]]


def _format(key: str, schema: Node) -> Iterator[tuple[str, Any]]:
    yield _FORMATS.get(schema[key], (key, schema[key]))


def _bound(key: str, schema: Node) -> Iterator[tuple[str, Any]]:
    yield _BOUNDS[key] if schema.get(_BOUNDS[key]) else key, schema[key]


_KEYWORDS: dict[str, Callable[[str, Node], Iterator[tuple[str, Any]]]] = {
    **dict.fromkeys(("properties", "additionalProperties", "items", "not", "allOf", "anyOf", "oneOf"), _nested),
    **dict.fromkeys(("nullable", *_BOUNDS.values()), _nothing),
    **dict.fromkeys(_BOUNDS, _bound),
    "type": _type,
    "enum": _enum,
    "example": _example,
    "format": _format,
}


def _or_null(schema: Node) -> Node:
    about = {key: schema[key] for key in schema if key in _ANNOTATIONS}
    rest = {key: schema[key] for key in schema if key not in _ANNOTATIONS}
    wrapped = rest["allOf"][0] if list(rest) == ["allOf"] and len(rest["allOf"]) == 1 else rest
    return about | {"anyOf": [wrapped, {"type": "null"}]}
