"""Support tickets: the customer asks and replies, the operator answers from the command line."""

from dataclasses import dataclass

from core import clock, ids
from core.errors import Conflict, InvalidInput, NotFound, Violation
from models import account as account_table
from models import base
from models import ticket as table
from services import pages
from services.accounts import Caller
from services.pages import Page

LONGEST_SUBJECT, LONGEST_BODY = 200, 10_000
MOST_OPEN = 100
OPERATOR = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """One question, ``open``, ``answered`` or ``closed``; ``request_id`` names the API request it is about."""

    id: str
    account_id: str
    subject: str
    status: str
    request_id: str | None
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True)
class Message:
    """What one side said; ``author`` is a user's address, or None for the operator."""

    author: str | None
    body: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket that waits for the operator, and whose it is."""

    id: str
    email: str
    subject: str
    since: str


def ask(caller: Caller, author: str, subject: str, body: str, request_id: str | None = None) -> Ticket:
    """Open a ticket and return it. Raise InvalidInput, Conflict for more than MOST_OPEN that wait for an answer."""
    _require("subject", subject, LONGEST_SUBJECT)
    _require("body", body, LONGEST_BODY)
    ticket_id, now = ids.new("tkt"), clock.now_stamp()
    with base.transaction():
        account_table.lock(caller.account_id)
        newest = table.page(caller.account_id, MOST_OPEN, None)
        if len(newest) == MOST_OPEN and all(ticket["status"] == "open" for ticket in newest):
            raise Conflict("Many of your tickets wait for an answer. Reply to one of those instead.")
        table.insert(
            {
                "id": ticket_id, "account_id": caller.account_id, "subject": subject, "status": "open",
                "request_id": (request_id or "")[:64] or None, "created_at": now, "updated_at": now,
            }
        )  # fmt: skip
        _say(ticket_id, author, body, now)
    return get(caller, ticket_id)


def page(caller: Caller, limit: int, cursor: str | None = None) -> Page:
    """Return a page of the account's ``Ticket``s, newest first."""

    def fetch(count: int, after: str | None) -> list[Ticket]:
        return [Ticket(**row) for row in table.page(caller.account_id, count, after)]

    return pages.newest_first(caller, "list_tickets", limit, cursor, fetch, lambda ticket: str(ticket.id))


def get(caller: Caller, ticket_id: str) -> Ticket:
    """Raise NotFound unless it is one of the account's."""
    found = any_ticket(ticket_id)
    if found.account_id != caller.account_id:
        raise NotFound(_NONE)
    return found


def messages(ticket: Ticket) -> list[Message]:
    """Return what was said, in order."""
    return [Message(**row) for row in table.messages(ticket.id)]


def reply(caller: Caller, ticket_id: str, author: str, body: str) -> None:
    """Say more: the ticket waits for the operator again. Raise NotFound, InvalidInput."""
    _add(get(caller, ticket_id), author, body, "open")


def close(caller: Caller, ticket_id: str) -> None:
    """Say that nothing is left to answer; a reply opens it again. Raise NotFound."""
    table.set_status(get(caller, ticket_id).id, "closed", clock.now_stamp())


def waiting(limit: int = 100) -> list[Waiting]:
    """Return what waits for the operator, longest first."""
    return [Waiting(row["id"], row["email"], row["subject"], row["updated_at"]) for row in table.waiting(limit)]


def any_ticket(ticket_id: str) -> Ticket:
    """Return a ticket of any account, for the operator; raise NotFound."""
    row = table.get(ticket_id)
    if row is None:
        raise NotFound(_NONE)
    return Ticket(**row)


def answer(ticket_id: str, body: str) -> None:
    """Answer as the operator. Raise NotFound, InvalidInput."""
    _add(any_ticket(ticket_id), OPERATOR, body, "answered")


_NONE = "There is no ticket with this id."


def _add(ticket: Ticket, author: str | None, body: str, status: str) -> None:
    _require("body", body, LONGEST_BODY)
    now = clock.now_stamp()
    with base.transaction():
        _say(ticket.id, author, body, now)
        table.set_status(ticket.id, status, now)


def _say(ticket_id: str, author: str | None, body: str, now: str) -> None:
    table.say({"id": ids.new("msg"), "ticket_id": ticket_id, "author": author, "body": body, "created_at": now})


def _require(field: str, text: str, longest: int) -> None:
    if text.strip() and len(text) <= longest and "\x00" not in text:
        return
    wrong = f"must have 1 to {longest:,} characters"
    raise InvalidInput(f"The {field} {wrong}.", [Violation("body", field, "not_allowed", wrong, f"/{field}")])
