"""What an account asked the API in the last 30 days, and how it was answered.

Noting a request costs microseconds and no transaction: each process writes what it noted every few seconds, in one.
What a killed process had not written is lost; nothing depends on it. Bodies are never kept, and whatever looks like a
secret is masked.
"""

import logging
import re
import threading
from collections import Counter, deque
from dataclasses import asdict, dataclass
from datetime import timedelta

from core import clock, ids
from core import cursor as cursors
from core.errors import NotFound
from models import base
from models import request_log as table
from services import pages
from services.accounts import Caller
from services.pages import Page

log = logging.getLogger(__name__)

KEPT = timedelta(days=30)
_MOST_NOTED = 20_000
_LONGEST_TEXT = 2_000
_LOOKED_AT = 20_000
_SECRETS = re.compile(r"(mt_(?:live|test)_|whsec_)[0-9A-Za-z+/=%]+|((?:[?&](?:key|token|secret|password)[^=&]*)=)[^&]*")

_noted: deque["LoggedRequest"] = deque(maxlen=_MOST_NOTED)
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request with a valid key. ``path`` is the operation's template, ``target`` path and query as they came.

    ``target`` and ``error_message`` are ``masked``.
    """

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
    error_message: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests: with a status from the first to the second of ``statuses``, a method, a key; None is any."""

    statuses: tuple[int, int] | None = None
    method: str | None = None
    key_id: str | None = None


ANY = Wanted()


def note(request: LoggedRequest) -> None:
    """Remember a request until the next ``flush``; the oldest are dropped if there are too many."""
    with _lock:
        _noted.append(request)


def masked(text: str) -> str:
    """Return a path with its query, or a message; at most 2,000 characters, without what looks like a secret."""
    return _SECRETS.sub(lambda found: f"{found[1] or found[2]}***", text)[:_LONGEST_TEXT]


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


def list_requests(caller: Caller, limit: int, cursor: str | None = None, wanted: Wanted = ANY) -> Page:
    """Return a page of the account's ``LoggedRequest``s of the last 30 days, newest first.

    A page is of 20,000 requests at most, of which few may be ``wanted``: it may be short, or empty, and not the last.
    Raise PlanLimitExceeded, InvalidCursor.
    """
    caller.plan.require("rows_per_page", limit)
    binding = f"{caller.account_id} list_requests {wanted}"
    before = cursors.decode(pages.secret(), binding, cursor)[0] if cursor else None
    asked = {name: value for name, value in asdict(wanted).items() if value is not None}
    since = ids.lowest("req", clock.now() - KEPT)
    rows, below = table.page(caller.account_id, limit, before, since, asked, _LOOKED_AT)
    following = cursors.encode(pages.secret(), binding, [below]) if below else None
    return Page([LoggedRequest(**row) for row in rows], following)


def get_request(caller: Caller, request_id: str) -> LoggedRequest:
    """Return one request of the account; raise NotFound, also for one of a moment ago that is not written yet."""
    row = table.get(caller.account_id, request_id)
    if row is None:
        raise NotFound("There is no request with this id in the last 30 days.")
    return LoggedRequest(**row)


def has_request(caller: Caller, request_id: str) -> bool:
    """Tell whether there is such a request of the account."""
    return table.get(caller.account_id, request_id) is not None
