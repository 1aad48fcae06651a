"""Pages of a list that is ordered by id, newest first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core import config, cursor
from services.accounts import Caller


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and the cursor of the next page (None on the last)."""

    rows: list[Any]
    next_cursor: str | None


def newest_first(
    caller: Caller,
    operation: str,
    limit: int,
    after: str | None,
    fetch: Callable[[int, str | None], list[Any]],
    key: Callable[[Any], str],
) -> Page:
    """Return one page of what ``fetch(count, last_key)`` lists; ``key`` names a row's place in the list.

    Raise PlanLimitExceeded if the plan allows fewer rows a page, InvalidCursor for a cursor of another list.
    """
    caller.plan.require("rows_per_page", limit)
    binding = f"{caller.account_id} {operation}"
    last = cursor.decode(secret(), binding, after)[0] if after else None
    rows = fetch(limit + 1, last)
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(rows, cursor.encode(secret(), binding, [key(rows[-1])]) if more else None)


def secret() -> bytes:
    """Return the key that signs cursors."""
    return config.current().secret("cursors")
