"""Values on the edges of a schema, to try a change out: what one document allows is shown to the other.

This knows nothing of how the gate compares schemas; whether a value is valid is always asked of the validator.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from itertools import islice
from typing import Any

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from tests.spec.shapes import BOUNDS, Node, Schemas, Shape, meet, name_of

_FORMATS = {
    "date-time": ("2026-11-24T04:38:00.123Z", "2026-11-24T04:38:00.123456789+00:00"),
    "uri": ("https://example.com/a", f"https://example.com/{'a' * 2000}"),
}
_LONGEST = 40_000
_MOST = 1000
_MATCHES = 4
_FIND = settings(derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


class Sampler:
    """Makes values of the schemas of one document; always the same ones."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._made: dict[str, list[Any]] = {}

    def valid(self, node: Node) -> list[Any]:
        """Return valid values of a bare schema: every edge of every part once, the rest of the value plain."""
        key = self._schemas.digest(node)
        if key not in self._made:
            check = self._schemas.validator(node)
            self._made[key] = [value for value in self._values(node, ()) if check.is_valid(value)]
        return self._made[key]

    def _values(self, node: Node, trail: tuple[str, ...]) -> Iterator[Any]:
        if isinstance(node, bool):
            yield from (1, "any", None) if node else ()
        elif "$ref" in node:
            yield from self._named(name_of(node["$ref"]), trail)
        else:
            yield from self._shape(self._schemas.flat(node), trail)

    def _named(self, name: str, trail: tuple[str, ...]) -> Iterator[Any]:
        node = self._schemas.named[name]
        check = self._schemas.validator(node)
        valid = (value for value in self._values(node, (*trail, name)) if check.is_valid(value))
        if name not in trail:
            yield from valid
        elif trail.count(name) == 1:  # a recursive schema inside itself: once, and little of it
            yield from islice(valid, 3)

    def _shape(self, shape: Shape, trail: tuple[str, ...]) -> Iterator[Any]:
        if groups := shape.clauses.get("anyOf"):
            for part in groups[0]:
                yield from self._shape(meet(shape.without("anyOf", groups[0]), self._schemas.flat(part)), trail)
        elif shape.enum is not None:
            yield from shape.enum
        else:
            yield from self._by_type(shape, trail)

    def _by_type(self, shape: Shape, trail: tuple[str, ...]) -> Iterator[Any]:
        if "object" in shape.types:
            yield from self._objects(shape, trail)
        if "array" in shape.types:
            yield from self._arrays(shape, trail)
        if "string" in shape.types:
            yield from _strings(shape)
        if "integer" in shape.types:
            yield from _numbers(shape)
        if "fraction" in shape.types:
            yield from (float(number) + 0.5 for number in _numbers(shape))
        yield from (True, False) if "boolean" in shape.types else ()
        yield from (None,) if "null" in shape.types else ()

    def _objects(self, shape: Shape, trail: tuple[str, ...]) -> Iterator[Any]:
        values = {name: list(self._values(shape.property(name), trail)) for name in shape.properties}
        plain = {name: found[0] for name, found in values.items() if found}
        base = {name: value for name, value in plain.items() if name in shape.required}
        yield base
        yield dict(list((base | plain).items())[: _size(shape, "maxProperties", len(plain))])
        for name, found in values.items():
            yield from (base | {name: value} for value in found)
        if shape.additional is not False:
            yield from (base | {"x_more": value} for value in islice(self._values(shape.additional, trail), 5))

    def _arrays(self, shape: Shape, trail: tuple[str, ...]) -> Iterator[Any]:
        items = list(self._values(shape.items, trail))
        least, most = (_size(shape, key, default) for key, default in (("minItems", 0), ("maxItems", 200)))
        if not items:
            yield []
            return
        if "uniqueItems" in shape.clauses:
            yield from (items[:count] for count in range(least, min(most, len(items)) + 1))
            return
        yield from ([items[0]] * size for size in sorted({least, min(most, _MOST)}))
        yield from ([item] * max(least, 1) for item in items)


def _numbers(shape: Shape) -> Iterator[int]:
    low, high = (shape.bounds.get(key) for key in ("minimum", "maximum"))
    floor = None if low is None else int(low[0]) + low[1]
    ceiling = None if high is None else int(-high[0]) - high[1]
    yield from dict.fromkeys(number for number in (floor, ceiling) if number is not None)
    yield from {0, 1, -1, 2**31, 2**53} if None in (floor, ceiling) else ()


def _strings(shape: Shape) -> Iterator[str]:
    least, most = _size(shape, "minLength", 0), _size(shape, "maxLength", _LONGEST)
    for name in shape.clauses.get("format", ()):
        yield from _FORMATS.get(name, ())
    patterns = shape.clauses.get("pattern", ())
    plain = _matching(patterns[0], least) if patterns else ["é" * least, "", "é", "a b", "1"]
    yield plain[0]
    yield plain[0].ljust(min(most, _LONGEST), plain[0][-1:] or "é")
    yield from plain[1:]


@cache
def _matching(pattern: str, least: int) -> list[str]:
    found: dict[str, None] = {}

    def collect(text: str) -> bool:
        if len(text) >= least and "\n" not in text:
            found[text] = None
        return len(found) == _MATCHES

    with suppress(NoSuchExample):
        find(st.from_regex(pattern), collect, settings=_FIND)
    return list(found) or [""]


def _size(shape: Shape, bound: str, default: int) -> int:
    if bound not in shape.bounds:
        return default
    value = int(shape.bounds[bound][0])
    return value if BOUNDS[bound][1] else -value
