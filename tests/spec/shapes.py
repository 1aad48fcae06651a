"""Schemas in the form in which the gate compares them: one flat set of constraints, references and ``allOf`` merged.

Schemas are JSON Schema 2020-12, as ``core.openapi`` derives them from ours. What stands in no table here is kept as
``unknown``, so that the gate can say that it cannot judge it.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import Any

import jsonschema_rs
import orjson

Node = dict[str, Any] | bool

TYPES = {
    "null": {"null"},
    "boolean": {"boolean"},
    "integer": {"integer"},
    "number": {"integer", "fraction"},  # so that integer is a part of number by plain inclusion
    "string": {"string"},
    "array": {"array"},
    "object": {"object"},
}
_TYPE_NAMES: dict[type[Any], str] = {
    type(None): "null", bool: "boolean", int: "integer", str: "string", list: "array", dict: "object",
}  # fmt: skip
ANY_TYPE = frozenset().union(*TYPES.values())
NUMBERS = frozenset(TYPES["number"])
# bound: what it applies to, and whether it is a lower one
BOUNDS = {
    "minimum": (NUMBERS, True),
    "maximum": (NUMBERS, False),
    "minLength": ({"string"}, True),
    "maxLength": ({"string"}, False),
    "minItems": ({"array"}, True),
    "maxItems": ({"array"}, False),
    "minProperties": ({"object"}, True),
    "maxProperties": ({"object"}, False),
}
_PREFIX = "#/components/schemas/"
_REFERENCES = re.compile(r'"\$ref":"#/components/schemas/([^"]+)"')
_SIZES = ("minLength", "minItems", "minProperties")  # nothing is smaller than 0
EXCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
# keywords of which several values can hold at once, and what they apply to
CLAUSES = {
    "pattern": {"string"},
    "format": ANY_TYPE,
    "contentMediaType": {"string"},
    "contentEncoding": {"string"},
    "multipleOf": NUMBERS,
    "uniqueItems": {"array"},
    "anyOf": ANY_TYPE,
    "oneOf": ANY_TYPE,
    "not": ANY_TYPE,
}
MEANINGLESS = {"title", "description", "example", "examples", "externalDocs", "deprecated"}
_OTHERS = {"type", "enum", "const", "properties", "required", "additionalProperties", "items", "allOf", "default"}
_KNOWN = {*BOUNDS, *EXCLUSIVE, *CLAUSES, *_OTHERS}


@dataclass(frozen=True, slots=True)
class Shape:
    """All constraints of one schema. ``bounds`` are written so that the larger one is the tighter one.

    ``clauses`` holds, by keyword, values that must all hold; ``default`` is empty or has the one default; ``node`` is
    where it comes from.
    """

    types: frozenset[str] = ANY_TYPE
    enum: tuple[Any, ...] | None = None
    bounds: dict[str, tuple[float, bool]] = field(default_factory=dict)
    clauses: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    properties: dict[str, Node] = field(default_factory=dict)
    additional: Node = True
    required: frozenset[str] = frozenset()
    items: Node = True
    unknown: dict[str, Any] = field(default_factory=dict)
    default: tuple[Any, ...] = ()
    node: Node = True

    def property(self, name: str) -> Node:
        """Return what the value under ``name`` must be."""
        return self.properties.get(name, self.additional)

    def without(self, clause: str, value: Any) -> "Shape":
        """Return the shape without one of the values of one clause."""
        left = tuple(other for other in self.clauses[clause] if other is not value)
        return replace(self, clauses=self.clauses | {clause: left})


class Schemas:
    """The named schemas of one document."""

    def __init__(self, named: dict[str, Any]) -> None:
        self.named = {name: bare(node) for name, node in named.items()}
        self._digests: dict[str, str] = {}
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def flat(self, node: Node) -> Shape:
        """Return the shape of a bare schema."""
        if isinstance(node, bool):
            return Shape() if node else Shape(types=frozenset(), node=False)
        if "$ref" in node:
            return self.flat(self.named[name_of(node["$ref"])])
        return reduce(meet, [self.flat(part) for part in node.get("allOf", [])], _own(node))

    def digest(self, node: Node) -> str:
        """Return a text that is the same for two bare schemas only if they mean the same."""
        text = _text(node)
        return text + "".join(self._closure(name) for name in sorted(set(_REFERENCES.findall(text))))

    def rooted(self, node: Node) -> dict[str, Any]:
        """Return a schema that stands alone, with what it refers to."""
        reached = {name: self.named[name] for name in self._reach(node, set())}
        return {"allOf": [node], "components": {"schemas": reached}}

    def accepts(self, node: Node, value: Any) -> bool:
        """Tell whether ``value`` is valid."""
        return self.validator(node).is_valid(value)

    def validator(self, node: Node) -> jsonschema_rs.Draft202012Validator:
        """Compile a bare schema, formats included."""
        key = self.digest(node)
        if key not in self._validators:
            schema = self.rooted(node)
            self._validators[key] = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        return self._validators[key]

    def _closure(self, name: str) -> str:
        if name not in self._digests:
            reached = [[found, self.named[found]] for found in sorted(self._reach({"$ref": _PREFIX + name}, set()))]
            self._digests[name] = hashlib.sha256(_text(reached).encode()).hexdigest()
        return self._digests[name]

    def _reach(self, node: Any, seen: set[str]) -> set[str]:
        for name in set(_REFERENCES.findall(_text(node))) - seen:
            seen.add(name)
            self._reach(self.named[name], seen)
        return seen

    @cached_property
    def words(self) -> list[str]:
        """Every text in any enum, for readers that are told to expect more."""
        return sorted({word for node in self.named.values() for word in words_of(node)})


def meet(one: Shape, two: Shape) -> Shape:
    """Return the shape of what both allow."""
    names = one.properties.keys() | two.properties.keys()
    bounds = one.bounds | two.bounds
    clauses = one.clauses.keys() | two.clauses.keys()
    return Shape(
        types=one.types & two.types,
        enum=_common(one.enum, two.enum),
        bounds={key: max(shape.bounds.get(key, bounds[key]) for shape in (one, two)) for key in bounds},
        clauses={key: _unique(one.clauses.get(key, ()) + two.clauses.get(key, ())) for key in clauses},
        properties={name: both(one.property(name), two.property(name)) for name in sorted(names)},
        additional=both(one.additional, two.additional),
        required=one.required | two.required,
        items=both(one.items, two.items),
        unknown=one.unknown | two.unknown,
        default=one.default or two.default,
        node=both(one.node, two.node),
    )


def both(one: Node, two: Node) -> Node:
    """Return a schema for what both allow."""
    if one is False or two is False:
        return False
    if one is True or one == two:
        return two
    return one if two is True else {"allOf": [one, two]}


def bare(node: Any) -> Any:
    """Return the schema without what says nothing about values: descriptions, examples, extensions; lists sorted."""
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if key not in MEANINGLESS and not key.startswith("x-")}
    return {key: _bare_value(key, value) for key, value in kept.items()}


def name_of(ref: str) -> str:
    """Return the name of the schema that a reference names."""
    return ref.removeprefix(_PREFIX)


def words_of(node: Any) -> Iterator[str]:
    """Yield every text in any enum of a schema."""
    if isinstance(node, dict):
        if isinstance(node.get("enum"), list):
            yield from (value for value in node["enum"] if isinstance(value, str))
        yield from (word for part in node.values() for word in words_of(part))
    elif isinstance(node, list):
        yield from (word for part in node for word in words_of(part))


def _bare_value(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: bare(value[name]) for name in sorted(value)}
    if key in ("allOf", "anyOf", "oneOf"):
        return [bare(part) for part in value]
    if key in ("enum", "required") or (key == "type" and isinstance(value, list)):
        return sorted(value, key=_text)
    return value if key in ("default", "const") else bare(value)


def _own(node: dict[str, Any]) -> Shape:
    bounds = {key: tight(key, node[key]) for key in BOUNDS if key in node and (node[key] or key not in _SIZES)}
    for key, plain in EXCLUSIVE.items():
        if key in node:
            bounds[plain] = max(tight(plain, node[key], exclusive=True), bounds.get(plain, (-float("inf"), False)))
    enum = node["enum"] if "enum" in node else [node["const"]] if "const" in node else None
    return Shape(
        types=_types(node) if enum is None else _types(node) & frozenset().union(*map(types_of, enum)),
        enum=None if enum is None else tuple(enum),
        bounds=bounds,
        clauses={key: (node[key],) for key in CLAUSES if node.get(key, False) is not False},
        properties=node.get("properties", {}),
        additional=node.get("additionalProperties", True),
        required=frozenset(node.get("required", ())),
        items=node.get("items", True),
        unknown={key: node[key] for key in node if key not in _KNOWN},
        default=(node["default"],) if "default" in node else (),
        node=node,
    )


def types_of(value: Any) -> frozenset[str]:
    """Return the type of a value; an integer is one whatever it is written like."""
    if isinstance(value, float):
        return frozenset({"integer" if value.is_integer() else "fraction"})
    return frozenset({_TYPE_NAMES[type(value)]})


def _types(node: dict[str, Any]) -> frozenset[str]:
    names = node.get("type", list(TYPES))
    return frozenset().union(*(TYPES[name] for name in ([names] if isinstance(names, str) else names)))


def tight(bound: str, value: float, *, exclusive: bool = False) -> tuple[float, bool]:
    """Return a bound such that the larger is the tighter."""
    return (value if BOUNDS[bound][1] else -value), exclusive


def _common(one: tuple[Any, ...] | None, two: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    if one is None or two is None:
        return two if one is None else one
    texts = {_text(value) for value in two}
    return tuple(value for value in one if _text(value) in texts)


def _unique(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple({_text(value): value for value in values}.values())


def _text(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
