"""Who may do what in an account: its members, and links that invite more.

An account always keeps an owner. Who decides about members is an owner; the pages see to that.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from core import clock, config, ids
from core.errors import Conflict, InvalidInput, NotFound
from models import account as account_table
from models import base
from models import user as table
from services import accounts, audit, passwords, sessions, users
from services.accounts import Caller
from services.sessions import ROLES
from services.users import User

INVITED_FOR = timedelta(days=7)
MOST_INVITATIONS = 50


@dataclass(frozen=True, slots=True)
class Member:
    """A user as the other members see them."""

    id: str
    email: str
    role: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that was given out and not used yet; the link itself is shown once."""

    id: str
    role: str
    created_at: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """What an invited person is told: whose account, and what they may do there."""

    account: str
    role: str


@dataclass(frozen=True, slots=True)
class Home:
    """One of the accounts of a user."""

    id: str
    email: str
    role: str


def of_account(caller: Caller) -> list[Member]:
    """Return the members of the caller's account, longest first."""
    return [Member(**row) for row in table.members(caller.account_id)]


def accounts_of(user_id: str) -> list[Home]:
    """Return the accounts that a user is a member of, longest first."""
    return [Home(**row) for row in table.memberships(user_id)]


def invitations(caller: Caller) -> list[Invitation]:
    """Return the invitations that still work, newest first."""
    return [Invitation(**row) for row in table.invitations(caller.account_id, clock.now_stamp())]


def invite(caller: Caller, role: str) -> str:
    """Return a link that makes one person a member; raise InvalidInput for a role that there is not, Conflict for
    more than MOST_INVITATIONS open links."""
    _require_role(role)
    token, now, link_id = secrets.token_urlsafe(32), clock.now(), ids.new("lnk")
    row = {
        "id": link_id, "digest": sessions.digest(token), "account_id": caller.account_id, "role": role,
        "created_at": clock.stamp(now), "expires_at": clock.stamp(now + INVITED_FOR),
    }  # fmt: skip
    with base.transaction():
        account_table.lock(caller.account_id)
        if len(table.invitations(caller.account_id, clock.stamp(now))) >= MOST_INVITATIONS:
            raise Conflict("There are too many open invitations. Withdraw some first.")
        table.insert_link(row)
        audit.record(caller, audit.INVITED, link_id, after={"role": role})
    return f"{config.current().public_url}/dashboard/join/{token}"


def withdraw(caller: Caller, invitation_id: str) -> None:
    """Let an invitation work no more; raise NotFound."""
    with base.transaction():
        if not table.withdraw(caller.account_id, invitation_id):
            raise NotFound("There is no such invitation.")
        audit.record(caller, audit.INVITATION_WITHDRAWN, invitation_id)


def welcome(token: str) -> Welcome:
    """Return what a link invites to; raise NotFound when it works no more."""
    row = _open(token)
    return Welcome(accounts.view(accounts.by_id(row["account_id"])).email, row["role"])


def join(token: str, user_id: str) -> str:
    """Make a user a member, use the link up, and return the account's id. Raise NotFound."""
    row = _open(token)
    with base.transaction():
        _use(row)
        table.join(row["account_id"], user_id, row["role"], clock.now_stamp())
        caller = accounts.for_user(row["account_id"], user_id)
        audit.record(caller, audit.JOINED, user_id, after={"role": table.role(row["account_id"], user_id)})
    return str(row["account_id"])


def join_as_new(token: str, email: str, password: str) -> User:
    """Make a user who is a member by this link. Raise NotFound, InvalidInput, Conflict for a known address."""
    row = _open(token)
    accounts.require_email(email)
    passwords.require_good(password, email)
    kept = passwords.hashed(password)
    with base.transaction():
        if table.by_email(email.lower()) or account_table.has_email(email.lower()):
            raise Conflict(f"There is already an account for {email}. Log in, then open the link again.")
        _use(row)
        return users.add(email, kept, row["account_id"], row["role"])


def change_role(caller: Caller, user_id: str, role: str) -> None:
    """Raise NotFound, InvalidInput for a role that there is not, Conflict for the last owner."""
    _require_role(role)
    with base.transaction():
        before = _member(caller, user_id)
        if before == role:
            return
        if before == "owner":
            _require_another_owner(caller)
        table.set_role(caller.account_id, user_id, role)
        audit.record(caller, audit.ROLE_CHANGED, user_id, {"role": before}, {"role": role})


def remove(caller: Caller, user_id: str) -> None:
    """End a membership and what its user has open of this account. Raise NotFound, Conflict for the last owner."""
    with base.transaction():
        before = _member(caller, user_id)
        if before == "owner":
            _require_another_owner(caller)
        table.leave(caller.account_id, user_id, clock.now_stamp())
        audit.record(caller, audit.REMOVED, user_id, {"role": before})


def _open(token: str) -> table.Row:
    row = table.link(sessions.digest(token), clock.now_stamp())
    if row is None or row["account_id"] is None:
        raise NotFound("This invitation was used or withdrawn, or is too old. Ask for a new one.")
    return row


def _use(row: table.Row) -> None:
    if not table.use_link(row["id"]):
        raise NotFound("This invitation was just used.")


def _member(caller: Caller, user_id: str) -> str:
    account_table.lock(caller.account_id)
    role = table.role(caller.account_id, user_id)
    if role is None:
        raise NotFound("There is no such member.")
    return role


def _require_another_owner(caller: Caller) -> None:
    if table.owners(caller.account_id) < 2:
        raise Conflict("An account keeps at least one owner. Make another member an owner first.")


def _require_role(role: str) -> None:
    if role not in ROLES:
        raise InvalidInput(f"There is no role {role[:32]!r}. Choose one of: {', '.join(ROLES)}.")
