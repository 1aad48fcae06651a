"""Tickets for support."""

from typing import Any

from handlers import auth, responses
from handlers.responses import Answer
from handlers.schemas import TicketSchema, TicketThreadSchema
from services import idempotency, support


def list_tickets(limit: int, cursor: str | None = None) -> Answer:
    """Answer with a page of tickets, newest first."""
    return responses.page(support.list_tickets(auth.caller(), limit, cursor), TicketSchema())


def create_ticket(body: dict[str, Any]) -> Answer:
    """Ask support."""
    caller = auth.caller()

    def create() -> dict[str, Any]:
        made = support.create_ticket(caller, body["subject"], body["message"], body["request_id"])
        return dict(TicketThreadSchema().dump(made))

    made, replayed = idempotency.once(caller, "create_ticket", responses.idempotency_key(), body, create)
    return responses.created(made, f"/v1/tickets/{made['id']}", replayed)


def get_ticket(ticket_id: str) -> Answer:
    """Answer with a ticket and its messages."""
    return responses.ok(TicketThreadSchema().dump(support.get_ticket(auth.caller(), ticket_id)))


def reply_to_ticket(ticket_id: str, body: dict[str, Any]) -> Answer:
    """Say more."""
    caller = auth.caller()

    def reply() -> dict[str, Any]:
        return dict(TicketThreadSchema().dump(support.reply_to_ticket(caller, ticket_id, body["message"])))

    request = {"ticket_id": ticket_id, **body}
    made, replayed = idempotency.once(caller, "reply_to_ticket", responses.idempotency_key(), request, reply)
    return responses.created(made, f"/v1/tickets/{ticket_id}", replayed)
