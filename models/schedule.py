"""Schedules: scans that are made again and again."""

from typing import Any

import peewee

from models import base
from models.base import JSONText, Stamp

Row = dict[str, Any]


class Schedule(base.Model):
    """``next_run_at`` is when the next scan is due; None while the schedule is paused."""

    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40)
    name = peewee.CharField(max_length=200)
    area = JSONText()
    categories = JSONText()
    recurrence = JSONText()
    status = peewee.CharField(max_length=16)  # active | paused
    next_run_at = Stamp(null=True, index=True)
    last_run_at = Stamp(null=True)
    last_scan_id = peewee.CharField(max_length=40, null=True)
    last_error = JSONText(null=True)  # {"code", "message"}, when the last scan could not be made
    created_at = Stamp()
    updated_at = Stamp()

    class Meta:
        indexes = ((("account_id", "id"), False),)


TABLES: tuple[type[base.Model], ...] = (Schedule,)


def insert(row: Row) -> None:
    Schedule.insert(row).execute()


def get(account_id: str, schedule_id: str) -> Row | None:
    here = (Schedule.account_id == account_id) & (Schedule.id == schedule_id)
    found: Row | None = Schedule.select().where(here).dicts().first()
    return found


def page(account_id: str, limit: int, after: str | None = None) -> list[Row]:
    """Return up to ``limit`` schedules, newest first, from the one after ``after`` on."""
    query: Any = Schedule.select().where(Schedule.account_id == account_id)
    if after is not None:
        query = query.where(Schedule.id < after)
    return list(query.order_by(Schedule.id.desc()).limit(limit).dicts())


def count(account_id: str) -> int:
    return int(Schedule.select().where(Schedule.account_id == account_id).count())


def change(schedule_id: str, **values: Any) -> None:
    Schedule.update(**values).where(Schedule.id == schedule_id).execute()


def delete(account_id: str, schedule_id: str) -> bool:
    """Return whether there was one."""
    here = (Schedule.account_id == account_id) & (Schedule.id == schedule_id)
    return bool(Schedule.delete().where(here).execute())


def due(now: str, limit: int) -> list[Row]:
    """Return schedules whose time has come, the longest due first."""
    query: Any = Schedule.select().where(Schedule.next_run_at <= now).order_by(Schedule.next_run_at).limit(limit)
    return list(query.dicts())


def take(row: Row, following: str) -> bool:
    """Set when a schedule, as it was read, is due next; return False if somebody did so before. Locks the row."""
    still = (Schedule.id == row["id"]) & (Schedule.next_run_at == row["next_run_at"])
    return bool(Schedule.update(next_run_at=following).where(still).execute())
