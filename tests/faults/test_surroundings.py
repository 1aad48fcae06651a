"""What the platform stands on fails: the disk, the database, the store of limits, the clock."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from core import clock
from core.errors import Conflict
from jobs import HANDLERS
from jobs.worker import Worker
from models import base, job_admin
from services import export_downloads, exports, scans
from services.accounts import Caller
from tests import catalogue
from tests.catalogue import LAT, LON
from tests.faults.conftest import Ask, Disk
from tests.faults.offered import untrue

AREA = {"bbox": [LON - 0.02, LAT - 0.02, LON + 0.06, LAT + 0.02]}
SCAN = {"area": AREA}
Ada = tuple[Caller, str]


def work() -> None:
    Worker(HANDLERS).run_until_idle()


def scanned(caller: Caller, number: int) -> None:
    catalogue.publish(catalogue.place(f"node/{n}", 4.0 * n, name=f"Café {n} {'x' * 300}") for n in range(number))
    scans.create_scan(caller, "Cafés", AREA, [])
    work()


def files(folder: Path) -> list[str]:
    return [path.name for path in (folder / "blobs").rglob("*") if path.is_file()]


class TestDisk:
    def test_a_file_that_does_not_fit_is_never_offered(self, small_disk: Disk, ada: Ada) -> None:
        caller, _ = ada
        scanned(caller, 400)
        made = exports.create_export(caller, "geojson", {})
        base.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        with small_disk.full(but=200_000):
            work()
            assert exports.get_export(caller, made["id"])["status"] in ("queued", "running")
            with pytest.raises(Conflict):
                export_downloads.open_export_file(caller, made["id"])
        assert files(small_disk.folder) == []
        [job] = job_admin.listing(kind="write_export")
        assert (job["state"], job["attempts"], bool(job["last_error"])) == ("queued", 1, True)
        clock.set_source(lambda: datetime.now(UTC) + timedelta(hours=1))
        work()
        done = exports.get_export(caller, made["id"])
        assert (done["status"], done["row_count"]) == ("completed", 400)
        assert untrue(done["id"]) == []

    def test_requests_are_told_to_come_back(self, small_disk: Disk, ada: Ada, ask: Ask) -> None:
        _, key = ada
        assert ask("GET", "/v1/scans", key).status_code == 200
        base.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        with small_disk.full():
            is_unavailable(ask("POST", "/v1/scans", key, json=SCAN))
            assert ask("GET", "/v1/scans", key).json()["data"] == []
        assert ask("POST", "/v1/scans", key, json=SCAN).status_code == 202


def is_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json()["error"]["code"] == "unavailable"


@contextmanager
def lock_held(seconds: float) -> Iterator[None]:
    """Somebody else writes meanwhile: on PostgreSQL, a table that every job goes through."""
    holds, release = threading.Event(), threading.Event()

    def hold() -> None:
        with base.connection(), base.transaction():
            if not base.is_sqlite():
                base.database.execute_sql("LOCK TABLE job, scan IN ACCESS EXCLUSIVE MODE")
            holds.set()
            release.wait(seconds)

    holder = threading.Thread(target=hold)
    holder.start()
    assert holds.wait(10)
    try:
        yield
    finally:
        release.set()
        holder.join()


@pytest.mark.usefixtures("database")
class TestDatabase:
    def test_who_meets_a_locked_database_waits(self, ada: Ada, ask: Ask) -> None:
        _, key = ada
        if base.is_sqlite():
            assert base.rows("PRAGMA busy_timeout")[0][0] > 10_000  # so 10 seconds would be waited for as well
        began = time.monotonic()
        with lock_held(1.0):
            assert ask("POST", "/v1/scans", key, json=SCAN).status_code == 202
            assert time.monotonic() - began > 0.9
        assert len(ask("GET", "/v1/scans", key).json()["data"]) == 1

    def test_a_database_that_breaks_under_a_request_is_unavailable(
        self, ada: Ada, ask: Ask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _, key = ada
        with lock_held(10):
            break_soon(monkeypatch)
            is_unavailable(ask("POST", "/v1/scans", key, json=SCAN))
        answer = ask("POST", "/v1/scans", key, json=SCAN)
        assert answer.status_code == 202, answer.text
        assert len(ask("GET", "/v1/scans", key).json()["data"]) == 1

    def test_a_job_process_goes_on_when_the_database_is_back(self, ada: Ada, monkeypatch: pytest.MonkeyPatch) -> None:
        caller, _ = ada
        made = scans.create_scan(caller, "Cafés", AREA, [])
        worker = Worker(HANDLERS, poll_s=0.02)
        with lock_held(10):
            break_soon(monkeypatch)
            thread = threading.Thread(target=worker.run_forever)
            thread.start()
            time.sleep(0.6)
        deadline = time.monotonic() + 20
        while scans.get_scan(caller, made["id"])["status"] != "completed":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        worker.stop()
        thread.join(10)
        assert not thread.is_alive()

    def test_without_the_store_of_limits_requests_are_answered(self, ada: Ada, ask: Ask) -> None:
        _, key = ada
        answer = ask("GET", "/v1/scans", key)
        assert answer.status_code == 200
        assert "RateLimit" in answer.headers  # each process counts for itself
        ready = ask("GET", "/readyz")
        assert (ready.status_code, ready.json()["checks"]) == (503, {"database": "ok", "limits": "does not answer"})

    def test_a_clock_that_jumps_breaks_nothing(self, ada: Ada, ask: Ask) -> None:
        caller, key = ada
        chance, shift = random.Random(4), [0.0]

        def jumping() -> datetime:
            if chance.random() < 0.05:
                shift[0] = chance.uniform(-86_400, 86_400)
            return datetime.now(UTC) + timedelta(seconds=shift[0])

        clock.set_source(jumping)
        catalogue.publish(catalogue.place(f"node/{n}", 300.0 * n, name=f"Café {n}") for n in range(10))
        made = scans.create_scan(caller, "Cafés", AREA, [])
        until_done(lambda: scans.get_scan(caller, made["id"])["status"])
        export = exports.create_export(caller, "csv", {})
        until_done(lambda: exports.get_export(caller, export["id"])["status"])
        done = exports.get_export(caller, export["id"])
        assert (done["status"], done["row_count"]) == ("completed", 10)
        assert untrue(done["id"]) == []
        assert pages_of_leads(ask, key) == 10
        assert [row for row in job_admin.listing() if row["kind"] != "deliver_webhook"] == []


def until_done(status: Callable[[], str]) -> None:
    """Work while the clock jumps; what waits for its time comes to it in the end."""
    for _ in range(200):
        work()
        if status() not in ("queued", "running"):
            return
    raise AssertionError("it never came to its end")


def pages_of_leads(ask: Ask, key: str) -> int:
    """Count the leads, two a page."""
    found, path = set(), "/v1/leads?limit=2"
    while True:
        page = ask("GET", path, key).json()
        found |= {row["id"] for row in page["data"]}
        if page["next_cursor"] is None:
            return len(found)
        path = f"/v1/leads?limit=2&cursor={page['next_cursor']}"


def break_soon(patch: pytest.MonkeyPatch) -> None:
    """Let who waits for a lock fail in a moment: SQLite gives up, a PostgreSQL server ends the connection."""
    if base.is_sqlite():
        patch.setitem(base.SQLITE_PRAGMAS, "busy_timeout", 50)
        base.database.obj.pragma("busy_timeout", 50, permanent=True)
        base.database.obj.close_idle()
    else:
        threading.Timer(0.3, end_who_waits).start()


def end_who_waits() -> None:
    """Let the server end all connections that wait for a lock."""
    with base.connection():
        base.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
