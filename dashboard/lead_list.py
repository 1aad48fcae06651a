"""The leads of a search: a table beside a map, filters as chips, searches to find again."""

from dataclasses import dataclass
from typing import Any

import flask
import orjson
from werkzeug.wrappers import Response

from core import taxonomy
from core import text as texts
from core.errors import InvalidInput, MapTargeterError, Violation
from core.geo import Box
from dashboard import chips, lead_map, searching
from dashboard.frame import caller, form, page, pages, refused, see
from services import catalog, lead_editing, saved_searches
from services.lead_fields import FIELDS, LeadField
from services.leads import LeadPage, list_leads

ROWS = 25
SHOWN = (
    "id", "name", "category", "address", "location", "phones", "emails", "websites", "quality", "tags", "stage",
    "gone_at",
)  # fmt: skip
SORTS = (
    ("-quality_score", "Best first"), ("name", "Name"), ("-first_seen_at", "Newest"), ("-changed_at", "Last changed"),
    ("distance", "Nearest"),
)  # fmt: skip
SUGGESTED = 20
_OFFERED = tuple(name for name in FIELDS if name not in ("id", "location", "scan_id", "gone_at"))
_FIRST = "category"
_YES, _NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class Toggle:
    """A filter that is one click away: ``query`` is the search with it, or without it if it is on."""

    label: str
    on: bool
    query: str


_TOGGLES = (
    ("Has phone", "has_phone", "true"), ("Has email", "has_email", "true"), ("Has website", "has_website", "true"),
    ("No website", "has_website", "false"), ("Gone", "gone", "true"),
)  # fmt: skip


@pages.get("/leads")
def leads() -> Response:
    """Show a page of a search."""
    try:
        search = searching.asked()
        found = list_leads(
            caller(), filters=search.filters, near=search.near, sort=search.sort, fields=SHOWN,
            limit=min(ROWS, caller().plan.rows_per_page), after=flask.request.args.get("cursor"), patient=False,
        )  # fmt: skip
    except MapTargeterError as error:
        return refused("leads.html", error, found=None, **_around(lead_map.SAMPLE_BOX))
    return page("leads.html", found=found, **_around(lead_map.bounds(search, found.rows), found))


@pages.get("/leads/operators")
def filter_parts() -> Response:
    """Answer with the part of the form that depends on the field."""
    return page("_filter_parts.html", field=_field(flask.request.args.get("field", _FIRST)))


@pages.get("/leads/filtered")
def add_filter() -> Response:
    """Lead to the search in the address with one more filter."""
    given = searching.texts_of(flask.request.args)
    field = _field(flask.request.args.get("field", ""))
    operator = flask.request.args.get("operator", "")
    if operator not in field.operators:
        raise InvalidInput(f"{chips.field_label(field.name)} cannot be asked like that. Choose another operator.")
    document = searching.advanced(given)
    value = _value(field, operator, flask.request.args.get("value", "").strip())
    document[field.name] = {**document.get(field.name, {}), operator: value}
    return flask.redirect(_at(searching.written(searching.with_filter(given, document))), 303)


@pages.get("/categories")
def category_options() -> Response:
    """Answer with the categories that somebody may mean, as options."""
    given = flask.request.args
    words = given.get("value", given.get("category", "")).rpartition(",")[2].strip()
    found = catalog.categories(caller(), words or None, None, SUGGESTED, None).rows
    return page("_category_options.html", found=found)


@pages.post("/leads/searches")
def save_search() -> Response:
    """Keep the search under a name."""
    query = searching.written(searching.texts_of(flask.request.form))
    saved = saved_searches.save(caller(), form("name"), query)
    flask.flash(f"The search is saved as {saved.name}.")
    return flask.redirect(_at(query), 303)


@pages.post("/leads/searches/<search_id>/delete")
def delete_search(search_id: str) -> Response:
    """Forget a saved search; its leads stay."""
    saved_searches.delete(caller(), search_id)
    return see("leads", "The saved search is deleted.")


def _around(bounds: Box, found: LeadPage | None = None) -> dict[str, Any]:
    """Return what the page shows beside the leads."""
    given = searching.texts_of(flask.request.args)
    query = searching.written(given)
    near, toggles = "near" in given, _toggles(given)
    on = {toggle.query for toggle in toggles if toggle.on}
    return {
        "given": given, "query": query, "toggles": toggles, "bounds": bounds,
        "chips": [chip for chip in chips.chips(given) if chip.without not in on],
        "curl": searching.curl(query), "sorts": [one for one in SORTS if near or one[0] != "distance"],
        "fields": [(name, chips.field_label(name)) for name in _OFFERED], "field": FIELDS[_FIRST],
        "saved": saved_searches.of_account(caller()), "stages": lead_editing.STAGES,
        "none_at_all": found is not None and not (found.rows or given),
    }  # fmt: skip


def _toggles(given: dict[str, str]) -> list[Toggle]:
    made = []
    for label, name, value in _TOGGLES:
        on = given.get(name) == value
        made.append(Toggle(label, on, searching.written(given | {name: "" if on else value})))
    return made


def _at(query: str) -> str:
    return flask.url_for("dashboard.leads") + (f"?{query}" if query else "")


def _field(name: str) -> LeadField:
    if name not in FIELDS:
        raise InvalidInput(f"There is no field {name[:64]!r}. Did you mean {texts.closest(name, list(FIELDS))}?")
    return FIELDS[name]


def _value(field: LeadField, operator: str, written: str) -> Any:
    """Return what somebody wrote as the value that the operator takes; what is wrong with it the filter says."""
    if operator == "exists" or field.type == "boolean":
        return written == _YES
    if field.type == "category":
        found = [_category(part.strip()) for part in written.split(",") if part.strip()]
        return found if operator in ("in", "nin") else written and _category(written)
    if operator in ("in", "nin", "has_any"):
        return [part.strip() for part in written.split(",") if part.strip()]
    if field.type == "time":
        return written if "T" in written else f"{written}T00:00:00Z"
    if field.type != "number":
        return written
    try:
        return orjson.loads(written)
    except orjson.JSONDecodeError:
        problem = Violation("query", "value", "wrong_type", "must be a number")
        raise InvalidInput(f"{chips.field_label(field.name)} must be a number.", [problem]) from None


def _category(word: str) -> str:
    """Return the id of the category somebody names by its id, its name or another word for it."""
    return word if taxonomy.get(word) else taxonomy.closest(word) or word
