"""Everything that happened in an account, in order: to catch up, and to follow without an endpoint of one's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from core import cursor
from core.errors import NotFound
from models import delivery as table
from services import pages
from services.accounts import Caller
from services.pages import Page


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. ``payload`` is the body of its webhooks."""

    id: str
    type: str
    sequence: int
    created_at: str
    payload: dict[str, Any]


def page(
    caller: Caller, limit: int, cursor_: str | None = None, types: Sequence[str] = (), after_sequence: int | None = None
) -> Page:
    """Return a page of ``Event``s: those after a sequence number in order, or else all, newest first.

    Raise InvalidCursor, PlanLimitExceeded.
    """
    caller.plan.require("rows_per_page", limit)
    binding = f"{caller.account_id} list_events {after_sequence is not None} {' '.join(types)}"
    last = int(cursor.decode(pages.secret(), binding, cursor_)[0]) if cursor_ else None
    after = None if after_sequence is None else max(after_sequence, last or 0)
    rows = table.events(caller.account_id, limit + 1, after=after, before=last, types=types)
    shown = [_event(row) for row in rows[:limit]]
    more = cursor.encode(pages.secret(), binding, [shown[-1].sequence]) if len(rows) > limit else None
    return Page(shown, more)


def get(caller: Caller, event_id: str) -> Event:
    """Raise NotFound unless it happened in this account."""
    row = table.event(caller.account_id, event_id)
    if row is None:
        raise NotFound("There is no event with this id.")
    return _event(row)


def _event(row: dict[str, Any]) -> Event:
    return Event(row["id"], row["type"], row["sequence"], row["created_at"], orjson.loads(row["body"]))
