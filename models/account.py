"""Accounts and their API keys."""

from collections.abc import Collection
from typing import Any

import orjson
import peewee

from models import base
from models.base import JSONText, Stamp


class Account(base.Model):
    """A customer. ``number`` is the short internal name used inside index keys; ``id`` the public one."""

    number = peewee.AutoField()
    id = peewee.CharField(max_length=40, unique=True)
    email = peewee.CharField(max_length=254, unique=True)
    plan = peewee.CharField(max_length=16)
    limits = JSONText(default=dict)  # overrides of single plan limits, by name
    manager = peewee.CharField(max_length=200, null=True)  # who looks after the account, as it is shown
    created_at = Stamp()


class ApiKey(base.Model):
    """``digest`` is the HMAC of the key; the key itself is shown once and kept nowhere."""

    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40, index=True)
    name = peewee.CharField(max_length=100)
    digest = peewee.CharField(max_length=64, unique=True)
    last4 = peewee.CharField(max_length=4)
    scopes = JSONText()
    created_at = Stamp()
    expires_at = Stamp(null=True)
    last_used_at = Stamp(null=True)
    revoked_at = Stamp(null=True)
    replaces = peewee.CharField(max_length=40, null=True)
    replaced_by = peewee.CharField(max_length=40, null=True)  # then it works until expires_at, beside its successor
    session_id = peewee.CharField(max_length=40, null=True, index=True)  # made for the console of this log-in only


TABLES: tuple[type[base.Model], ...] = (Account, ApiKey)


_CREDENTIAL = (
    "SELECT k.id, k.account_id, k.scopes, k.expires_at, k.last_used_at, a.plan, a.limits, a.number "
    "FROM api_key k JOIN account a ON a.id = k.account_id WHERE k.digest = ? AND k.revoked_at IS NULL"
)
_CREDENTIAL_COLUMNS = ("id", "account_id", "scopes", "expires_at", "last_used_at", "plan", "limits", "number")


def credential(digest: str) -> dict[str, Any] | None:
    """Return what a request needs to know about the key with this digest and its account, in one query.

    None for a key that was revoked: it takes just as long as for one that never was. Every request asks this. The SQL
    is written out because composing it takes peewee ten times as long as running it.
    """
    found = base.rows(_CREDENTIAL, (digest,))
    if not found:
        return None
    row = dict(zip(_CREDENTIAL_COLUMNS, found[0], strict=True))
    return row | {"scopes": orjson.loads(row["scopes"]), "limits": orjson.loads(row["limits"])}


_SHOWN = (
    ApiKey.id, ApiKey.name, ApiKey.scopes, ApiKey.last4, ApiKey.created_at, ApiKey.expires_at, ApiKey.last_used_at,
    ApiKey.revoked_at, ApiKey.replaces, ApiKey.replaced_by,
)  # fmt: skip


def keys(account_id: str, limit: int, after: str | None, *, revoked: bool = False) -> list[dict[str, Any]]:
    """Return up to ``limit`` keys of an account, newest first, older than ``after``: the revoked ones or the others."""
    wanted = (ApiKey.account_id == account_id) & ApiKey.revoked_at.is_null(not revoked) & ApiKey.session_id.is_null()
    query = ApiKey.select(*_SHOWN).where(wanted).order_by(ApiKey.id.desc()).limit(limit)
    page = query.where(ApiKey.id < after) if after else query
    return [dict(row) for row in page.dicts().iterator()]


def key(account_id: str, key_id: str) -> dict[str, Any] | None:
    """Return a key of an account that was not revoked, and is not part of a session."""
    standing = (ApiKey.account_id == account_id) & (ApiKey.id == key_id) & ApiKey.revoked_at.is_null()
    query = ApiKey.select(*_SHOWN).where(standing & ApiKey.session_id.is_null())
    found: dict[str, Any] | None = query.dicts().first()
    return found


def key_names(account_id: str, key_ids: Collection[str]) -> dict[str, str]:
    """Return the names of keys of an account by their ids, also of those that were revoked."""
    query: Any = ApiKey.select(ApiKey.id, ApiKey.name)
    return dict(query.where((ApiKey.account_id == account_id) & ApiKey.id.in_(key_ids)).tuples())


def count_valid_keys(account_id: str, now: str, *, replaced: bool = False) -> int:
    """Count the keys that still work: those that were not replaced, or only those that were and overlap.

    Those of the console do not count: they end with their session.
    """
    return int(
        ApiKey.select()
        .where(ApiKey.account_id == account_id, ApiKey.revoked_at.is_null())
        .where(ApiKey.expires_at.is_null() | (ApiKey.expires_at > now))
        .where(ApiKey.replaced_by.is_null(not replaced), ApiKey.session_id.is_null())
        .count()
    )


def set_manager(account_id: str, manager: str | None) -> None:
    Account.update(manager=manager).where(Account.id == account_id).execute()


def has_email(email: str) -> bool:
    """Tell whether an account has this address, in lower case."""
    return bool(Account.select().where(Account.email == email).exists())


def lock(account_id: str) -> None:
    """Inside a transaction: let nobody else count or add to what this account owns until it ends."""
    if not base.is_sqlite():
        base.rows("SELECT 1 FROM account WHERE id = ? FOR UPDATE", (account_id,))


def lock_all() -> None:
    """The same for every account."""
    if not base.is_sqlite():
        base.rows("SELECT 1 FROM account ORDER BY number FOR UPDATE")


def change(account_id: str, key_id: str, values: dict[str, Any]) -> None:
    """Set columns of a key."""
    ApiKey.update(**values).where(ApiKey.account_id == account_id, ApiKey.id == key_id).execute()


def revoke(account_id: str, key_id: str, now: str) -> bool:
    """Revoke a key; return False if it was revoked before."""
    still = (ApiKey.account_id == account_id) & (ApiKey.id == key_id) & ApiKey.revoked_at.is_null()
    return bool(ApiKey.update(revoked_at=now).where(still).execute())


def note_use(key_id: str, moment: str) -> None:
    """Note when the key was used, unless somebody else is writing just then: the next request will do."""
    with base.impatiently():
        ApiKey.update(last_used_at=moment).where(ApiKey.id == key_id).execute()
