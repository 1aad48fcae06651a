"""The suppression list: businesses that asked to be left alone, and are never found again."""

from typing import Any

import flask
from werkzeug.wrappers import Response

from core.errors import MapTargeterError
from dashboard.frame import caller, form, page, pages, refused, see, surroundings
from services import suppressing

ROWS = 50


@pages.get("/suppressions")
def suppressions() -> Response:
    """Show what is suppressed."""
    return page("suppressions.html", **_listed())


@pages.post("/suppressions")
def create_suppression() -> Response:
    """Suppress a business, and forget its leads."""
    kind, value = form("target").split(" ", 1) if " " in form("target") else (form("kind"), form("value"))
    kind = kind if kind in _choices("SuppressionKind") else "domain"
    reason = form("reason") if form("reason") in _choices("SuppressionReason") else "objection"
    try:
        made = suppressing.create_suppression(caller(), kind, value[:320], reason, form("note")[:1000] or None)
    except MapTargeterError as error:
        return refused("suppressions.html", error, **_listed())
    removed = "1 lead is" if made.leads_removed == 1 else f"{made.leads_removed:,} leads are"
    return see("suppressions", f"It is suppressed; {removed} forgotten.")


@pages.post("/suppressions/<suppression_id>/delete")
def delete_suppression(suppression_id: str) -> Response:
    """Let a business be found again."""
    suppressing.delete_suppression(caller(), suppression_id)
    return see("suppressions", "It may be found again, by the next scan.")


def _listed() -> dict[str, Any]:
    listed = suppressing.list_suppressions(caller(), ROWS, flask.request.args.get("cursor"))
    return {"listed": listed, "kinds": options("SuppressionKind"), "reasons": options("SuppressionReason")}


def options(schema: str) -> list[tuple[str, str]]:
    """Return the values of a type of the contract with what people call them."""
    return [(name, name.replace("_", " ").capitalize()) for name in _choices(schema)]


def _choices(schema: str) -> list[str]:
    found: list[str] = surroundings().contract["components"]["schemas"][schema]["enum"]
    return found
