"""Scans that repeat, on both databases: one for each due time, whatever is killed when; and what each found."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from core.errors import InvalidInput, NotFound, PlanLimitExceeded
from models import job as queue
from models import schedule as table
from models.account import Account
from models.scan import Scan
from services import accounts, recurrence, scans, schedules
from services.accounts import Caller
from tests import catalogue
from tests.catalogue import LATER, PHONE, place
from tests.leads import account
from tests.services.test_scans import HERE, scanned, work

NIGHT = {"weekdays": ["mon", "thu"], "time": "03:00", "timezone": "Europe/Helsinki"}
HOURLY = {"area": HERE, "recurrence": {"every_hours": 12}}
MOMENTS = st.integers(1_577_836_800, 2_051_222_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@pytest.fixture
def alice(database: None) -> Caller:
    return account()


@pytest.fixture
def travel() -> Callable[..., None]:
    start = clock.now()

    def to(**later: float) -> None:
        moment = start + timedelta(**later)
        clock.set_source(lambda: moment)

    to()
    return to


def made(caller: Caller) -> int:
    return Scan.select().where(Scan.account_id == caller.account_id).count()


def test_one_scan_for_each_due_time_and_one_for_all_missed(alice: Caller, travel: Callable[..., None]) -> None:
    catalogue.publish([place()])
    schedule = schedules.create_schedule(alice, HOURLY)
    counted = []
    for hours in (0, 11.9, 12, 12, 12.5, 24.1, 100, 107.9, 108):
        travel(hours=hours)
        schedules.run_due()
        schedules.run_due()
        counted.append(made(alice))
    assert counted == [0, 0, 1, 1, 1, 2, 3, 3, 4]
    now = schedules.get_schedule(alice, schedule["id"])
    assert scans.get_scan(alice, now["last_scan_id"])["schedule_id"] == schedule["id"]
    work()
    assert scans.get_scan(alice, now["last_scan_id"])["status"] == "completed"


def test_who_loses_the_race_or_dies_makes_none(
    alice: Caller, travel: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    schedules.create_schedule(alice, HOURLY)
    travel(hours=13)
    (row,) = table.due(clock.now_stamp(), 9)
    with monkeypatch.context() as dying:
        dying.setattr(queue, "enqueue", lambda *_, **__: (_ for _ in ()).throw(OSError("killed")))
        with pytest.raises(OSError, match="killed"):
            schedules.run_due()
    assert made(alice) == 0
    schedules._run(row)
    schedules._run(row)
    assert made(alice) == 1


def test_paused_changed_and_deleted(alice: Caller, travel: Callable[..., None]) -> None:
    schedule = schedules.create_schedule(alice, HOURLY | {"status": "paused", "categories": ["cafe", "cafe"]})
    assert (schedule["next_run_at"], schedule["categories"]) == (None, ["cafe"])
    travel(days=9)
    schedules.run_due()
    woken = schedules.update_schedule(alice, schedule["id"], {"status": "active", "name": "Night"})
    assert woken["next_run_at"] == clock.stamp(clock.now() + timedelta(hours=12))
    moved = schedules.update_schedule(alice, schedule["id"], {"recurrence": NIGHT})
    assert datetime.fromisoformat(moved["next_run_at"]).astimezone(ZoneInfo("Europe/Helsinki")).hour == 3
    assert (moved["name"], schedules.list_schedules(alice, 9).rows) == ("Night", [moved])
    schedules.delete_schedule(alice, schedule["id"])
    travel(days=30)
    schedules.run_due()
    assert made(alice) == 0


def test_what_cannot_be_scanned_is_said_and_tried_again(alice: Caller, travel: Callable[..., None]) -> None:
    schedule = schedules.create_schedule(alice, HOURLY)
    Account.update(limits={"scan_area_km2": 0.1}).execute()
    travel(hours=12)
    schedules.run_due()
    told = schedules.get_schedule(alice, schedule["id"])
    assert (told["last_error"]["code"], told["last_scan_id"]) == ("plan_limit_exceeded", None)
    assert told["next_run_at"] > clock.now_stamp()
    with pytest.raises(PlanLimitExceeded):
        schedules.create_schedule(accounts.by_id(alice.account_id), HOURLY)
    for wrong in ({"recurrence": NIGHT | {"timezone": "Mars/Olympus"}}, {"categories": ["caffe"]}):
        with pytest.raises(InvalidInput):
            schedules.create_schedule(alice, HOURLY | wrong)


def test_others_see_nothing_of_it(alice: Caller) -> None:
    catalogue.publish([place()])
    bob, schedule, scan = account("bob@example.com"), schedules.create_schedule(alice, HOURLY), scanned(alice)
    for foreign in (
        lambda: schedules.get_schedule(bob, schedule["id"]),
        lambda: schedules.update_schedule(bob, schedule["id"], {"status": "paused"}),
        lambda: schedules.delete_schedule(bob, schedule["id"]),
        lambda: scans.list_scan_changes(bob, scan["id"], 9),
    ):
        with pytest.raises(NotFound):
            foreign()
    assert schedules.list_schedules(bob, 9).rows == []


def test_a_scan_tells_what_it_changed(alice: Caller) -> None:
    catalogue.publish([place("node/1"), place("node/2", 200, name="Bar Loose"), place("node/3", 400, name="Kiosk")])
    first = scanned(alice)
    catalogue.publish(
        [place("node/1", phones=[PHONE]), place("node/2", 200, name="Bar Loose"), place("node/4", -300, name="Sauna")],
        LATER,
    )
    second = scanned(alice)
    told = scans.list_scan_changes(alice, second["id"], 9).rows
    assert sorted((one.change, one.name, tuple(one.changed_fields)) for one in told) == [
        ("changed", "Café Engel", ("phones",)), ("gone", "Kiosk", ()), ("new", "Sauna", ()),
    ]  # fmt: skip
    assert [one.before for one in told if one.change == "changed"] == [{"phones": []}]
    assert [one.name for one in scans.list_scan_changes(alice, second["id"], 9, change="gone").rows] == ["Kiosk"]
    page = scans.list_scan_changes(alice, first["id"], 2)
    rest = scans.list_scan_changes(alice, first["id"], 2, page.next_cursor)
    assert len({one.lead_id for one in [*page.rows, *rest.rows]}) == 3


@given(every=st.integers(1, 8760), began=MOMENTS, later=st.timedeltas(timedelta(0), timedelta(days=900)))
def test_periods_keep_their_beat(every: int, began: datetime, later: timedelta) -> None:
    due = recurrence.following({"every_hours": every}, began, began + later)
    assert timedelta(0) < due - (began + later) <= timedelta(hours=every)
    assert (due - began) % timedelta(hours=every) == timedelta(0)


@given(
    now=MOMENTS, hour=st.integers(0, 23), days=st.lists(st.sampled_from(recurrence.WEEKDAYS), unique=True),
    zone=st.sampled_from(["Europe/Helsinki", "America/New_York", "Pacific/Apia", "Asia/Kathmandu", "UTC"]),
)  # fmt: skip
def test_a_time_of_day_is_the_next_one_and_no_day_is_left_out(
    now: datetime, hour: int, days: list[str], zone: str
) -> None:
    wanted: dict[str, Any] = {"time": f"{hour:02}:30", "timezone": zone} | ({"weekdays": days} if days else {})
    due = recurrence.following(wanted, now, now)
    assert now < due <= now + timedelta(days=8, hours=2)
    local = due.astimezone(ZoneInfo(zone))
    assert recurrence.WEEKDAYS[local.weekday()] in (days or recurrence.WEEKDAYS)
    assert abs((local.hour * 60 + local.minute) - (hour * 60 + 30)) in (0, 30, 60)  # an hour that is left out
    assert recurrence.following(wanted, now, due) > due


def test_clocks_that_are_changed() -> None:
    wanted = {"time": "03:30", "timezone": "Europe/Helsinki"}
    spring = recurrence.following(wanted, *[datetime(2026, 3, 28, 12, tzinfo=UTC)] * 2)
    autumn = recurrence.following(wanted, *[datetime(2026, 10, 24, 12, tzinfo=UTC)] * 2)
    assert (spring, autumn) == (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    assert recurrence.following(wanted, autumn, autumn) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)
