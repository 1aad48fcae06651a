"""Exports: files of leads."""

import peewee

from models import base
from models.base import JSONText, Stamp


class Export(base.Model):
    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40)
    status = peewee.CharField(max_length=16)  # queued | running | completed | cancelled | failed | expired
    format = peewee.CharField(max_length=16)
    filters = JSONText()
    fields = JSONText()
    row_count = peewee.IntegerField(null=True)
    bytes = peewee.BigIntegerField(null=True)
    sha256 = peewee.CharField(max_length=64, null=True)
    error = JSONText(null=True)  # {"code", "message"}
    created_at = Stamp()
    started_at = Stamp(null=True)
    finished_at = Stamp(null=True)
    expires_at = Stamp(null=True)

    class Meta:
        indexes = ((("account_id", "id"), False),)


TABLES: tuple[type[base.Model], ...] = (Export,)
