"""The audit log: what was done to the keys and webhook endpoints of an account."""

from typing import Any

import peewee

from models import base
from models.base import JSONText, Stamp


class AuditEntry(base.Model):
    """One thing done. Rows are only ever added, in the transaction of what they tell of."""

    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40)
    at = Stamp()
    action = peewee.CharField(max_length=64)
    actor = peewee.CharField(max_length=40)
    target_id = peewee.CharField(max_length=40)
    changes = JSONText()
    address = peewee.CharField(max_length=64, null=True)

    class Meta:
        indexes = ((("account_id", "id"), False),)


TABLES: tuple[type[base.Model], ...] = (AuditEntry,)

_SHOWN = (
    AuditEntry.id, AuditEntry.at, AuditEntry.action, AuditEntry.actor, AuditEntry.target_id, AuditEntry.changes,
    AuditEntry.address,
)  # fmt: skip


def write(row: dict[str, Any]) -> None:
    AuditEntry.insert(**row).execute()


def entries(account_id: str, limit: int, after: str | None) -> list[dict[str, Any]]:
    """Return up to ``limit`` entries of an account, newest first, older than the entry ``after``."""
    query = AuditEntry.select(*_SHOWN).where(AuditEntry.account_id == account_id)
    page = query.where(AuditEntry.id < after) if after else query
    return [dict(row) for row in page.order_by(AuditEntry.id.desc()).limit(limit).dicts().iterator()]
