"""Who is logged in: sessions are rows, found by the digest of a token that only one browser has.

A session ends when it was not used for IDLE, after LONGEST, when its user ends it, or with the membership it needs.
API keys made for its console end with it.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from core import clock, ids
from core.errors import NotFound
from models import base
from models import user as table
from services import accounts, audit
from services.accounts import Caller

IDLE = timedelta(days=7)
LONGEST = timedelta(days=30)
_SEEN_EVERY = timedelta(minutes=1)
ROLES = ("viewer", "member", "owner")
"""What a user may do in an account, each including the one before: look; change things; decide who may."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page: a user, in the account they look at. ``caller`` is for the services."""

    session_id: str
    user_id: str
    email: str
    role: str
    caller: Caller

    def may(self, role: str) -> bool:
        """Tell whether the visitor's role includes this one."""
        return ROLES.index(self.role) >= ROLES.index(role)


@dataclass(frozen=True, slots=True)
class SessionView:
    """What a user may know of one of their sessions. ``agent`` is what the browser calls itself."""

    id: str
    created_at: str
    last_seen_at: str
    address: str
    agent: str


def start(user_id: str, account_id: str, address: str, agent: str) -> str:
    """Log a user in, as a member of this account, and return the token for their browser.

    The token is always a new one, whatever the browser brought along. Raise NotFound unless the user is a member.
    """
    token, now = secrets.token_urlsafe(32), clock.now()
    stamp, agent = clock.stamp(now), agent[:200]
    if table.role(account_id, user_id) is None:
        raise NotFound("There is no such account.")
    with base.transaction():
        table.insert_session(
            {
                "id": ids.new("ses"), "digest": digest(token), "user_id": user_id, "account_id": account_id,
                "created_at": stamp, "last_seen_at": stamp, "expires_at": clock.stamp(now + LONGEST),
                "address": address, "agent": agent,
            }
        )  # fmt: skip
        caller = accounts.for_user(account_id, user_id, address)
        audit.record(caller, audit.LOGGED_IN, user_id, after={"agent": agent})
    return token


def find(token: str, address: str) -> Visitor | None:
    """Return who has this token, or None if it opens nothing (any more)."""
    row, now = table.session(digest(token)), clock.now()
    if row is None or row["expires_at"] <= clock.stamp(now) or row["last_seen_at"] <= clock.stamp(now - IDLE):
        return None
    if row["last_seen_at"] <= clock.stamp(now - _SEEN_EVERY):
        table.note_seen(row["id"], clock.stamp(now))
    caller = accounts.for_user(row["account_id"], row["user_id"], address)
    return Visitor(row["id"], row["user_id"], row["email"], row["role"], caller)


def of_user(user_id: str) -> list[SessionView]:
    """Return the sessions of a user that are still open, last used first."""
    now = clock.now()
    return [SessionView(**row) for row in table.sessions(user_id, clock.stamp(now - IDLE), clock.stamp(now))]


def end(user_id: str, session_id: str) -> None:
    """End one of the user's sessions at once; raise NotFound."""
    with base.transaction():
        if not table.end_session(user_id, session_id, clock.now_stamp()):
            raise NotFound("There is no such session.")


def end_others(visitor: Visitor) -> int:
    """End all sessions of the visitor's but the present one; return how many."""
    with base.transaction():
        return table.end_sessions(visitor.user_id, clock.now_stamp(), but=visitor.session_id)


def switch(visitor: Visitor, account_id: str) -> None:
    """Let the session look at another account of its user's; raise NotFound."""
    if table.role(account_id, visitor.user_id) is None:
        raise NotFound("There is no such account.")
    table.look_at(visitor.session_id, account_id)


def digest(token: str) -> str:
    """Return what is kept of a token: it is random, so a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode()).hexdigest()
