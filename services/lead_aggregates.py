"""Leads counted: by what they are, by where they are, and how much is known about them.

Of all leads of an account the counts are kept (``models.lead_tally``), exact, and read in the same time however many
there are. Of a search that finds no more than ``FEW`` leads they are made from these leads, exact too. Of a larger one
they are made from its best ``FEW``, and say so: ``complete`` is false, and ``counted`` how many leads they are about.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core import cells, geo
from core.errors import InvalidInput, Violation
from models import lead_query, lead_tally
from models.lead_query import FEW, Search
from services import filters
from services.accounts import Caller
from services.filters import Filter
from services.lead_fields import FIELDS, LeadField
from services.leads import Total

FACETS = lead_tally.FACETS
MAX_CELLS = 10_000
Box = tuple[float, float, float, float]
_PLACE = ("lat", "lon")
_FEW_SOON = 2_000  # of so many, who is not patient learns where they are


@dataclass(frozen=True, slots=True)
class FacetValue:
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """The commonest values of a field among the leads counted. A lead with several values counts for each."""

    field: str
    values: list[FacetValue]


@dataclass(frozen=True, slots=True)
class Cell:
    """An H3 cell by its name, the leads in it, and its middle in degrees."""

    cell: str
    count: int
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What ``aggregate`` counted; ``resolution`` is that of the cells, None if none were asked for."""

    total: Total
    counted: int
    complete: bool
    facets: list[Facet]
    resolution: int | None
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells that are asked for: at an H3 ``resolution`` of 0 to ``core.cells.FINEST``, with their middle in ``box``."""

    resolution: int
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """A field that filters know. ``known`` leads have it, a share of ``fill_rate``; None where that has no meaning."""

    name: str
    type: str
    operators: list[str]
    sortable: bool
    known: int | None
    fill_rate: float | None


@dataclass(frozen=True, slots=True)
class FieldList:
    """All fields, and how many leads the account has."""

    data: list[FieldFacts]
    total: int


def aggregate(
    caller: Caller,
    wanted: Filter = filters.EVERYTHING,
    *,
    query: str | None = None,
    facets: Sequence[str] = (),
    facet_size: int = 20,
    wanted_cells: Cells | None = None,
    patient: bool = True,
) -> Aggregate:
    """Count the account's leads that the query and the filter find.

    ``facets`` are some of FACETS, each with its ``facet_size`` commonest values. ``patient`` as in
    ``leads.list_leads``. Raise InvalidInput if there are more than ``MAX_CELLS`` cells.
    """
    chosen = wanted.found_by(query) if query else wanted
    counts = _Kept(caller.account_id) if chosen == filters.EVERYTHING else _Found.by(caller, chosen, facets, patient)
    found = [Facet(name, [FacetValue(*line) for line in counts.facet(name, facet_size)]) for name in facets]
    places = counts.in_cells(wanted_cells, MAX_CELLS + 1) if wanted_cells else []
    if len(places) > MAX_CELLS:
        message = f"would be more than {MAX_CELLS:,} cells: choose a lower resolution or a smaller bbox"
        raise InvalidInput(f"There {message}.", [Violation("body", "cells", "too_many", message, "/cells")])
    made = [Cell(cells.name(cell), count, *cells.centre(cell)) for cell, count in places]
    resolution = wanted_cells.resolution if wanted_cells else None
    return Aggregate(counts.total, counts.counted, counts.total.relation == "eq", found, resolution, made)


def list_fields(caller: Caller) -> FieldList:
    """Return every field that filters know, and how many of the account's leads have it."""
    known = dict(lead_tally.facet(caller.account_id, lead_tally.KNOWN, len(FIELDS)))
    total = lead_tally.total(caller.account_id, lead_tally.ALL)
    has = {
        name: dict(lead_tally.facet(caller.account_id, name, 2)).get("true", 0)
        for name in FACETS
        if name.startswith("has_")
    }
    return FieldList([_facts(about, known, has, total) for about in FIELDS.values()], total)


def cells_for(asked: Mapping[str, Any]) -> Cells:
    """Return the cells of a ``resolution``, or else for the ``zoom`` of a web map (0), in a ``bbox`` or everywhere.

    Raise InvalidInput for a box that is none.
    """
    area = geo.Area.from_json({"bbox": list(asked["bbox"])}, "/cells").bbox if asked.get("bbox") else None
    return Cells(asked.get("resolution", cells.resolution_for(asked.get("zoom", 0))), area)


@dataclass(slots=True)
class _Kept:
    """The counts that are kept of all present leads."""

    account_id: str

    @property
    def counted(self) -> int:
        return lead_tally.total(self.account_id, lead_tally.ALL)

    @property
    def total(self) -> Total:
        return Total(self.counted, "eq")

    def facet(self, name: str, size: int) -> list[tuple[str, int]]:
        return lead_tally.facet(self.account_id, name, size)

    def in_cells(self, wanted: Cells, limit: int) -> list[tuple[int, int]]:
        return lead_tally.in_cells(self.account_id, wanted.resolution, wanted.box, limit)


@dataclass(slots=True)
class _Found:
    """Counts made from the leads of a search: their places, and then the columns of the ``facets``."""

    facets: Sequence[str]
    rows: list[lead_query.Row]
    total: Total
    tally: lead_tally.Tally = field(default_factory=Counter)  # of all facets, once one is asked for

    @classmethod
    def by(cls, caller: Caller, wanted: Filter, facets: Sequence[str], patient: bool) -> "_Found":
        search = Search(caller.account_id, caller.account_number, wanted.gone, wanted.where)
        part = None if patient else lead_query.reach(search)
        columns = [f"lead.{name}" for name in (*_PLACE, *lead_tally.columns_of(facets))]
        most = FEW if patient else _FEW_SOON
        rows = lead_query.best(replace(search, part=part), columns, most + 1)
        return cls(facets, rows[:most], Total(len(rows[:most]), "gte" if part or len(rows) > most else "eq"))

    @property
    def counted(self) -> int:
        return len(self.rows)

    def facet(self, name: str, size: int) -> list[tuple[str, int]]:
        if not self.tally:
            columns = lead_tally.columns_of(self.facets)
            leads = (lead_tally.read(columns, row[len(_PLACE) :]) for row in self.rows)
            self.tally = Counter(kind for lead in leads for kind in lead_tally.facets_of(lead, self.facets))
        values = [(value, count) for (kind, value), count in self.tally.items() if kind == name]
        return sorted(values, key=lambda line: (-line[1], line[0]))[:size]

    def in_cells(self, wanted: Cells, limit: int) -> list[tuple[int, int]]:
        places: Counter[int] = Counter()
        for cell, count in Counter(cells.finest(lat, lon) for lat, lon, *_ in self.rows).items():
            places[cells.parent(cell, wanted.resolution)] += count
        inside = _inside(places.items(), wanted.box) if wanted.box else places.items()
        return sorted(inside)[:limit]


def _inside(places: Iterable[tuple[int, int]], box: Box) -> Iterable[tuple[int, int]]:
    area = geo.Area.from_json({"bbox": list(box)})
    return (place for place in places if area.contains(*cells.centre(place[0])))


def _facts(about: LeadField, known: dict[str, int], has: dict[str, int], total: int) -> FieldFacts:
    count = _count(about, known, has, total)
    rate = round(count / total, 4) if total and count is not None else None
    sortable = about.sortable or about.name == "location"
    return FieldFacts(about.name, about.type, list(about.operators), sortable, count, rate)


def _count(about: LeadField, known: dict[str, int], has: dict[str, int], total: int) -> int | None:
    if about.presence:
        return has[f"has_{about.presence}"]
    if about.name in ("gone", "gone_at"):
        return None
    optional = "exists" in about.operators and about.name in (*lead_tally.COLUMNS, "tags")
    always = about.name in ("operating_status", "stage", "source")
    return known.get(about.name, 0) if optional and not always else total
