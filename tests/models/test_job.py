from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import clock
from models import base, job, job_admin

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LEASE = 60.0


class Hands:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time

    def move(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def hands() -> Hands:
    made = Hands()
    clock.set_source(made)
    return made


class BreakdownError(Exception):
    pass


def break_down_after(work: Callable[[], object]) -> None:
    work()
    raise BreakdownError


def put(kind: str = "scan", account: str | None = "acc_a", number: int = 1, **options: Any) -> list[str]:
    with base.transaction():
        return job.enqueue_many([job.New(kind, {"n": n}, account, **options) for n in range(number)])


def take(limits: dict[str, int] | None = None, batch: int = 1, lease_s: float = LEASE) -> list[job.Job]:
    return job.claim(limits or {"scan": batch}, "w", lease_s=lease_s, batch=batch)


def take_one() -> job.Job:
    (claimed,) = take()
    return claimed


def row(job_id: str) -> dict[str, object]:
    return next(row for row in job_admin.listing() if row["id"] == job_id)


@pytest.mark.usefixtures("database")
class TestEnqueue:
    def test_a_claim_returns_what_was_put_in(self) -> None:
        with base.transaction():
            job_id = job.enqueue("scan", {"scan_id": "scan_1", "näme": "ä"}, account_id="acc_a", max_attempts=3)
        claimed = take_one()
        assert (claimed.id, claimed.kind, claimed.account_id) == (job_id, "scan", "acc_a")
        assert claimed.payload == {"scan_id": "scan_1", "näme": "ä"}
        assert (claimed.attempt, claimed.max_attempts) == (1, 3)
        assert take() == []

    def test_a_job_of_no_account(self) -> None:
        put(account=None)
        assert take_one().account_id is None

    def test_it_needs_a_transaction(self) -> None:
        with pytest.raises(RuntimeError, match="transaction"):
            job.enqueue("scan", {})

    def test_it_is_undone_with_its_transaction(self) -> None:
        with pytest.raises(BreakdownError), base.transaction():
            break_down_after(lambda: job.enqueue("scan", {}))
        assert take() == []

    def test_more_than_one_statement_holds(self) -> None:
        made = put(number=450)
        assert len(set(made)) == 450
        claimed = [claimed for _ in range(3) for claimed in take(batch=200)]
        assert [claimed.id for claimed in claimed] == made

    def test_it_waits_for_its_time(self, hands: Hands) -> None:
        put(run_at=NOON + timedelta(seconds=5))
        assert take() == []
        hands.move(4.999)
        assert take() == []
        hands.move(0.001)
        assert len(take()) == 1

    def test_a_key_is_taken_while_its_job_is_queued_or_running(self) -> None:
        first = put(key="k")
        assert put(key="k") == first
        claimed = take_one()
        assert put(key="k") == first
        assert put(key="other") != first
        assert put(kind="export", key="k") != first
        assert job.finish(claimed)
        assert put(key="k") != first

    def test_a_key_twice_in_one_call(self) -> None:
        assert len(set(put(key="k", number=3))) == 1

    def test_a_dead_job_does_not_hold_its_key(self) -> None:
        first = put(key="k")
        job.bury(take_one(), "broken")
        assert put(key="k") != first

    def test_a_job_may_put_its_successor_under_its_own_key(self) -> None:
        first = put(key="k")
        claimed = take_one()
        with base.transaction():
            job.complete(claimed)
            second = job.enqueue("scan", {}, key="k")
        assert second not in first
        assert job_admin.counts() == {("scan", "queued"): 1}


@pytest.mark.usefixtures("database")
class TestOrder:
    def test_first_in_first_out(self) -> None:
        made = [put()[0] for _ in range(5)]
        assert [take_one().id for _ in made] == made

    def test_priority_first(self) -> None:
        put(priority=-1)
        put(priority=0)
        put(priority=7)
        put(priority=7, kind="export")
        put(priority=8, kind="export")
        claimed = take({"scan": 9, "export": 9}, batch=9)
        assert [(claimed.kind, row(claimed.id)["priority"]) for claimed in claimed] == [
            ("export", 8), ("scan", 7), ("export", 7), ("scan", 0), ("scan", -1),
        ]  # fmt: skip

    def test_no_more_of_a_kind_than_asked_for(self) -> None:
        put(number=5)
        put(kind="export", number=5)
        put(kind="foreign", number=5)
        kinds = [claimed.kind for claimed in take({"scan": 2, "export": 9, "none": 4}, batch=5)]
        assert kinds == ["scan", "export", "scan", "export", "export"]
        assert take({"scan": 0}) == []
        assert job.claim({}, "w", lease_s=LEASE) == []
        assert take({"scan": 5}, batch=0) == []

    @pytest.mark.parametrize("batch", [1, 7])
    def test_a_small_account_does_not_wait_for_a_big_one(self, batch: int) -> None:
        put(account="acc_big", number=300)
        for _ in range(0, 100, batch):
            take(batch=batch)
        put(account="acc_small", number=20)
        put(account="acc_late", number=20)
        accounts = [claimed.account_id for _ in range(60 // batch) for claimed in take(batch=batch)]
        for name in ("acc_big", "acc_small", "acc_late"):
            assert accounts[:30].count(name) in (9, 10, 11)

    def test_retries_of_a_big_account_do_not_push_ahead(self, hands: Hands) -> None:
        put(account="acc_big", number=100)
        for claimed in take(batch=100):
            job.retry(claimed, NOON + timedelta(seconds=10), "no answer")
        hands.move(10)
        put(account="acc_small", number=10)
        take()
        accounts = [claimed.account_id for claimed in take(batch=20)]
        assert accounts.count("acc_small") in (9, 10)

    def test_an_account_alone_keeps_its_order_across_calls(self, hands: Hands) -> None:
        late = put(run_at=NOON + timedelta(seconds=1))
        made = put(number=3)
        hands.move(1)
        assert [take_one().id for _ in range(4)] == made + late


@pytest.mark.usefixtures("database")
class TestLease:
    def test_it_is_claimed_again_when_the_lease_ends(self, hands: Hands) -> None:
        put()
        first = take_one()
        hands.move(LEASE - 0.001)
        assert take() == []
        hands.move(0.001)
        second = take_one()
        assert (second.id, second.attempt) == (first.id, 2)
        assert second.token != first.token

    @pytest.mark.parametrize(
        "act",
        [
            job.finish,
            lambda stale: job.retry(stale, NOON, "late"),
            lambda stale: job.bury(stale, "late"),
            lambda stale: job.renew([stale], LEASE),
            lambda stale: job.give_back([stale]),
            lambda stale: job.finish_many([stale]),
            job.holds,
        ],
    )
    def test_who_lost_the_lease_changes_nothing(self, hands: Hands, act: Callable[[job.Job], object]) -> None:
        put()
        stale = take_one()
        hands.move(LEASE)
        fresh = take_one()
        before = row(fresh.id)
        assert not act(stale)
        assert row(fresh.id) == before
        with pytest.raises(job.LeaseLost):
            job.complete(stale)
        assert job.finish(fresh)

    def test_an_expired_lease_that_nobody_took_still_finishes(self, hands: Hands) -> None:
        put()
        claimed = take_one()
        hands.move(LEASE * 10)
        assert job.finish(claimed)

    def test_renewing_keeps_it(self, hands: Hands) -> None:
        put(number=3)
        claimed = take(batch=2) + take()
        job.finish(claimed[1])
        hands.move(LEASE - 1)
        assert job.renew(claimed, LEASE) == {claimed[0].id, claimed[2].id}
        hands.move(LEASE - 1)
        assert take(batch=3) == []

    def test_finishing_is_part_of_the_transaction(self) -> None:
        put()
        claimed = take_one()
        with pytest.raises(BreakdownError), base.transaction():
            break_down_after(lambda: job.complete(claimed))
        assert job.holds(claimed)
        with base.transaction():
            job.complete(claimed)
        assert not job.holds(claimed)
        assert job_admin.counts() == {}

    def test_a_job_that_kills_its_workers_dies(self, hands: Hands) -> None:
        (job_id,) = put(max_attempts=2)
        for _ in range(2):
            assert len(take()) == 1
            hands.move(LEASE)
        assert take() == []
        assert row(job_id)["state"] == "dead"
        assert row(job_id)["last_error"] == "the worker stopped without a word"

    def test_given_back_does_not_count(self) -> None:
        put()
        assert job.give_back([take_one()])
        assert take_one().attempt == 1

    def test_many_at_once(self) -> None:
        put(number=5)
        claimed = take(batch=3) + take(batch=2)
        assert job.finish(claimed[0])
        assert job.finish_many(claimed) == {claimed.id for claimed in claimed[1:]}
        assert job_admin.counts() == {}


@pytest.mark.usefixtures("database")
class TestFailure:
    def test_retry(self, hands: Hands) -> None:
        (job_id,) = put()
        assert job.retry(take_one(), NOON + timedelta(seconds=30), "no answer")
        assert row(job_id)["last_error"] == "no answer"
        assert take() == []
        hands.move(30)
        assert take_one().attempt == 2

    def test_bury(self, hands: Hands) -> None:
        (job_id,) = put()
        assert job.bury(take_one(), "x" * 10_000)
        hands.move(10 * LEASE)
        assert take() == []
        assert row(job_id)["last_error"] == "x" * 2_000


@pytest.mark.usefixtures("database")
class TestAdmin:
    def test_counts(self) -> None:
        put(number=3)
        put(kind="export", number=2)
        take({"export": 1})
        job.bury(take_one(), "broken")
        assert job_admin.counts() == {
            ("scan", "queued"): 2, ("scan", "dead"): 1, ("export", "queued"): 1, ("export", "running"): 1,
        }  # fmt: skip

    def test_listing(self) -> None:
        made = put(number=3) + put(kind="export", account="acc_b")
        assert {row["id"] for row in job_admin.listing()} == set(made)
        assert [row["id"] for row in job_admin.listing(kind="export")] == made[3:]
        assert [row["id"] for row in job_admin.listing(account_id="acc_b")] == made[3:]
        assert job_admin.listing(state="dead") == []
        (first,) = job_admin.listing(limit=1)
        assert len(job_admin.listing(after=first["id"])) == 3
        assert first["payload"] in ({"n": 0}, {"n": 1}, {"n": 2})

    def test_cancel(self) -> None:
        (job_id,) = put()
        claimed = take_one()
        assert job_admin.cancel(job_id)
        assert not job_admin.cancel(job_id)
        assert not job.finish(claimed)

    def test_retry_dead(self) -> None:
        (job_id,) = put(key="k")
        assert not job_admin.retry_dead(job_id)
        job.bury(take_one(), "broken")
        assert job_admin.retry_dead(job_id)
        assert take_one().attempt == 1

    def test_retry_dead_does_not_double_a_key(self) -> None:
        (job_id,) = put(key="k")
        job.bury(take_one(), "broken")
        put(key="k")
        assert not job_admin.retry_dead(job_id)

    def test_census(self, hands: Hands) -> None:
        put(number=3)
        put(kind="export", run_at=NOON + timedelta(seconds=9))
        put(kind="export", run_at=NOON + timedelta(seconds=2), number=2)
        take()
        job.bury(take_one(), "broken")
        hands.move(5)
        census = {(count.kind, count.state): (count.number, count.since) for count in job_admin.census()}
        assert census == {
            ("scan", "ready"): (1, clock.stamp(NOON)),
            ("scan", "running"): (1, clock.stamp(NOON + timedelta(seconds=LEASE))),
            ("scan", "dead"): (1, clock.stamp(NOON)),
            ("export", "ready"): (2, clock.stamp(NOON + timedelta(seconds=2))),
            ("export", "waiting"): (1, clock.stamp(NOON + timedelta(seconds=9))),
        }
