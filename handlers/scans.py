"""Scans."""

from typing import Any

from handlers import auth, responses
from handlers.responses import Answer
from services import idempotency, scans


def list_scans(limit: int, cursor: str | None = None) -> Answer:
    """Answer with a page of scans, newest first."""
    return responses.page(scans.list_scans(auth.caller(), limit, cursor))


def create_scan(body: dict[str, Any]) -> Answer:
    """Start a scan, or with ``dry_run`` say what it would find."""
    caller, area, categories = auth.caller(), body["area"], body.get("categories", [])
    if body.get("dry_run"):
        return responses.ok(scans.estimate_scan(caller, area, categories))
    made, replayed = idempotency.once(
        caller,
        "create_scan",
        responses.idempotency_key(),
        body,
        lambda: scans.create_scan(caller, body.get("name"), area, categories),
    )
    return responses.accepted(made, f"/v1/scans/{made['id']}", replayed)


def get_scan(scan_id: str) -> Answer:
    """Answer with the scan as it is now."""
    return responses.ok(scans.get_scan(auth.caller(), scan_id))


def cancel_scan(scan_id: str) -> Answer:
    """Stop a scan; leads found so far stay."""
    return responses.ok(scans.cancel_scan(auth.caller(), scan_id))
