"""Bring a database to this version of the code.

A new database is created whole from ``models.schema`` and marked with the newest version. An older one
runs the numbered functions it has not seen, oldest first, each in a transaction of its own.
"""

from collections.abc import Callable

import peewee

from models import base, schema

MIGRATIONS: tuple[Callable[[], None], ...] = ()
"""Function n brings version n to n + 1. Forward only; written in plain SQL so that later models do not change it."""

_LOCK_ID = 7_221_001  # any number: who else migrates this database waits for the same one


class SchemaVersion(base.Model):
    """One row: how many migrations this database has seen."""

    version = peewee.IntegerField(primary_key=True)


def migrate() -> int:
    """Bring the database up to date; return the number of steps taken. Safe to run from several processes."""
    with base.connection(), base.transaction():
        _wait_for_other_migrations()
        version = _version()
        if version is None:
            schema.create()
            base.database.create_tables([SchemaVersion])
            SchemaVersion.insert(version=len(MIGRATIONS)).execute()
            return 1
    return sum(_step(number) for number in range(version, len(MIGRATIONS)))


def pending() -> bool:
    """Tell whether ``migrate`` would change anything."""
    with base.connection():
        return _version() != len(MIGRATIONS)


def _step(number: int) -> int:
    with base.connection(), base.transaction():
        _wait_for_other_migrations()
        if _version() != number:
            return 0
        MIGRATIONS[number]()
        SchemaVersion.update(version=number + 1).execute()
        return 1


def _wait_for_other_migrations() -> None:
    if not base.is_sqlite():
        base.database.execute_sql("SELECT pg_advisory_xact_lock(%s)", (_LOCK_ID,))


def _version() -> int | None:
    if not base.database.table_exists("schema_version"):
        return None
    row = SchemaVersion.select().get()
    return int(row.version)
