"""Businesses that must not be leads: of one account, or (``account_id`` empty) of any."""

from collections.abc import Iterable, Mapping
from typing import Any

import peewee

from models import base
from models.base import Stamp

EVERYBODY = ""
"""Stands for the account of what the operator suppressed for all."""

Row = dict[str, Any]


class Suppression(base.Model):
    """What was asked for: ``kind`` is ``domain``, ``email``, ``phone``, ``place`` or ``lead``, ``value`` which."""

    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40)
    kind = peewee.CharField(max_length=8)
    value = peewee.TextField()
    reason = peewee.CharField(max_length=16)
    name = peewee.TextField(null=True)  # of the lead, to tell one from another
    note = peewee.TextField(null=True)
    leads_removed = peewee.IntegerField()
    created_at = Stamp()

    class Meta:
        indexes = ((("account_id", "id"), False), (("account_id", "kind", "value"), True))


class SuppressionKey(base.Model):
    """What it is known by when it is met: ``kind`` is ``domain``, ``email``, ``phone``, ``place`` or ``record``.

    A ``place`` takes the whole business with it that it is a part of, a ``record`` only itself.
    """

    suppression_id = peewee.CharField(max_length=40)
    account_id = peewee.CharField(max_length=40)
    kind = peewee.CharField(max_length=8)
    value = peewee.TextField()

    class Meta:
        primary_key = peewee.CompositeKey("suppression_id", "kind", "value")
        indexes = ((("account_id", "kind", "value"), False),)


TABLES: tuple[type[base.Model], ...] = (Suppression, SuppressionKey)


def insert(row: Row, keys: Iterable[tuple[str, str]]) -> None:
    """Write a suppression and its (kind, value) keys."""
    Suppression.insert(row).execute()
    owner = {"suppression_id": row["id"], "account_id": row["account_id"]}
    for chunk in peewee.chunked([{**owner, "kind": kind, "value": value} for kind, value in keys], 200):
        SuppressionKey.insert_many(chunk).execute()


def find(account_id: str, kind: str, value: str) -> Row | None:
    """Return the account's suppression of this, if there is one."""
    here = (Suppression.account_id == account_id) & (Suppression.kind == kind) & (Suppression.value == value)
    found: Row | None = Suppression.select().where(here).dicts().first()
    return found


def get(account_id: str, suppression_id: str) -> Row | None:
    here = (Suppression.account_id == account_id) & (Suppression.id == suppression_id)
    found: Row | None = Suppression.select().where(here).dicts().first()
    return found


def page(account_id: str, limit: int, after: str | None = None) -> list[Row]:
    """Return up to ``limit`` suppressions of the account, newest first, from the one after ``after`` on."""
    query: Any = Suppression.select().where(Suppression.account_id == account_id)
    if after is not None:
        query = query.where(Suppression.id < after)
    return list(query.order_by(Suppression.id.desc()).limit(limit).dicts())


def delete(suppression_id: str) -> None:
    SuppressionKey.delete().where(SuppressionKey.suppression_id == suppression_id).execute()
    Suppression.delete().where(Suppression.id == suppression_id).execute()


def any_for(account_id: str) -> bool:
    """Tell whether anything at all is suppressed for the account: mostly nothing is."""
    sql = "SELECT 1 FROM suppression WHERE account_id IN (?, ?) LIMIT 1"
    return bool(base.rows(sql, (account_id, EVERYBODY)))


def among(account_id: str, keys: Mapping[str, Iterable[str]]) -> set[tuple[str, str]]:
    """Return those of the keys (kind -> values) that are suppressed for the account."""
    found: set[tuple[str, str]] = set()
    for kind, values in keys.items():
        for chunk in peewee.chunked(sorted(set(values)), 500):
            mine = SuppressionKey.account_id.in_((account_id, EVERYBODY)) & (SuppressionKey.kind == kind)
            query: Any = SuppressionKey.select(SuppressionKey.value).where(mine & SuppressionKey.value.in_(chunk))
            found.update((kind, value) for (value,) in query.tuples())
    return found
