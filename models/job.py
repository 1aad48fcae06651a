"""The queue: slow work is a row written in the same transaction as what caused it, and claimed with a lease.

Life of a job: queued -> running -> gone (finished), or queued again (retry), or dead (kept with its reason).
A job runs at least once. Its effect happens once if the handler calls ``finish`` in the transaction that
writes the effect: the token given at the claim fences out whoever lost the lease.

Which job is next, and why no account waits for another's million jobs: ``models.job_line``.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import peewee

from core import clock, ids
from models import base, job_line
from models.base import JSONText, Stamp
from models.job_line import Share

MAX_ATTEMPTS = 12
_INSERT_CHUNK = 200
_ERROR_LIMIT = 2000
_LOST = "the worker stopped without a word"


class JobRow(base.Model):
    """``turn`` is set while a queued job may run; until then it waits for ``run_at``. No account is the empty text."""

    id = peewee.CharField(max_length=40, primary_key=True)
    kind = peewee.CharField(max_length=60)
    account_id = peewee.CharField(max_length=40)
    dedupe_key = peewee.CharField(max_length=200, null=True)
    payload = JSONText()
    priority = peewee.SmallIntegerField()
    state = peewee.CharField(max_length=8)  # queued | running | dead
    turn = peewee.BigIntegerField(null=True)
    run_at = Stamp()
    attempts = peewee.IntegerField(default=0)
    max_attempts = peewee.IntegerField()
    lease_until = Stamp(null=True)
    token = peewee.CharField(max_length=80, null=True)
    last_error = peewee.TextField(null=True)
    created_at = Stamp()
    died_at = Stamp(null=True)

    class Meta:
        table_name = "job"


_INDEXES = (
    # partial, one for each question: a single index over "ready or expired" is twenty times slower;
    # their last columns are there so that counting jobs reads nothing else
    "INDEX IF NOT EXISTS job_ready ON job (kind, priority DESC, turn, id, run_at) WHERE turn IS NOT NULL",
    "INDEX IF NOT EXISTS job_line ON job (kind, account_id, priority, turn) WHERE turn IS NOT NULL",
    "INDEX IF NOT EXISTS job_waiting ON job (run_at, kind) WHERE state = 'queued' AND turn IS NULL",
    "INDEX IF NOT EXISTS job_lease ON job (lease_until, kind) WHERE state = 'running'",
    "INDEX IF NOT EXISTS job_dead ON job (died_at, kind) WHERE state = 'dead'",
    "UNIQUE INDEX IF NOT EXISTS job_dedupe ON job (kind, dedupe_key) WHERE dedupe_key IS NOT NULL AND state <> 'dead'",
)
for _index in _INDEXES:
    JobRow.add_index(peewee.SQL(f"CREATE {_index}"))

TABLES: tuple[type[base.Model], ...] = (JobRow,)


class JobError(Exception):
    """Base of what a handler may raise to say more than that it failed."""


class LeaseLost(JobError):
    """Another worker has the job now, or it was cancelled: whatever this one did must be rolled back."""


class Permanent(JobError):
    """Trying again cannot help: the job goes to the dead ones at once, with this reason."""


@dataclass(frozen=True, slots=True)
class New:
    """A job to enqueue. ``run_at`` None means at once; a higher ``priority`` goes first within its kind.

    With a ``key``, nothing is added while a job of the same kind and key is queued or running.
    """

    kind: str
    payload: Mapping[str, Any]
    account_id: str | None = None
    key: str | None = None
    run_at: datetime | None = None
    priority: int = 0
    max_attempts: int = MAX_ATTEMPTS


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. ``attempt`` counts from 1; ``token`` proves the claim."""

    id: str
    kind: str
    account_id: str | None
    payload: dict[str, Any]
    attempt: int
    max_attempts: int
    token: str


def enqueue(
    kind: str, payload: Mapping[str, Any], *, account_id: str | None = None, key: str | None = None,
    run_at: datetime | None = None, priority: int = 0, max_attempts: int = MAX_ATTEMPTS,
) -> str:  # fmt: skip
    """Add a job and return its id, or the id of the one that has its ``key``; see ``New`` and ``enqueue_many``."""
    return enqueue_many([New(kind, payload, account_id, key, run_at, priority, max_attempts)])[0]


def enqueue_many(jobs: Sequence[New]) -> list[str]:
    """Add jobs in the caller's transaction, so that they exist exactly if what caused them does.

    Returns their ids in order. Raises RuntimeError outside a transaction.
    """
    if not base.database.in_transaction():
        raise RuntimeError("enqueue a job in the transaction of what causes it")
    made = []
    for start in range(0, len(jobs), _INSERT_CHUNK):
        made += _insert(jobs[start : start + _INSERT_CHUNK])
    return made


def hasten(kind: str, key: str, moment: datetime | None = None) -> None:
    """Let the job of this key, if it waits for later, run at ``moment`` or now."""
    at = clock.stamp(moment or clock.now())
    base.change(
        "UPDATE job SET run_at = ? WHERE kind = ? AND dedupe_key = ? AND state = 'queued' AND turn IS NULL"
        " AND run_at > ?",
        (at, kind, key, at),
    )


def claim(
    limits: Mapping[str, int], worker: str, *, lease_s: float, batch: int = 1, now: datetime | None = None,
    shares: Mapping[str, Share] | None = None,
) -> list[Job]:  # fmt: skip
    """Take up to ``batch`` jobs, at most ``limits[kind]`` of each kind, for ``lease_s`` seconds.

    Higher priority first, then one of each kind in turn (the kind named first goes first), and within a kind the
    accounts alternate; ``shares`` bounds what one account may hold of a kind. Call outside a transaction. When there
    is nothing to do it costs one read of three indexes.
    """
    wanted = {kind: min(number, batch) for kind, number in limits.items() if min(number, batch) > 0}
    now = now or clock.now()
    moment = clock.stamp(now)
    expired, due, ready = _anything(list(wanted), moment) if wanted else (False, False, False)
    if not (expired or due or ready):
        return []
    with base.transaction():
        if expired:
            _take_back(moment)
        if expired or due:
            job_line.line_up(moment)
        lines = [job_line.heads(kind, number, (shares or {}).get(kind)) for kind, number in wanted.items()]
        chosen = job_line.choose(lines, batch)
        until = clock.stamp(now + timedelta(seconds=lease_s))
        return _lease(chosen, f"{worker}:{secrets.token_hex(8)}", until) if chosen else []


def held(jobs: Sequence[Job]) -> set[str]:
    """Return the ids of those whose claim still stands: not finished, not given back, not lost."""
    return _each_claim("SELECT id FROM job WHERE token = ? AND id IN (...)", (), jobs)


def holds(job: Job) -> bool:
    """Tell whether the claim still stands."""
    return bool(held([job]))


def keep(job: Job) -> None:
    """Let nobody take the job over before the transaction ends; raise LeaseLost if somebody has."""
    sql = "SELECT 1 FROM job WHERE id = ? AND token = ?"
    if not base.rows(sql if base.is_sqlite() else sql + " FOR UPDATE", (job.id, job.token)):
        raise LeaseLost(job.id)


def renew(jobs: Sequence[Job], lease_s: float) -> set[str]:
    """Extend the leases to ``lease_s`` seconds from now; return the ids of those that are still held.

    One that is being finished in another transaction is neither waited for nor needs it.
    """
    until = clock.stamp(clock.now() + timedelta(seconds=lease_s))
    _each_claim(
        "UPDATE job SET lease_until = ? WHERE id IN (SELECT id FROM job WHERE token = ? AND id IN (...)"
        " FOR UPDATE SKIP LOCKED) RETURNING id",
        (until,),
        jobs,
    )
    return held(jobs)


def finish(job: Job) -> bool:
    """End a job inside the transaction that wrote its effect; if False, roll that back (raise LeaseLost)."""
    return base.change("DELETE FROM job WHERE id = ? AND token = ?", (job.id, job.token))


def complete(job: Job) -> None:
    """``finish``, and raise LeaseLost where that is False."""
    if not finish(job):
        raise LeaseLost(job.id)


def finish_many(jobs: Sequence[Job]) -> set[str]:
    """Finish several in one transaction; return the ids that were still held; roll the others back."""
    return _each_claim("DELETE FROM job WHERE token = ? AND id IN (...) RETURNING id", (), jobs)


def retry(job: Job, run_at: datetime, error: str) -> bool:
    """Queue a claimed job again for ``run_at``, with what went wrong; False if the lease was lost."""
    return base.change(
        "UPDATE job SET state = 'queued', token = NULL, lease_until = NULL, run_at = ?, last_error = ?"
        " WHERE id = ? AND token = ?",
        (clock.stamp(run_at), error[:_ERROR_LIMIT], job.id, job.token),
    )


def bury(job: Job, reason: str) -> bool:
    """Keep a claimed job as dead, with the reason; False if the lease was lost."""
    return base.change(
        "UPDATE job SET state = 'dead', token = NULL, lease_until = NULL, last_error = ?, died_at = ?"
        " WHERE id = ? AND token = ?",
        (reason[:_ERROR_LIMIT], clock.now_stamp(), job.id, job.token),
    )


def give_back(jobs: Sequence[Job]) -> set[str]:
    """Queue claimed jobs again as if they had not been claimed; return the ids of those that were still held."""
    return _each_claim(
        "UPDATE job SET state = 'queued', token = NULL, lease_until = NULL, attempts = attempts - 1 WHERE id IN ("
        "SELECT id FROM job WHERE token = ? AND id IN (...) FOR UPDATE SKIP LOCKED) RETURNING id",
        (),
        jobs,
    )


def _insert(jobs: Sequence[New]) -> list[str]:
    now = clock.now_stamp()
    drafts = [(ids.new("job"), new, clock.stamp(new.run_at) if new.run_at else now) for new in jobs]
    lines = ((new.kind, new.priority, new.account_id or "") for _, new, run_at in drafts if run_at <= now)
    turns = iter(job_line.turns(lines))
    values: list[Any] = []
    for job_id, new, run_at in drafts:
        values += _values(job_id, new, run_at, next(turns) if run_at <= now else None, now)
    sql = base.written(
        "INSERT INTO job (id, kind, account_id, dedupe_key, payload, priority, state, turn, run_at, attempts,"
        " max_attempts, created_at) VALUES (...) ON CONFLICT DO NOTHING RETURNING id",
        columns=12, rows=len(drafts),
    )  # fmt: skip
    fresh = {job_id for (job_id,) in base.rows(sql, tuple(values))}
    return [job_id if job_id in fresh else _same(new) for job_id, new, _ in drafts]


def _values(job_id: str, new: New, run_at: str, turn: int | None, now: str) -> tuple[Any, ...]:
    payload = orjson.dumps(dict(new.payload)).decode()
    return (
        job_id, new.kind, new.account_id or "", new.key, payload, new.priority, "queued", turn, run_at, 0,
        new.max_attempts, now,
    )  # fmt: skip


def _same(new: New) -> str:
    """Find the live job that has this key; when it ended in the meantime there is room for a new one."""
    sql = "SELECT id FROM job WHERE kind = ? AND dedupe_key = ? AND state <> 'dead'"
    found = base.rows(sql, (new.kind, new.key))
    return str(found[0][0]) if found else _insert([new])[0]


def _anything(kinds: Sequence[str], moment: str) -> tuple[bool, bool, bool]:
    """Tell whether there are expired leases, jobs whose time has come, and jobs of these kinds in line."""
    sql = base.written(
        "SELECT EXISTS (SELECT 1 FROM job WHERE state = 'running' AND lease_until <= ?),"
        " EXISTS (SELECT 1 FROM job WHERE state = 'queued' AND turn IS NULL AND run_at <= ?),"
        " EXISTS (SELECT 1 FROM job WHERE turn IS NOT NULL AND kind IN (...))",
        columns=len(kinds),
    )
    expired, due, ready = base.rows(sql, (moment, moment, *kinds))[0]
    return bool(expired), bool(due), bool(ready)


def _take_back(moment: str) -> None:
    """Queue jobs again whose lease ran out; what took every attempt down with it is dead."""
    base.change(
        "UPDATE job SET state = CASE WHEN attempts >= max_attempts THEN 'dead' ELSE 'queued' END,"
        " died_at = CASE WHEN attempts >= max_attempts THEN ? END, token = NULL, lease_until = NULL, last_error = ?"
        " WHERE id IN (SELECT id FROM job"
        " WHERE state = 'running' AND lease_until <= ? ORDER BY lease_until LIMIT ? FOR UPDATE SKIP LOCKED)",
        (moment, _LOST, moment, job_line.SWEEP),
    )


def _lease(chosen: Sequence[str], token: str, until: str) -> list[Job]:
    sql = base.written(
        "UPDATE job SET state = 'running', turn = NULL, attempts = attempts + 1, token = ?, lease_until = ?"
        " WHERE id IN (...) RETURNING id, kind, account_id, payload, attempts, max_attempts",
        columns=len(chosen),
    )
    jobs = {
        job_id: Job(job_id, kind, account_id or None, orjson.loads(payload), attempt, most, token)
        for job_id, kind, account_id, payload, attempt, most in base.rows(sql, (token, until, *chosen))
    }
    return [jobs[job_id] for job_id in chosen]


def _each_claim(sql: str, parameters: tuple[Any, ...], jobs: Sequence[Job]) -> set[str]:
    """Run ``sql``, which ends with a token and ids, on the jobs; those of one claim share token and statement."""
    found: set[str] = set()
    for token in {job.token for job in jobs}:
        mine = [job.id for job in jobs if job.token == token]
        rows = base.rows(base.written(sql, columns=len(mine)), (*parameters, token, *mine))
        found.update(job_id for (job_id,) in rows)
    return found
