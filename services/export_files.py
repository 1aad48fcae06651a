"""The files of exports: written once from a fixed point in time, offered whole or not at all, deleted in the end.

A file is stored before its row says that it is there, and by each attempt under a name of its own. So whatever is
killed when, what is offered is complete and what is told of it is true.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core import blobs, clock, config
from core.blobs import Store
from models import base
from models import export as table
from models import job as queue
from models.job import Job
from services import accounts, exports, filters, leads, webhooks
from services.accounts import Caller
from services.export_formats import FORMATS
from services.lead_rows import Lead

LIFETIME = timedelta(days=7)
"""How long a file is kept."""

_NEEDED = ("id", "location", "sources", "attribution")  # what the formats look at whatever was chosen
_SWEPT = 100  # files deleted in one go


@dataclass(slots=True)
class Written:
    """What was put into a file."""

    rows: int = 0
    bytes: int = 0
    sha256: str = ""


def write(export_id: str, job: Job) -> None:
    """Write the file of an export from the beginning and complete it, unless it has ended.

    Raise PlanLimitExceeded if by now it would have more rows than the plan allows, LeaseLost if another worker has
    the job.
    """
    row = table.get(export_id)
    if row is None or row["status"] not in table.ACTIVE:
        return
    started_at = row["started_at"] or clock.now_stamp()
    table.change(export_id, table.ACTIVE, status="running", started_at=started_at)
    store = _store()
    for attempt in range(1, job.attempt):
        store.delete(_key(row, attempt))
    caller, key = accounts.by_id(row["account_id"]), _key(row, job.attempt)
    written = _write(caller, row, store, key)
    try:
        with base.transaction():
            queue.complete(job)
            offered = _complete(caller, row, key, written)
    except queue.LeaseLost:
        store.delete(key)
        raise
    if not offered:
        store.delete(key)


def fail(export_id: str, code: str, message: str) -> None:
    """End the export as failed, unless it has ended."""
    error = {"code": code, "message": message}
    with base.transaction():
        table.change(export_id, table.ACTIVE, status="failed", error=error, finished_at=clock.now_stamp())


def fail_abandoned() -> None:
    """End the exports whose job died, so that none looks as if it were under way for ever."""
    for export_id in table.abandoned(exports.WRITE_EXPORT):
        fail(export_id, "internal", "The export stopped because of an error on our side.")


def delete_expired() -> None:
    """Delete the files that were kept long enough."""
    store = _store()
    while due := table.expired(clock.now_stamp(), _SWEPT):
        for row in due:
            store.delete(row["blob_key"])
            with base.transaction():
                table.change(row["id"], ("completed",), status="expired", blob_key=None)


def _write(caller: Caller, row: table.Row, store: Store, key: str) -> Written:
    """Store the file; it is there when this returns."""
    wanted, written, digest = filters.parse(row["filters"]), Written(), hashlib.sha256()
    with base.snapshot(), store.create(key) as file:
        caller.plan.require("export_rows", leads.count(caller, wanted))
        found = leads.iterate(caller, wanted, [*row["fields"], *_NEEDED])
        for piece in FORMATS[row["format"]].encode(row["fields"], _counted(found, written)):
            digest.update(piece)
            written.bytes += len(piece)
            file.write(piece)
    written.sha256 = digest.hexdigest()
    return written


def _counted(found: Iterable[Lead], written: Written) -> Iterator[Lead]:
    for lead in found:
        written.rows += 1
        yield lead


def _complete(caller: Caller, row: table.Row, key: str, written: Written) -> bool:
    """Offer the file and tell of it; return False if the export has ended in the meantime."""
    now = clock.now()
    done: dict[str, Any] = {"status": "completed", "blob_key": key, "row_count": written.rows, "bytes": written.bytes}
    done |= {"sha256": written.sha256, "finished_at": clock.stamp(now), "expires_at": clock.stamp(now + LIFETIME)}
    if not table.change(row["id"], table.ACTIVE, **done):
        return False
    webhooks.emit(caller.account_id, webhooks.EXPORT_READY, {"export": exports.get_export(caller, row["id"])})
    return True


def _key(row: table.Row, attempt: int) -> str:
    return f"exports/{row['account_id']}/{row['id']}-{attempt}.{FORMATS[row['format']].extension}"


def _store() -> Store:
    return blobs.open_store(config.current().blobs_url)
