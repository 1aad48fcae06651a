"""Finds where a new schema breaks those who know only the old one.

What clients send is compared one way: all that the old schema takes, the new one must take. What we answer is compared
the other way, read as clients are told to read it ("tolerate additions"): an object may gain properties, and a list of
several words may gain words; a list of one word is a constant. The check is sound, not complete: what it cannot prove
harmless, it reports.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import orjson

from tests.spec.shapes import BOUNDS, CLAUSES, Node, Schemas, Shape, meet, name_of

_WIDER_FORMATS = {("int32", "int64"), ("int32", "double"), ("float", "double")}
_WORDY = 120
_OPAQUE = ("oneOf", "not")


class Side(StrEnum):
    """Who writes the value. Programs branch on the words of an ``ERROR``, so none of those may vanish."""

    REQUEST = "request"
    ANSWER = "answer"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Gap:
    """One way in which the new schema breaks the old one. ``place`` starts with the name of the innermost component."""

    place: str
    rule: str
    message: str


class Containment:
    """Compares schemas of two documents for one side."""

    def __init__(self, old: Schemas, new: Schemas, side: Side) -> None:
        self._side = side
        self._sends = side is Side.REQUEST  # those who know the old schema send, so theirs is the one to be contained
        self._inner, self._outer = (old, new) if self._sends else (new, old)
        self._trail: set[tuple[str, str]] = set()
        self._found: dict[tuple[str, str], list[Gap]] = {}

    def gaps(self, old: Node, new: Node) -> list[Gap]:
        """Return what breaks, without repeats; nothing if everything is proven to fit."""
        inner, outer = (old, new) if self._sends else (new, old)
        pair = self._inner.digest(inner), self._outer.digest(outer)
        if pair not in self._found:
            self._found[pair] = list(dict.fromkeys(self._compare(inner, outer, "")))
        return self._found[pair]

    def _compare(self, inner: Node, outer: Node, place: str) -> Iterator[Gap]:
        pair = self._inner.digest(inner), self._outer.digest(outer)
        if pair[0] == pair[1] or pair in self._trail:  # a pair met again inside itself holds if the rest does
            return
        self._trail.add(pair)
        place = _component(inner) or _component(outer) or place
        one, two = self._inner.flat(inner), self._outer.flat(outer)
        if self._sends and outer is not True and one.default != two.default:
            yield self._gap(place, "default", one.default, two.default)
        yield from self._fit(one, two, place)
        self._trail.remove(pair)

    def _fit(self, one: Shape, two: Shape, place: str) -> Iterator[Gap]:
        if one.unknown != two.unknown:
            yield self._unproven(place, " or ".join(sorted(one.unknown.keys() | two.unknown.keys())))
        if one.clauses.get("anyOf"):
            yield from self._alternatives(one, two, place)
        elif one.enum is not None or two.enum is not None:
            yield from self._enum(one, two, place)
        elif one.types:
            yield from self._keywords(one, two, place)

    def _alternatives(self, one: Shape, two: Shape, place: str) -> Iterator[Gap]:
        group = one.clauses["anyOf"][0]
        for part in group:
            yield from self._fit(meet(one.without("anyOf", group), self._inner.flat(part)), two, place)

    def _enum(self, one: Shape, two: Shape, place: str) -> Iterator[Gap]:
        if one.enum is None:
            yield self._gap(place, "enum", (), two.enum)
            return
        if self._side is Side.ERROR and (lost := [word for word in two.enum or () if word not in one.enum]):
            yield Gap(place, f"{self._side}-code-removed", f"{_shown(lost)} is not answered any more")
        inside = [value for value in one.enum if self._inner.accepts(one.node, value)]
        more = [value for value in inside if not self._outer.accepts(two.node, value)]
        if not self._sends and _is_open(two.enum) and any(isinstance(value, str) for value in more):
            more = [value for value in more if not isinstance(value, str)]
            words = frozenset({"string"})
            yield from self._keywords(replace(one, types=words), replace(two, enum=None), place)
        named = list(self._keywords(one, two, place)) if more and two.enum is None else []
        yield from named or (self._refusal(place, value) for value in more)

    def _keywords(self, one: Shape, two: Shape, place: str) -> Iterator[Gap]:
        if lost := one.types - two.types:
            yield self._gap(place, "nullable" if lost == {"null"} else "type", _names(one.types), _names(two.types))
            one = replace(one, types=one.types & two.types)
        for key, (types, _) in BOUNDS.items():
            if key in two.bounds and one.types & types and not self._is_bound(one, two, key):
                yield self._gap(place, key, _bound(one, key), _bound(two, key))
        for key, types in CLAUSES.items():
            if one.types & set(types):
                yield from self._clause(one, two, key, place)
        if "array" in one.types and "array" in two.types and _plain(one, "maxItems") != 0:
            yield from self._compare(one.items, two.items, f"{place}/*")
        if "object" in one.types and "object" in two.types:
            yield from self._object(one, two, place)

    def _clause(self, one: Shape, two: Shape, key: str, place: str) -> Iterator[Gap]:
        have = one.clauses.get(key, ())
        for wanted in two.clauses.get(key, ()):
            if key == "anyOf":
                yield from self._some(one, wanted, place)
            elif not any(self._implies(key, value, wanted) for value in have):
                yield self._unproven(place, key) if key in _OPAQUE else self._gap(place, key, have, (wanted,))

    def _some(self, one: Shape, group: list[Node], place: str) -> Iterator[Gap]:
        parts = [part for part in map(self._outer.flat, group) if one.types & part.types]
        tries = [list(self._fit(one, part, place)) for part in parts]
        if not all(tries):
            return
        if len(one.types) > 1:
            for kind in sorted(one.types):
                yield from self._some(replace(one, types=frozenset({kind})), group, place)
        elif len(tries) == 1:
            yield from tries[0]
        else:
            yield Gap(place, f"{self._side}-alternatives", "what fitted one of the alternatives fits none")

    def _implies(self, key: str, one: Any, two: Any) -> bool:
        if key == "multipleOf":
            return bool(one % two == 0)
        if key in _OPAQUE:
            return self._inner.digest({key: one}) == self._outer.digest({key: two})
        return one == two or (key == "format" and (one, two) in _WIDER_FORMATS)

    def _object(self, one: Shape, two: Shape, place: str) -> Iterator[Gap]:
        old, new = (one, two) if self._sends else (two, one)
        gone = old.properties.keys() - new.properties.keys() if new.properties else set()
        for name in sorted(gone):
            yield Gap(f"{place}/{name}", f"{self._side}-property-removed", f"the property {name} is gone")
        for name in sorted(two.required - one.required - gone):
            yield Gap(f"{place}/{name}", f"{self._side}-required", self._requirement(name))
        for name in sorted((one.properties.keys() | two.properties.keys()) - gone):
            yield from self._property(one, two, name, place)
        if self._sends and two.additional is False is not one.additional:
            yield self._gap(place, "closed", one.additional, two.additional)
        elif self._sends or two.additional is not False:
            yield from self._compare(one.additional, two.additional, f"{place}/*")

    def _property(self, one: Shape, two: Shape, name: str, place: str) -> Iterator[Gap]:
        inner, outer = one.property(name), two.property(name)
        if inner is not False and (self._sends or outer is not False):
            yield from self._compare(inner, outer, f"{place}/{name}")

    def _requirement(self, name: str) -> str:
        return f"{name} is now required" if self._sends else f"{name} may now be missing"

    def _is_bound(self, one: Shape, two: Shape, key: str) -> bool:
        return key in one.bounds and one.bounds[key] >= two.bounds[key]

    def _unproven(self, place: str, what: str) -> Gap:
        return Gap(place, f"{self._side}-cannot-prove", f"{what} changed, and the gate cannot judge it")

    def _refusal(self, place: str, value: Any) -> Gap:
        what = "is not taken any more" if self._sends else "may now be answered"
        return Gap(place, f"{self._side}-{'nullable' if value is None else 'enum'}", f"{_shown(value)} {what}")

    def _gap(self, place: str, rule: str, inner: Any, outer: Any) -> Gap:
        was, now = (inner, outer) if self._sends else (outer, inner)
        return Gap(place, f"{self._side}-{rule}", f"{rule} was {_shown(was)}, is {_shown(now)}")


def _is_open(enum: tuple[Any, ...] | None) -> bool:
    words = [value for value in enum or () if value is not None]
    return len(words) > 1 and all(isinstance(value, str) for value in words)


def _component(node: Node) -> str:
    return name_of(node["$ref"]) if isinstance(node, dict) and "$ref" in node else ""


def _bound(shape: Shape, bound: str) -> Any:
    if bound not in shape.bounds:
        return ()
    return f"{_plain(shape, bound):g} excluded" if shape.bounds[bound][1] else _plain(shape, bound)


def _names(types: frozenset[str]) -> list[str]:
    shown = types - {"fraction"} | ({"number"} if "fraction" in types else set())
    return sorted(shown - ({"integer"} if "number" in shown else set()))


def _plain(shape: Shape, bound: str) -> float | None:
    if bound not in shape.bounds:
        return None
    value, _ = shape.bounds[bound]
    return value if BOUNDS[bound][1] else -value


def _shown(value: Any) -> str:
    if value in (None, (), {}):
        return "null" if value is None else "none"
    written = orjson.dumps(value[0] if isinstance(value, tuple) and len(value) == 1 else value).decode()
    return written if len(written) < _WORDY else f"{written[:_WORDY]}..."
