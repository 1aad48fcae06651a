"""One commit for the writes of many threads: on SQLite a commit waits for the disk, and only one can be under way.

Who comes first writes for all that wait by then, each in a savepoint of its own, so that one that fails undoes nothing
of the others. Every one of them is told only after the commit. PostgreSQL commits side by side, so there each has its
own.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from models import base

MOST = 64
"""So many writes share a commit, at most."""

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class _Write(Generic[T]):
    work: Callable[[], T]
    results: list[T] = field(default_factory=list)
    error: BaseException | None = None
    over: bool = False


_waiting: list[_Write[object]] = []
_list_lock, _turn = threading.Lock(), threading.Lock()


def write(work: Callable[[], T]) -> T:
    """Return what ``work()`` does in a transaction, or raise what it raises, once that has been committed or undone.

    Another thread may run it: it must use the database and nothing that belongs to a thread.
    """
    if not base.is_sqlite() or base.database.in_transaction():
        with base.transaction():
            return work()
    mine = _Write(work)
    with _list_lock:
        _waiting.append(mine)  # type: ignore[arg-type]  # each is read by who wrote it
    with _turn:
        while not mine.over:
            _write_all()
    if mine.error is not None:
        raise mine.error
    return mine.results[0]


def _write_all() -> None:
    with _list_lock:
        writes = _waiting[:MOST]
        del _waiting[:MOST]
    try:
        with base.transaction():
            for one in writes:
                _write_one(one)
    except BaseException as error:  # the commit failed, and with it all
        for one in writes:
            one.error = error
        raise
    finally:
        for one in writes:
            one.over = True


def _write_one(one: _Write[object]) -> None:
    try:
        with base.database.atomic():
            one.results.append(one.work())
    except Exception as error:
        one.error = error
