"""Answers kept so that a repeated request with the same Idempotency-Key creates nothing twice."""

import peewee

from models import base
from models.base import Stamp


class IdempotencyRecord(base.Model):
    """Written in the transaction of the effect: there is a record if and only if there is an effect."""

    account_id = peewee.CharField(max_length=40)
    operation = peewee.CharField(max_length=64)
    key = peewee.CharField(max_length=255)
    fingerprint = peewee.CharField(max_length=64)
    answer = peewee.TextField()  # sealed: some answers show a secret once
    created_at = Stamp(index=True)

    class Meta:
        primary_key = peewee.CompositeKey("account_id", "operation", "key")


TABLES: tuple[type[base.Model], ...] = (IdempotencyRecord,)


def find(account_id: str, operation: str, key: str, since: str) -> IdempotencyRecord | None:
    """Return the record of an earlier request, unless it is from before ``since``."""
    return IdempotencyRecord.get_or_none(
        (IdempotencyRecord.account_id == account_id)
        & (IdempotencyRecord.operation == operation)
        & (IdempotencyRecord.key == key)
        & (IdempotencyRecord.created_at >= since)
    )


def claim(account_id: str, operation: str, key: str) -> bool:
    """Inside a transaction: become the only one that works on this key; False if another already does.

    On SQLite the transaction itself holds the only write lock, so there is never another.
    """
    if base.is_sqlite():
        return True
    sql = "SELECT pg_try_advisory_xact_lock(hashtextextended(?, 0))"
    return bool(base.rows(sql, (f"{account_id} {operation} {key}",))[0][0])


def write(account_id: str, operation: str, key: str, fingerprint: str, answer: str, now: str) -> None:
    """Keep an answer in place of an older one."""
    row = {"fingerprint": fingerprint, "answer": answer, "created_at": now}
    IdempotencyRecord.insert(account_id=account_id, operation=operation, key=key, **row).on_conflict(
        conflict_target=[IdempotencyRecord.account_id, IdempotencyRecord.operation, IdempotencyRecord.key], update=row
    ).execute()
