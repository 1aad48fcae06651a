"""Limits of all processes of one machine in one SQLite file, exactly, with no server to run.

Also a storage of the ``limits`` package under the scheme ``sqlite``, so that Flask-Limiter can share it. What a power
cut can lose is the last minute of counting, so nothing is synced; with the server stopped, the file may be deleted.
"""

import os
import sqlite3
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import unquote

from limits.storage import MovingWindowSupport, Storage

from core.limits_log import SECOND, Reading, micros

Result = TypeVar("Result")

SCHEMES = ["sqlite"]
BUSY_S = 1.0
_POLL_S = 0.0003
_SWEEP_EVERY = SECOND // 10
_SWEEP_KEYS = 100
_DROP_EVERY = 16

# ``total`` is the running total of costs of the key; ``until`` the microsecond in which the hit leaves its window.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS hit
(key TEXT, total INTEGER, cost INTEGER, until INTEGER, PRIMARY KEY (key, total)) WITHOUT ROWID
"""
_ADD = "INSERT INTO hit (key, total, cost, until) VALUES (?, ?, ?, ?)"
_OLDEST = "SELECT until, total - cost FROM hit WHERE key = ? AND until > ? ORDER BY total LIMIT 1"
_NEWEST = "SELECT until, total FROM hit WHERE key = ? ORDER BY total DESC LIMIT 1"
_AT_TOTAL = "SELECT until FROM hit WHERE key = ? AND total >= ? ORDER BY total LIMIT 1"
_DROP = "DELETE FROM hit WHERE key = ? AND total <= ?"
_SET_BACK = "UPDATE hit SET until = ?2 WHERE key = ?1 AND until > ?2"
_NEXT_KEY = "SELECT key FROM hit WHERE key > ? ORDER BY key LIMIT 1"


class SqliteStore(Storage, MovingWindowSupport):
    """One connection for all threads of a process, one short write transaction for each hit."""

    STORAGE_SCHEME = SCHEMES
    failures: tuple[type[Exception], ...] = (sqlite3.Error, OSError)

    def __init__(self, uri: str, wrap_exceptions: bool = False, **options: float | str | bool) -> None:
        """``uri`` is ``sqlite:///relative`` or ``sqlite:////absolute``; the first hit opens the file."""
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self._path = unquote(uri.removeprefix("sqlite:///"))
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._next_sweep = 0
        self._swept = ""
        _stores.add(self)

    def take(self, key: str, limit: int, window: int, cost: int, *, record: bool = True) -> Reading:
        def work(db: sqlite3.Connection) -> Reading:
            now = micros()  # asked inside the lock, so that hits are kept in the order of their times
            self._sweep(db, now)
            return _take(db, key, now, limit, window * SECOND, cost, record)

        return self._run(work)

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        return amount <= limit and self.take(key, limit, expiry, amount).allowed

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        reading = self.take(key, limit, expiry, 0, record=False)
        start = micros() + (reading.reset - expiry * SECOND if reading.used else 0)
        return start / SECOND, reading.used

    def clear(self, key: str) -> None:
        self._run(lambda db: db.execute("DELETE FROM hit WHERE key = ?", (key,)))

    def reset(self) -> int | None:
        return self._run(lambda db: db.execute("DELETE FROM hit").rowcount)

    def check(self) -> bool:
        try:
            self._run(lambda db: db.execute(_NEWEST, ("",)))
        except self.failures:
            return False
        return True

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        return self.failures

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError("sqlite:// counts sliding windows only: choose the strategy moving-window")

    def get(self, key: str) -> int:
        raise NotImplementedError("sqlite:// counts sliding windows only: choose the strategy moving-window")

    def get_expiry(self, key: str) -> float:
        raise NotImplementedError("sqlite:// counts sliding windows only: choose the strategy moving-window")

    def _run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do ``work`` as the only one of all threads and processes, wholly or not at all."""
        if not self._lock.acquire(timeout=BUSY_S):
            raise TimeoutError("another thread waits for the limit store")
        try:
            db = self._connection = self._connection or _patiently(_open, self._path)
            _patiently(db.execute, "BEGIN IMMEDIATE")
            result = work(db)
            db.execute("COMMIT")
        except BaseException:
            self._close()
            raise
        finally:
            self._lock.release()
        return result

    def _close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _sweep(self, db: sqlite3.Connection, now: int) -> None:
        """Now and then, drop what has left of some keys in turn: nobody may ask for them again."""
        if self._next_sweep - _SWEEP_EVERY <= now < self._next_sweep:
            return
        self._next_sweep = now + _SWEEP_EVERY
        for _ in range(_SWEEP_KEYS):
            self._swept = (db.execute(_NEXT_KEY, (self._swept,)).fetchone() or ("",))[0]
            if not self._swept:
                return
            first = db.execute(_OLDEST, (self._swept, now)).fetchone()
            db.execute(_DROP, (self._swept, first[1] if first else sys.maxsize))

    def _renew(self) -> None:
        """A SQLite connection must not be used, nor closed, by a child process: open another, leave this one be."""
        if self._connection:
            _inherited.append(self._connection)
        self._connection = None


def _patiently(call: Callable[[str], Result], argument: str) -> Result:
    """Call again while another process is in the way: more often than SQLite would, which lets some wait far too long.

    SQLite would not wait at all where two processes create the file at once.
    """
    deadline = 0.0
    while True:
        try:
            return call(argument)
        except sqlite3.OperationalError as error:
            deadline = deadline or time.monotonic() + BUSY_S
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_POLL_S)


def _open(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = OFF")
        db.execute(_SCHEMA)
    except BaseException:
        db.close()
        raise
    return db


def _take(db: sqlite3.Connection, key: str, now: int, limit: int, window: int, cost: int, record: bool) -> Reading:
    latest, total = db.execute(_NEWEST, (key,)).fetchone() or (0, 0)
    if latest > now + window:  # the clock was set back: hits of the future count as of now
        db.execute(_SET_BACK, (key, now + window))
    oldest, gone = db.execute(_OLDEST, (key, now)).fetchone() or (now, total)
    excess = total - gone + cost - limit
    if excess > 0:
        leaving: int = db.execute(_AT_TOTAL, (key, gone + excess)).fetchone()[0]
        return Reading(False, total - gone, oldest - now, leaving - now)
    if record and cost:
        if total % _DROP_EVERY + cost >= _DROP_EVERY:  # not each time: it costs as much as the hit itself
            db.execute(_DROP, (key, gone))
        oldest = oldest if total > gone else now + window
        total += cost
        db.execute(_ADD, (key, total, cost, now + window))
    return Reading(True, total - gone, oldest - now, 0)


_stores: weakref.WeakSet[SqliteStore] = weakref.WeakSet()
_paused: list[SqliteStore] = []
_inherited: list[sqlite3.Connection] = []


def _pause() -> None:
    """Let no thread be inside SQLite while this process forks: the child would wait for SQLite's own locks for ever."""
    _paused[:] = _stores
    for store in _paused:
        store._lock.acquire()


def _go_on() -> None:
    for store in _paused:
        store._lock.release()


def _go_on_in_child() -> None:
    for store in _paused:
        store._renew()
    _go_on()


os.register_at_fork(before=_pause, after_in_parent=_go_on, after_in_child=_go_on_in_child)
