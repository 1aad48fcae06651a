"""Tickets for support."""

from typing import Any

from handlers import auth, responses
from handlers.responses import Answer
from handlers.schemas import TicketSchema, TicketThreadSchema
from services import idempotency, support
from services.accounts import Caller

AUTHOR = "API"  # nobody in person: a key asks for its account


def list_tickets(limit: int, cursor: str | None = None) -> Answer:
    """Answer with a page of tickets, newest first."""
    return responses.page(support.page(auth.caller(), limit, cursor), TicketSchema())


def create_ticket(body: dict[str, Any]) -> Answer:
    """Ask support."""
    caller = auth.caller()

    def create() -> dict[str, Any]:
        made = support.ask(caller, AUTHOR, body["subject"], body["message"], body["request_id"])
        return _shown(caller, made.id)

    made, replayed = idempotency.once(caller, "create_ticket", responses.idempotency_key(), body, create)
    return responses.created(made, f"/v1/tickets/{made['id']}", replayed)


def get_ticket(ticket_id: str) -> Answer:
    """Answer with a ticket and its messages."""
    return responses.ok(_shown(auth.caller(), ticket_id))


def reply_to_ticket(ticket_id: str, body: dict[str, Any]) -> Answer:
    """Say more."""
    caller = auth.caller()

    def reply() -> dict[str, Any]:
        support.reply(caller, ticket_id, AUTHOR, body["message"])
        return _shown(caller, ticket_id)

    request = {"ticket_id": ticket_id, **body}
    made, replayed = idempotency.once(caller, "reply_to_ticket", responses.idempotency_key(), request, reply)
    return responses.created(made, f"/v1/tickets/{ticket_id}", replayed)


def _shown(caller: Caller, ticket_id: str) -> dict[str, Any]:
    ticket = support.get(caller, ticket_id)
    said = [
        {"author": "customer" if message.author else "support", "text": message.body, "created_at": message.created_at}
        for message in support.messages(ticket)
    ]
    return dict(TicketThreadSchema().dump({**dict(TicketSchema().dump(ticket)), "messages": said}))
