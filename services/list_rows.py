"""Rows of a customer's own list, read into the shape that the places of a map have. Pure.

A row is a place of the source ``list`` that only its account has. Like every place it is named as its source names it:
the list's name, a slash, and the row's id there. So the rules of scans hold for it: what belongs together, what counts.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from core import normalize, zones
from core.errors import Violation
from services import lead_corrections, lead_values
from services.lead_values import Columns, Place

LICENSE = "LicenseRef-customer"
"""No licence at all, as SPDX writes it: the data is the customer's."""

MAX_NAME = 60

_NEEDED = ("location", "category")
_NUMBERS: Mapping[str, Callable[[Any], float]] = {"rating": float, "review_count": int}
_TAKEN = ("category", "lat", "lon")
"""What a row that does not say it takes from the lead that it belongs to."""


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row: ``index`` of the list, and its ``record``, a place; ``category``, ``lat`` and ``lon`` may be None in it.

    With ``problems`` it is refused, and the record is not to be used.
    """

    index: int
    external_id: str | None
    record: Columns
    problems: tuple[Violation, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether it can be a lead by itself."""
        return all(self.record[name] is not None for name in _TAKEN)


def read(list_name: str, leads: Sequence[Mapping[str, Any]], at: str) -> list[ListRow]:
    """Return every row of a list as the contract lets it be sent; ``at`` is now. Of one id the first row counts."""
    name, firsts = normalize.text(list_name, MAX_NAME), dict[str, int]()
    rows = []
    for index, said in enumerate(leads):
        row = _row(name, index, said, at)
        first = firsts.setdefault(row.record["record_id"], index)
        rows.append(row if first == index else refused(row, "duplicate", f"is row {first} once more"))
    return rows


def complete(record: Columns, lead: Mapping[str, Any]) -> Place:
    """Return a record with what it does not say itself taken from the ``lead`` it belongs to, and its tile.

    A row that was imported before takes it from what it was then.
    """
    borrowed = [name for name in _TAKEN if record[name] is None]
    made = record | {name: lead[name] for name in borrowed} | {"borrowed": borrowed}
    if "lat" in borrowed:
        made["timezone"] = lead["timezone"]
    tile_y, tile_x = zones.tile(made["lat"], made["lon"])
    return made | {"tile_y": tile_y, "tile_x": tile_x}


def is_same(record: Place, before: Place | None) -> bool:
    """Tell whether a row says what it said ``before``; when it was sent does not matter."""
    return before is not None and {**record, "release": before["release"]} == before


def refused(row: ListRow, code: str, message: str, name: str = "") -> ListRow:
    """Return the row with a problem more, of one of its properties or (no ``name``) of all of it."""
    where = ("leads", str(row.index), *([name] if name else []))
    problem = Violation("body", ".".join(where), code, message, "/" + "/".join(where))
    return replace(row, problems=(*row.problems, problem))


def incomplete(row: ListRow) -> ListRow:
    """Return the row refused for what a lead must have and it does not say."""
    for name, column in zip(_NEEDED, ("lat", "category"), strict=True):
        if row.record[column] is None:
            row = refused(row, "missing", "is needed, because the row is none of your leads", name)
    return row


def _row(list_name: str, index: int, said: Mapping[str, Any], at: str) -> ListRow:
    known = {name: said[name] for name in lead_corrections.CORRECTABLE if said.get(name) is not None}
    where = known.get("location")
    country = zones.country(zones.timezone(where["lat"], where["lon"])) if where else None
    columns, problems = lead_corrections.read(known, country, ("leads", str(index)))
    record = _unsaid() | {name: value for made in columns.values() if made for name, value in made.items()}
    record |= {name: number(said[name]) for name, number in _NUMBERS.items() if said.get(name) is not None}
    record["country"] = record["country"] or country
    external_id = said.get("external_id")
    record |= {
        "source": lead_values.LIST, "record_id": f"{list_name}/{external_id or _fingerprint(record)}",
        "license": LICENSE, "updated_at": None, "release": at,
    }  # fmt: skip
    return ListRow(index, external_id, record, tuple(problems))


def _unsaid() -> Columns:
    """What a row says that says nothing."""
    nothing = dict.fromkeys(name for name in lead_values.CONTENT if name != "attribution")
    return nothing | {
        "names": {}, "alt_names": [], "phones": [], "emails": [], "websites": [], "socials": {}, "attributes": {},
        "operating_status": "unknown",
    }  # fmt: skip


def _fingerprint(record: Columns) -> str:
    """Stands for the id of a row that has none: it is another row as soon as its name or whereabouts are."""
    names = ("name", "lat", "lon", *lead_values.LOCATED, "city", "postcode", "country")
    said = [record[name] for name in names]
    return f"#{hashlib.sha256(orjson.dumps(said)).hexdigest()[:16]}"
