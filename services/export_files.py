"""The files of exports: written from a fixed point in time, offered all together or not at all, deleted in the end.

Files are stored before the row says that they are there, and by each attempt under names of its own. So whatever is
killed when, what is offered is complete and what is told of it is true.
"""

import hashlib
import secrets
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from core import blobs, clock, config
from core.blobs import Store, Writer
from models import base
from models import export as table
from models import job as queue
from models.job import Job
from services import accounts, export_ledger, exports, filters, leads, webhooks
from services.accounts import Caller
from services.export_batch import Batch
from services.export_cut import Cutter
from services.export_formats import FORMATS, Credits, Format
from services.export_layout import Layout, layout
from services.export_options import Options
from services.export_watch import Stopped, Watch

LIFETIME = timedelta(days=7)
"""How long files are kept."""

ABANDONED = timedelta(days=1)
"""What was begun to be stored and not written to for so long will never be whole."""

_SWEPT = 100  # exports in one go
_GZIP_LEVEL = 5
_WITHOUT_FILES = ("cancelled", "failed", table.DELETED)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an attempt is to write: of whose leads which, how, and under which folder."""

    caller: Caller
    row: table.Row
    options: Options
    wanted: filters.Filter
    known: export_ledger.Ledger | None
    format: Format
    layout: Layout
    folder: str


@dataclass(frozen=True, slots=True)
class Written:
    """What was put into one file."""

    name: str
    rows: int
    bytes: int
    sha256: str
    key: str


def write(export_id: str, job: Job) -> None:
    """Write the files of an export from the beginning and complete it, unless it has ended.

    Raise PlanLimitExceeded if by now it would have more rows than the plan allows, LeaseLost if another worker has
    the job, NotFound or Conflict if the export that it was to go beyond is there no more, Unavailable if the files
    cannot be stored just now.
    """
    row, store = table.get(export_id), _store()
    if row is None or row["status"] not in table.ACTIVE:
        if row is not None and row["status"] in _WITHOUT_FILES:
            _delete(store, _folder(row))
        return
    started_at = row["started_at"] or clock.now_stamp()
    table.change(export_id, table.ACTIVE, status="running", started_at=started_at)
    _delete_earlier(store, row, job.attempt)
    plan = _plan(row, job.attempt)
    done = _try_to_write(plan, store, job)
    if done is not None and _offer(plan, store, job, done):
        _delete(store, _folder(row), but=plan.folder)  # what overtaken workers left


def fail(export_id: str, code: str, message: str) -> None:
    """End the export as failed, unless it has ended."""
    error = {"code": code, "message": message}
    with base.transaction():
        failed = table.change(export_id, table.ACTIVE, status="failed", error=error, finished_at=clock.now_stamp())
    if failed and (row := table.get(export_id)):
        _delete(_store(), _folder(row))


def fail_abandoned() -> None:
    """End the exports whose job died, so that none looks as if it were under way for ever."""
    for export_id in table.abandoned(exports.WRITE_EXPORT):
        fail(export_id, "internal", "The export stopped because of an error on our side.")


def delete_expired() -> None:
    """Delete the files that were kept long enough, and those of exports that customers deleted."""
    store = _store()
    while due := table.expired(clock.now_stamp(), _SWEPT):
        for row in due:
            _delete(store, _folder(row))
            with base.transaction():
                table.change(row["id"], ("completed",), status="expired")
    while due := table.deleted(_SWEPT):
        for row in due:
            _delete(store, _folder(row))
            _delete(store, _ledgers(row))
            with base.transaction():
                table.remove(row["id"])


def sweep_store() -> None:
    """Remove what killed processes left half stored."""
    _store().sweep(clock.now() - ABANDONED)


def _plan(row: table.Row, attempt: int) -> Plan:
    options, wanted = Options.of(row["options"]), filters.parse(row["filters"])
    caller = accounts.by_id(row["account_id"])
    known = exports.earlier(caller, options.only_new_since) if options.only_new_since else None
    measured = wanted.origin is not None
    shown = layout(row["fields"], row["columns"], options.dialect(), options.vcard_version, measured=measured)
    folder = f"{_folder(row)}/{attempt}-{secrets.token_hex(8)}"
    return Plan(caller, row, options, wanted, known, FORMATS[row["format"]], shown, folder)


def _try_to_write(plan: Plan, store: Store, job: Job) -> dict[str, Any] | None:
    """Return what ``_write`` does; None if nobody wants it any more. What it had stored is deleted if it fails."""
    try:
        with Watch(plan.row["id"], job) as watch:
            return _write(plan, store, watch)
    except Exception as error:
        _delete(store, plan.folder)
        if isinstance(error, Stopped):
            return None
        raise


def _offer(plan: Plan, store: Store, job: Job, done: dict[str, Any]) -> bool:
    """Complete the export with what was stored; if it is not to be, delete that.

    A commit that fails otherwise may have been one all the same, so then the files stay for the next attempt to see to.
    """
    try:
        with base.transaction():
            queue.complete(job)
            offered = _complete(plan.caller, plan.row["id"], done)
    except queue.LeaseLost:
        _delete(store, plan.folder)
        raise
    if not offered:
        _delete(store, plan.folder)
    return offered


def _write(plan: Plan, store: Store, watch: Watch) -> dict[str, Any]:
    """Store the files; return what is told of them. They are there when this returns."""
    credits_, ledger = Credits(), f"{_ledgers(plan.row)}/{plan.folder.rpartition('/')[2]}"
    with base.reading_once(), base.snapshot(), store.create(ledger) as covered:
        snapshot_at = clock.now_stamp()
        total = leads.count(plan.caller, plan.wanted)
        if plan.known is None:
            plan.caller.plan.require("export_rows", total)
        else:
            export_ledger.copy(store, _ledger_of(plan), covered)
        cutter = Cutter(_batches(plan, credits_, covered, watch, total), _most(plan))
        files = [_write_file(plan, store, credits_, cutter, 1)]
        while cutter.more():
            files.append(_write_file(plan, store, credits_, cutter, len(files) + 1))
    rows = sum(file.rows for file in files)
    plan.caller.plan.require("export_rows", rows)
    one = files[0].sha256 if len(files) == 1 else None
    told: dict[str, Any] = {"row_count": rows, "bytes": sum(file.bytes for file in files), "sha256": one}
    told |= {"files": [asdict(file) for file in files], "credits": credits_.document()}
    told |= {"ledger_key": ledger, "snapshot_at": snapshot_at}
    return told | {"rows_done": rows, "rows_total": rows}


def _batches(plan: Plan, credits_: Credits, covered: Writer, watch: Watch, total: int) -> Iterator[Batch]:
    """Give the leads to write; note each as covered, and whose data it is."""
    names = tuple(dict.fromkeys((*plan.format.needs(plan.layout), *Credits.NEEDS, "id")))
    done = 0
    for columns in leads.walk_columns(plan.caller, plan.wanted, names):
        watch.tell(done, total)
        batch = Batch(names, columns, plan.wanted.origin)
        done += batch.size
        if plan.known is not None:
            batch = batch.only(plan.known.lacks(batch.column("id")))
        if batch.size:
            export_ledger.note(covered, batch.column("id"))
            credits_.add(batch)
            yield batch


def _write_file(plan: Plan, store: Store, credits_: Credits, cutter: Cutter, number: int) -> Written:
    packed = plan.options.compression == "gzip"
    end = f"{plan.format.extension}{'.gz' if packed else ''}"
    key, rows = f"{plan.folder}/{number:04d}.{end}", 0
    with store.create(key) as file:
        tally = _Tally(file, packed)
        encoder = plan.format.open(tally, plan.layout, credits_)
        for batch in cutter.take():
            encoder.write(batch)
            rows += batch.size
        encoder.close()
        tally.close()
    split = f"-{number:04d}" if number > 1 or cutter.more() else ""
    name = f"leads-{plan.row['created_at'][:10]}-{plan.row['id']}{split}.{end}"
    return Written(name, rows, tally.size, tally.digest.hexdigest(), key)


class _Tally:
    """Counts and hashes what is written to a file, which it may compress on the way."""

    def __init__(self, file: Writer, packed: bool) -> None:
        self._file = file
        # 16 + 15: with a gzip header, which names no time, so that the same leads make the same bytes
        self._pack = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS) if packed else None
        self.size, self.digest = 0, hashlib.sha256()

    def write(self, data: bytes, /) -> None:
        self._put(self._pack.compress(data) if self._pack else data)

    def close(self) -> None:
        if self._pack:
            self._put(self._pack.flush())

    def _put(self, data: bytes) -> None:
        if data:
            self.digest.update(data)
            self.size += len(data)
            self._file.write(data)


def _complete(caller: Caller, export_id: str, done: dict[str, Any]) -> bool:
    """Offer the files and tell of them; return False if the export has ended in the meantime."""
    now = clock.now()
    times = {"finished_at": clock.stamp(now), "expires_at": clock.stamp(now + LIFETIME)}
    if not table.change(export_id, table.ACTIVE, status="completed", **done, **times):
        return False
    webhooks.emit(caller.account_id, webhooks.EXPORT_READY, {"export": exports.get_export(caller, export_id)})
    return True


def _most(plan: Plan) -> int | None:
    return exports.rows_per_file(plan.format.name, plan.options)


def _ledger_of(plan: Plan) -> str:
    row = exports.owned(plan.caller, str(plan.options.only_new_since))
    return str(row["ledger_key"])


def _folder(row: table.Row) -> str:
    return f"exports/{row['account_id']}/{row['id']}"


def _ledgers(row: table.Row) -> str:
    return f"export-ledgers/{row['account_id']}/{row['id']}"


def _delete(store: Store, folder: str, *, but: str = "") -> None:
    for key in list(store.list(folder)):
        if not but or not key.startswith(f"{but}/"):
            store.delete(key)


def _delete_earlier(store: Store, row: table.Row, attempt: int) -> None:
    """Delete what earlier attempts left, and nothing of a later one that has overtaken this."""
    for key in list(store.list(_folder(row))):
        if int(key.split("/")[-2].partition("-")[0]) < attempt:
            store.delete(key)


def _store() -> Store:
    return blobs.open_store(config.current().blobs_url)
