"""Support: ask, prefilled with the request it is about, and read the answers."""

from typing import Any

import flask
from werkzeug.wrappers import Response

from core.errors import MapTargeterError
from dashboard.frame import caller, form, once, open_to, page, pages, refused, see, visitor
from services import accounts, request_log
from services import support as tickets

ROWS = 50


@pages.get("/support")
def support() -> Response:
    """Show the tickets, and the form of a new one."""
    return page("support.html", **_listed())


@pages.post("/support")
@open_to("viewer")
def create_ticket() -> Response:
    """Ask."""

    def ask() -> dict[str, str]:
        who, about = visitor().email, form("request_id")
        return {"id": tickets.ask(caller(), who, form("subject"), form("body"), about).id}

    try:
        made = once("create_ticket", ask)
    except MapTargeterError as error:
        return refused("support.html", error, **_listed())
    return see("ticket", "Your question is sent. The answer will be here.", ticket_id=made["id"])


@pages.get("/support/<ticket_id>")
def ticket(ticket_id: str) -> Response:
    """Show what was said."""
    return page("ticket.html", **_one(ticket_id))


@pages.post("/support/<ticket_id>")
@open_to("viewer")
def reply_to_ticket(ticket_id: str) -> Response:
    """Say more, or that it is done."""
    if form("close"):
        tickets.close(caller(), ticket_id)
        return see("ticket", "The ticket is closed. A reply opens it again.", ticket_id=ticket_id)
    try:
        tickets.reply(caller(), ticket_id, visitor().email, form("body"))
    except MapTargeterError as error:
        return refused("ticket.html", error, **_one(ticket_id))
    return see("ticket", "Your reply is sent.", ticket_id=ticket_id)


def _one(ticket_id: str) -> dict[str, Any]:
    found = tickets.get(caller(), ticket_id)
    logged = request_log.has_request(caller(), found.request_id or "")
    return {"ticket": found, "messages": tickets.messages(found), "logged": logged}


def _listed() -> dict[str, Any]:
    listed = tickets.page(caller(), ROWS, flask.request.args.get("cursor"))
    return {"tickets": listed, "manager": accounts.view(caller()).manager}
