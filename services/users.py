"""People who log in: how they come, prove who they are, and get a new password."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from core import clock, config, ids
from core.errors import Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated, Violation
from models import base
from models import user as table
from services import accounts, audit, passwords, sessions
from services.sessions import Visitor

RESET_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in, and the account they look at first."""

    id: str
    email: str
    account_id: str


def sign_up(email: str, password: str) -> User:
    """Make an account on the free plan with its owner.

    Raise Forbidden where the operator closed signing up, InvalidInput for an address or password that will not do,
    Conflict if the address is taken, by an account that an operator made too.
    """
    if not config.current().signup_open:
        raise Forbidden("Signing up is closed here. Ask the operator for an account.")
    passwords.require_good(password, email)
    kept = passwords.hashed(password)
    with base.transaction():
        if table.by_email(email.lower()):
            raise Conflict(f"There is already an account for {email}.")
        account_id = accounts.create(email).account_id
        return add(email, kept, account_id, "owner")


def add(email: str, kept: str | None, account_id: str, role: str) -> User:
    """Inside a transaction: make a user, who has no password yet if ``kept`` is None, and a member of an account."""
    now, user_id = clock.now_stamp(), ids.new("usr")
    table.insert({"id": user_id, "email": email.lower(), "password": kept, "created_at": now})
    table.join(account_id, user_id, role, now)
    caller = accounts.for_user(account_id, user_id)
    audit.record(caller, audit.JOINED, user_id, after={"email": email.lower(), "role": role})
    return User(user_id, email.lower(), account_id)


def set_owner_password(email: str, password: str) -> None:
    """Give the account with this address an owner who logs in with the password. Raise NotFound, InvalidInput."""
    passwords.require_good(password, email)
    user_id, kept = _owner(email), passwords.hashed(password)
    with base.transaction():
        table.set_password(user_id, kept)
        table.end_sessions(user_id, clock.now_stamp())


def log_in(email: str, password: str) -> User:
    """Return who this is; raise Unauthenticated in the same words and time for an unknown address."""
    row = table.by_email(email.strip().lower())
    known = passwords.matches(row["password"] if row else None, password)
    member = table.memberships(row["id"]) if row and known else []
    if row is None or not known:
        raise Unauthenticated("The email address or the password is wrong.")
    if not member:
        raise Unauthenticated("You are not a member of any account any more. Ask its owner for an invitation.")
    return User(row["id"], row["email"], member[0]["id"])


def change_password(visitor: Visitor, present: str, wanted: str) -> None:
    """Set another password, and end the user's other sessions. Raise InvalidInput."""
    row = table.by_id(visitor.user_id)
    if row is None or not passwords.matches(row["password"], present):
        problem = Violation("body", "present", "not_allowed", "is not your present password", "/present")
        raise InvalidInput("This is not your present password.", [problem])
    passwords.require_good(wanted, visitor.email)
    kept = passwords.hashed(wanted)
    with base.transaction():
        table.set_password(visitor.user_id, kept)
        table.end_sessions(visitor.user_id, clock.now_stamp(), but=visitor.session_id)
        audit.record(visitor.caller, audit.PASSWORD_CHANGED, visitor.user_id, after={"by": "the user"})


def reset_link(email: str) -> str:
    """Return a link with which the user chooses a new password, once and within RESET_WITHIN; for the operator.

    An account that was made without a password gets its owner by it. Raise NotFound for an unknown address.
    """
    row = table.by_email(email.lower())
    user_id = str(row["id"]) if row else _owner(email)
    token = secrets.token_urlsafe(32)
    with base.transaction():
        table.withdraw_resets(user_id)
        table.insert_link(_reset(user_id, token))
    return f"{config.current().public_url}/dashboard/reset/{token}"


def whose_reset(token: str) -> str:
    """Return the address of the user whose password a link resets; raise NotFound when it works no more."""
    _, email = _open_reset(token)
    return email


def reset_password(token: str, wanted: str) -> User:
    """Set the password of the user with this link, end all their sessions, and use the link up.

    Raise NotFound, InvalidInput for a password that will not do.
    """
    row, email = _open_reset(token)
    passwords.require_good(wanted, email)
    kept, user_id = passwords.hashed(wanted), str(row["user_id"])
    with base.transaction():
        if not table.use_link(row["id"]):
            raise NotFound(_USED)
        table.set_password(user_id, kept)
        table.end_sessions(user_id, clock.now_stamp())
        for account in table.memberships(user_id):
            told = accounts.for_user(account["id"], user_id)
            audit.record(told, audit.PASSWORD_CHANGED, user_id, after={"by": "a link from the operator"})
    return log_in(email, wanted)


_USED = "This link was used, or is too old. Ask for a new one."


def _open_reset(token: str) -> tuple[table.Row, str]:
    row = table.link(sessions.digest(token), clock.now_stamp())
    owner = table.by_id(row["user_id"]) if row and row["user_id"] else None
    if row is None or owner is None:
        raise NotFound(_USED)
    return row, owner["email"]


def _reset(user_id: str, token: str) -> table.Row:
    now = clock.now()
    return {
        "id": ids.new("lnk"), "digest": sessions.digest(token), "user_id": user_id,
        "created_at": clock.stamp(now), "expires_at": clock.stamp(now + RESET_WITHIN),
    }  # fmt: skip


def _owner(email: str) -> str:
    """Return the user with the address of an account, made its owner if there is none."""
    row = table.by_email(email.lower())
    if row:
        return str(row["id"])
    account_id = accounts.by_email(email).account_id
    with base.transaction():
        return add(email, None, account_id, "owner").id
