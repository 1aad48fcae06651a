"""People who log in: users, the accounts they are members of, their sessions, and links that work once.

Sessions and links are found by the digest of a token that only its bearer has; a stolen database opens neither.
"""

from typing import Any

import peewee

from models import base
from models.account import Account, ApiKey
from models.base import Stamp

Row = dict[str, Any]


class User(base.Model):
    """``password`` is an argon2 hash; None until the person has chosen one."""

    id = peewee.CharField(max_length=40, primary_key=True)
    email = peewee.CharField(max_length=254, unique=True)
    password = peewee.CharField(max_length=200, null=True)
    created_at = Stamp()


class Membership(base.Model):
    """What a user may do in an account."""

    account_id = peewee.CharField(max_length=40)
    user_id = peewee.CharField(max_length=40, index=True)
    role = peewee.CharField(max_length=16)
    created_at = Stamp()

    class Meta:
        primary_key = peewee.CompositeKey("account_id", "user_id")


class Session(base.Model):
    """One browser that is logged in, and the account it looks at."""

    id = peewee.CharField(max_length=40, primary_key=True)
    digest = peewee.CharField(max_length=64, unique=True)
    user_id = peewee.CharField(max_length=40, index=True)
    account_id = peewee.CharField(max_length=40)
    created_at = Stamp()
    last_seen_at = Stamp()
    expires_at = Stamp(index=True)
    address = peewee.CharField(max_length=64)
    agent = peewee.CharField(max_length=200)


class OneTimeLink(base.Model):
    """Makes whoever has it a member of an account, or lets the user ``user_id`` choose a new password."""

    id = peewee.CharField(max_length=40, primary_key=True)
    digest = peewee.CharField(max_length=64, unique=True)
    account_id = peewee.CharField(max_length=40, index=True, null=True)
    role = peewee.CharField(max_length=16, null=True)
    user_id = peewee.CharField(max_length=40, index=True, null=True)
    created_at = Stamp()
    expires_at = Stamp(index=True)


TABLES: tuple[type[base.Model], ...] = (User, Membership, Session, OneTimeLink)


def by_email(email: str) -> Row | None:
    return _first(User.select().where(User.email == email))


def by_id(user_id: str) -> Row | None:
    return _first(User.select().where(User.id == user_id))


def insert(row: Row) -> None:
    User.insert(**row).execute()


def set_password(user_id: str, password: str) -> None:
    User.update(password=password).where(User.id == user_id).execute()


def join(account_id: str, user_id: str, role: str, now: str) -> None:
    """Make a user a member; one who is already stays what they are."""
    row = {"account_id": account_id, "user_id": user_id, "role": role, "created_at": now}
    Membership.insert(**row).on_conflict_ignore().execute()


def role(account_id: str, user_id: str) -> str | None:
    found = _first(Membership.select(Membership.role).where(_membership(account_id, user_id)))
    return str(found["role"]) if found else None


def members(account_id: str) -> list[Row]:
    """Return the members of an account with their addresses, longest first."""
    joined = Membership.select(User.id, User.email, Membership.role, Membership.created_at).join(
        User, on=(User.id == Membership.user_id)
    )
    return _all(joined.where(Membership.account_id == account_id).order_by(Membership.created_at, User.id))


def memberships(user_id: str) -> list[Row]:
    """Return the accounts of a user with the role in each, longest first."""
    joined = Membership.select(Account.id, Account.email, Membership.role).join(
        Account, on=(Account.id == Membership.account_id)
    )
    return _all(joined.where(Membership.user_id == user_id).order_by(Membership.created_at, Account.id))


def set_role(account_id: str, user_id: str, role: str) -> None:
    Membership.update(role=role).where(_membership(account_id, user_id)).execute()


def leave(account_id: str, user_id: str, now: str) -> None:
    """End a membership, and the sessions that look at the account."""
    Membership.delete().where(_membership(account_id, user_id)).execute()
    _end((Session.account_id == account_id) & (Session.user_id == user_id), now)


def owners(account_id: str) -> int:
    return int(Membership.select().where(Membership.account_id == account_id, Membership.role == "owner").count())


_SESSION = (
    "SELECT s.id, s.user_id, s.account_id, s.last_seen_at, s.expires_at, u.email, m.role "
    'FROM session s JOIN "user" u ON u.id = s.user_id '
    "JOIN membership m ON m.user_id = s.user_id AND m.account_id = s.account_id WHERE s.digest = ?"
)
_SESSION_COLUMNS = ("id", "user_id", "account_id", "last_seen_at", "expires_at", "email", "role")


def session(digest: str) -> Row | None:
    """Return a session with its user's address and role, in one query; every page asks this."""
    found = base.rows(_SESSION, (digest,))
    return dict(zip(_SESSION_COLUMNS, found[0], strict=True)) if found else None


def insert_session(row: Row) -> None:
    Session.insert(**row).execute()


def sessions(user_id: str, since: str, now: str) -> list[Row]:
    """Return the sessions of a user that were seen after ``since`` and have not ended, last seen first."""
    alive = (Session.user_id == user_id) & (Session.last_seen_at > since) & (Session.expires_at > now)
    shown = (Session.id, Session.created_at, Session.last_seen_at, Session.address, Session.agent)
    return _all(Session.select(*shown).where(alive).order_by(Session.last_seen_at.desc(), Session.id))


def note_seen(session_id: str, now: str) -> None:
    """Note that a session is in use, unless somebody else is writing just then."""
    with base.impatiently():
        Session.update(last_seen_at=now).where(Session.id == session_id).execute()


def look_at(session_id: str, account_id: str) -> None:
    Session.update(account_id=account_id).where(Session.id == session_id).execute()


def end_session(user_id: str, session_id: str, now: str) -> bool:
    """Return False if the user has no such session."""
    return bool(_end((Session.user_id == user_id) & (Session.id == session_id), now))


def end_sessions(user_id: str, now: str, but: str | None = None) -> int:
    """End all sessions of a user, or all but one; return how many."""
    mine = Session.user_id == user_id
    return _end(mine & (Session.id != but) if but else mine, now)


def _end(which: Any, now: str) -> int:
    """End sessions, and the keys that were made for their consoles."""
    ended = [row["id"] for row in _all(Session.select(Session.id).where(which))]
    ApiKey.update(revoked_at=now).where(ApiKey.session_id.in_(ended), ApiKey.revoked_at.is_null()).execute()
    return int(Session.delete().where(Session.id.in_(ended)).execute())


def insert_link(row: Row) -> None:
    OneTimeLink.insert(**row).execute()


def link(digest: str, now: str) -> Row | None:
    """Return a link that can still be used."""
    return _first(OneTimeLink.select().where((OneTimeLink.digest == digest) & (OneTimeLink.expires_at > now)))


def invitations(account_id: str, now: str) -> list[Row]:
    """Return the invitations of an account that can still be used, newest first."""
    shown = (OneTimeLink.id, OneTimeLink.role, OneTimeLink.created_at, OneTimeLink.expires_at)
    open_ones = OneTimeLink.select(*shown).where(OneTimeLink.account_id == account_id, OneTimeLink.expires_at > now)
    return _all(open_ones.order_by(OneTimeLink.id.desc()))


def use_link(link_id: str) -> bool:
    """Use a link up; return False if somebody else just did."""
    return bool(OneTimeLink.delete().where(OneTimeLink.id == link_id).execute())


def withdraw(account_id: str, invitation_id: str) -> bool:
    """Return False if the account has no such invitation."""
    mine = (OneTimeLink.account_id == account_id) & (OneTimeLink.id == invitation_id)
    return bool(OneTimeLink.delete().where(mine).execute())


def withdraw_resets(user_id: str) -> None:
    """Let no earlier link change the user's password."""
    OneTimeLink.delete().where(OneTimeLink.user_id == user_id).execute()


def _membership(account_id: str, user_id: str) -> Any:
    return (Membership.account_id == account_id) & (Membership.user_id == user_id)


def _all(query: Any) -> list[Row]:
    return list(query.dicts())


def _first(query: Any) -> Row | None:
    found: Row | None = query.dicts().first()
    return found
