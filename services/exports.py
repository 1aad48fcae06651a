"""Exports as customers see them: ask for files of leads, watch, cancel, delete.

``services.export_files`` writes the files, ``services.export_downloads`` hands them out.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any

from core import blobs, clock, config, ids, text
from core.errors import Conflict, InvalidInput, NotFound, Violation
from models import base
from models import export as table
from models import job as queue
from services import export_layout, export_ledger, filters, lead_rows, leads, pages
from services.accounts import Caller
from services.export_columns import COLUMNS
from services.export_formats import FORMATS
from services.export_layout import PRESETS
from services.export_options import Options
from services.pages import Page

WRITE_EXPORT = "write_export"
"""The kind of job that writes the files; its key is the export's id."""

MAX_FILES = 1_000
_MOST_COUNTED = 100_000
NO_OPTIONS = Options()

Document = dict[str, Any]
Json = dict[str, Any]
Named = Mapping[str, str]


def create_export(
    caller: Caller,
    file_format: str,
    wanted: Json,
    fields: Sequence[str] | None = None,
    columns: Sequence[Named] = (),
    options: Options = NO_OPTIONS,
) -> Document:
    """Queue an export of the leads that the filter ``wanted`` finds and return it.

    It shows the columns of the preset, then whole properties (``fields``), then flat ``columns`` (``field`` and
    ``header``); all properties if none of these is given. Raise InvalidInput with every violation; PlanLimitExceeded
    if there are more leads than the plan exports at once; Conflict if the export it is to go beyond is not completed.
    """
    chosen, named = _checked(file_format, fields, columns, options)
    row = {
        "id": ids.new("exp"), "account_id": caller.account_id, "status": "queued", "format": file_format,
        "filters": wanted, "fields": chosen, "columns": named, "options": options.document(),
        "created_at": clock.now_stamp(),
    }  # fmt: skip
    _count(caller, file_format, wanted, options)
    with base.transaction():
        table.insert(row)
        queue.enqueue(WRITE_EXPORT, {"export_id": row["id"]}, account_id=caller.account_id, key=str(row["id"]))
    return get_export(caller, str(row["id"]))


def estimate_export(
    caller: Caller,
    wanted: Json,
    file_format: str = "csv",
    fields: Sequence[str] | None = None,
    columns: Sequence[Named] = (),
    options: Options = NO_OPTIONS,
) -> Document:
    """Return how many rows and files such an export would have now. Raises like ``create_export``."""
    _checked(file_format, fields, columns, options)
    found = _count(caller, file_format, wanted, options)
    return {"dry_run": True, "row_count": found, "file_count": files_for(found, file_format, options)}


def estimate_soon(caller: Caller, wanted: Json) -> Document:
    """Return how many rows an export of all columns would have, counted no longer than a page may take.

    ``or_more`` tells that it was not counted to the end. Raise InvalidInput, PlanLimitExceeded.
    """
    total = leads.count_soon(caller, filters.parse(wanted), (caller.plan.export_rows or _MOST_COUNTED) + 1)
    or_more = total.relation == "gte"
    caller.plan.require("export_rows", total.value, or_more=or_more)
    return {"row_count": total.value, "or_more": or_more}


def list_exports(caller: Caller, limit: int, cursor: str | None = None) -> Page:
    """Return a page of the account's exports, newest first. Raise InvalidCursor, PlanLimitExceeded."""

    def fetch(count: int, after: str | None) -> list[Document]:
        return [document(row) for row in table.page(caller.account_id, count, after)]

    return pages.newest_first(caller, "list_exports", limit, cursor, fetch, lambda export: str(export["id"]))


def get_export(caller: Caller, export_id: str) -> Document:
    """Raise NotFound unless the account has made this export."""
    return document(owned(caller, export_id))


def cancel_export(caller: Caller, export_id: str) -> Document:
    """Stop an export; no file of it is kept. Raise NotFound, or Conflict if it has ended otherwise."""
    with base.transaction():
        owned(caller, export_id)
        table.change(export_id, table.ACTIVE, status="cancelled", finished_at=clock.now_stamp())
        row = owned(caller, export_id)
    if row["status"] != "cancelled":
        raise Conflict(f"The export {export_id} has {row['status']} already.")
    return document(row)


def delete_export(caller: Caller, export_id: str) -> None:
    """Delete an export and its files for good, whatever its state. Raise NotFound.

    The sweep of the job process deletes the files soon after; from now on nobody can ask for them.
    """
    with base.transaction():
        status = owned(caller, export_id)["status"]
        table.change(export_id, (status,), status=table.DELETED)


def document(row: table.Row) -> Document:
    """Return an export as the API and webhooks show it."""
    over = row["status"] == "completed" and row["expires_at"] <= clock.now_stamp()
    status = "expired" if over else row["status"]
    url = f"{config.current().public_url}/v1/exports/{row['id']}" if status == "completed" else None
    same = ("format", "filters", "fields", "columns")
    last = ("error", "created_at", "started_at", "finished_at", "snapshot_at", "expires_at")
    told: Document = {"id": row["id"], "status": status} | {name: row[name] for name in same} | row["options"]
    told |= {"progress": {"done": row["rows_done"], "total": row["rows_total"]}}
    told |= {name: row[name] for name in ("row_count", "bytes", "sha256")}
    told |= {"file_count": None if row["files"] is None else len(row["files"])}
    told |= {"download_url": url and f"{url}/download", "manifest_url": url and f"{url}/manifest"}
    return told | {name: row[name] for name in last}


def owned(caller: Caller, export_id: str) -> table.Row:
    """Return the row of an export of the account; raise NotFound."""
    row = table.get(export_id)
    if row is None or row["account_id"] != caller.account_id or row["status"] == table.DELETED:
        raise NotFound("There is no export with this id.")
    return row


def rows_per_file(file_format: str, options: Options) -> int | None:
    """Return how many leads go into a file at most; None if all do."""
    limits = (FORMATS[file_format].max_rows, options.max_rows_per_file)
    return min((limit for limit in limits if limit is not None), default=None)


def files_for(rows: int, file_format: str, options: Options) -> int:
    """Return how many files so many rows take; without rows it is one."""
    most = rows_per_file(file_format, options)
    return max(1, ceil(rows / most)) if most else 1


def earlier(caller: Caller, export_id: str) -> export_ledger.Ledger:
    """Return the leads that an export covers. Raise NotFound, or Conflict if it never was completed."""
    row = owned(caller, export_id)
    if row["ledger_key"] is None:
        raise Conflict(f"The export {export_id} is {row['status']}: it holds no leads.")
    return export_ledger.load(blobs.open_store(config.current().blobs_url), row["ledger_key"])


def _count(caller: Caller, file_format: str, wanted: Json, options: Options) -> int:
    """Count exactly, and see to the limits of the plan and of the number of files."""
    found = _found(caller, filters.parse(wanted), options)
    caller.plan.require("export_rows", found)
    if files_for(found, file_format, options) > MAX_FILES:
        message = f"would make more than {MAX_FILES:,} files of {found:,} rows"
        problem = Violation("body", "max_rows_per_file", "too_small", message, "/max_rows_per_file")
        raise InvalidInput(f"max_rows_per_file {message}.", [problem])
    return found


def _found(caller: Caller, wanted: filters.Filter, options: Options) -> int:
    if options.only_new_since is None:
        return leads.count(caller, wanted)
    try:
        known = earlier(caller, options.only_new_since)
    except NotFound as error:
        problem = Violation("body", "only_new_since", "unknown", error.message, "/only_new_since")
        raise InvalidInput(error.message, [problem]) from None
    with base.reading_once(), base.snapshot():
        return sum(sum(known.lacks(found)) for (found,) in leads.walk_columns(caller, wanted, ["id"]))


def _checked(
    file_format: str, fields: Sequence[str] | None, columns: Sequence[Named], options: Options
) -> tuple[list[str], list[Named]]:
    """Return the fields, each once, and the columns, the preset's first; raise InvalidInput for what there is not."""
    wrong = [] if file_format in FORMATS else [_unknown("format", "/format", file_format, FORMATS)]
    for index, name in enumerate(fields or ()):
        if name not in lead_rows.PROPERTIES:
            wrong.append(_unknown("fields", f"/fields/{index}", name, lead_rows.NAMES))
    for index, column in enumerate(columns):
        if column["field"] not in COLUMNS:
            wrong.append(_unknown("columns", f"/columns/{index}/field", column["field"], COLUMNS))
    if options.preset is not None and options.preset not in PRESETS:
        wrong.append(_unknown("preset", "/preset", options.preset, PRESETS))
    if not wrong and not FORMATS[file_format].columns_apply and (columns or options.preset):
        name = "columns" if columns else "preset"
        message = f"{file_format} has columns of its own; choose among them with fields"
        wrong.append(Violation("body", name, "not_allowed", message, f"/{name}"))
    if wrong:
        raise InvalidInput("The export cannot be made like this.", wrong)
    named = [*(export_layout.preset(options.preset) if options.preset else ()), *columns]
    return list(dict.fromkeys(lead_rows.NAMES if fields is None and not named else fields or ())), named


def _unknown(field: str, pointer: str, name: str, choices: Iterable[str]) -> Violation:
    meant = text.closest(name, list(choices))
    message = f"There is no {name[:64]!r}." + (f" Did you mean {meant!r}?" if meant else "")
    return Violation("body", field, "unknown", message, pointer)
