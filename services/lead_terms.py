"""One term of a filter, field operator value, as a condition on leads; by the type of the field."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import clock, geo, taxonomy
from core.errors import InvalidInput
from models.lead_areas import Within
from models.lead_conditions import AnyOf, Compare, Condition, Contains, Has, Holds, Known, Not, OneOf, Under
from services.lead_fields import LeadField

MAX_VALUES = 100
MAX_TEXT = 500
MAX_NUMBER = 2**53 - 1
MAX_RADIUS_M = 2_000_000
MAX_RINGS = 20

_EARLIEST, _LATEST = "1000-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"
_SIGNS = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_NOTHING = AnyOf(())
IS_GONE = Known("gone_at")


@dataclass(eq=False)
class TermError(Exception):
    """A value that makes no term. ``code`` and ``message`` as in ``core.errors.Violation``."""

    code: str
    message: str


def term(field: LeadField, operator: str, value: Any) -> Condition:
    """Return the condition; raise TermError if the value does not fit. The operator must be one of the field's."""
    if operator == "exists":
        return _exists(field, flag(value))
    return _TYPES[field.type](field, operator, value)


def words(value: Any) -> str:
    """Return a text that may be compared; raise TermError for anything else, and for what no database can hold."""
    if not isinstance(value, str):
        raise TermError("wrong_type", "must be a text")
    if not 0 < len(value) <= MAX_TEXT:
        raise TermError("too_long" if value else "too_short", f"must have 1 to {MAX_TEXT} characters")
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise TermError("invalid", "must not contain NUL or half a character")
    return value


def flag(value: Any) -> bool:
    """Return true or false; raise TermError for anything else."""
    if not isinstance(value, bool):
        raise TermError("wrong_type", "must be true or false")
    return value


def _exists(field: LeadField, there: bool) -> Condition:
    if field.presence:
        return Has(field.presence, there)
    known = Compare(field.column, "<>", "[]") if field.type == "list" else Known(field.column)
    return known if there else Not(known)


def _text(field: LeadField, operator: str, value: Any) -> Condition:
    if operator in ("contains", "prefix"):
        wanted = field.compared(words(value))
        # without a letter or digit there is nothing to look for, and everything would contain it
        return Contains(field.column, wanted, start=operator == "prefix") if wanted else _NOTHING
    chosen = _values(value) if operator in ("in", "nin") else [words(value)]
    found = OneOf(field.column, tuple(dict.fromkeys(map(field.compared, chosen))))
    return Not(found) if operator in ("ne", "nin") else found


def _category(_: LeadField, operator: str, value: Any) -> Condition:
    chosen = _values(value) if operator in ("in", "nin") else [words(value)]
    for name in chosen:
        if taxonomy.get(name) is None:
            meant = taxonomy.closest(name)
            raise TermError("unknown", f'no category "{name[:64]}"' + (f'; did you mean "{meant}"?' if meant else ""))
    found = Under(tuple(dict.fromkeys(chosen)))
    return Not(found) if operator in ("ne", "nin") else found


def _number(field: LeadField, operator: str, value: Any) -> Condition:
    if not _is_number(value):
        raise TermError("wrong_type", "must be a number")
    if abs(value) > MAX_NUMBER:
        raise TermError("too_large", f"must be within {MAX_NUMBER} of 0")
    return Compare(field.column, _SIGNS[operator], float(value))


def _time(field: LeadField, operator: str, value: Any) -> Condition:
    return Compare(field.column, _SIGNS[operator], _stamp(words(value)))


def _stamp(value: str) -> str:
    """Return a time as the database keeps it. Times far from any lead's compare the same wherever they are cut."""
    try:
        moment = datetime.fromisoformat(value.upper())
    except ValueError:
        raise TermError("wrong_format", "must be a time such as 2026-11-24T04:38:00Z") from None
    if moment.tzinfo is None:
        raise TermError("wrong_format", "must have an offset, such as Z at the end")
    if not 1000 < moment.year < 9999:
        return _LATEST if moment.year > 1000 else _EARLIEST
    return clock.stamp(moment)


def _boolean(field: LeadField, __: str, value: Any) -> Condition:
    if field.column:
        return Compare(field.column, "=", flag(value))
    return IS_GONE if flag(value) else Not(IS_GONE)


def _list(field: LeadField, operator: str, value: Any) -> Condition:
    chosen = _values(value) if operator == "has_any" else [words(value)]
    return Holds(field.column, field.member, tuple(dict.fromkeys(map(field.compared, chosen))))


def _location(_: LeadField, __: str, value: Any) -> Condition:
    """A circle is written flat here, ``{lat, lon, radius_m}``; a bbox and a polygon as in the area of a scan."""
    if not isinstance(value, dict):
        raise TermError("wrong_type", "must be an object: lat, lon and radius_m, or a bbox, or a polygon")
    document = value if value.keys() & {"bbox", "polygon"} else {"circle": value}
    if len(document) > 1:
        raise TermError("invalid", "must be either lat, lon and radius_m, or a bbox, or a polygon")
    [(kind, shape)] = document.items()
    fits, message = _SHAPES[kind]
    if not fits(shape):
        raise TermError("invalid", message)
    try:
        return Within(geo.Area.from_json(document))
    except InvalidInput as error:
        raise TermError(error.details[0].code, error.details[0].message) from None


def _within(value: Any, most: float, least: float | None = None) -> bool:
    return _is_number(value) and (-most if least is None else least) <= value <= most


def _is_circle(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"lat", "lon", "radius_m"}
        and _within(value["lat"], 90)
        and _within(value["lon"], 180)
        and _within(value["radius_m"], MAX_RADIUS_M, 1)
    )


def _is_bbox(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 4 and all(_within(each, 180) for each in value)


def _is_polygon(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"type", "coordinates"}
        and value["type"] == "Polygon"
        and isinstance(value["coordinates"], list)
        and 0 < len(value["coordinates"]) <= MAX_RINGS
        and all(_is_ring(ring) for ring in value["coordinates"])
    )


def _is_ring(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 4 and all(_is_position(each) for each in value)


def _is_position(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_within(each, 180) for each in value)


_SHAPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "circle": (
        _is_circle,
        f"must have lat (-90 to 90), lon (-180 to 180) and radius_m (1 to {MAX_RADIUS_M}) and no more",
    ),
    "bbox": (_is_bbox, "must be west, south, east, north in degrees"),
    "polygon": (_is_polygon, f"must be a GeoJSON Polygon of 1 to {MAX_RINGS} rings, longitude before latitude"),
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def _values(value: Any) -> list[str]:
    if not isinstance(value, list):
        raise TermError("wrong_type", "must be a list of texts")
    if not 0 < len(value) <= MAX_VALUES:
        raise TermError("too_many" if value else "too_few", f"must have 1 to {MAX_VALUES} values")
    return [words(each) for each in value]


_TYPES: dict[str, Callable[[LeadField, str, Any], Condition]] = {
    "text": _text,
    "category": _category,
    "number": _number,
    "time": _time,
    "boolean": _boolean,
    "list": _list,
    "location": _location,
}
