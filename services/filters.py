"""The filter grammar: which leads, in one JSON form and one query-string form that mean the same.

A filter is an object: field -> {operator: value, ...}. All of it must hold. ``or`` and ``and`` take a list of
filters, ``not`` takes one, ``query`` takes words to find. See ``services.lead_fields`` for fields and operators.

    {"category": {"in": ["cafe", "bar"]}, "website": {"exists": false}, "or": [{"city": {"eq": "Turku"}}, ...]}

What is not there equals nothing: ``{"rating": {"lt": 4}}`` finds no lead without a rating, while
``{"city": {"ne": "Turku"}}``, which is ``not eq``, does find one without a city. Businesses that are gone are left out
unless a filter says something about ``gone`` or ``gone_at``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import orjson

from core import geo, text
from core.errors import InvalidInput, Violation
from models.lead_areas import Within
from models.lead_conditions import All, AnyOf, Condition, Not, Words
from services import lead_terms
from services.lead_fields import FIELDS
from services.lead_terms import IS_GONE, TermError

MAX_DEPTH = 5
MAX_CONDITIONS = 100
MAX_PARTS = 20
MAX_VIOLATIONS = 50
DEFAULT_RADIUS_M = 1_000.0

_NESTING = ("or", "and", "not", "query")
_NO_CONDITION = All(())


@dataclass(frozen=True, slots=True)
class Filter:
    """Which leads. ``gone``: only present (False), only gone (True), or both (None)."""

    where: All = _NO_CONDITION
    gone: bool | None = False

    @property
    def text(self) -> str:
        """The filter as one text, the same for the same filter: what a page cursor is bound to."""
        return repr(self)

    @property
    def origin(self) -> tuple[float, float] | None:
        """The centre (lat, lon) of the circle the leads are in; None if there is no such circle."""
        areas = (part.area for part in self.where.parts if isinstance(part, Within))
        return next(((area.lat, area.lon) for area in areas if isinstance(area, geo.Circle)), None)

    def inside(self, box: geo.Box) -> "Filter":
        """Return the filter for those of the leads that are in the box (west, south, east, north)."""
        within = Within(geo.Area.from_json({"bbox": list(box)}))
        return Filter(All((*self.where.parts, within)), self.gone)

    def found_by(self, query: str) -> "Filter":
        """Return the filter for those of the leads that are found by all of the words."""
        return Filter(All((*self.where.parts, Words(query))), self.gone)


EVERYTHING = Filter()


def parse(document: Any, *, where: str = "body", name: str = "filters", pointer: str = "/filters") -> Filter:
    """Return the filter that a JSON value means; raise InvalidInput with every violation.

    ``where``, ``name`` and ``pointer`` say where in the request it was, for the violations.
    """
    reader = _Reader(where)
    return reader.filter(reader.parts(document, _Place(name, pointer), 1))


def from_query(parameters: Mapping[str, Any]) -> Filter:
    """Return the filter that query parameters mean, as the spec names and types them; other parameters are ignored.

    All of them must hold. ``near`` without ``radius_m`` reaches ``DEFAULT_RADIUS_M``; ``gone=false`` is the default and
    says nothing. Raise InvalidInput with every violation.
    """
    reader = _Reader("query")
    parts: list[Condition] = []
    for name, build in _EVERYDAY.items():
        if parameters.get(name) is not None:
            parts += reader.parts(build(parameters), _Place(name), 1)
    if parameters.get("radius_m") is not None and parameters.get("near") is None:
        reader.wrong(_Place("radius_m"), "missing", "needs near, the centre")
    if parameters.get("filter") is not None:
        parts += reader.parts(reader.json(parameters["filter"]), _Place("filter", ""), 1)
    return reader.filter(parts)


def document(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON form of what ``from_query`` reads; the parameters must be such that it raises nothing."""
    said = [build(parameters) for name, build in _EVERYDAY.items() if parameters.get(name) is not None]
    said += [orjson.loads(parameters["filter"])] if parameters.get("filter") is not None else []
    parts = [part for part in said if part]
    names = [name for part in parts for name in part]
    if len(names) > len(set(names)):
        return {"and": parts}
    return {name: value for part in parts for name, value in part.items()}


_EVERYDAY: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "query": lambda given: {"query": given["query"]},
    "category": lambda given: {"category": {"in": given["category"]}},
    "city": lambda given: {"city": {"eq": given["city"]}},
    "country": lambda given: {"country": {"eq": given["country"]}},
    "has_website": lambda given: {"website": {"exists": given["has_website"]}},
    "has_phone": lambda given: {"phones": {"exists": given["has_phone"]}},
    "has_email": lambda given: {"emails": {"exists": given["has_email"]}},
    "near": lambda given: {"location": {"within": _circle(given["near"], given.get("radius_m"))}},
    "bbox": lambda given: {"location": {"within": {"bbox": given["bbox"]}}},
    "seen_since": lambda given: {"last_seen_at": {"gte": given["seen_since"]}},
    "gone": lambda given: {"gone": {"eq": True}} if given["gone"] else {},
}
"""Query parameter -> the filter it stands for."""


def _circle(near: Any, radius_m: float | None) -> Any:
    if not isinstance(near, list) or len(near) != 2:
        return near
    return {"lat": near[0], "lon": near[1], "radius_m": DEFAULT_RADIUS_M if radius_m is None else radius_m}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the request something stands. ``pointer`` is None where there is no JSON to point into."""

    name: str
    pointer: str | None = None

    def at(self, step: str | int) -> "_Place":
        if self.pointer is None:
            return self
        return _Place(f"{self.name}.{step}", f"{self.pointer}/{str(step).replace('~', '~0').replace('/', '~1')}")


@dataclass(slots=True)
class _Reader:
    """Reads filters, and goes on after a violation to find the others."""

    where: str
    violations: list[Violation] = field(default_factory=list)
    conditions: int = 0
    gone_asked: bool = False

    def filter(self, parts: list[Condition]) -> Filter:
        """Return the filter of these parts; raise InvalidInput if anything was wrong on the way."""
        if self.violations:
            raise InvalidInput("The filter is not valid.", self.violations)
        for asked, said in ((True, IS_GONE), (False, Not(IS_GONE))):
            if said in parts:
                return Filter(All(tuple(part for part in parts if part != said)), asked)
        return Filter(All(tuple(parts)), None if self.gone_asked else False)

    def json(self, value: str) -> Any:
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            self.wrong(_Place("filter"), "wrong_format", "must be JSON")
            return {}

    def parts(self, document: Any, place: _Place, depth: int) -> list[Condition]:
        """Return the conditions of a filter that must all be met."""
        if not isinstance(document, dict):
            return self.wrong(place, "wrong_type", "must be an object")
        if depth > MAX_DEPTH:
            return self.wrong(place, "invalid", f"must not be nested deeper than {MAX_DEPTH}")
        found: list[Condition] = []
        for name, value in document.items():
            here = place.at(name)
            if name in _NESTING:
                found += self.nested(name, value, here, depth)
            elif name in FIELDS:
                found += self.terms(name, value, here)
            else:
                self.unknown(here, "field", name, (*FIELDS, *_NESTING))
        return found

    def nested(self, name: str, value: Any, place: _Place, depth: int) -> list[Condition]:
        if name == "query":
            return self.counted(place, lambda: Words(lead_terms.words(value)))
        if name == "not":
            return [Not(All(tuple(self.parts(value, place, depth + 1))))]
        if not isinstance(value, list) or not 0 < len(value) <= MAX_PARTS:
            return self.wrong(place, "wrong_type", f"must be a list of 1 to {MAX_PARTS} filters")
        parts = [All(tuple(self.parts(each, place.at(n), depth + 1))) for n, each in enumerate(value)]
        return [AnyOf(tuple(parts))] if name == "or" else list(parts)

    def terms(self, name: str, value: Any, place: _Place) -> list[Condition]:
        """Return the conditions on one field."""
        known = FIELDS[name]
        self.gone_asked |= name in ("gone", "gone_at")
        if not isinstance(value, dict) or not value:
            return self.wrong(place, "wrong_type", f"must be an object with an operator: {', '.join(known.operators)}")
        found: list[Condition] = []
        for operator, operand in value.items():
            if operator in known.operators:
                found += self.counted(place.at(operator), partial(lead_terms.term, known, operator, operand))
            else:
                self.unknown(place.at(operator), "operator", operator, known.operators)
        return found

    def counted(self, place: _Place, build: Callable[[], Condition]) -> list[Condition]:
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            return self.wrong(place, "too_many", f"must not have more than {MAX_CONDITIONS} conditions")
        try:
            return [build()]
        except TermError as error:
            return self.wrong(place, error.code, error.message)

    def unknown(self, place: _Place, what: str, name: str, choices: tuple[str, ...]) -> None:
        meant = text.closest(name, choices)
        hint = f'; did you mean "{meant}"?' if meant else f"; choose one of: {', '.join(choices)}"
        self.wrong(place, "unknown", f'unknown {what} "{name[:64]}"{hint}')

    def wrong(self, place: _Place, code: str, message: str) -> list[Condition]:
        """Note a violation; return no condition."""
        if len(self.violations) < MAX_VIOLATIONS:
            self.violations.append(Violation(self.where, place.name[:200], code, message, (place.pointer or "")[:500]))
        return []
