"""Scans and the tiles that are their checkpoints."""

from collections.abc import Iterable, Sequence
from typing import Any

import peewee

from models import base
from models.base import JSONText, Stamp

ACTIVE = ("queued", "running")

Row = dict[str, Any]
Tile = tuple[int, int]


class Scan(base.Model):
    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40)
    name = peewee.CharField(max_length=200)
    status = peewee.CharField(max_length=16)  # queued | running | completed | cancelled | failed
    area = JSONText()
    area_km2 = peewee.DoubleField()
    categories = JSONText()
    counts = JSONText()  # {"found", "new", "changed", "unchanged", "gone"}
    tiles_total = peewee.IntegerField(default=0)
    tiles_done = peewee.IntegerField(default=0)
    error = JSONText(null=True)  # {"code", "message"}
    sources = JSONText(default=list)  # [{"source", "release"}] read when it started
    schedule_id = peewee.CharField(max_length=40, null=True)
    created_at = Stamp()
    started_at = Stamp(null=True)
    finished_at = Stamp(null=True)

    class Meta:
        indexes = ((("account_id", "id"), False),)


class ScanTile(base.Model):
    """One tile of a scan; ``counts`` is set in the transaction that wrote the tile's leads."""

    scan_id = peewee.CharField(max_length=40)
    y = peewee.IntegerField()
    x = peewee.IntegerField()
    counts = JSONText(null=True)

    class Meta:
        primary_key = peewee.CompositeKey("scan_id", "y", "x")


Scan.add_index(peewee.SQL("CREATE INDEX IF NOT EXISTS scan_active ON scan (id) WHERE status IN ('queued', 'running')"))

TABLES: tuple[type[base.Model], ...] = (Scan, ScanTile)


def insert(row: Row) -> None:
    """Write a new scan."""
    Scan.insert(row).execute()


def get(scan_id: str) -> Row | None:
    """Return a scan, whoever it belongs to."""
    found: Row | None = Scan.select().where(Scan.id == scan_id).dicts().first()
    return found


def page(account_id: str, limit: int, after: str | None = None) -> list[Row]:
    """Return up to ``limit`` scans, newest first, from the one after ``after`` on."""
    query: Any = Scan.select().where(Scan.account_id == account_id)
    if after is not None:
        query = query.where(Scan.id < after)
    return list(query.order_by(Scan.id.desc()).limit(limit).dicts())


def count(account_id: str) -> int:
    """Return how many scans the account has made."""
    return int(Scan.select().where(Scan.account_id == account_id).count())


def change(scan_id: str, among: Sequence[str], **values: Any) -> bool:
    """Set values if the scan's status is one of ``among``; return whether it was. Locks the row until commit."""
    return bool(Scan.update(**values).where((Scan.id == scan_id) & Scan.status.in_(among)).execute())


def plan(scan_id: str, tiles: Iterable[Tile]) -> None:
    """Write the tiles that the scan is made of."""
    rows = [{"scan_id": scan_id, "y": y, "x": x} for y, x in tiles]
    for chunk in peewee.chunked(rows, 500):
        ScanTile.insert_many(chunk).execute()


def tiles_left(scan_id: str) -> list[Tile]:
    """Return the tiles without a checkpoint, in order."""
    left = (ScanTile.scan_id == scan_id) & ScanTile.counts.is_null()
    query: Any = ScanTile.select(ScanTile.y, ScanTile.x).where(left)
    return list(query.order_by(ScanTile.y, ScanTile.x).tuples())


def check_off(scan_id: str, tile: Tile, counts: dict[str, int]) -> bool:
    """Write the checkpoint of a tile; return False if it has one."""
    here = (ScanTile.scan_id == scan_id) & (ScanTile.y == tile[0]) & (ScanTile.x == tile[1])
    return bool(ScanTile.update(counts=counts).where(here & ScanTile.counts.is_null()).execute())


def abandoned(kind: str) -> list[str]:
    """Return the scans that have not ended although no job of ``kind`` with their id as its key is left alive."""
    sql = (
        "SELECT id FROM scan WHERE status IN ('queued', 'running') AND NOT EXISTS"
        " (SELECT 1 FROM job WHERE kind = ? AND dedupe_key = scan.id AND state <> 'dead')"
    )
    return [scan_id for (scan_id,) in base.rows(sql, (kind,))]
