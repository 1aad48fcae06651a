"""What an operator asks of the queue: how much there is, which jobs are dead and why; and cancel or retry them."""

from dataclasses import dataclass
from typing import Any

import peewee

from core import clock
from models import base
from models.job import JobRow


def counts() -> dict[tuple[str, str], int]:
    """How many jobs there are by (kind, state)."""
    found = base.rows("SELECT kind, state, count(*) FROM job GROUP BY kind, state")
    return {(kind, state): number for kind, state, number in found}


@dataclass(frozen=True, slots=True)
class Count:
    """How many jobs of a kind are ``ready`` (could run now), ``waiting`` (for their time), ``running`` or ``dead``.

    ``since`` is the earliest time of theirs: when they could run, when the lease ends, when they died.
    """

    kind: str
    state: str
    number: int
    since: str


def census() -> list[Count]:
    """Count the jobs by kind and state, reading indexes only: a million take a fraction of a second."""
    now = clock.now_stamp()
    found = base.rows(
        "SELECT kind, 'ready', count(*), min(run_at) FROM job WHERE turn IS NOT NULL GROUP BY kind"
        " UNION ALL SELECT kind, CASE WHEN run_at <= ? THEN 'ready' ELSE 'waiting' END AS s, count(*), min(run_at)"
        " FROM job WHERE state = 'queued' AND turn IS NULL GROUP BY kind, s"
        " UNION ALL SELECT kind, 'running', count(*), min(lease_until) FROM job WHERE state = 'running' GROUP BY kind"
        " UNION ALL SELECT kind, 'dead', count(*), min(died_at) FROM job WHERE state = 'dead' GROUP BY kind",
        (now,),
    )
    merged: dict[tuple[str, str], Count] = {}
    for kind, state, number, since in found:  # who is ready may be in line already, or not yet
        before = merged.get((kind, state), Count(kind, state, 0, since))
        merged[kind, state] = Count(kind, state, before.number + number, min(before.since, since))
    return list(merged.values())


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
    change = JobRow.update(state="queued", attempts=0, run_at=clock.now_stamp(), died_at=None)
    return bool(change.where(JobRow.id == job_id, JobRow.state == "dead", ~peewee.fn.EXISTS(taken)).execute())
