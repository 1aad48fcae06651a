"""Enrichments: the websites of a search's leads read for contacts, counted before, watched, and told with evidence."""

from typing import Any

import flask
from werkzeug.wrappers import Response

from core.errors import Conflict, MapTargeterError
from dashboard import chips, searching
from dashboard.frame import UNDER_WAY, caller, checked, form, once, page, pages, progress, refused, see
from dashboard.searching import Search
from services import enrichments as service
from services import leads
from services.enrichments import Wanted

ROWS = 25
AGES = (("0", "Read every site anew"), ("7", "A week"), ("30", "A month"), ("90", "Three months"))


@pages.get("/enrichments")
def enrichments() -> Response:
    """Show every enrichment."""
    found = service.list_enrichments(caller(), ROWS, flask.request.args.get("cursor"))
    words = {made["id"]: _words(made["filters"]) for made in found.rows}
    return page("enrichments.html", found=found, words=words)


@pages.get("/enrichments/new")
def new_enrichment() -> Response:
    """Show how much there is to do for a search."""
    search = searching.asked()
    try:
        counted = service.estimate_soon(caller(), search.document)
    except MapTargeterError as error:
        return refused("new_enrichment.html", error, counted=None, **_choices(search))
    return page("new_enrichment.html", counted=counted, **_choices(search))


@pages.post("/enrichments")
def create_enrichment() -> Response:
    """Start an enrichment, and lead to it."""
    search = searching.of(flask.request.form)
    age = int(form("age")) if form("age") in dict(AGES) else service.DEFAULT_AGE_DAYS
    try:
        wanted = checked("create_enrichment", {"filters": search.document, "max_age_days": age})
        chosen = Wanted(None, wanted["filters"])
        made = once("create_enrichment", lambda: service.create_enrichment(caller(), chosen, age))
    except MapTargeterError as error:
        return refused("new_enrichment.html", error, counted=None, **_choices(search))
    return see("enrichment", "The enrichment has started.", enrichment_id=made["id"])


@pages.get("/enrichments/<enrichment_id>")
def enrichment(enrichment_id: str) -> Response:
    """Show an enrichment and what it found; while it runs, its state is asked for again and again."""
    found = service.get_enrichment(caller(), enrichment_id)
    about: dict[str, Any] = {"enrichment": found, "under_way": found["status"] in UNDER_WAY}
    if "HX-Request" in flask.request.headers:
        return progress("_enrichment.html", **about)
    results = service.list_results(caller(), enrichment_id, ROWS, None, flask.request.args.get("cursor"))
    names = leads.names(caller(), [result["lead_id"] for result in results.rows])
    return page("enrichment.html", results=results, names=names, words=_words(found["filters"]), **about)


@pages.post("/enrichments/<enrichment_id>/cancel")
def cancel_enrichment(enrichment_id: str) -> Response:
    """Stop an enrichment; what was found stays."""
    try:
        service.cancel_enrichment(caller(), enrichment_id)
    except Conflict as error:
        return see("enrichment", error.message, enrichment_id=enrichment_id)
    return see("enrichment", "The enrichment is cancelled. What it found stays.", enrichment_id=enrichment_id)


def _choices(search: Search) -> dict[str, Any]:
    return {
        "search": search,
        "query": search.query,
        "chips": chips.chips(search.texts),
        "plan": caller().plan,
        "ages": AGES,
    }


def _words(filters: dict[str, Any]) -> str:
    return "; ".join(chip.words for chip in chips.chips(searching.with_filter({}, filters))) or "All leads"
