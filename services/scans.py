"""Scans as customers see them: start, watch, stop, and ask beforehand. ``services.scanning`` carries them out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core import clock, ids
from core.errors import Conflict, InvalidInput, NotFound
from core.geo import Area
from models import account, base, lead_ledger
from models import job as queue
from models import scan as table
from services import merging, pages, planning, scan_tiles
from services.accounts import Caller
from services.pages import Page
from services.places import SourceInfo, sources

RUN_SCAN = "run_scan"
"""The kind of job that carries out a scan; its key is the scan's id."""


@dataclass(frozen=True, slots=True)
class ScanChange:
    """What a scan made of a lead: new, changed (with the properties before and after) or gone."""

    lead_id: str
    name: str
    at: str
    change: str
    changed_fields: list[str]
    before: dict[str, Any]
    after: dict[str, Any]


Document = dict[str, Any]
Json = dict[str, Any]


def create_scan(
    caller: Caller, name: str | None, area: Json, categories: Sequence[str], schedule_id: str | None = None
) -> Document:
    """Queue a scan of ``area`` (as JSON: bbox, circle or polygon) and return it.

    No categories mean all. Raise InvalidInput with every violation; PlanLimitExceeded if the area is too large or
    the account has no room for a single lead more.
    """
    outline, chosen = checked(caller, area, categories)
    scan = {
        "id": ids.new("scan"), "account_id": caller.account_id, "status": "queued", "area": area,
        "name": name or name_for(outline), "schedule_id": schedule_id, "area_km2": outline.area_km2,
        "categories": chosen, "counts": dict.fromkeys(merging.COUNTS, 0), "created_at": clock.now_stamp(),
    }  # fmt: skip
    with base.transaction():
        account.lock(caller.account_id)
        if caller.plan.leads is not None:
            caller.plan.require("leads", lead_ledger.count(caller.account_id) + 1)
        table.insert(scan)
        queue.enqueue(RUN_SCAN, {"scan_id": scan["id"]}, account_id=caller.account_id, key=str(scan["id"]))
    return get_scan(caller, str(scan["id"]))


def estimate_scan(caller: Caller, area: Json, categories: Sequence[str]) -> Document:
    """Return the very counts such a scan would have if it ran now. Nothing is stored. Raises like ``create_scan``."""
    outline, chosen = checked(caller, area, categories)
    with base.snapshot():
        known = sources()
        run = scan_tiles.run_for(caller, ids.new("scan"), clock.now_stamp(), outline, chosen, known)
        tiles = scan_tiles.tiles_of(caller, outline, chosen)
        rehearsal = scan_tiles.Rehearsal(run)
        counts = dict.fromkeys(merging.COUNTS, 0)
        for tile in tiles:
            for count, number in rehearsal.play(tile).items():
                counts[count] += number
    size = {"area_km2": outline.area_km2, "tiles": len(tiles)}
    return {"dry_run": True, **size, "counts": counts, "sources": releases(known)}


def list_scans(caller: Caller, limit: int, cursor: str | None = None) -> Page:
    """Return a page of the account's scans, newest first. Raise InvalidCursor, PlanLimitExceeded."""

    def fetch(count: int, after: str | None) -> list[Document]:
        return [document(row) for row in table.page(caller.account_id, count, after)]

    return pages.newest_first(caller, "list_scans", limit, cursor, fetch, lambda scan: str(scan["id"]))


def get_scan(caller: Caller, scan_id: str) -> Document:
    """Raise NotFound unless the account has made this scan."""
    return document(_owned(caller, scan_id))


def cancel_scan(caller: Caller, scan_id: str) -> Document:
    """Stop a scan before its next tile; what it found stays. Raise NotFound, or Conflict if it has ended otherwise."""
    with base.transaction():
        _owned(caller, scan_id)
        table.change(scan_id, table.ACTIVE, status="cancelled", finished_at=clock.now_stamp())
        row = _owned(caller, scan_id)
    if row["status"] != "cancelled":
        raise Conflict(f"The scan {scan_id} has {row['status']} already.")
    return document(row)


def list_scan_changes(
    caller: Caller, scan_id: str, limit: int, cursor: str | None = None, *, change: str | None = None
) -> Page:
    """Return a page of ``ScanChange``s, the last ones first, all or only those of a kind: new, changed or gone.

    Raise NotFound, InvalidCursor, PlanLimitExceeded.
    """

    def fetch(count: int, after: str | None) -> list[lead_ledger.Row]:
        last = int(after) if after else None
        return lead_ledger.changes(caller.account_id, scan_id, count, last, change)

    _owned(caller, scan_id)
    operation = f"list_scan_changes {scan_id} {change}"
    page = pages.newest_first(caller, operation, limit, cursor, fetch, lambda row: str(row["id"]))
    names = lead_ledger.names(caller.account_id, [row["lead_id"] for row in page.rows])
    return Page([_change(row, names) for row in page.rows], page.next_cursor)


def name_for(area: Area) -> str:
    """Return a name for a scan that was given none."""
    return planning.name_for(area.area_km2, area.bbox)


def releases(known: Iterable[SourceInfo]) -> list[dict[str, str]]:
    """Return which data a scan reads, and how old it is."""
    return [{"source": source.source, "release": source.release} for source in known]


def document(row: table.Row) -> Document:
    """Return a scan as the API and webhooks show it."""
    same = ("id", "name", "status", "area", "area_km2", "categories", "counts")
    last = ("sources", "schedule_id", "error", "created_at", "started_at", "finished_at")
    progress = {"done": row["tiles_done"], "total": row["tiles_total"]}
    return {name: row[name] for name in same} | {"progress": progress} | {name: row[name] for name in last}


def _change(row: lead_ledger.Row, names: Mapping[str, str]) -> ScanChange:
    before = {name: change["from"] for name, change in row["fields"].items()}
    after = {name: change["to"] for name, change in row["fields"].items()}
    return ScanChange(
        row["lead_id"], names.get(row["lead_id"], ""), row["at"], row["change"], list(before), before, after
    )


def _owned(caller: Caller, scan_id: str) -> table.Row:
    row = table.get(scan_id)
    if row is None or row["account_id"] != caller.account_id:
        raise NotFound("There is no scan with this id.")
    return row


def checked(caller: Caller, area: Json, categories: Sequence[str]) -> tuple[Area, list[str]]:
    """Return the area and the categories of a scan, each once; raise as ``create_scan`` does."""
    chosen = list(dict.fromkeys(categories))
    violations = planning.unknown_categories(chosen)
    try:
        outline = Area.from_json(area)
    except InvalidInput as error:
        raise InvalidInput(error.message, error.details + violations) from None
    if violations:
        raise InvalidInput(violations[0].message, violations)
    caller.plan.require("scan_area_km2", outline.area_km2)
    return outline, chosen
