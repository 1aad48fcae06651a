"""What a customer may correct about a lead, and which columns each correction sets.

A customer's word is taken as it is, brought into the form that the same property has from any source.
"""

from collections.abc import Callable, Mapping
from typing import Any

from core import links, normalize, phones, taxonomy, zones
from core.errors import InvalidInput, Violation
from services.lead_values import Columns

_ADDRESS = ("house_number", "street", "unit", "district", "city", "region", "postcode", "country")


class _WrongError(Exception):
    """A value that cannot be what it is said to be; ``index`` of which, in a list."""

    def __init__(self, message: str, index: str | int | None = None) -> None:
        super().__init__(message)
        self.index = index


def columns_of(corrections: Mapping[str, Any], country: str | None) -> dict[str, Columns | None]:
    """Return for each corrected property the columns it sets, or None where the correction is taken back.

    ``country`` is where the lead is, for telephone numbers written without one. Raise InvalidInput with all that is
    wrong.
    """
    made, violations = read(corrections, country, ("corrections",))
    if violations:
        raise InvalidInput(f"The request has {len(violations)} problem{'s' * (len(violations) > 1)}.", violations)
    return made


def read(
    said: Mapping[str, Any], country: str | None, where: tuple[str, ...]
) -> tuple[dict[str, Columns | None], list[Violation]]:
    """Return the columns of each property that is said, None for null, and all that is wrong.

    ``where`` in the body the properties stand. ``country`` as for ``columns_of``.
    """
    made: dict[str, Columns | None] = {}
    violations = []
    country = (said.get("address") or {}).get("country") or country
    for name, value in said.items():
        try:
            made[name] = None if value is None else _COLUMNS[name](value, country)
        except _WrongError as error:
            place = (*where, name) if error.index is None else (*where, name, str(error.index))
            violations.append(Violation("body", ".".join(place), "invalid", str(error), "/" + "/".join(place)))
    return made, violations


def tags(values: list[str]) -> list[str]:
    """Return tags without needless spaces, each once, whatever its case; empty ones are left out."""
    written = filter(None, map(normalize.text, values))
    return list({value.casefold(): value for value in reversed(list(written))}.values())[::-1]


def _written(value: str) -> str:
    found = normalize.text(value)
    if not found:
        raise _WrongError("must hold a letter, a digit or a sign")
    return found


def _category(value: str, _: str | None) -> Columns:
    if taxonomy.get(value) is None:
        meant = taxonomy.closest(value)
        raise _WrongError(f'There is no category "{value}".' + (f' Did you mean "{meant}"?' if meant else ""))
    return {"category": value}


def _phones(values: list[str], country: str | None) -> Columns:
    return {"phones": _each(values, lambda value: phones.phones(value, country), "must hold one telephone number")}


def _emails(values: list[str], _: str | None) -> Columns:
    return {"emails": _each(values, normalize.emails, "must be one email address")}


def _websites(values: list[str], _: str | None) -> Columns:
    return {"websites": _each(values, links.websites, "must be one web address")}


def _each(values: list[str], read: Callable[[str], list[Any]], wrong: str) -> list[Any]:
    found = []
    for index, value in enumerate(values):
        one = read(value)
        if len(one) != 1:
            raise _WrongError(wrong, index)
        found += one
    return found


def _address(value: Mapping[str, str | None], _: str | None) -> Columns:
    """The whole address: what is left out is not known."""
    made = {name: normalize.text(value.get(name) or "") or None for name in _ADDRESS}
    if made["country"] and not zones.is_country(made["country"]):
        raise _WrongError("is no ISO 3166-1 alpha-2 code", "country")
    return dict(made)


def _location(value: Mapping[str, float], _: str | None) -> Columns:
    lat, lon = float(value["lat"]), float(value["lon"])
    return {"lat": lat, "lon": lon, "timezone": zones.timezone(lat, lon)}


def _hours(value: str, _: str | None) -> Columns:
    found = normalize.hours(value)
    if found is None or not found["valid"]:
        raise _WrongError("must be in OpenStreetMap's opening_hours syntax, such as Mo-Fr 08:00-17:00")
    return {"opening_hours": found}


_COLUMNS: dict[str, Callable[[Any, str | None], Columns]] = {
    "name": lambda value, _: {"name": _written(value)},
    "category": _category,
    "brand": lambda value, _: {"brand": _written(value), "brand_wikidata": None},
    "operator": lambda value, _: {"operator": _written(value)},
    "phones": _phones,
    "emails": _emails,
    "websites": _websites,
    "address": _address,
    "location": _location,
    "opening_hours": _hours,
    "operating_status": lambda value, _: {"operating_status": value},
}
CORRECTABLE = tuple(_COLUMNS)
"""The properties that a customer may correct."""
