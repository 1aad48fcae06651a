import logging
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock, config, errors
from jobs import worker
from jobs.worker import Handler, Periodic, Worker
from models import base, job, job_admin
from models.job import Job

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


def put(kind: str = "work", number: int = 1, **payload: object) -> list[str]:
    with base.transaction():
        return job.enqueue_many([job.New(kind, payload) for _ in range(number)])


def put_for(account: str, kind: str, number: int) -> None:
    with base.transaction():
        job.enqueue_many([job.New(kind, {}, account) for _ in range(number)])


def row(job_id: str) -> dict[str, object]:
    return next(row for row in job_admin.listing() if row["id"] == job_id)


def until(true: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.005)


@contextmanager
def running(made: Worker) -> Iterator[threading.Thread]:
    """Run a worker beside the test; stop it at the end."""
    thread = threading.Thread(target=made.run_forever)
    thread.start()
    try:
        yield thread
    finally:
        made.stop()
        thread.join(10)
        assert not thread.is_alive()


class Recorder:
    """A handler that remembers its jobs."""

    def __init__(self, then: Callable[[Job], object] = lambda _: None) -> None:
        self.jobs: list[Job] = []
        self.then = then

    def has(self, number: int) -> bool:
        return len(self.jobs) >= number

    def __call__(self, claimed: Job) -> None:
        self.jobs.append(claimed)
        self.then(claimed)


def fail(error: Exception) -> Handler:
    def handler(_: Job) -> None:
        raise error

    return handler


def a_job(attempt: int = 1, max_attempts: int = 100) -> Job:
    return Job("job_1", "work", None, {}, attempt, max_attempts, "t")


class TestVerdict:
    @given(st.integers(1, 10**6), st.floats(0, 0.999))
    def test_waits_grow_up_to_an_hour(self, attempt: int, chance: float) -> None:
        decided = worker.verdict(ValueError("no"), a_job(attempt, attempt + 1), NOON, chance)
        assert decided.run_at is not None
        wait = (decided.run_at - NOON).total_seconds()
        assert 0 <= wait <= 3600
        assert wait == pytest.approx(chance * min(3600, 5 * 2 ** min(attempt - 1, 20)), abs=1e-5)
        assert decided.reason == "ValueError: no"

    def test_the_last_attempt_is_the_last(self) -> None:
        assert worker.verdict(ValueError("no"), a_job(11, 12), NOON, 0.5).run_at
        assert worker.verdict(ValueError("no"), a_job(12, 12), NOON, 0.5).run_at is None

    @pytest.mark.parametrize("error", [job.Permanent("never"), errors.ProviderError("gone", permanent=True)])
    def test_what_cannot_work_is_not_tried_again(self, error: Exception) -> None:
        assert worker.verdict(error, a_job(), NOON, 0.5).run_at is None

    def test_a_passing_provider_error_is(self) -> None:
        assert worker.verdict(errors.ProviderError("busy"), a_job(), NOON, 0.5).run_at

    @pytest.mark.parametrize("error", [errors.RateLimited("slow", 90), errors.Unavailable("down", 90)])
    def test_never_before_the_time_asked_for(self, error: Exception) -> None:
        assert worker.verdict(error, a_job(), NOON, 0.5).run_at == NOON + timedelta(seconds=90)


def test_kinds_are_divided_into_groups() -> None:
    shared, lane = worker.groups(["scan", "export", "deliver"], 4, {"scan": 2}, {"deliver": 50})
    assert (shared.threads, shared.limits) == (4, {"scan": 2, "export": 3})
    assert (lane.threads, lane.limits) == (50, {"deliver": 50})
    (alone,) = worker.groups(["scan"], 4, {}, {})
    assert alone.limits == {"scan": 4}


@given(st.integers(1, 200))
def test_a_share_leaves_room_for_others(limit: int) -> None:
    share = worker.share_of(limit)
    assert 1 <= share < max(limit, 2)
    assert share >= limit / 2


@pytest.mark.usefixtures("database")
class TestUntilIdle:
    def test_it_runs_what_is_due(self) -> None:
        made = put(number=3)
        with base.transaction():
            job.enqueue("work", {}, run_at=clock.now() + timedelta(hours=1))
        seen = Recorder()
        assert Worker({"work": seen}).run_until_idle() == 3
        assert [claimed.id for claimed in seen.jobs] == made
        assert job_admin.counts() == {("work", "queued"): 1}

    def test_it_stops_at_a_number(self) -> None:
        put(number=3)
        assert Worker({"work": Recorder()}).run_until_idle(max_jobs=2) == 2
        assert job_admin.counts() == {("work", "queued"): 1}

    def test_it_runs_what_jobs_cause(self) -> None:
        def first(claimed: Job) -> None:
            with base.transaction():
                job.complete(claimed)
                job.enqueue("second", {})

        second = Recorder()
        put("first")
        assert Worker({"first": first, "second": second}).run_until_idle() == 2
        assert len(second.jobs) == 1

    def test_it_leaves_other_kinds_alone(self) -> None:
        put("foreign")
        assert Worker({"work": Recorder()}).run_until_idle() == 0

    def test_a_handler_may_queue_its_job_again(self) -> None:
        (job_id,) = put()
        later = NOON + timedelta(days=1)
        clock.set_source(lambda: NOON)
        Worker({"work": Recorder(then=lambda claimed: job.retry(claimed, later, "not yet"))}).run_until_idle()
        assert row(job_id)["run_at"] == clock.stamp(later)

    def test_failure_is_rolled_back_and_tried_again(self) -> None:
        def handler(_: Job) -> None:
            with base.transaction():
                job.enqueue("effect", {})
                raise ValueError("half-way")

        (job_id,) = put()
        assert Worker({"work": handler}).run_until_idle(max_jobs=1) == 1
        assert job_admin.counts() == {("work", "queued"): 1}
        assert row(job_id)["last_error"] == "ValueError: half-way"
        assert row(job_id)["attempts"] == 1

    def test_after_all_attempts_it_is_dead(self) -> None:
        with base.transaction():
            job_id = job.enqueue("work", {}, max_attempts=3)
        time_is = NOON
        clock.set_source(lambda: time_is)
        seen = Recorder(then=fail(ValueError("no")))
        for _ in range(5):
            time_is += timedelta(hours=1)
            Worker({"work": seen}).run_until_idle()
        assert [claimed.attempt for claimed in seen.jobs] == [1, 2, 3]
        assert row(job_id)["state"] == "dead"

    def test_dead_at_once(self) -> None:
        (job_id,) = put()
        Worker({"work": fail(job.Permanent("no such scan"))}).run_until_idle()
        assert (row(job_id)["state"], row(job_id)["last_error"]) == ("dead", "Permanent: no such scan")

    def test_a_lost_lease_is_no_failure(self, caplog: pytest.LogCaptureFixture) -> None:
        def handler(claimed: Job) -> None:
            job_admin.cancel(claimed.id)
            job.complete(claimed)

        put()
        with caplog.at_level(logging.WARNING):
            assert Worker({"work": handler}).run_until_idle() == 1
        assert "rolled back" in caplog.text
        assert job_admin.counts() == {}


@pytest.mark.usefixtures("database")
class TestForever:
    def test_a_new_job_is_noticed_soon(self) -> None:
        seen = Recorder()
        waits = []
        with running(Worker({"work": seen})):
            for number in range(1, 6):
                time.sleep(0.05 * number)
                put()
                began = time.monotonic()
                until(partial(seen.has, number))
                waits.append(time.monotonic() - began)
            until(lambda: not job_admin.counts())
        assert sorted(waits)[2] < 0.25  # one or two may be late on a busy machine

    def test_jobs_run_beside_each_other_within_their_limit(self) -> None:
        now, most, lock = [0], [0], threading.Lock()

        def handler(_: Job) -> None:
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            time.sleep(0.02)
            with lock:
                now[0] -= 1

        put(number=12)
        with running(Worker({"work": handler, "other": handler}, concurrency=6, limits={"work": 3})):
            until(lambda: not job_admin.counts())
        assert most[0] == 3

    def test_a_slow_kind_leaves_room_for_another(self) -> None:
        release = threading.Event()
        slow, quick = Recorder(then=lambda _: release.wait(10)), Recorder()
        put("slow", number=20)
        with running(Worker({"slow": slow, "quick": quick}, concurrency=3)):
            until(lambda: len(slow.jobs) == 2)
            put("quick")
            until(lambda: quick.jobs)
            release.set()

    def test_an_account_s_flood_delays_nobody_else(self) -> None:
        release = threading.Event()
        hang, export = Recorder(then=lambda _: release.wait(20)), Recorder()
        put_for("acc_flood", "deliver", 2_000)
        made = Worker({"deliver": hang, "export": export}, concurrency=3, lanes={"deliver": 6})
        with running(made):
            until(lambda: len(hang.jobs) == 4)  # its share of the lane, and every one hangs
            began = time.monotonic()
            put_for("acc_other", "export", 2)
            put_for("acc_other", "deliver", 2)
            until(lambda: len(export.jobs) == 2 and len(hang.jobs) == 6)
            assert time.monotonic() - began < 2
            assert Counter(claimed.account_id for claimed in hang.jobs) == {"acc_flood": 4, "acc_other": 2}
            release.set()
            made.stop()

    def test_leases_are_renewed_while_a_job_runs(self) -> None:
        seen = Recorder(then=lambda _: time.sleep(1.2))
        put()
        first, second = (Worker({"work": seen}, lease_s=0.4, poll_s=0.05) for _ in range(2))
        with running(first), running(second):
            until(lambda: not job_admin.counts())
        assert len(seen.jobs) == 1

    def test_stopping_lets_jobs_end(self) -> None:
        ended = threading.Event()

        def handler(_: Job) -> None:
            time.sleep(0.3)
            ended.set()

        put()
        seen = Recorder(then=handler)
        with running(Worker({"work": seen})) as thread:
            until(lambda: seen.jobs)
            put()
        assert not thread.is_alive()
        assert ended.is_set()
        assert job_admin.counts() == {("work", "queued"): 1}

    def test_what_does_not_end_in_time_is_given_back(self) -> None:
        release = threading.Event()
        seen = Recorder(then=lambda _: release.wait(10))
        threads = threading.active_count()
        (job_id,) = put()
        with running(Worker({"work": seen}, grace_s=0.1)):
            until(lambda: seen.jobs)
        assert row(job_id)["state"] == "queued"
        assert row(job_id)["attempts"] == 0
        other = Recorder()
        assert Worker({"work": other}).run_until_idle() == 1
        assert other.jobs[0].attempt == 1
        release.set()
        until(lambda: threading.active_count() == threads)

    def test_a_periodic_task_runs_once_a_period(self) -> None:
        times: list[float] = []
        tasks = [Periodic("sweep", 0.5, lambda: times.append(time.monotonic()))]
        with running(Worker({}, periodic=tasks, poll_s=0.02)), running(Worker({}, periodic=tasks, poll_s=0.02)):
            until(lambda: len(times) == 4)
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert min(gaps) > 0.45
        assert max(gaps) < 5

    def test_a_failing_periodic_task_has_its_next_turn(self) -> None:
        calls: list[int] = []

        def sweep() -> None:
            calls.append(1)
            raise ValueError("no")

        with running(Worker({}, periodic=[Periodic("sweep", 0.1, sweep)], poll_s=0.02)):
            until(lambda: len(calls) == 2)


@contextmanager
def process(url: str, journal: Path, lease_s: float) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.jobs.programs", url, str(journal), str(lease_s)]
    with subprocess.Popen(command, cwd=ROOT) as started:
        try:
            yield started
        finally:
            started.kill()


def lines(journal: Path) -> list[list[str]]:
    return [line.split() for line in journal.read_text().splitlines()] if journal.exists() else []


@pytest.mark.usefixtures("database")
class TestProcesses:
    def test_a_killed_process_loses_nothing(self, settings: config.Settings, tmp_path: Path) -> None:
        journal = tmp_path / "journal"
        (job_id,) = put("hang")
        with process(settings.database_url, journal, 1.0) as first:
            until(lambda: lines(journal))
            first.send_signal(signal.SIGKILL)
            first.wait()
            killed = time.monotonic()
            with process(settings.database_url, journal, 1.0) as second:
                until(lambda: not job_admin.counts())
                assert 0.3 < time.monotonic() - killed < 8
                second.send_signal(signal.SIGTERM)
                assert second.wait(10) == 0
        assert lines(journal) == [
            ["start", job_id, "1", str(first.pid)], ["start", job_id, "2", str(second.pid)],
            ["end", job_id, "2", str(second.pid)],
        ]  # fmt: skip

    def test_two_processes_never_run_the_same_job(self, settings: config.Settings, tmp_path: Path) -> None:
        journal = tmp_path / "journal"
        made = put("nap", number=150, seconds=0.02)
        with (
            process(settings.database_url, journal, 60) as first,
            process(settings.database_url, journal, 60) as second,
        ):
            until(lambda: not job_admin.counts(), 20)
            first.terminate()
            second.terminate()
            assert (first.wait(10), second.wait(10)) == (0, 0)
        assert sorted(line[1] for line in lines(journal) if line[0] == "start") == sorted(made)
        assert {line[3] for line in lines(journal)} == {str(first.pid), str(second.pid)}

    def test_sigterm_waits_for_the_running_job(self, settings: config.Settings, tmp_path: Path) -> None:
        journal = tmp_path / "journal"
        put("nap", number=1, seconds=0.5)
        with process(settings.database_url, journal, 60) as started:
            until(lambda: lines(journal))
            started.terminate()
            assert started.wait(10) == 0
        assert [line[0] for line in lines(journal)] == ["start", "end"]
        assert job_admin.counts() == {}
