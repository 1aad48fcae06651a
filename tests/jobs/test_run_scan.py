"""Scans that are killed, cancelled, overtaken and refused halfway."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import clock
from jobs import run_scan
from jobs.worker import Worker
from models import job as queue
from models import job_admin
from models.account import Account
from models.job import Job, JobRow
from models.lead import Lead, LeadChange, LeadPlace
from models.scan import ScanTile
from models.webhook import Event
from services import accounts, scanning, scans
from services.accounts import Caller
from tests import catalogue
from tests.catalogue import PHONE, place

pytestmark = pytest.mark.usefixtures("database")

EDGE = 24.9389648437  # between two tiles at zoom 14
AREA = {"bbox": [24.90, 60.16, 24.98, 60.18]}
PLACES = (
    place("node/1", lon=EDGE - 0.03, name="Kiosk"),
    place("node/2", lon=EDGE - 0.00005, phones=[PHONE]),
    place("way/3", lon=EDGE + 0.00005, emails=["a@engel.fi"]),
    place("node/4", lon=EDGE + 0.01, name="Bar Loose"),
    place("node/5", lon=EDGE + 0.03, name="Sauna"),
)
TILES, LEADS = 4, 4


class Killed(BaseException):
    """Not an Exception: nothing that a worker does when a handler fails happens when it is killed."""


class Doom:
    """A clock on which time is up at the n-th look, and that afterwards goes ``hours`` later."""

    def __init__(self, looks: int) -> None:
        self.left = looks
        self.later = timedelta()

    def __call__(self) -> datetime:
        self.left -= 1
        if self.left == 0:
            self.later = timedelta(hours=1)
            raise Killed
        return datetime.now(UTC) + self.later


@pytest.fixture
def caller() -> Caller:
    catalogue.publish(PLACES)
    return accounts.create("a@example.com", "pro")


def work() -> int:
    return Worker({scans.RUN_SCAN: run_scan.run}).run_until_idle()


def claimed(now: datetime | None = None) -> Job:
    (job,) = queue.claim({scans.RUN_SCAN: 1}, "test", lease_s=60, now=now)
    return job


def outcome(caller: Caller) -> Any:
    """What must be the same whatever happened on the way."""
    leads = Lead.select().where(Lead.account_id == caller.account_id).order_by(Lead.name)
    changes = LeadChange.select().where(LeadChange.account_id == caller.account_id)
    places = LeadPlace.select().where(LeadPlace.account_id == caller.account_id)
    events = Event.select().where(Event.account_id == caller.account_id)
    return (
        [(lead.name, lead.content_hash) for lead in leads], [change.change for change in changes],
        places.count(), events.count(), JobRow.select().count(),
    )  # fmt: skip


def test_killed_at_any_moment_it_ends_as_if_nothing_had_been(caller: Caller) -> None:
    made = scans.create_scan(caller, None, AREA, [])
    work()
    undisturbed, expected = scans.get_scan(caller, made["id"]), outcome(caller)
    assert undisturbed["counts"]["new"] == len(expected[0]) == LEADS
    kills = 0
    for looks in range(1, 1000):
        victim = accounts.create(f"{looks}@example.com", "pro")
        made = scans.create_scan(victim, None, AREA, [])
        doom = Doom(looks)
        clock.set_source(doom)
        try:
            work()
        except Killed:
            kills += 1
            work()
        clock.set_source(None)
        done = scans.get_scan(victim, made["id"])
        assert (done["status"], done["counts"]) == ("completed", undisturbed["counts"])
        assert done["progress"] == {"done": TILES, "total": TILES}
        assert outcome(victim) == expected
        if doom.left > 0:
            break
    assert kills > 3 * TILES


def test_cancelled_between_two_tiles(caller: Caller) -> None:
    made = scans.create_scan(caller, None, AREA, [])
    under_way = scanning.begin(made["id"])
    assert under_way is not None
    first, second, *_ = scanning.tiles_left(under_way)
    scanning.scan_tile(under_way, first)
    scans.cancel_scan(caller, made["id"])
    with pytest.raises(scanning.StoppedError):
        scanning.scan_tile(under_way, second)
    assert work() == 1
    done = scans.get_scan(caller, made["id"])
    assert (done["status"], done["progress"]["done"], done["counts"]["new"]) == ("cancelled", 1, 1)
    assert (Lead.select().count(), Event.select().count(), JobRow.select().count()) == (1, 0, 0)


def test_who_lost_the_lease_changes_nothing_any_more(caller: Caller) -> None:
    made = scans.create_scan(caller, None, AREA, [])
    slow = claimed()
    under_way = scanning.begin(made["id"])
    assert under_way is not None
    first = scanning.tiles_left(under_way)[0]
    scanning.scan_tile(under_way, first)
    run_scan.run(claimed(clock.now() + timedelta(minutes=2)))
    expected = outcome(caller)
    with pytest.raises(scanning.StoppedError):
        scanning.scan_tile(under_way, first)
    with pytest.raises(queue.LeaseLost):
        scanning.end(under_way, slow)
    run_scan.run(slow)
    assert outcome(caller) == expected
    assert scans.get_scan(caller, made["id"])["status"] == "completed"


def test_scans_of_one_account_at_the_same_time(caller: Caller) -> None:
    made = [scans.create_scan(caller, None, AREA, [])["id"] for _ in range(3)]
    worker = Worker({scans.RUN_SCAN: run_scan.run}, concurrency=3, limits={scans.RUN_SCAN: 3}, poll_s=0.02)
    thread = threading.Thread(target=worker.run_forever)
    thread.start()
    deadline = time.monotonic() + 30
    while JobRow.select().count() and time.monotonic() < deadline:
        time.sleep(0.02)
    worker.stop()
    thread.join()
    done = [scans.get_scan(caller, scan_id) for scan_id in made]
    assert {scan["status"] for scan in done} == {"completed"}
    assert sum(scan["counts"]["new"] for scan in done) == Lead.select().count() == LEADS
    assert LeadChange.select().where(LeadChange.change == "new").count() == LEADS


def test_no_room_for_more_leads(caller: Caller) -> None:
    Account.update(limits={"leads": 2}).execute()
    made = scans.create_scan(accounts.by_id(caller.account_id), None, AREA, [])
    assert work() == 1
    done = scans.get_scan(caller, made["id"])
    assert (done["status"], done["error"]["code"]) == ("failed", "plan_limit_exceeded")
    assert done["error"]["message"].endswith("The leads found so far are kept.")
    assert done["counts"]["new"] == Lead.select().count() == 2
    assert done["progress"]["done"] == ScanTile.select().where(ScanTile.counts.is_null(False)).count() == 2
    assert (Event.select().count(), JobRow.select().count()) == (0, 0)


@pytest.mark.parametrize("end", [lambda job: queue.bury(job, "broken"), lambda job: job_admin.cancel(job.id)])
def test_a_scan_whose_job_died_does_not_look_alive_for_ever(caller: Caller, end: Callable[[Job], bool]) -> None:
    made = scans.create_scan(caller, None, AREA, [])
    scanning.fail_abandoned()
    job = claimed()
    scanning.fail_abandoned()
    assert scans.get_scan(caller, made["id"])["status"] == "queued"
    end(job)
    scanning.fail_abandoned()
    done = scans.get_scan(caller, made["id"])
    assert (done["status"], done["error"]["code"]) == ("failed", "internal")
