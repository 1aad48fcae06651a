"""What an account asked the API in the last 30 days, and how it was answered.

Noting a request costs microseconds and no transaction: each process writes what it noted every few seconds, in one.
What a killed process had not written is lost; nothing depends on it. Bodies are never kept, and whatever looks like a
secret is masked.
"""

import logging
import re
import threading
from collections import Counter, deque
from dataclasses import dataclass
from datetime import timedelta

from core import clock, ids
from core.errors import NotFound
from models import base
from models import request_log as table
from services import pages
from services.accounts import Caller
from services.pages import Page

log = logging.getLogger(__name__)

KEPT = timedelta(days=30)
_MOST_NOTED = 20_000
_PURGED_AT_ONCE = 1_000
_LONGEST_TARGET = 2_000
_SECRETS = re.compile(r"(mt_(?:live|test)_|whsec_)[0-9A-Za-z+/=%]+|((?:[?&](?:key|token|secret|password)[^=&]*)=)[^&]*")

_noted: deque["LoggedRequest"] = deque(maxlen=_MOST_NOTED)
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request with a valid key. ``path`` is the operation's template, ``target`` path and query as they came."""

    id: str
    account_id: str
    key_id: str
    at: str
    method: str
    path: str
    target: str
    status: int
    error_code: str | None
    duration_ms: int
    address: str


def note(request: LoggedRequest) -> None:
    """Remember a request until the next ``flush``; the oldest are dropped if there are too many."""
    with _lock:
        _noted.append(request)


def masked(target: str) -> str:
    """Return a path with its query, at most 2,000 characters of it, without what looks like a secret."""
    return _SECRETS.sub(lambda found: f"{found[1] or found[2]}***", target)[:_LONGEST_TARGET]


def flush() -> None:
    """Write what was noted, and count it in the usage of its accounts; keep it if the database does not answer."""
    with _lock:
        taken = list(_noted)
        _noted.clear()
    if not taken:
        return
    used = Counter((request.account_id, request.at[:7]) for request in taken)
    try:
        with base.connection(), base.transaction():
            table.write([{name: getattr(one, name) for name in LoggedRequest.__dataclass_fields__} for one in taken])
            for (account_id, month), number in sorted(used.items()):
                table.count(account_id, month, "requests", number)
    except Exception as error:  # a log must never be what breaks the work
        with _lock:
            _noted.extendleft(reversed(taken[-(_MOST_NOTED - len(_noted)) :]))
        log.error("cannot write the request log: %s", error)


def list_requests(caller: Caller, limit: int, cursor: str | None = None, *, failed: bool = False) -> Page:
    """Return a page of the account's ``LoggedRequest``s of the last 30 days, newest first; ``failed``: 4xx and 5xx."""
    since = ids.lowest("req", clock.now() - KEPT)

    def fetch(count: int, after: str | None) -> list[LoggedRequest]:
        rows = table.page(caller.account_id, count, after, failed=failed, since=since)
        return [LoggedRequest(**row) for row in rows]

    return pages.newest_first(caller, f"list_requests {failed}", limit, cursor, fetch, lambda one: str(one.id))


def get_request(caller: Caller, request_id: str) -> LoggedRequest:
    """Return one request of the account; raise NotFound, also for one of a moment ago that is not written yet."""
    row = table.get(caller.account_id, request_id)
    if row is None:
        raise NotFound("There is no request with this id in the last 30 days.")
    return LoggedRequest(**row)


def purge() -> None:
    """Delete what was kept long enough, a little at a time."""
    oldest = ids.lowest("req", clock.now() - KEPT)
    while True:
        with base.transaction():
            if table.forget_before(oldest, _PURGED_AT_ONCE) < _PURGED_AT_ONCE:
                return
