from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from core import clock, meters
from core.meters import key
from handlers import metrics as page
from models import base, job
from services import metrics

pytestmark = pytest.mark.usefixtures("database")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def zero() -> Iterator[None]:
    before = meters.take()
    yield
    meters.take()
    meters.put_back(before)


def test_what_processes_count_is_added_up() -> None:
    for _ in range(2):  # as two processes would
        meters.count("http_requests", 2, operation="list_leads", status="200")
        meters.observe("job_seconds", 0.02, kind="run_scan")
        meters.observe("job_seconds", 7, kind="run_scan")
        metrics.flush()
    seen = metrics.snapshot()
    assert seen.counts == {key("http_requests", operation="list_leads", status="200"): 4}
    spread = seen.spreads[key("job_seconds", kind="run_scan")]
    assert (dict(spread.buckets)["0.01"], dict(spread.buckets)["0.025"], dict(spread.buckets)["+Inf"]) == (0, 2, 4)
    assert spread.sum_s == pytest.approx(14.04)


def test_the_queue_as_it_is() -> None:
    clock.set_source(lambda: NOON)
    with base.transaction():
        job.enqueue_many([job.New("run_scan", {}, "acc_a") for _ in range(3)])
        job.enqueue("write_export", {}, run_at=NOON + timedelta(hours=1))
    job.claim({"run_scan": 1}, "w", lease_s=60)
    clock.set_source(lambda: NOON + timedelta(seconds=30))
    seen = metrics.snapshot()
    assert seen.jobs == {("run_scan", "ready"): 2, ("run_scan", "running"): 1, ("write_export", "waiting"): 1}
    assert seen.oldest_ready_s == {"run_scan": 30}


def test_a_database_that_does_not_answer_costs_no_count(monkeypatch: pytest.MonkeyPatch) -> None:
    meters.count("jobs")
    good = base.database.obj
    base.close_connection()
    base.connect("sqlite:////no/such/folder/x.db")
    metrics.flush()
    base.database.initialize(good)
    base.open_connection()
    assert metrics.snapshot().counts == {key("jobs"): 1}


def test_prometheus_reads_it() -> None:
    with base.transaction():
        job.enqueue("run_scan", {}, account_id="acc_a")
    meters.count("http_requests", operation='odd"\n', status="200")
    meters.observe("job_seconds", 0.3, kind="run_scan")
    text = page.text(metrics.snapshot()).decode()
    assert 'maptargeter_http_requests_total{operation="odd\\"\\n",status="200"} 1.0' in text
    assert 'maptargeter_jobs{kind="run_scan",state="ready"} 1.0' in text
    assert 'maptargeter_job_seconds_bucket{kind="run_scan",le="0.25"} 0.0' in text
    assert 'maptargeter_job_seconds_bucket{kind="run_scan",le="0.5"} 1.0' in text
    assert 'maptargeter_job_seconds_count{kind="run_scan"} 1.0' in text
    assert 'maptargeter_oldest_ready_job_seconds{kind="run_scan"}' in text
