"""What an operator does with jobs: look at them, try dead ones again, remove some."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from models import job_admin

DEAD_KEPT = timedelta(days=30)
"""How long a dead job is kept with its reason. A finished one is gone at once."""

_HEADINGS = ("ID", "KIND", "ACCOUNT", "STATE", "ATTEMPTS", "RUN AT", "LAST ERROR")
_ERROR_WIDTH = 80
_PAGE = 1000


def listing(
    state: str | None = None, kind: str | None = None, account_id: str | None = None, limit: int = 100
) -> list[dict[str, Any]]:
    """Return up to ``limit`` jobs as rows by column name, oldest first."""
    return job_admin.listing(state=state, kind=kind, account_id=account_id, limit=limit)


def dead(kind: str | None = None) -> list[str]:
    """Return the ids of all dead jobs, or those of one kind."""
    found: list[str] = []
    while rows := job_admin.listing(state="dead", kind=kind, after=found[-1] if found else "", limit=_PAGE):
        found += [row["id"] for row in rows]
    return found


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return lines of text, with headings, that show jobs one below another."""
    cells = [_HEADINGS, *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def retry(job_ids: Sequence[str]) -> list[str]:
    """Queue dead jobs again with all their attempts; return the ids of those that were dead.

    Left out too is one whose work was asked for again in the meantime.
    """
    return [job_id for job_id in job_ids if job_admin.retry_dead(job_id)]


def cancel(job_ids: Sequence[str]) -> list[str]:
    """Remove jobs in any state; return the ids of those that were there.

    What runs is fenced out. The scan or export that a job belonged to is ended as failed by the next sweep.
    """
    return [job_id for job_id in job_ids if job_admin.cancel(job_id)]


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    attempts = f"{row['attempts']}/{row['max_attempts']}"
    error = " ".join((row["last_error"] or "-").split())[:_ERROR_WIDTH]
    return row["id"], row["kind"], row["account_id"] or "-", row["state"], attempts, row["run_at"], error
