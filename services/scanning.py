"""Carrying out a scan, tile by tile: each tile is one transaction that ends with its checkpoint.

Killed anywhere, a scan goes on with the first tile that has none. Deciding is left to ``services.scan_tiles``; here
the outcome is written.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from core import clock, ids
from core.geo import Area
from models import account, base, lead_batch, lead_ledger
from models import job as queue
from models import scan as table
from models.job import Job
from services import accounts, merging, scan_tiles, scans, webhooks
from services.merging import Intent
from services.places import sources
from services.planning import Tile
from services.scan_tiles import Run

KEPT = "The leads found so far are kept."


class StoppedError(Exception):
    """The scan has ended, or this tile is done: whatever the transaction did must be rolled back."""


def begin(scan_id: str) -> Run | None:
    """Plan the scan unless that was done before; None if it has ended (cancelled, most likely)."""
    row = table.get(scan_id)
    if row is None or row["status"] not in table.ACTIVE:
        return None
    caller, area, known = accounts.by_id(row["account_id"]), Area.from_json(row["area"]), sources()
    started_at = row["started_at"] or clock.now_stamp()
    if row["status"] == "queued":
        tiles = scan_tiles.tiles_of(caller, area, row["categories"])
        with base.transaction():
            start = {"started_at": started_at, "sources": scans.releases(known), "tiles_total": len(tiles)}
            if not table.change(scan_id, ("queued",), status="running", **start):
                return None
            table.plan(scan_id, tiles)
    return scan_tiles.run_for(caller, scan_id, started_at, area, row["categories"], known)


def tiles_left(run: Run) -> list[Tile]:
    """Return the tiles without a checkpoint, in order."""
    return table.tiles_left(run.terms.scan_id)


def scan_tile(run: Run, tile: Tile) -> None:
    """Do one tile, all of it or nothing.

    Raise StoppedError if the scan has ended or the tile is done, PlanLimitExceeded if its new leads are too many.
    """
    caller = run.caller
    with base.transaction():
        account.lock(caller.account_id)
        intents = scan_tiles.decide_tile(run, tile, partial(scan_tiles.stored_around, caller.account_id))
        counts = merging.totals(intents)
        if counts["new"] and caller.plan.leads is not None:
            caller.plan.require("leads", lead_ledger.count(caller.account_id) + counts["new"])
        _write(run, intents)
        _advance(run.terms.scan_id, tile, counts)


def end(run: Run, job: Job) -> None:
    """Complete the scan: its event and the end of the job are one commit. Raise LeaseLost."""
    scan_id = run.terms.scan_id
    with base.transaction():
        if table.change(scan_id, ("running",), status="completed", finished_at=clock.now_stamp()):
            webhooks.emit(run.caller.account_id, webhooks.SCAN_COMPLETED, {"scan": scans.get_scan(run.caller, scan_id)})
        queue.complete(job)


def fail(scan_id: str, code: str, message: str) -> None:
    """End the scan as failed, unless it has ended; what it wrote stays."""
    error = {"code": code, "message": f"{message} {KEPT}"}
    with base.transaction():
        table.change(scan_id, table.ACTIVE, status="failed", error=error, finished_at=clock.now_stamp())


def fail_abandoned() -> None:
    """End the scans whose job died, so that none looks as if it were under way for ever."""
    for scan_id in table.abandoned(scans.RUN_SCAN):
        fail(scan_id, "internal", "The scan stopped because of an error on our side.")


def _advance(scan_id: str, tile: Tile, counts: dict[str, int]) -> None:
    row = table.get(scan_id)
    if row is None or not table.check_off(scan_id, tile, counts):
        raise StoppedError
    total = {name: row["counts"][name] + number for name, number in counts.items()}
    if not table.change(scan_id, ("running",), counts=total, tiles_done=row["tiles_done"] + 1):
        raise StoppedError


def _write(run: Run, intents: Sequence[Intent]) -> None:
    caller, scan_id, at = run.caller, run.terms.scan_id, clock.now_stamp()
    new = [intent for intent in intents if intent.change == "new"]
    old = [intent for intent in intents if intent.change in ("changed", "refreshed")]
    gone = [intent for intent in intents if intent.change == "gone"]
    new_rows = [_new_row(intent, scan_id, at) for intent in new]
    old_rows = [_old_row(intent, scan_id, at) for intent in old]
    numbers = lead_batch.write(caller.account_id, caller.account_number, new_rows, old_rows)
    lead_batch.set_gone([intent.number for intent in gone], at)
    lead_batch.remove([intent.number for intent in intents if intent.change == "suppressed"])
    lead_batch.set_seen([intent.number for intent in intents if intent.change == "touched"], scan_id, at)
    lead_ledger.link(caller.account_id, _links([*numbers, *(intent.number for intent in old)], new + old))
    told = [(row["id"], intent) for row, intent in zip(new_rows, new, strict=True)]
    told += [(intent.before["id"], intent) for intent in old + gone if intent.change != "refreshed"]
    history = [(lead_id, intent.change, intent.fields) for lead_id, intent in told]
    lead_ledger.record(caller.account_id, ("scan", scan_id), at, history)


def _new_row(intent: Intent, scan_id: str, at: str) -> dict[str, Any]:
    times = dict.fromkeys(("first_seen_at", "last_seen_at", "changed_at"), at)
    return {**intent.columns, **times, "id": ids.new("lead"), "scan_id": scan_id, "gone_at": None}


def _old_row(intent: Intent, scan_id: str, at: str) -> dict[str, Any]:
    now: dict[str, Any] = {"gone_at": None}
    if intent.is_on_map:
        now |= {"last_seen_at": at, "scan_id": scan_id}
    if intent.change == "changed":
        now["changed_at"] = at
    return {**intent.before, **intent.columns, **now}


def _links(numbers: Iterable[int], intents: Iterable[Intent]) -> Iterator[tuple[int, tuple[str, str], Tile]]:
    for number, intent in zip(numbers, intents, strict=True):
        for place in intent.places:
            yield number, merging.key_of(place), (place["tile_y"], place["tile_x"])
