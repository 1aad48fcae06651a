"""Accounts and their API keys."""

from typing import Any

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


TABLES: tuple[type[base.Model], ...] = (Account, ApiKey)


def credential(digest: str) -> dict[str, Any] | None:
    """Return what a request needs to know about the key with this digest and its account, in one query."""
    query = (
        ApiKey.select(
            ApiKey.id, ApiKey.account_id, ApiKey.scopes, ApiKey.expires_at, ApiKey.revoked_at, ApiKey.last_used_at,
            Account.plan, Account.limits, Account.number,
        )
        .join(Account, on=(Account.id == ApiKey.account_id))
        .where(ApiKey.digest == digest)
    )  # fmt: skip
    found: dict[str, Any] | None = query.dicts().first()
    return found
