"""Turns the schemas of the contract into compiled validators.

OpenAPI 3.0 schemas are JSON Schema draft 4 with ``nullable`` instead of a type ``null``. Answers are checked more
strictly than they are written: an object that names its properties may have no others, so that nothing is
answered that the contract does not tell of.
"""

import re
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import orjson

from core import clock
from handlers.violations import Check

Schema = dict[str, Any]

_ONE = ("items", "additionalProperties", "not")
_MANY = ("allOf", "anyOf", "oneOf")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Schemas:
    """The named schemas of one document, ready to compile others that refer to them."""

    def __init__(self, named: dict[str, Schema]) -> None:
        self._named = named
        self._made: dict[bytes, Check] = {}
        self._asked = {name: convert(schema, closed=False) for name, schema in named.items()}
        self._answered = {name: convert(schema, closed=True) for name, schema in named.items()}

    def for_request(self, schema: Schema) -> Check:
        """Compile what clients send; a time must be one that ``core.clock`` can read."""
        return self._compile(schema, self._asked, {"date-time": is_time}, closed=False)

    def for_answer(self, schema: Schema) -> Check:
        """Compile what we answer, closed."""
        return self._compile(schema, self._answered, {}, closed=True)

    def _compile(
        self, schema: Schema, named: dict[str, Schema], formats: dict[str, Callable[[str], bool]], *, closed: bool
    ) -> Check:
        key = orjson.dumps([closed, schema])
        if key not in self._made:
            whole = {"allOf": [convert(schema, closed=closed)], "components": {"schemas": named}}
            validator = jsonschema_rs.Draft4Validator(whole, formats=formats, validate_formats=True)
            self._made[key] = Check(validator, {"allOf": [schema], "components": {"schemas": self._named}})
        return self._made[key]


def convert(schema: Schema, *, closed: bool) -> Schema:
    """Return the schema as JSON Schema draft 4; raise ValueError for what cannot be closed."""
    made = dict(schema)
    for key in _ONE:
        if isinstance(made.get(key), dict):
            made[key] = convert(made[key], closed=closed)
    for key in _MANY:
        if key in made:
            made[key] = [convert(part, closed=closed) for part in made[key]]
    if "properties" in made:
        made["properties"] = {name: convert(part, closed=closed) for name, part in made["properties"].items()}
        if closed:
            made.setdefault("additionalProperties", False)
    if closed and len(made.get("allOf", ())) > 1:
        raise ValueError("an answer made of several schemas (allOf) cannot be closed; write one schema")
    return _or_null(made) if made.pop("nullable", False) else made


def is_time(text: str) -> bool:
    """Tell whether ``text`` is an RFC 3339 time that exists, to the nanosecond at most."""
    if not _RFC3339.fullmatch(text):
        return False
    try:
        clock.parse(text)
    except ValueError:
        return False
    return True


def _or_null(schema: Schema) -> Schema:
    if "type" not in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    return schema | {"type": [schema["type"], "null"]}
