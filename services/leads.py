"""Leads as an account sees them: one, a page of a search, or all of a search."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core import cursor, text
from core.errors import InvalidInput, NotFound, Violation
from models import lead_ledger, lead_query, lead_tally
from models.lead_query import FEW, Order, Place, Row, Search
from services import lead_rows, pages
from services.accounts import Caller
from services.filters import EVERYTHING, Filter
from services.lead_rows import Lead, Shape

BEST, WORST, NEAREST = "-quality_score", "quality_score", "distance"
_ORDERS = {
    sign + name: Order(column, descending=bool(sign))
    for name, column in (
        ("name", "name_key"),
        ("first_seen_at", "first_seen_at"),
        ("last_seen_at", "last_seen_at"),
        ("changed_at", "changed_at"),
    )
    for sign in ("", "-")
}
SORTS = (BEST, WORST, *_ORDERS, NEAREST)
"""Every order of a list. By quality, present leads come before gone ones where a search finds both."""
_COLUMNS = tuple(f"lead.{name}" for name in lead_rows.COLUMNS)
DEFAULT_SORT, DEFAULT_LIMIT, ALL_FIELDS = BEST, 50, lead_rows.NAMES


@dataclass(frozen=True, slots=True)
class Total:
    """How many leads a search finds: exactly ``value`` (``relation`` eq), or at least so many (gte)."""

    value: int
    relation: str


@dataclass(frozen=True, slots=True)
class LeadPage:
    """Some leads, the cursor of the next page (None on the last), and how many there are in all.

    ``cut_short`` tells that the look at the leads ended before the page was full; the next page goes on with it.
    """

    rows: list[Any]
    next_cursor: str | None
    total: Total
    cut_short: bool = False


@dataclass(frozen=True, slots=True)
class Spot:
    """A lead on a map."""

    id: str
    name: str
    category: str
    lat: float
    lon: float
    gone: bool


@dataclass(frozen=True, slots=True)
class _Listing:
    """A list that was asked for: which leads, in which order, as seen from where, shown how."""

    wanted: Search
    sort: str
    origin: tuple[float, float] | None
    shape: Shape
    binding: str
    patient: bool

    def total(self) -> Total:
        """Count, but not beyond ``FEW``; for who is not patient, no further than a look goes."""
        return _counted(self.wanted, FEW, None if self.patient else lead_query.reach(self.wanted))

    def rows(self, limit: int, after: Place | None, total: Total | None) -> tuple[list[Row], Place | None]:
        """Return rows of the shape's columns, each after two values that tell its place in the order.

        With them comes the place where a look ended that did not find so many.
        """
        columns = ["lead.number", *_COLUMNS]
        if self.sort in (BEST, WORST):
            return self._ranked(columns, limit, after[0] if after else None)
        few = total is not None and total.relation == "eq"
        if self.sort == NEAREST and self.origin:
            return lead_query.nearest(self.wanted, columns, self.origin, limit, after, few=few), None
        return self._ordered(columns, limit, after, few)

    def _ranked(self, columns: list[str], limit: int, after: int | None) -> tuple[list[Row], Place | None]:
        worst = self.sort == WORST
        part = None if self.patient else lead_query.reach(self.wanted, after, worst=worst)
        wanted = replace(self.wanted, part=part) if part else self.wanted
        found = lead_query.best(wanted, ["lead.rank_key", *columns], limit, None if part else after, worst=worst)
        if part is None or len(found) == limit:
            return found, None
        return found, (part[0] if worst else part[1] - 1, 0)

    def _ordered(
        self, columns: list[str], limit: int, after: Place | None, few: bool
    ) -> tuple[list[Row], Place | None]:
        order = _ORDERS[self.sort]
        upto = None if self.patient or few else lead_query.reach_in_order(self.wanted, order, after)
        columns = [f"lead.{order.column}", *columns]
        found = lead_query.ordered(self.wanted, columns, order, limit, after, few=few, upto=upto)
        return found, upto if len(found) < limit else None


def list_leads(
    caller: Caller,
    *,
    query: str | None = None,
    filters: Filter = EVERYTHING,
    near: tuple[float, float] | None = None,
    sort: str = DEFAULT_SORT,
    fields: Sequence[str] = ALL_FIELDS,
    limit: int = DEFAULT_LIMIT,
    after: str | None = None,
    where: str = "query",
    verbatim: bool = False,
    patient: bool = True,
) -> LeadPage:
    """Return one page of the account's leads that ``query`` and ``filters`` both find.

    ``near`` (lat, lon in degrees) gives leads their ``distance_m``; without it the centre of the filter's circle does.
    ``sort`` is one of SORTS, ``fields`` are some of ALL_FIELDS, ``after`` is the cursor of the page before. ``where``
    in the request all this was (query or body) is told in violations. With ``verbatim`` rows may be ``JsonText``, which
    saves reading and writing them. Who is not ``patient`` gets an answer soon: where leads are checked one by one, only
    so many are looked at for a page, which may then be ``cut_short``, and the total is at least so many. Raise
    PlanLimitExceeded for more rows than the plan allows on a page, InvalidCursor, InvalidInput for an unknown sort or
    field, or a distance from nowhere.
    """
    caller.plan.require("rows_per_page", limit)
    listing = _listing(caller, filters.found_by(query) if query else filters, near, sort, fields, where, patient)
    place, total = _position(listing, after, where)
    if total is None and sort not in (BEST, WORST):
        total = listing.total()
    rows, end = listing.rows(limit + 1, place, total)
    if total is None:
        total = listing.total() if len(rows) > limit else Total(len(rows), "gte" if end else "eq")
    show = listing.shape.shown if verbatim else listing.shape.leads
    leads = show([row[2:] for row in rows[:limit]], listing.origin)
    if len(rows) > limit:
        end = rows[limit - 1][:2]
    return LeadPage(
        leads, _next_cursor(listing, end, total) if end else None, total, len(rows) <= limit and end is not None
    )


def get_lead(caller: Caller, lead_id: str) -> Lead:
    """Return one lead of the account, gone or not; raise NotFound."""
    row = lead_query.one(caller.account_id, lead_id, _COLUMNS)
    if row is None:
        raise NotFound("There is no lead with this id.")
    return lead_rows.shape().leads([row])[0]


def names(caller: Caller, lead_ids: Iterable[str]) -> dict[str, str]:
    """Return what those of the leads are called that the account has, by their ids."""
    return lead_ledger.names(caller.account_id, lead_ids)


def count(caller: Caller, filters: Filter) -> int:
    """Return exactly how many leads the filter finds."""
    return lead_query.count(_search(caller, filters))


def count_soon(caller: Caller, filters: Filter, most: int = FEW) -> Total:
    """Return the same for who is not patient, and no further than ``most``; all present leads are counted already."""
    if filters == EVERYTHING:
        return Total(lead_tally.total(caller.account_id, lead_tally.ALL), "eq")
    wanted = _search(caller, filters)
    return _counted(wanted, most, lead_query.reach(wanted))


def spots(caller: Caller, filters: Filter, most: int) -> tuple[list[Spot], Total]:
    """Return the best ``most`` leads that the filter finds as spots on a map, and how many there are.

    For who is not patient, as in ``list_leads``.
    """
    wanted = _search(caller, filters)
    part = lead_query.reach(wanted)
    columns = [f"lead.{name}" for name in ("id", "name", "category", "lat", "lon", "gone_at")]
    rows = lead_query.best(replace(wanted, part=part), columns, most + 1)
    found = [
        Spot(lead_id, name, category, lat, lon, gone_at is not None)
        for lead_id, name, category, lat, lon, gone_at in rows[:most]
    ]
    return found, Total(len(found), "gte" if part or len(rows) > most else "eq")


def iterate(caller: Caller, filters: Filter, fields: Sequence[str] = ALL_FIELDS) -> Iterator[Lead]:
    """Give all leads that the filter finds, best first, in constant memory.

    To be read inside ``models.base.snapshot``, or leads that change meanwhile may be missed or come twice.
    """
    shape = lead_rows.shape(_known(fields, "body"))
    for rows in lead_query.walk(_search(caller, filters), _COLUMNS):
        yield from shape.leads(rows, filters.origin)


def walk_columns(caller: Caller, filters: Filter, columns: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
    """Give the leads that ``iterate`` gives as columns of the lead table, some at a time, on the same condition."""
    return lead_query.walk_columns(_search(caller, filters), [f"lead.{name}" for name in columns])


def _listing(
    caller: Caller,
    filters: Filter,
    near: tuple[float, float] | None,
    sort: str,
    fields: Sequence[str],
    where: str,
    patient: bool,
) -> _Listing:
    origin = near or filters.origin
    if sort not in SORTS:
        raise _unknown("sort", "sort order", sort, SORTS, where)
    if sort == NEAREST and origin is None:
        message = "needs near, where distances are measured from"
        raise InvalidInput(
            f"sort=distance {message}.", [Violation(where, "sort", "invalid", message, _pointer("sort", where))]
        )
    binding = f"{caller.account_id} leads {sort} {origin} {filters.text}"
    shape = lead_rows.shape(_known(fields, where))
    return _Listing(_search(caller, filters), sort, origin, shape, binding, patient)


def _search(caller: Caller, filters: Filter) -> Search:
    return Search(caller.account_id, caller.account_number, filters.gone, filters.where)


def _known(fields: Sequence[str], where: str) -> tuple[str, ...]:
    for name in fields:
        if name not in lead_rows.PROPERTIES:
            raise _unknown("fields", "field", name, lead_rows.NAMES, where)
    return tuple(fields)


def _unknown(parameter: str, what: str, name: str, choices: Sequence[str], where: str) -> InvalidInput:
    meant = text.closest(name, choices)
    message = f'unknown {what} "{name[:64]}"' + (f'; did you mean "{meant}"?' if meant else "")
    return InvalidInput(
        f"There is an {message}", [Violation(where, parameter, "unknown", message, _pointer(parameter, where))]
    )


def _pointer(parameter: str, where: str) -> str:
    return f"/{parameter}" if where == "body" else ""


def _counted(wanted: Search, most: int, part: tuple[int, int] | None) -> Total:
    """Count, but not beyond ``most``, and only the part."""
    found = lead_query.count(replace(wanted, part=part) if part else wanted, most + 1)
    return Total(min(found, most), "gte" if part or found > most else "eq")


def _position(listing: _Listing, after: str | None, where: str) -> tuple[Place | None, Total | None]:
    """Return the place of the last lead shown and the total told with it; nothing on the first page."""
    if after is None:
        return None, None
    value, number, found, relation = cursor.decode(pages.secret(), listing.binding, after, where)
    return (value, number), Total(found, relation)


def _next_cursor(listing: _Listing, last: Place, total: Total) -> str:
    return cursor.encode(pages.secret(), listing.binding, [*last, total.value, total.relation])
