"""Exports: files of leads."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import peewee

from core import ids
from models import base
from models.base import JSONText, Stamp

ACTIVE = ("queued", "running")
DELETED = "deleted"
"""Nobody sees it any more; its row goes once its files have."""

Row = dict[str, Any]


class Export(base.Model):
    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40)
    status = peewee.CharField(max_length=16)  # queued | running | completed | cancelled | failed | expired | deleted
    format = peewee.CharField(max_length=16)
    filters = JSONText()
    fields = JSONText()
    columns = JSONText()  # [{"field", "header"}]
    options = JSONText()  # services.export_options.Options
    rows_done = peewee.IntegerField(default=0)
    rows_total = peewee.IntegerField(null=True)
    row_count = peewee.IntegerField(null=True)
    bytes = peewee.BigIntegerField(null=True)
    sha256 = peewee.CharField(max_length=64, null=True)  # of the one file
    files = JSONText(null=True)  # [{"name", "rows", "bytes", "sha256", "key"}]
    credits = JSONText(null=True)  # {"sources", "licenses", "attribution"}
    ledger_key = peewee.CharField(max_length=120, null=True)  # where it is kept which leads it holds
    snapshot_at = Stamp(null=True)
    error = JSONText(null=True)  # {"code", "message"}
    created_at = Stamp()
    started_at = Stamp(null=True)
    finished_at = Stamp(null=True)
    expires_at = Stamp(null=True)

    class Meta:
        indexes = ((("account_id", "id"), False),)


_ACTIVE = "CREATE INDEX IF NOT EXISTS export_active ON export (id) WHERE status IN ('queued', 'running')"
_KEPT = "CREATE INDEX IF NOT EXISTS export_kept ON export (expires_at) WHERE status = 'completed'"
_DELETED = "CREATE INDEX IF NOT EXISTS export_deleted ON export (id) WHERE status = 'deleted'"
Export.add_index(peewee.SQL(_ACTIVE))
Export.add_index(peewee.SQL(_DELETED))
Export.add_index(peewee.SQL(_KEPT))

TABLES: tuple[type[base.Model], ...] = (Export,)


def insert(row: Row) -> None:
    """Write a new export."""
    Export.insert(row).execute()


def get(export_id: str) -> Row | None:
    """Return an export, whoever it belongs to."""
    found: Row | None = Export.select().where(Export.id == export_id).dicts().first()
    return found


def page(account_id: str, limit: int, after: str | None = None) -> list[Row]:
    """Return up to ``limit`` exports, newest first, from the one after ``after`` on."""
    query: Any = Export.select().where((Export.account_id == account_id) & (Export.status != DELETED))
    if after is not None:
        query = query.where(Export.id < after)
    return list(query.order_by(Export.id.desc()).limit(limit).dicts())


def change(export_id: str, among: Sequence[str], **values: Any) -> bool:
    """Set values if the export's status is one of ``among``; return whether it was. Locks the row until commit."""
    return bool(Export.update(**values).where((Export.id == export_id) & Export.status.in_(among)).execute())


def expired(now: str, limit: int) -> list[Row]:
    """Return up to ``limit`` completed exports whose file is no longer to be kept."""
    due = (Export.status == "completed") & (Export.expires_at <= now)
    query: Any = Export.select().where(due).order_by(Export.expires_at).limit(limit)
    return list(query.dicts())


def deleted(limit: int) -> list[Row]:
    """Return up to ``limit`` exports that were deleted and whose files may still be there."""
    query: Any = Export.select().where(Export.status == DELETED)
    return list(query.limit(limit).dicts())


def forget(before: datetime, limit: int) -> int:
    """Delete, as customers do, up to ``limit`` exports made before a moment that have ended; return how many."""
    found = "SELECT id FROM export WHERE id < ? AND status IN ('cancelled', 'failed', 'expired') ORDER BY id LIMIT ?"
    parameters = (ids.lowest("exp", before), limit)
    if not base.rows(found, parameters):
        return 0
    gone = " ".join(("UPDATE export SET status = ? WHERE id IN (", found, ")"))
    return int(base.database.execute_sql(base.portable(gone), (DELETED, *parameters)).rowcount)


def remove(export_id: str) -> None:
    """Delete the row."""
    Export.delete().where(Export.id == export_id).execute()


def abandoned(kind: str) -> list[str]:
    """Return the exports that have not ended although no job of ``kind`` with their id as its key is left alive."""
    sql = (
        "SELECT id FROM export WHERE status IN ('queued', 'running') AND NOT EXISTS"
        " (SELECT 1 FROM job WHERE kind = ? AND dedupe_key = export.id AND state <> 'dead')"
    )
    return [export_id for (export_id,) in base.rows(sql, (kind,))]
