"""Searches that an account keeps under a name, for all of its members."""

from dataclasses import dataclass

from core import clock, ids, normalize
from core.errors import Conflict, InvalidInput, NotFound, Violation
from models import account, base
from models import saved_search as table
from services.accounts import Caller

MOST = 100
LONGEST_NAME = 100
LONGEST_QUERY = 8_000


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """``query`` is a query string as ``GET /v1/leads`` takes it."""

    id: str
    name: str
    query: str
    created_at: str


def of_account(caller: Caller) -> list[SavedSearch]:
    """Return the searches of the account by name."""
    rows = table.of_account(caller.account_id)
    return [SavedSearch(row["id"], row["name"], row["query"], row["created_at"]) for row in rows]


def save(caller: Caller, name: str, query: str) -> SavedSearch:
    """Keep a search, in place of another of the same name.

    Raise InvalidInput for no name or one too long, Conflict if the account has ``MOST`` others.
    """
    name = normalize.text(name) or ""
    if not 0 < len(name) <= LONGEST_NAME or len(query) > LONGEST_QUERY:
        message = f"must have 1 to {LONGEST_NAME} characters"
        raise InvalidInput(f"The name {message}.", [Violation("body", "name", "invalid", message, "/name")])
    made = SavedSearch(ids.new("srch"), name, query, clock.now_stamp())
    with base.transaction():
        account.lock(caller.account_id)
        if sum(other.name != name for other in of_account(caller)) >= MOST:
            raise Conflict(f"There are {MOST} saved searches. Delete one first.")
        row = {"id": made.id, "name": name, "query": query, "created_at": made.created_at}
        table.write(row | {"account_id": caller.account_id})
    return made


def delete(caller: Caller, search_id: str) -> None:
    """Forget a search; raise NotFound."""
    with base.transaction():
        if not table.delete(caller.account_id, search_id):
            raise NotFound("There is no saved search with this id.")
