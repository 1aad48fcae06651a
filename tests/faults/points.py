"""Places where a process may die: around every commit, every outbound request, every change of a file.

They are put around the boundaries from outside, in a process made to be killed. The code under test knows nothing.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from core import blobs, http
from models import base

_WRITES = ("INSERT", "UPDATE", "DELETE", "WITH")
_BETWEEN = ("peewee", "contextlib", "models/base.py", "models/together.py", "faults/points.py", "pool.py")


class Points:
    """Counts the places passed, and dies at number ``fatal`` (from 1) as if the power were cut: by SIGKILL."""

    def __init__(self, fatal: int | None = None) -> None:
        self.passed: list[str] = []
        self._fatal = fatal

    def install(self) -> None:
        """Surround the boundaries of this process; the database must have been chosen."""
        self._surround_database(base.database.obj)
        self._surround_requests()
        self._surround_files()

    def at(self, place: str) -> None:
        self.passed.append(place)
        if len(self.passed) == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def _surround_database(self, database: Any) -> None:
        commit, execute = database.commit, database.execute_sql

        def commits() -> Any:
            return self._around(f"commit in {_caller()}", commit)

        def executes(sql: str, *arguments: Any) -> Any:
            if database.in_transaction() or not sql.lstrip().upper().startswith(_WRITES):
                return execute(sql, *arguments)
            return self._around(f"statement in {_caller()}", execute, sql, *arguments)

        database.commit, database.execute_sql = commits, executes

    def _surround_requests(self) -> None:
        send = http.Client.send

        def sends(client: http.Client, method: str, url: str, *arguments: Any, **options: Any) -> http.Response:
            answer: http.Response = self._around("request", send, client, method, url, *arguments, **options)
            return answer

        _replace(http.Client, "send", sends)

    def _surround_files(self) -> None:
        create, delete, at = blobs.FolderStore.create, blobs.FolderStore.delete, self.at

        @contextmanager
        def creates(store: blobs.FolderStore, key: str) -> Iterator[blobs.Writer]:
            at("before a file is begun")
            with create(store, key) as file:
                yield _Dying(file, at)
                at("before a file is in its place")
            at("after a file is in its place")

        def deletes(store: blobs.FolderStore, key: str) -> None:
            self._around("deletion of a file", delete, store, key)

        _replace(blobs.FolderStore, "create", creates)
        _replace(blobs.FolderStore, "delete", deletes)

    def _around(self, place: str, work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        self.at(f"before the {place}")
        done = work(*arguments, **options)
        self.at(f"after the {place}")
        return done


class _Dying:
    """A file that may be left half written."""

    def __init__(self, file: blobs.Writer, at: Callable[[str], None]) -> None:
        self._file, self._at = file, at

    def write(self, data: bytes) -> object:
        half = len(data) // 2
        self._file.write(data[:half])
        self._at("half-way through a file")
        return self._file.write(data[half:])


def _replace(owner: type, name: str, by: Any) -> None:
    setattr(owner, name, by)


def _caller() -> str:
    """Name the function that ends a transaction, below the layers that all share."""
    frame: FrameType | None = sys._getframe(1)
    while frame and any(part in frame.f_code.co_filename for part in _BETWEEN):
        frame = frame.f_back
    return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_code.co_name}" if frame else "?"
