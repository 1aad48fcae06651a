"""Says in words what is wrong with a request: short, for people, and without what was sent, which may be a secret.

The one exception is a name that the contract does not know, cut to 64 characters: without it nobody finds the typo.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any

import jsonschema_rs
import orjson

from core.errors import Violation

Path = list[str | int]

MOST = 100  # the contract's bound for ``details``
_ECHO = 64
_REMEMBERED = 100_000
_KEY = re.compile(r"mt_(live|test)_\w+")
_LIST_UP_TO = 200  # characters of allowed values that are listed
_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_FORMATS = {"date-time": "a time such as 2026-11-24T04:38:00Z", "uri": "a URL such as https://example.com/"}
_BOUNDS = {
    "minimum": ("too_small", "be at least", ""),
    "exclusiveMinimum": ("too_small", "be more than", ""),
    "maximum": ("too_large", "be at most", ""),
    "exclusiveMaximum": ("too_large", "be less than", ""),
    "minLength": ("too_short", "have at least", "character"),
    "maxLength": ("too_long", "have at most", "character"),
    "minItems": ("too_few", "have at least", "item"),
    "maxItems": ("too_many", "have at most", "item"),
    "minProperties": ("too_few", "have at least", "property"),
    "maxProperties": ("too_many", "have at most", "property"),
}
"""What is said of a broken bound: code, verb, and what is counted."""
_SHAPE = {"required", "additionalProperties", "type"}  # what tells that another form was meant


class Check:
    """One compiled schema that explains what it refuses."""

    def __init__(self, validator: jsonschema_rs.Validator, written: dict[str, Any]) -> None:
        """``written`` is the schema as it was written, for the examples and names in it."""
        self._validator = validator
        self._written = written
        self._held: set[int] = set()

    def is_valid(self, value: Any) -> bool:
        return self._validator.is_valid(value)

    def holds(self, text: str) -> bool:
        """Tell whether a JSON text is valid; what was found valid once is remembered by its 64-bit hash.

        Python salts that hash for each process, so nobody can make another text with the same; that one of
        ``_REMEMBERED`` texts has it by chance is as likely as one to 10**14.
        """
        mark = hash(text)
        if mark in self._held:
            return True
        if not self._validator.is_valid(orjson.loads(str(text))):
            return False
        if len(self._held) >= _REMEMBERED:
            self._held.clear()
        self._held.add(mark)
        return True

    def body(self, value: Any) -> list[Violation]:
        """Return everything wrong with a JSON body."""
        found = []
        for error in self._errors(value):
            for path, code, message in self._explain(error):
                field = ".".join(map(str, path)) or "body"
                found.append(Violation("body", field[:200], code, message, pointer(path)[:500]))
        return found

    def parameter(self, where: str, name: str, value: Any) -> list[Violation]:
        """Return everything wrong with the value of one parameter."""
        return [
            Violation(where, name, code, f"{_item(path)}{message}")
            for error in self._errors(value)
            for path, code, message in self._explain(error)
        ]

    def _errors(self, value: Any) -> Iterator[jsonschema_rs.ValidationError]:
        for error in self._validator.iter_errors(value):
            yield from _branch(error)

    def _explain(self, error: jsonschema_rs.ValidationError) -> Iterator[tuple[Path, str, str]]:
        path, facts = list(error.instance_path), error.kind.as_dict()
        if error.kind.name == "required":
            yield [*path, facts["property"]], "missing", "is required"
        elif error.kind.name == "additionalProperties":
            known = list(self._schema(error).get("properties", {}))
            for name in facts["unexpected"]:
                yield [*path, shown(name)], "unknown", unknown("property", name, known)
        else:
            code, message = _words(error.kind.name, facts, self._schema(error), error.instance)
            yield path, code, message

    def _schema(self, error: jsonschema_rs.ValidationError) -> dict[str, Any]:
        """Return the part of the schema as written that holds the keyword which failed."""
        node: Any = self._written
        for step in error.schema_path[:-1]:
            if isinstance(step, int) and not isinstance(node, list):
                return {}  # an ``anyOf`` with null that ``nullable`` became
            node = node.get(step, {}) if isinstance(node, dict) else node[step]
        return node if isinstance(node, dict) else {}


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return the message for a name that the contract does not have, with the nearest one that it has."""
    return f'unknown {what} "{shown(name)}"{_nearest(name, known)}'


def shown(name: str) -> str:
    """Return a name that a client made up, fit to be told: printable, short, and without any API key."""
    name = _KEY.sub("mt_…", name)
    clean = "".join(character if character.isprintable() else "?" for character in name)
    return clean if len(clean) <= _ECHO else clean[: _ECHO - 1] + "…"


def pointer(path: Path) -> str:
    """Return the JSON pointer (RFC 6901) of a place in the body."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def summary(details: list[Violation]) -> str:
    return "The request has 1 problem." if len(details) == 1 else f"The request has {len(details)} problems."


def type_words(types: Iterable[str]) -> str:
    return " or ".join(_TYPES[name] for name in types)


def _item(path: Path) -> str:
    return f"item {path[0] + 1} " if path and isinstance(path[0], int) else ""


def _branch(error: jsonschema_rs.ValidationError) -> Iterator[jsonschema_rs.ValidationError]:
    """Where a value may have one of several forms, go on with what is wrong in the one that was meant, if clear."""
    if error.kind.name not in ("anyOf", "oneOf"):
        yield error
        return
    branches = error.kind.as_dict().get("context", [])
    ranked = sorted(branches, key=lambda branch: _misfits(branch, error))
    if not ranked or (len(ranked) > 1 and _misfits(ranked[0], error) == _misfits(ranked[1], error)):
        yield error
        return
    for inner in ranked[0]:
        yield from _branch(inner)


def _misfits(branch: list[jsonschema_rs.ValidationError], error: jsonschema_rs.ValidationError) -> int:
    return sum(inner.kind.name in _SHAPE and inner.instance_path == error.instance_path for inner in branch)


def _words(keyword: str, facts: dict[str, Any], schema: dict[str, Any], value: Any) -> tuple[str, str]:
    if keyword in _BOUNDS:
        code, words, noun = _BOUNDS[keyword]
        return code, f"must {words} {_count(facts['limit'], noun) if noun else facts['limit']}"
    match keyword:
        case "type":
            return "wrong_type", f"must be {type_words(facts['types'])}"
        case "enum":
            return "not_allowed", _allowed([str(option) for option in facts["options"] if option is not None], value)
        case "uniqueItems":
            return "not_unique", "must not name anything twice"
        case "pattern":
            return "wrong_format", _like(schema)
        case "format":
            return "wrong_format", f"must be {_FORMATS.get(facts['format'], 'well-formed')}"
        case _:
            return "invalid", "has none of the forms that it may have"


def _allowed(options: list[str], value: Any) -> str:
    listed = ", ".join(options)
    if len(listed) <= _LIST_UP_TO:
        return f"must be one of: {listed}"
    return f"must be one of {len(options)} names{_nearest(value, options) if isinstance(value, str) else ''}"


def _like(schema: dict[str, Any]) -> str:
    if "\\u0000" in schema.get("pattern", ""):
        return "must not contain the character NUL"
    return f"must look like {schema['example']}" if isinstance(schema.get("example"), str) else "has a wrong form"


def _count(number: Any, noun: str) -> str:
    plural = {"property": "properties"}.get(noun, noun + "s")
    return f"{number} {noun if number == 1 else plural}"


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name[:_ECHO], list(known), n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""
