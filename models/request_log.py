"""Requests of the API, kept for a while, and how many an account made each month."""

from collections.abc import Mapping, Sequence
from typing import Any

import peewee

from models import base
from models.base import Stamp

Row = dict[str, Any]


class RequestLog(base.Model):
    """One request with a valid key, as ``services.request_log`` notes it."""

    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40)
    key_id = peewee.CharField(max_length=40)
    at = Stamp()
    method = peewee.CharField(max_length=8)
    path = peewee.CharField(max_length=200)
    target = peewee.TextField()
    status = peewee.IntegerField()
    error_code = peewee.CharField(max_length=40, null=True)
    error_message = peewee.TextField(null=True)
    duration_ms = peewee.IntegerField()
    address = peewee.CharField(max_length=64)

    class Meta:
        indexes = ((("account_id", "id", "status", "method", "key_id"), False),)  # what ``page`` looks at, and no more


_NEWEST = RequestLog.id.desc()


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


def page(
    account_id: str, limit: int, before: str | None, since: str, wanted: Mapping[str, Any], looked_at: int
) -> tuple[list[Row], str | None]:
    """Return up to ``limit`` requests of an account, newest first, and the id below which to go on; None at the end.

    Requests have ids from ``since`` on, below ``before``. ``wanted`` has the ``method``, the ``key_id`` and the first
    and last of the ``statuses``, or leaves them out. So that rare ones cost no more than frequent ones, no more than
    ``looked_at`` requests are looked at, and there may be fewer than ``limit``, or none, though not at the end.
    """
    here = RequestLog.account_id == account_id
    if before is not None:
        here &= RequestLog.id < before
    last = _nth(here & (RequestLog.id >= since), looked_at) if wanted else None
    here &= RequestLog.id >= (last or since)  # one bound: of two, SQLite may begin at the farther one
    for name in wanted.keys() & {"method", "key_id"}:
        here &= getattr(RequestLog, name) == wanted[name]
    if "statuses" in wanted:
        here &= RequestLog.status.between(*wanted["statuses"])
    found = [row.id for row in RequestLog.select(RequestLog.id).where(here).order_by(_NEWEST).limit(limit + 1)]
    query: Any = RequestLog.select().where(RequestLog.id.in_(found[:limit])).order_by(_NEWEST)
    return list(query.dicts()), found[limit - 1] if len(found) > limit else last


def _nth(here: Any, number: int) -> str | None:
    """Return the id of the request of this number, from 1, newest first; None if there are not so many."""
    query = RequestLog.select(RequestLog.id).where(here).order_by(_NEWEST)
    found: str | None = query.offset(number - 1).limit(1).scalar()
    return found


def made_since(table: str, account_id: str, first_id: str) -> int:
    """Return how many things of an account, with ids that sort by time, were made from an id on."""
    if table not in ("scan", "export", "enrichment"):
        raise ValueError(f"{table} has no such index")
    sql = " ".join(("SELECT count(*) FROM", table, "WHERE account_id = ? AND id >= ?"))
    return int(base.rows(sql, (account_id, first_id))[0][0])
