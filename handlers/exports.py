"""Exports."""

from typing import Any

from handlers import auth, responses
from handlers.responses import Answer
from services import exports, idempotency


def list_exports(limit: int, cursor: str | None = None) -> Answer:
    """Answer with a page of exports, newest first."""
    return responses.page(exports.list_exports(auth.caller(), limit, cursor))


def create_export(body: dict[str, Any]) -> Answer:
    """Start an export, or with ``dry_run`` say how many rows it would have."""
    caller, filters = auth.caller(), body.get("filters", {})
    if body.get("dry_run"):
        return responses.ok(exports.estimate_export(caller, filters))
    made, replayed = idempotency.once(
        caller,
        "create_export",
        responses.idempotency_key(),
        body,
        lambda: exports.create_export(caller, body["format"], filters, body.get("fields")),
    )
    return responses.accepted(made, f"/v1/exports/{made['id']}", replayed)


def get_export(export_id: str) -> Answer:
    """Answer with the export as it is now."""
    return responses.ok(exports.get_export(auth.caller(), export_id))


def download_export(export_id: str) -> Answer:
    """Send the file."""
    return responses.file(exports.open_export_file(auth.caller(), export_id))
