"""The job process: claims jobs, runs their handlers in threads, keeps the leases alive, and stops without losing any.

What follows from a failure is decided by ``verdict``, apart from threads and tables.
"""

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import SimpleQueue

from core import clock, errors, meters
from models import base
from models import job as queue
from models.job import Job
from models.job_line import Share

log = logging.getLogger(__name__)

Handler = Callable[[Job], None]

BACKOFF_BASE_S = 5.0
BACKOFF_CAP_S = 3600.0
DATABASE_PAUSE_S = 1.0
PERIODIC_CHECK_S = 60.0
RENEWALS_A_LEASE = 3


@dataclass(frozen=True, slots=True)
class Periodic:
    """A sweep that starts at most once in ``every_s`` seconds, whatever the number of job processes.

    One that fails is logged, and tried again in the next period.
    """

    name: str
    every_s: float
    run: Callable[[], object]

    @property
    def kind(self) -> str:
        return f"periodic:{self.name}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a failed job: again at ``run_at``, or dead when that is None."""

    run_at: datetime | None
    reason: str


def verdict(error: Exception, job: Job, now: datetime, chance: float) -> Verdict:
    """Decide after ``error`` at ``now``; ``chance`` in [0, 1) spreads the retries of what failed together.

    Exponential backoff with full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/),
    and never before the error's own ``retry_after``.
    """
    reason = f"{type(error).__name__}: {error}"
    permanent = isinstance(error, queue.Permanent) or (isinstance(error, errors.ProviderError) and error.permanent)
    if permanent or job.attempt >= job.max_attempts:
        return Verdict(None, reason)
    wait = chance * min(BACKOFF_CAP_S, BACKOFF_BASE_S * 2.0 ** min(job.attempt - 1, 32))
    asked = error.retry_after if isinstance(error, errors.RateLimited | errors.Unavailable) else 0
    return Verdict(now + timedelta(seconds=max(wait, asked)), reason)


@dataclass(frozen=True, slots=True)
class Group:
    """Kinds of jobs that run in ``threads`` of their own, each kind in at most ``limits[kind]`` of them."""

    threads: int
    limits: Mapping[str, int]


def groups(
    kinds: Sequence[str], concurrency: int, limits: Mapping[str, int], lanes: Mapping[str, int]
) -> tuple[Group, ...]:
    """Divide the kinds: one group for all that have no lane, and one for each lane."""
    shared = [kind for kind in kinds if kind not in lanes]
    usual = concurrency if len(shared) == 1 else max(1, concurrency - 1)
    together = Group(concurrency, {kind: limits.get(kind, usual) for kind in shared})
    return (together, *(Group(lanes[kind], {kind: lanes[kind]}) for kind in kinds if kind in lanes))


def share_of(limit: int) -> int:
    """Return how many of the ``limit`` places of a kind one account may hold: a third is left to others."""
    return limit - max(1, limit // 3) if limit > 1 else 1


class Worker:
    """Runs jobs of the kinds in ``handlers``, up to ``concurrency`` at once in this process.

    ``limits`` caps single kinds. Without one, a kind leaves a thread free for the others, so that slow jobs of one
    kind never hold up all. ``lanes`` gives kinds that mostly wait threads of their own besides, so many each. Within a
    kind no account holds all places, see ``share_of``. Times are seconds: ``lease_s`` after a crash until another takes
    over, ``poll_s`` until a new job is noticed, ``grace_s`` for running jobs when stopping; then they are given back.
    """

    def __init__(
        self, handlers: Mapping[str, Handler], *, concurrency: int = 4, limits: Mapping[str, int] | None = None,
        lanes: Mapping[str, int] | None = None, periodic: Sequence[Periodic] = (), lease_s: float = 60.0,
        poll_s: float = 0.2, grace_s: float = 20.0,
    ) -> None:  # fmt: skip
        self._periodic = {task.kind: task for task in periodic}
        self._handlers = {**handlers, **dict.fromkeys(self._periodic, self._run_periodic)}
        self._groups = groups([*self._handlers], concurrency, limits or {}, lanes or {})
        self._lease_s, self._poll_s, self._grace_s = lease_s, poll_s, grace_s
        self._name = f"{socket.gethostname()[:40]}:{os.getpid()}"
        self._running: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._inbox: SimpleQueue[Job | None] = SimpleQueue()
        self._wake = threading.Event()
        self._stopping = False

    def stop(self) -> None:
        """Make ``run_forever`` return soon. A signal handler may call it: it takes no lock."""
        self._stopping = True

    def run_forever(self) -> None:
        """Run jobs until SIGTERM, SIGINT or ``stop``; then let what runs end, and give back what does not in time."""
        number = sum(group.threads for group in self._groups)
        threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(number)]
        with _on_signals(self.stop), self._heartbeat():
            for thread in threads:
                thread.start()
            self._dispatch_until_stopped()
            self._drain()
        for _ in threads:
            self._inbox.put(None)

    def run_until_idle(self, max_jobs: int | None = None) -> int:
        """Run due jobs here, one after another, until none is due or ``max_jobs`` ran; return how many ran."""
        done = 0
        with self._heartbeat(), base.connection():
            while max_jobs is None or done < max_jobs:
                claimed = self._claim(1)
                if not claimed:
                    break
                self._run(claimed[0])
                done += 1
        return done

    def _dispatch_until_stopped(self) -> None:
        next_check = 0.0
        while not self._stopping:
            self._wake.clear()
            try:
                with base.connection():
                    if time.monotonic() >= next_check:
                        self._plant_periodic()
                        next_check = time.monotonic() + PERIODIC_CHECK_S
                    claimed = self._claim()
            except Exception as error:  # whatever ails the database, the next poll may find it well
                log.error("cannot claim jobs: %s: %s", type(error).__name__, error)
                time.sleep(DATABASE_PAUSE_S)
                continue
            for job in claimed:
                self._inbox.put(job)
            if not claimed:
                self._wake.wait(self._poll_s)

    def _claim(self, most: int | None = None) -> list[Job]:
        """Take jobs for the free threads, at most ``most``."""
        with self._lock:
            busy = Counter((job.kind, job.account_id or "") for job in self._running.values())
        claimed: list[Job] = []
        for group in self._groups:
            claimed += self._claim_for(group, busy, group.threads if most is None else most - len(claimed))
        return claimed

    def _claim_for(self, group: Group, busy: Mapping[tuple[str, str], int], most: int) -> list[Job]:
        """Take up to ``most`` jobs for a group; the kind with the fewest running comes first."""
        running: dict[str, dict[str, int]] = {kind: {} for kind in group.limits}
        for (kind, account_id), number in busy.items():
            if kind in running:
                running[kind][account_id] = number
        used = {kind: sum(accounts.values()) for kind, accounts in running.items()}
        free = min(most, group.threads - sum(used.values()))
        if free <= 0:
            return []
        room = {kind: group.limits[kind] - used[kind] for kind in sorted(used, key=lambda kind: used[kind])}
        shares = {kind: Share(share_of(limit), running[kind]) for kind, limit in group.limits.items()}
        claimed = queue.claim(room, self._name, lease_s=self._lease_s, batch=free, shares=shares)
        with self._lock:
            self._running.update((job.id, job) for job in claimed)
        return claimed

    def _serve(self) -> None:
        while job := self._inbox.get():
            self._run(job)

    def _run(self, job: Job) -> None:
        began, outcome = time.monotonic(), "finished"
        try:
            with base.connection():
                self._handlers[job.kind](job)
                if queue.holds(job):
                    queue.finish(job)
        except queue.LeaseLost:
            outcome = "lost"
            log.warning("%s job %s was taken over or cancelled; its work here is rolled back", job.kind, job.id)
        except Exception as error:
            outcome = self._settle(error, job)
        finally:
            with self._lock:
                self._running.pop(job.id, None)
            meters.count("job_attempts", kind=job.kind, outcome=outcome)
            meters.observe("job_seconds", time.monotonic() - began, kind=job.kind)
            self._wake.set()

    def _settle(self, error: Exception, job: Job) -> str:
        decided = verdict(error, job, clock.now(), secrets.randbelow(1000) / 1000)
        log.warning(
            "%s job %s failed, attempt %d of %d%s",
            job.kind, job.id, job.attempt, job.max_attempts, "" if decided.run_at else ": dead", exc_info=error,
        )  # fmt: skip
        try:
            with base.connection():
                if decided.run_at:
                    queue.retry(job, decided.run_at, decided.reason)
                else:
                    queue.bury(job, decided.reason)
        except Exception as trouble:  # the lease will end, and then it is tried again
            log.error("cannot record the failure of job %s: %s", job.id, trouble)
        return "retried" if decided.run_at else "dead"

    def _plant_periodic(self) -> None:
        if self._periodic:
            with base.transaction():
                queue.enqueue_many([queue.New(kind, {}, key=kind) for kind in self._periodic])

    def _run_periodic(self, job: Job) -> None:
        task = self._periodic[job.kind]
        following = clock.now() + timedelta(seconds=task.every_s)
        try:
            task.run()
        except Exception:
            log.exception("periodic task %s failed", task.name)
        with base.transaction():
            queue.complete(job)
            queue.enqueue(job.kind, {}, key=job.kind, run_at=following)

    def _drain(self) -> None:
        deadline = time.monotonic() + self._grace_s
        while self._running and time.monotonic() < deadline:
            self._wake.wait(self._poll_s)
            self._wake.clear()
        with self._lock:
            left = list(self._running.values())
        if left:
            log.warning("stopping with %d unfinished jobs: given back", len(left))
            with base.connection():
                queue.give_back(left)

    @contextmanager
    def _heartbeat(self) -> Iterator[None]:
        done = threading.Event()
        thread = threading.Thread(target=self._beat, args=(done,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _beat(self, done: threading.Event) -> None:
        while not done.wait(self._lease_s / RENEWALS_A_LEASE):
            with self._lock:
                jobs = list(self._running.values())
            if jobs:
                self._renew(jobs)

    def _renew(self, jobs: Sequence[Job]) -> None:
        try:
            with base.connection():
                queue.renew(jobs, self._lease_s)
        except Exception as error:  # the next beat comes before the lease ends
            log.error("cannot renew leases: %s: %s", type(error).__name__, error)


@contextmanager
def _on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` on SIGTERM and SIGINT; in another thread than the main one, leave signals alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: stop()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
