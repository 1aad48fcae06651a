"""The database: one URL chooses SQLite or PostgreSQL, and every table and transaction goes through here."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson
import peewee
import psycopg
from playhouse.pool import MaxConnectionsExceeded, PooledPostgresqlDatabase, PooledSqliteDatabase

from core import errors
from models import geo_sql

log = logging.getLogger(__name__)

RETRY_S = 5
_NO_ANSWER = "The database does not answer. Try again in a few seconds."

database = peewee.DatabaseProxy()
SQLITE_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",  # an answered request survives a power cut
    "foreign_keys": 1,
    "busy_timeout": 15_000,
    "cache_size": -64_000,
    "mmap_size": 268_435_456,
    "temp_store": "memory",
}
READING_ONCE = {"cache_size": -4_000, "mmap_size": 0}


class Model(peewee.Model):
    """Base of every table. ``id`` is always the public id; tables are named after their class."""

    class Meta:
        database = database
        legacy_table_names = False


class JSONText(peewee.TextField):
    """A JSON value kept as text, the same on both databases."""

    def db_value(self, value: Any) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def python_value(self, value: str | None) -> Any:
        return None if value is None else orjson.loads(value)


class Stamp(peewee.CharField):
    """A time as ``core.clock.stamp`` writes it: text that sorts."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=24, **options)


def connect(url: str, *, pragmas: dict[str, Any] | None = None) -> None:
    """Bind the tables to the database at ``url``: ``sqlite:///path`` or ``postgresql://...``.

    Nothing is opened yet; see ``connection``. Raises ValueError for another scheme.
    """
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        database.initialize(_sqlite(url, pragmas or {}))
    elif scheme in ("postgresql", "postgres"):
        database.initialize(_postgresql(url))
    else:
        raise ValueError(f"MAPTARGETER_DATABASE_URL: use sqlite:///... or postgresql://..., not {scheme!r}")


def is_sqlite() -> bool:
    return isinstance(database.obj, peewee.SqliteDatabase)


@contextmanager
def connection() -> Iterator[None]:
    """Hold a pooled connection for this thread; re-entrant.

    Raise Unavailable if none can be had, and when the database fails in the middle of the work inside: what was
    not committed is undone, and worth another try.
    """
    opened = open_connection()
    try:
        yield
    except (peewee.OperationalError, peewee.InterfaceError) as error:
        if _is_mistake(error):
            raise
        log.error("the database failed: %s", error)
        raise errors.Unavailable(_NO_ANSWER, RETRY_S) from error
    finally:
        if opened:
            close_connection()


@contextmanager
def without_connection() -> Iterator[None]:
    """Give this thread's connection, if it has one, to others while something slow is done that needs none.

    Raise RuntimeError inside a transaction.
    """
    if database.in_transaction():
        raise RuntimeError("nothing slow is done inside a transaction")
    held = not database.is_closed()
    close_connection()
    try:
        yield
    finally:
        if held:
            open_connection()


def open_connection() -> bool:
    """Take a connection for this thread; return False when it already had one."""
    try:
        return bool(database.connect(reuse_if_open=True))
    except (peewee.OperationalError, peewee.InterfaceError, MaxConnectionsExceeded) as error:
        log.error("database does not answer: %s", type(error).__name__)
        raise errors.Unavailable(_NO_ANSWER, RETRY_S) from error


def close_connection() -> None:
    """Give this thread's connection back to the pool; an open transaction is rolled back."""
    if not database.is_closed():
        database.close()


@contextmanager
def transaction() -> Iterator[None]:
    """All or nothing. On SQLite the write lock is taken first, so that a later write cannot fail for it."""
    begin = ("IMMEDIATE",) if is_sqlite() and not database.in_transaction() else ()
    with database.atomic(*begin):
        yield


@contextmanager
def impatiently() -> Iterator[None]:
    """Give up on a write inside, without an error, if somebody else holds the lock that it needs."""
    try:
        with _unwaiting_sqlite() if is_sqlite() else _unwaiting_postgresql():
            yield
    except peewee.OperationalError as error:
        log.info("not written, the database was busy: %s", error)


@contextmanager
def _unwaiting_sqlite() -> Iterator[None]:
    _set_pragmas({"busy_timeout": 0})
    try:
        yield
    finally:
        _set_pragmas({"busy_timeout": SQLITE_PRAGMAS["busy_timeout"]})


@contextmanager
def _unwaiting_postgresql() -> Iterator[None]:
    with database.atomic():
        database.execute_sql("SET LOCAL lock_timeout = '20ms'")
        yield
        database.execute_sql("SET LOCAL lock_timeout = DEFAULT")


@contextmanager
def snapshot() -> Iterator[None]:
    """Every read inside sees the database as it was at the first one."""
    if is_sqlite():
        with database.transaction("DEFERRED"):
            yield
    else:
        with database.transaction(psycopg.IsolationLevel.REPEATABLE_READ):
            yield


@contextmanager
def reading_once() -> Iterator[None]:
    """Keep little of what is read inside in memory: it is much, and nobody comes back to it. Not in a transaction."""
    if not is_sqlite():
        yield
        return
    _set_pragmas(READING_ONCE)
    try:
        yield
    finally:
        _set_pragmas({name: SQLITE_PRAGMAS[name] for name in READING_ONCE})


def _set_pragmas(values: dict[str, Any]) -> None:
    for name, value in values.items():
        database.execute_sql(f"PRAGMA {name} = {value}")


def rows(sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Run a query written with ``?`` placeholders on either database and return all rows."""
    return list(database.execute_sql(portable(sql), parameters).fetchall())


def portable(sql: str) -> str:
    """Turn ``?`` placeholders into this database's own; the SQL itself must hold no other ``?`` or ``%``."""
    return sql if is_sqlite() else sql.replace("?", "%s")


def change(text: str, parameters: tuple[Any, ...], *, columns: int = 0, rows: int = 1) -> bool:
    """Run a statement written as for ``written``; return whether it changed anything."""
    text = portable(written(text, columns=columns, rows=rows))
    return bool(database.execute_sql(text, parameters).rowcount > 0)


def written(text: str, *, columns: int = 0, rows: int = 1) -> str:
    """Write ``(...)`` out as placeholders, and leave row locks to the database that has them.

    On SQLite a writing transaction holds the only write lock there is.
    """
    return _written(text, columns, rows, is_sqlite())


@lru_cache(1024)
def _written(text: str, columns: int, rows: int, is_sqlite: bool) -> str:
    text = text.replace("(...)", ", ".join([f"({', '.join('?' * columns)})"] * rows))
    return text.replace(" FOR UPDATE SKIP LOCKED", "") if is_sqlite else text


def _is_mistake(error: BaseException) -> bool:
    """Tell a mistake in our SQL, for which SQLite has no class of its own, from a database in trouble.

    Looks at what led to the error, too: a full disk undoes the transaction, and undoing it again is the error seen.
    """
    codes = []
    cause: BaseException | None = error
    while cause:
        codes += [cause.sqlite_errorcode] if isinstance(cause, sqlite3.OperationalError) else []
        cause = cause.__context__
    return bool(codes) and set(codes) == {sqlite3.SQLITE_ERROR}


def _sqlite(url: str, pragmas: dict[str, Any]) -> peewee.SqliteDatabase:
    path = unquote(url.removeprefix("sqlite:///"))
    made = PooledSqliteDatabase(
        path,
        pragmas=SQLITE_PRAGMAS | pragmas,
        max_connections=64,
        timeout=15,
        autoconnect=False,
        check_same_thread=False,
    )
    for name, function in geo_sql.SQLITE.items():
        made.register_function(function, name, deterministic=True)
    return made


def _postgresql(url: str) -> peewee.PostgresqlDatabase:
    options = psycopg.conninfo.conninfo_to_dict(url)
    name = options.pop("dbname", None) or "postgres"
    return PooledPostgresqlDatabase(
        name, max_connections=32, stale_timeout=300, timeout=10, autoconnect=False, prefer_psycopg3=True, **options
    )
