"""Tells how far an export is while it is written, and hears when nobody wants it any more.

The thread that writes reads one point in time of the database, in which neither can be done.
"""

import logging
import threading
from types import TracebackType

from models import base
from models import export as table
from models import job as queue
from models.job import Job

log = logging.getLogger(__name__)

EVERY_S = 1.0


class Stopped(Exception):
    """The export has ended meanwhile, or another worker writes it."""


class Watch:
    """Watches over the export that ``job`` writes, for as long as a ``with`` block lasts."""

    def __init__(self, export_id: str, job: Job) -> None:
        self._export_id, self._job = export_id, job
        self._done, self._total = 0, 0
        self._wanted = True
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="export-watch", daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def tell(self, done: int, total: int) -> None:
        """Say how many of how many rows are written; raise Stopped if writing more is in vain."""
        self._done, self._total = done, total
        if not self._wanted:
            raise Stopped(self._export_id)

    def _run(self) -> None:
        while self._wanted and not self._end.wait(EVERY_S):
            try:
                with base.connection():
                    self._look()
            except Exception as error:  # the next look comes soon; the writer itself meets what lasts
                log.warning("cannot tell how far %s is: %s", self._export_id, error)

    def _look(self) -> None:
        with base.transaction():
            told = table.change(self._export_id, table.ACTIVE, rows_done=self._done, rows_total=self._total)
        self._wanted = told and queue.holds(self._job)
