"""Schedules: scans that are made by themselves, once for each time that is due.

The scan, its job and the next due time are one transaction, so a crash before it leaves the scan due and one after it
has made it: never twice, never not at all. Who was down while several times were due makes one scan for them when it is
back, and goes on with the next time to come.
"""

from collections.abc import Mapping
from typing import Any

from core import clock, ids
from core.errors import Conflict, InvalidInput, MapTargeterError, NotFound, PlanLimitExceeded
from models import account, base
from models import schedule as table
from services import accounts, pages, recurrence, scans
from services.accounts import Caller
from services.pages import Page

MOST = 100
ACTIVE, PAUSED = "active", "paused"
_AT_ONCE = 100
_SHOWN = (
    "id", "name", "status", "area", "categories", "recurrence", "next_run_at", "last_run_at", "last_scan_id",
    "last_error", "created_at", "updated_at",
)  # fmt: skip

Document = dict[str, Any]


def create_schedule(caller: Caller, wanted: Mapping[str, Any]) -> Document:
    """Repeat a scan of ``area`` and ``categories`` (as ``scans.create_scan`` takes them) at each ``recurrence``.

    ``name`` and ``status`` may be left out. Raise InvalidInput, PlanLimitExceeded, or Conflict for more than ``MOST``.
    """
    outline, chosen = scans.checked(caller, wanted["area"], wanted.get("categories", []))
    now = clock.now_stamp()
    row = {
        "id": ids.new("sch"), "account_id": caller.account_id, "area": wanted["area"], "categories": chosen,
        "name": wanted.get("name") or scans.name_for(outline), "recurrence": recurrence.checked(wanted["recurrence"]),
        "status": wanted.get("status", ACTIVE), "created_at": now, "updated_at": now,
    }  # fmt: skip
    with base.transaction():
        account.lock(caller.account_id)
        if table.count(caller.account_id) >= MOST:
            raise Conflict(f"You have {MOST} schedules already. Delete one of them.")
        table.insert(row | {"next_run_at": _next(row)})
    return get_schedule(caller, str(row["id"]))


def list_schedules(caller: Caller, limit: int, cursor: str | None = None) -> Page:
    """Return a page of the account's schedules, newest first. Raise InvalidCursor, PlanLimitExceeded."""

    def fetch(count: int, after: str | None) -> list[Document]:
        return [_document(row) for row in table.page(caller.account_id, count, after)]

    return pages.newest_first(caller, "list_schedules", limit, cursor, fetch, lambda made: str(made["id"]))


def get_schedule(caller: Caller, schedule_id: str) -> Document:
    """Raise NotFound unless the account has this schedule."""
    return _document(_owned(caller, schedule_id))


def update_schedule(caller: Caller, schedule_id: str, changes: Mapping[str, Any]) -> Document:
    """Change some of what ``create_schedule`` takes; the next time is counted anew. Raises like it, and NotFound."""
    with base.transaction():
        account.lock(caller.account_id)
        row = _owned(caller, schedule_id) | dict(changes)
        _, row["categories"] = scans.checked(caller, row["area"], row["categories"])
        row["recurrence"] = recurrence.checked(row["recurrence"])
        row |= {"updated_at": clock.now_stamp(), "last_error": None if changes else row["last_error"]}
        if changes.keys() & {"recurrence", "status"}:
            row["next_run_at"] = _next(row)
        table.change(schedule_id, **{name: row[name] for name in _SHOWN if name not in ("id", "created_at")})
    return get_schedule(caller, schedule_id)


def delete_schedule(caller: Caller, schedule_id: str) -> None:
    """Make no more scans; those made stay. Raise NotFound."""
    with base.transaction():
        if not table.delete(caller.account_id, schedule_id):
            raise NotFound("There is no schedule with this id.")


def run_due() -> None:
    """Make the scans that are due, of all accounts."""
    while rows := table.due(clock.now_stamp(), _AT_ONCE):
        for row in rows:
            _run(row)


def _run(row: table.Row) -> None:
    now = clock.now()
    began = clock.parse(row["next_run_at"])
    following = recurrence.following(row["recurrence"], began, now)
    with base.transaction():
        account.lock(row["account_id"])
        if not table.take(row, clock.stamp(following)):
            return
        done: dict[str, Any] = {"last_run_at": clock.stamp(now), "last_error": None}
        try:
            caller = accounts.by_id(row["account_id"])
            made = scans.create_scan(caller, row["name"], row["area"], row["categories"], schedule_id=row["id"])
            done["last_scan_id"] = made["id"]
        except (InvalidInput, PlanLimitExceeded, NotFound) as error:
            done["last_error"] = _told(error)
        table.change(row["id"], **done)


def _told(error: MapTargeterError) -> dict[str, str]:
    return {"code": error.code, "message": error.message}


def _next(row: Mapping[str, Any]) -> str | None:
    if row["status"] != ACTIVE:
        return None
    now = clock.now()
    return clock.stamp(recurrence.following(row["recurrence"], now, now))


def _owned(caller: Caller, schedule_id: str) -> table.Row:
    row = table.get(caller.account_id, schedule_id)
    if row is None:
        raise NotFound("There is no schedule with this id.")
    return row


def _document(row: table.Row) -> Document:
    return {name: row[name] for name in _SHOWN}
