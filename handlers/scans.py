"""Scans."""

from typing import Any

from handlers import auth, responses
from handlers.responses import Answer
from handlers.schemas import ScanChangeSchema
from services import idempotency, scans, schedules


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


def list_scan_changes(scan_id: str, limit: int, cursor: str | None = None, change: str | None = None) -> Answer:
    """Answer with a page of what a scan found new, changed or gone."""
    page = scans.list_scan_changes(auth.caller(), scan_id, limit, cursor, change=change)
    return responses.page(page, ScanChangeSchema())


def cancel_scan(scan_id: str) -> Answer:
    """Stop a scan; leads found so far stay."""
    return responses.ok(scans.cancel_scan(auth.caller(), scan_id))


def list_schedules(limit: int, cursor: str | None = None) -> Answer:
    """Answer with a page of schedules, newest first."""
    return responses.page(schedules.list_schedules(auth.caller(), limit, cursor))


def create_schedule(body: dict[str, Any]) -> Answer:
    """Repeat a scan."""
    caller, key = auth.caller(), responses.idempotency_key()
    made, replayed = idempotency.once(
        caller, "create_schedule", key, body, lambda: schedules.create_schedule(caller, body)
    )
    return responses.created(made, f"/v1/schedules/{made['id']}", replayed)


def get_schedule(schedule_id: str) -> Answer:
    """Answer with the schedule as it is now."""
    return responses.ok(schedules.get_schedule(auth.caller(), schedule_id))


def update_schedule(schedule_id: str, body: dict[str, Any]) -> Answer:
    """Change a schedule."""
    return responses.ok(schedules.update_schedule(auth.caller(), schedule_id, body))


def delete_schedule(schedule_id: str) -> Answer:
    """Make no more scans."""
    schedules.delete_schedule(auth.caller(), schedule_id)
    return responses.no_content()
