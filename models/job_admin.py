"""What an operator asks of the queue: how much there is, which jobs are dead and why; and cancel or retry them."""

from typing import Any

import peewee

from core import clock
from models import base
from models.job import JobRow


def counts() -> dict[tuple[str, str], int]:
    """How many jobs there are by (kind, state)."""
    found = base.rows("SELECT kind, state, count(*) FROM job GROUP BY kind, state")
    return {(kind, state): number for kind, state, number in found}


def listing(
    *, state: str | None = None, kind: str | None = None, account_id: str | None = None,
    after: str = "", limit: int = 100,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return jobs as rows by column name, oldest first, beginning behind the id ``after``."""
    query = JobRow.select().where(JobRow.id > after).order_by(JobRow.id).limit(limit)
    for field, value in ((JobRow.state, state), (JobRow.kind, kind), (JobRow.account_id, account_id)):
        query = query if value is None else query.where(field == value)
    return [dict(row) for row in query.dicts().iterator()]


def cancel(job_id: str) -> bool:
    """Remove a job in any state; one that runs is fenced out, and its last transaction rolled back."""
    return bool(JobRow.delete().where(JobRow.id == job_id).execute())


def retry_dead(job_id: str) -> bool:
    """Queue a dead job again with all its attempts; False if it is not dead, or its key is taken by now."""
    other = JobRow.alias()
    taken = other.select().where(
        other.kind == JobRow.kind, other.dedupe_key == JobRow.dedupe_key, other.state != "dead"
    )
    change = JobRow.update(state="queued", attempts=0, run_at=clock.now_stamp())
    return bool(change.where(JobRow.id == job_id, JobRow.state == "dead", ~peewee.fn.EXISTS(taken)).execute())
