"""The columns of an export as a form lets people choose, order and rename them, with a script or without."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import flask

from services.export_columns import COLUMNS
from services.export_layout import PRESETS

USUAL = (
    "id", "name", "category", "lat", "lon", "address_street", "address_house_number", "address_postcode",
    "address_city", "address_country", "phones", "emails", "websites", "opening_hours", "quality_score", "tags",
    "stage", "sources", "attribution",
)  # fmt: skip
OFFERED = tuple(name for name in COLUMNS if name != "distance_m")
STARTS = {
    "usual": "The usual", "all": "All", "hubspot": "HubSpot", "salesforce": "Salesforce", "pipedrive": "Pipedrive",
}  # fmt: skip
"""What a choice may begin with: some columns, or the preset of a CRM."""
_HEADER = "header "


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the form. ``key`` is the column's name, with a number if it is there before: ``name.2``."""

    key: str
    header: str
    chosen: bool

    @property
    def field(self) -> str:
        return self.key.partition(".")[0]


def rows(start: str) -> list[Row]:
    """Return the lines in order: as they were sent, or else those that ``start`` begins with and then all others."""
    sent = [name.removeprefix(_HEADER) for name in flask.request.form if name.startswith(_HEADER)]
    chosen = flask.request.form.getlist("columns")
    if sent:
        return [Row(key, flask.request.form[_HEADER + key], key in chosen) for key in sent]
    return _completed(_begun(start))


def moved(lines: Sequence[Row], move: str) -> list[Row]:
    """Return the lines with one of them a place further; ``move`` is its key and ``up`` or ``down``."""
    key, _, way = move.rpartition(" ")
    order = list(lines)
    place = next((number for number, line in enumerate(order) if line.key == key), None)
    if place is not None:
        order.insert(max(0, place + (-1 if way == "up" else 1)), order.pop(place))
    return order


def document() -> list[dict[str, str]]:
    """Return the columns that were chosen, in order, as the API takes them."""
    sent = flask.request.form
    keys = sent.getlist("columns")
    lines = (Row(key, sent.get(_HEADER + key, "").strip(), chosen=True) for key in keys)
    return [{"field": line.field, "header": line.header or line.field} for line in lines]


def _begun(start: str) -> Iterable[tuple[str, str]]:
    if start in PRESETS:
        return PRESETS[start]
    return [(name, name) for name in (OFFERED if start == "all" else USUAL)]


def _completed(chosen: Iterable[tuple[str, str]]) -> list[Row]:
    """Return these columns, and those that are not among them."""
    made: dict[str, Row] = {}
    for name, header in chosen:
        key = f"{name}.2" if name in made else name
        made[key] = Row(key, header, chosen=True)
    return [*made.values(), *(Row(name, name, chosen=False) for name in OFFERED if name not in made)]
