"""Exports as customers see them: ask for a file of leads, watch, download. ``services.export_files`` writes it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core import blobs, clock, config, ids, text
from core.errors import Conflict, Gone, InvalidInput, NotFound, Violation
from models import base
from models import export as table
from models import job as queue
from services import filters, lead_rows, leads, pages
from services.accounts import Caller
from services.export_formats import FORMATS
from services.pages import Page

WRITE_EXPORT = "write_export"
"""The kind of job that writes the file; its key is the export's id."""

Document = dict[str, Any]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A finished file: ``size`` in bytes, ``sha256`` in hex, ``chunks`` its content, read as it is taken."""

    name: str
    media_type: str
    size: int
    sha256: str
    chunks: Iterable[bytes]


def create_export(caller: Caller, file_format: str, wanted: Json, fields: Sequence[str] | None = None) -> Document:
    """Queue an export of the leads that the filter ``wanted`` finds and return it; no ``fields`` mean all.

    Raise InvalidInput with every violation; PlanLimitExceeded if there are more leads than the plan exports at once.
    """
    chosen = _checked(file_format, fields)
    export = {
        "id": ids.new("exp"), "account_id": caller.account_id, "status": "queued", "format": file_format,
        "filters": wanted, "fields": chosen, "created_at": clock.now_stamp(),
    }  # fmt: skip
    _count(caller, wanted)
    with base.transaction():
        table.insert(export)
        queue.enqueue(WRITE_EXPORT, {"export_id": export["id"]}, account_id=caller.account_id, key=str(export["id"]))
    return get_export(caller, str(export["id"]))


def estimate_export(caller: Caller, wanted: Json) -> Document:
    """Return how many rows such an export would have now. Raises like ``create_export``."""
    return {"dry_run": True, "row_count": _count(caller, wanted)}


def list_exports(caller: Caller, limit: int, cursor: str | None = None) -> Page:
    """Return a page of the account's exports, newest first. Raise InvalidCursor, PlanLimitExceeded."""

    def fetch(count: int, after: str | None) -> list[Document]:
        return [document(row) for row in table.page(caller.account_id, count, after)]

    return pages.newest_first(caller, "list_exports", limit, cursor, fetch, lambda export: str(export["id"]))


def get_export(caller: Caller, export_id: str) -> Document:
    """Raise NotFound unless the account has made this export."""
    return document(_owned(caller, export_id))


def open_export_file(caller: Caller, export_id: str) -> ExportFile:
    """Return the file. Raise NotFound, Conflict if there is none (yet), Gone if it was kept long enough."""
    row = _owned(caller, export_id)
    status = document(row)["status"]
    if status == "expired":
        raise Gone(f"The file of {export_id} was deleted {row['expires_at']}. Make a new export.")
    if status != "completed":
        raise Conflict(f"There is no file to download: the export is {status}.")
    made = FORMATS[row["format"]]
    name = f"leads-{row['created_at'][:10]}-{export_id}.{made.extension}"
    chunks = blobs.open_store(config.current().blobs_url).read(row["blob_key"])
    return ExportFile(name, made.media_type, row["bytes"], row["sha256"], chunks)


def document(row: table.Row) -> Document:
    """Return an export as the API and webhooks show it."""
    over = row["status"] == "completed" and row["expires_at"] <= clock.now_stamp()
    status = "expired" if over else row["status"]
    url = f"{config.current().public_url}/v1/exports/{row['id']}/download" if status == "completed" else None
    same = ("format", "filters", "fields", "row_count", "bytes", "sha256")
    last = ("error", "created_at", "started_at", "finished_at", "expires_at")
    told = {"id": row["id"], "status": status} | {name: row[name] for name in same}
    return told | {"download_url": url} | {name: row[name] for name in last}


def _owned(caller: Caller, export_id: str) -> table.Row:
    row = table.get(export_id)
    if row is None or row["account_id"] != caller.account_id:
        raise NotFound("There is no export with this id.")
    return row


def _count(caller: Caller, wanted: Json) -> int:
    found = leads.count(caller, filters.parse(wanted))
    caller.plan.require("export_rows", found)
    return found


def _checked(file_format: str, fields: Sequence[str] | None) -> list[str]:
    """Return the fields, each once; raise InvalidInput for a format or fields that there are not."""
    violations = [] if file_format in FORMATS else [_unknown("format", "/format", file_format, FORMATS)]
    for index, name in enumerate(fields or ()):
        if name not in lead_rows.PROPERTIES:
            violations.append(_unknown("fields", f"/fields/{index}", name, lead_rows.NAMES))
    if violations:
        raise InvalidInput("The export cannot be made like this.", violations)
    return list(dict.fromkeys(lead_rows.NAMES if fields is None else fields))


def _unknown(field: str, pointer: str, name: str, choices: Iterable[str]) -> Violation:
    meant = text.closest(name, list(choices))
    message = f"There is no {name[:64]!r}." + (f" Did you mean {meant!r}?" if meant else "")
    return Violation("body", field, "unknown", message, pointer)
