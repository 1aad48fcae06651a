"""Exports."""

from typing import Any
from urllib.parse import urlsplit

from handlers import auth, responses
from handlers.responses import Answer
from services import export_downloads, exports, idempotency
from services.export_options import Options


def list_exports(limit: int, cursor: str | None = None) -> Answer:
    """Answer with a page of exports, newest first."""
    return responses.page(exports.list_exports(auth.caller(), limit, cursor))


def create_export(body: dict[str, Any]) -> Answer:
    """Start an export, or with ``dry_run`` say how many rows and files it would have."""
    caller, filters, options = auth.caller(), body.get("filters", {}), Options.of(body)
    shown = (body.get("fields"), body.get("columns", ()), options)
    if body.get("dry_run"):
        return responses.ok(exports.estimate_export(caller, filters, body["format"], *shown))
    made, replayed = idempotency.once(
        caller,
        "create_export",
        responses.idempotency_key(),
        body,
        lambda: exports.create_export(caller, body["format"], filters, *shown),
    )
    return responses.accepted(made, f"/v1/exports/{made['id']}", replayed)


def get_export(export_id: str) -> Answer:
    """Answer with the export as it is now."""
    return responses.ok(exports.get_export(auth.caller(), export_id))


def cancel_export(export_id: str) -> Answer:
    """Stop an export."""
    return responses.ok(exports.cancel_export(auth.caller(), export_id))


def delete_export(export_id: str) -> Answer:
    """Delete an export and its files."""
    exports.delete_export(auth.caller(), export_id)
    return responses.no_content()


def download_export(export_id: str, file: int) -> Answer:
    """Send a file."""
    return responses.file(export_downloads.open_export_file(auth.caller(), export_id, file))


def get_export_manifest(export_id: str) -> Answer:
    """Answer with what the export holds."""
    return responses.ok(export_downloads.get_manifest(auth.caller(), export_id))


def create_download_link(export_id: str, body: dict[str, Any]) -> Answer:
    """Make a link to a file that needs no key."""
    made = export_downloads.create_download_link(auth.caller(), export_id, body["file"], body["expires_in_s"])
    return responses.created(made, urlsplit(made["url"]).path)


def download_by_link(ticket: str) -> Answer:
    """Send the file that a link is for."""
    return responses.file(export_downloads.open_linked_file(ticket))
