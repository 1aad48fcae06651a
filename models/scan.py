"""Scans and the tiles that are their checkpoints."""

import peewee

from models import base
from models.base import JSONText, Stamp


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


TABLES: tuple[type[base.Model], ...] = (Scan, ScanTile)
