"""Requests of the API, kept for a while, and how many an account made each month."""

from collections.abc import Sequence
from typing import Any

import peewee

from models import base
from models.base import Stamp

Row = dict[str, Any]


class RequestLog(base.Model):
    """One request with a valid key. ``path`` is the operation's template, ``target`` what was asked, secrets masked."""

    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40)
    key_id = peewee.CharField(max_length=40)
    at = Stamp()
    method = peewee.CharField(max_length=8)
    path = peewee.CharField(max_length=200)
    target = peewee.TextField()
    status = peewee.IntegerField()
    error_code = peewee.CharField(max_length=40, null=True)
    duration_ms = peewee.IntegerField()
    address = peewee.CharField(max_length=64)

    class Meta:
        indexes = ((("account_id", "id"), False),)


class UsageCount(base.Model):
    """How often an account did something in a month (``2026-11``, UTC)."""

    account_id = peewee.CharField(max_length=40)
    month = peewee.CharField(max_length=7)
    name = peewee.CharField(max_length=32)
    count = peewee.BigIntegerField()

    class Meta:
        primary_key = peewee.CompositeKey("account_id", "month", "name")


TABLES: tuple[type[base.Model], ...] = (RequestLog, UsageCount)


def write(rows: Sequence[Row]) -> None:
    """Write requests; one that is there already is left alone."""
    for chunk in peewee.chunked(rows, 80):
        RequestLog.insert_many(chunk).on_conflict_ignore().execute()


def count(account_id: str, month: str, name: str, by: int) -> None:
    """Add to what an account did in a month."""
    base.database.execute_sql(
        base.portable(
            "INSERT INTO usage_count (account_id, month, name, count) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (account_id, month, name) DO UPDATE SET count = usage_count.count + excluded.count"
        ),
        (account_id, month, name, by),
    )


def counts(account_id: str, month: str) -> dict[str, int]:
    """Return what an account did in a month, by name."""
    mine = (UsageCount.account_id == account_id) & (UsageCount.month == month)
    query: Any = UsageCount.select(UsageCount.name, UsageCount.count).where(mine)
    return dict(query.tuples())


def get(account_id: str, request_id: str) -> Row | None:
    here = (RequestLog.account_id == account_id) & (RequestLog.id == request_id)
    found: Row | None = RequestLog.select().where(here).dicts().first()
    return found


def page(account_id: str, limit: int, after: str | None, *, failed: bool, since: str) -> list[Row]:
    """Return up to ``limit`` requests of an account, newest first, with an id from ``since`` on."""
    query: Any = RequestLog.select().where((RequestLog.account_id == account_id) & (RequestLog.id >= since))
    if after is not None:
        query = query.where(RequestLog.id < after)
    if failed:
        query = query.where(RequestLog.status >= 400)
    return list(query.order_by(RequestLog.id.desc()).limit(limit).dicts())


def forget_before(request_id: str, limit: int) -> int:
    """Delete up to ``limit`` requests with lower ids; return how many."""
    old = RequestLog.select(RequestLog.id).where(RequestLog.id < request_id).order_by(RequestLog.id).limit(limit)
    ids = [row.id for row in old]
    return int(RequestLog.delete().where(RequestLog.id.in_(ids)).execute()) if ids else 0


def made_since(table: str, account_id: str, first_id: str) -> int:
    """Return how many things of an account, with ids that sort by time, were made from an id on."""
    if table not in ("scan", "export"):
        raise ValueError(f"{table} has no such index")
    sql = " ".join(("SELECT count(*) FROM", table, "WHERE account_id = ? AND id >= ?"))
    return int(base.rows(sql, (account_id, first_id))[0][0])
