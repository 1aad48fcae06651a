from datetime import UTC, datetime, timedelta

import pytest

from core import clock
from models import base, job, job_admin
from services import job_care, retention
from tests.forgetting import forget

pytestmark = pytest.mark.usefixtures("database")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def put(number: int = 1) -> list[str]:
    with base.transaction():
        return job.enqueue_many([job.New("scan", {}, "acc_a") for _ in range(number)])


def die() -> str:
    (claimed,) = job.claim({"scan": 1}, "w", lease_s=60)
    job.bury(claimed, "broken")
    return claimed.id


def test_dead_jobs_are_tried_again() -> None:
    put(2)
    dead = die()
    assert job_care.retry([dead, "job_unknown"]) == [dead]
    assert job_care.retry([dead]) == []
    assert [row["state"] for row in job_care.listing()] == ["queued", "queued"]


def test_cancelled_jobs_are_gone() -> None:
    first, second = put(2)
    assert job_care.cancel([first, "job_unknown"]) == [first]
    assert [row["id"] for row in job_care.listing(account_id="acc_a")] == [second]
    assert job_care.listing(account_id="acc_b") == []


def test_the_dead_are_forgotten_after_thirty_days(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    put(7)
    clock.set_source(lambda: NOON)
    for _ in range(5):
        die()
    clock.set_source(lambda: NOON + timedelta(days=1))
    die()
    clock.set_source(lambda: NOON + timedelta(days=30, seconds=1))
    assert forget("dead_jobs") == 5
    assert job_admin.counts() == {("scan", "queued"): 1, ("scan", "dead"): 1}


def test_all_the_dead_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_care, "_PAGE", 2)
    put(6)
    died = [die() for _ in range(5)]
    assert job_care.dead("scan") == job_care.dead() == sorted(died)
    assert job_care.dead("export") == []


def test_a_table_for_people() -> None:
    put()
    died = die()
    heading, line = job_care.table(job_care.listing())
    assert heading.split()[:4] == ["ID", "KIND", "ACCOUNT", "STATE"]
    assert line.startswith(f"{died}  scan  acc_a    dead   1/12")
    assert line.endswith("broken")
    assert job_care.table([]) == ["ID  KIND  ACCOUNT  STATE  ATTEMPTS  RUN AT  LAST ERROR"]
