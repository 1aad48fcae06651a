"""Schedules drawn, made once, watched, paused, changed and deleted; what each scan changed; and nobody else's."""

import html
import re
from datetime import timedelta
from typing import Any

import orjson
import pytest

from core import clock
from models.account import Account
from services import scans, schedules
from services.accounts import Caller
from tests import catalogue
from tests.catalogue import LATER, PHONE, place
from tests.dashboard.conftest import Visit
from tests.dashboard.test_account import member, token
from tests.dashboard.test_scans import AREA, EVIL, HERE, once, started, work
from tests.dashboard.visitor import Visitor, text_of

SCHEDULES = "/dashboard/schedules"
NEW = f"{SCHEDULES}/new"
WEEKLY = {"repeat": "daily", "weekdays": ["mon", "thu"], "time": "03:00", "timezone": "Europe/Helsinki"}
HOURLY = {"repeat": "hourly", "every_hours": "12"}


def make(caller: Caller, **more: Any) -> str:
    """Make a schedule, and return its path."""
    wanted = {"area": HERE, "recurrence": {"every_hours": 12}} | more
    return f"{SCHEDULES}/{schedules.create_schedule(caller, wanted)['id']}"


def only(caller: Caller) -> dict[str, Any]:
    [found] = schedules.list_schedules(caller, 10).rows
    return dict(found)


def test_a_schedule_is_made_once_and_told_in_words(alice: Visitor, account: Caller) -> None:
    assert "No schedules yet" in text_of(alice.get(SCHEDULES))
    form = once(alice.get(NEW).text) | {"area": AREA, "name": EVIL, "categories": ["cafe"]} | WEEKLY
    first, again = alice.post(SCHEDULES, data=form), alice.post(SCHEDULES, data=form)
    assert first.status_code == 303, text_of(first)
    assert first.headers["location"] == again.headers["location"]
    made = only(account)
    assert made["recurrence"] == {"weekdays": ["mon", "thu"], "time": "03:00", "timezone": "Europe/Helsinki"}
    assert (made["area"], made["categories"], made["name"]) == (HERE, ["cafe"], EVIL)
    for path in (SCHEDULES, first.headers["location"], f"{first.headers['location']}/edit"):
        page = alice.get(path)
        assert EVIL not in page.text
    assert "Mon, Thu at 03:00, Europe/Helsinki" in text_of(alice.get(SCHEDULES))
    assert f'datetime="{made["next_run_at"]}"' in alice.get(SCHEDULES).text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"area": ""}, "Draw an area"),
        ({"timezone": "Mars/Olympus"}, "Europe/Helsinki"),
        ({"time": "25:00"}, "recurrence"),
        ({"repeat": "hourly", "every_hours": "0"}, "recurrence"),
        ({"repeat": "hourly", "every_hours": "often"}, "recurrence"),
        ({"area": '{"circle":{"lat":60,"lon":25,"radius_m":90000}}'}, "Your free plan allows 100 km²"),
    ],
)
def test_what_cannot_be_repeated_is_explained(
    alice: Visitor, account: Caller, fields: dict[str, str], says: str
) -> None:
    answer = alice.submit(NEW, SCHEDULES, **{"area": AREA, "name": "Mine"} | WEEKLY | fields)
    assert answer.status_code in (400, 403)
    assert says in text_of(answer)
    assert 'value="Mine"' in answer.text
    assert schedules.list_schedules(account, 10).rows == []


def test_a_scan_is_repeated_from_its_page(alice: Visitor, account: Caller) -> None:
    path = started(alice, name="Cafés", categories=["cafe"])
    [link] = re.findall(rf'href="({NEW}\?scan=[^"]+)"', alice.get(path).text)
    page = alice.get(html.unescape(link))
    assert 'value="Cafés"' in page.text
    assert orjson.dumps(HERE).decode() in html.unescape(page.text)
    assert 'value="cafe" checked' in page.text
    assert alice.get(f"{NEW}?scan=scan_{'0' * 26}").status_code == 404


def test_a_schedule_is_changed_paused_and_deleted(alice: Visitor, account: Caller) -> None:
    path = make(account, name="Cafés", categories=["cafe"])
    due = only(account)["next_run_at"]
    form = {"area": AREA, "categories": ["cafe"], "name": "Coffee"} | HOURLY
    now = clock.now() + timedelta(hours=1)
    clock.set_source(lambda: now)
    assert alice.submit(f"{path}/edit", path, **form).status_code == 303
    assert (only(account)["name"], only(account)["next_run_at"]) == ("Coffee", due)  # only the name was changed
    assert "Nothing was changed" in text_of(alice.get(alice.submit(f"{path}/edit", path, **form).headers["location"]))
    assert alice.submit(f"{path}/edit", path, **form | {"every_hours": "6"}).status_code == 303
    assert only(account)["recurrence"] == {"every_hours": 6}
    wrong = alice.submit(f"{path}/edit", path, **form | {"every_hours": "never"})
    assert wrong.status_code == 400
    assert 'value="never"' in wrong.text
    assert alice.submit(path, f"{path}/status", status="paused").status_code == 303
    assert only(account)["next_run_at"] is None
    assert "paused" in text_of(alice.get(SCHEDULES))
    assert alice.submit(path, f"{path}/status", status="active").status_code == 303
    assert only(account)["next_run_at"]
    assert alice.submit(path, f"{path}/delete").status_code == 303
    assert alice.get(path).status_code == 404


def test_what_it_made_leads_back_to_it(alice: Visitor, account: Caller) -> None:
    path = make(account)
    later = clock.now() + timedelta(hours=13)
    clock.set_source(lambda: later)
    schedules.run_due()
    [made] = scans.list_scans(account, 10).rows
    assert f"/dashboard/scans/{made['id']}" in alice.get(path).text
    scan = alice.get(f"/dashboard/scans/{made['id']}")
    assert f'href="{path}"' in scan.text
    alice.submit(path, f"{path}/delete")
    assert "Made by" not in text_of(alice.get(f"/dashboard/scans/{made['id']}"))


def test_a_failed_scan_is_told_on_its_schedule(alice: Visitor, account: Caller) -> None:
    path = make(account, area={"circle": {"lat": 60.17, "lon": 24.94, "radius_m": 5_000}})
    Account.update(limits={"scan_area_km2": 1}).where(Account.id == account.account_id).execute()
    later = clock.now() + timedelta(hours=13)
    clock.set_source(lambda: later)
    schedules.run_due()
    words = text_of(alice.get(path))
    assert "The last scan could not be made" in words
    assert "1 km²" in words
    assert "failed" in text_of(alice.get(SCHEDULES))


def test_a_scan_tells_what_is_new_changed_and_gone(alice: Visitor, account: Caller) -> None:
    catalogue.publish([place("node/1", name="Café Engel"), place("node/2", 200, name=EVIL)])
    first = started(alice)
    work()
    words = text_of(alice.get(first))
    assert "All New 2 Changed 0 Gone 0" in words
    assert "What changed" in words
    assert "/dashboard/leads/lead_" in alice.get(first).text
    assert "found nothing gone" in text_of(alice.get(f"{first}?change=gone"))
    catalogue.publish([place("node/1", name="Café Engel", phones=[PHONE]), place("node/3", 400, name="Bar")], LATER)
    second = started(alice)
    assert "What changed" not in text_of(alice.get(second))  # not yet
    work()
    page = alice.get(second)
    assert EVIL not in page.text
    for kind, expected in (
        ("new", {"Bar"}),
        ("changed", {"Café Engel"}),
        ("gone", {EVIL}),
        ("", {"Bar", "Café Engel", EVIL}),
    ):
        shown = alice.get(f"{second}?change={kind}").text.partition('id="changes"')[2]
        assert {html.unescape(name) for name in re.findall(r'/leads/lead_\w+">([^<]+)<', shown)} == expected, kind
    assert "Phones nothing → +35891234567" in text_of(page)
    third = started(alice)
    work()
    assert "Everything is as it was" in text_of(alice.get(third))
    assert alice.get(third, headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"  # and shows what changed


def test_viewers_look_and_others_see_nothing(visit: Visit, alice: Visitor, account: Caller) -> None:
    path = make(account, name="Mine alone")
    scan = started(alice, name="Mine alone")
    work()
    viewer, mallory = member(visit, alice, "viewer"), visit().signed_up("mallory@example.com")
    for page in (SCHEDULES, NEW, path, f"{scan}?change=new"):
        assert viewer.get(page).status_code == 200
    assert "<form" not in viewer.get(path).text.partition("<main")[2]
    form = {"area": AREA, "once": "1", "status": "paused"} | HOURLY
    for page in (SCHEDULES, path, f"{path}/status", f"{path}/delete"):
        assert viewer.post(page, data={"csrf_token": token(viewer)} | form).status_code == 403
        assert alice.post(page, data=form).status_code == 400  # no token
    for page in (path, f"{path}/edit", f"{scan}?change=new", f"{NEW}?scan={scan.rpartition('/')[2]}"):
        assert mallory.get(page).status_code == 404, page
    for page in (path, f"{path}/status", f"{path}/delete"):
        assert mallory.post(page, data={"csrf_token": token(mallory)} | form).status_code == 404
    assert "Mine alone" not in mallory.get(SCHEDULES).text
    assert only(account)["status"] == "active"
