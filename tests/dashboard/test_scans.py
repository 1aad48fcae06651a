"""Scans drawn, counted, started once, watched and stopped; and nobody else's, nor their exports."""

import re
from typing import Any

import orjson
import pytest

from jobs import run_scan, write_export
from jobs.worker import Worker
from services import exports, scans
from services.accounts import Caller
from services.leads import list_leads
from tests import catalogue
from tests.catalogue import LAT, LON, place
from tests.dashboard.conftest import Visit
from tests.dashboard.test_account import member, token
from tests.dashboard.visitor import Visitor, text_of

SCANS, EXPORTS = "/dashboard/scans", "/dashboard/exports"
NEW, NEW_EXPORT = f"{SCANS}/new", f"{EXPORTS}/new"
HERE = {"bbox": [LON - 0.01, LAT - 0.01, LON + 0.01, LAT + 0.01]}
AREA = orjson.dumps(HERE).decode()
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def city(account: Caller) -> Caller:
    """Three cafés and a bar on the map."""
    cafes = [place(f"node/{number}", number * 100, name=f"Café {number}") for number in range(3)]
    catalogue.publish([*cafes, place("node/9", 500, name="Bar", category="bar")])
    return account


def work() -> int:
    return Worker({scans.RUN_SCAN: run_scan.run, exports.WRITE_EXPORT: write_export.run}).run_until_idle()


def once(page: str) -> dict[str, str]:
    """Return the hidden fields of the form of a page."""
    return dict(re.findall(r'type="hidden" name="(csrf_token|once)" value="([^"]+)"', page.split("<main")[1]))


def started(browser: Visitor, **fields: Any) -> str:
    """Start a scan; return its path."""
    answer = browser.submit(NEW, SCANS, **{"area": AREA} | fields)
    assert answer.status_code == 303, text_of(answer)
    return str(answer.headers["location"])


def test_a_scan_is_counted_before_it_starts(alice: Visitor, city: Caller) -> None:
    csrf = token(alice)
    for fields, found in (({}, "4"), ({"categories": ["cafe"]}, "3"), ({"categories": ["hotel"]}, "0")):
        answer = alice.post(f"{SCANS}/estimate", data={"csrf_token": csrf, "area": AREA} | fields)
        words = text_of(answer)
        assert f"Businesses {found} New leads {found}" in words
        assert "of 100" in words
    assert "Nothing of this kind" in words
    assert scans.list_scans(city, 10).rows == []


@pytest.mark.parametrize(
    ("area", "says"),
    [
        ("", "Draw an area"),
        ("{", "cannot be read"),
        ('{"bbox":[1,2]}', "at least 4 items"),
        ('{"bbox":[24,61,25,60]}', "south must not be beyond north"),
        ('{"circle":{"lat":60,"lon":25,"radius_m":90000}}', "Your free plan allows 100 km²"),
        ('{"polygon":{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,1],[1,0],[0,0]]]}}', "self-intersection"),
    ],
)
def test_what_cannot_be_scanned_is_explained(alice: Visitor, city: Caller, area: str, says: str) -> None:
    counted = alice.post(f"{SCANS}/estimate", data={"csrf_token": token(alice), "area": area})
    refused = alice.submit(NEW, SCANS, area=area, name="Mine")
    assert says in text_of(counted)
    assert says in text_of(refused)
    assert refused.status_code in (400, 403)
    assert 'value="Mine"' in refused.text
    assert scans.list_scans(city, 10).rows == []


def test_a_scan_is_started_once_and_watched(alice: Visitor, city: Caller) -> None:
    page = alice.get(NEW).text
    form = once(page) | {"area": AREA, "name": "Cafés", "categories": ["cafe", "bar"]}
    first, again = alice.post(SCANS, data=form), alice.post(SCANS, data=form)
    assert first.headers["location"] == again.headers["location"]
    [scan] = scans.list_scans(city, 10).rows
    assert (scan["name"], scan["categories"], scan["area"]) == ("Cafés", ["cafe", "bar"], HERE)
    path = first.headers["location"]
    waiting = alice.get(path, headers={"HX-Request": "true"}).text
    assert 'hx-trigger="every 1s"' in waiting
    assert "<html" not in waiting
    work()
    done = alice.get(path, headers={"HX-Request": "true"})
    assert "every 1s" not in done.text
    assert "Found 4" in text_of(done)
    assert "completed" in text_of(alice.get(SCANS))
    [leads] = re.findall(r'href="(/dashboard/leads\?filter=[^"]+)"', done.text)
    assert "4 leads of this search" in text_of(alice.get(leads))


def test_a_scan_is_cancelled(alice: Visitor, city: Caller) -> None:
    path = started(alice)
    assert alice.submit(path, f"{path}/cancel").status_code == 303
    assert scans.list_scans(city, 10).rows[0]["status"] == "cancelled"
    assert "cancelled" in text_of(alice.get(path))
    assert "/cancel" not in alice.get(path).text


def test_nothing_to_export_leads_elsewhere(alice: Visitor, account: Caller) -> None:
    assert account
    assert "The search finds no lead".lower() in text_of(alice.get(NEW_EXPORT)).lower()
    assert "No exports yet" in text_of(alice.get(EXPORTS))
    assert "No scans yet" in text_of(alice.get(SCANS))


def test_a_viewer_looks_and_writes_nothing(visit: Visit, alice: Visitor, city: Caller) -> None:
    path = started(alice)
    work()
    export = exports.create_export(city, "csv", {})["id"]
    work()
    viewer = member(visit, alice, "viewer")
    for page in (SCANS, NEW, path, EXPORTS, NEW_EXPORT, f"{EXPORTS}/{export}"):
        assert viewer.get(page).status_code == 200
    assert viewer.get(f"{EXPORTS}/{export}/download").status_code == 200
    csrf = token(viewer)
    for page in (SCANS, f"{SCANS}/estimate", f"{path}/cancel", EXPORTS):
        answer = viewer.post(page, data={"csrf_token": csrf, "area": AREA, "once": "1", "format": "csv"})
        assert answer.status_code == 403, page
    assert len(scans.list_scans(city, 10).rows) == len(exports.list_exports(city, 10).rows) == 1


def test_what_is_anothers_is_not_there(visit: Visit, alice: Visitor, city: Caller) -> None:
    path = started(alice, name="Mine alone")
    export = f"{EXPORTS}/{exports.create_export(city, 'csv', {})['id']}"
    mallory = visit().signed_up("mallory@example.com")
    for page in (path, export, f"{export}/download"):
        assert mallory.get(page).status_code == 404
    assert mallory.post(f"{path}/cancel", data={"csrf_token": token(mallory)}).status_code == 404
    assert "Mine alone" not in mallory.get(SCANS).text
    assert export not in mallory.get(EXPORTS).text
    assert scans.list_scans(city, 10).rows[0]["status"] == "queued"


def test_what_people_write_stays_text(alice: Visitor, city: Caller) -> None:
    catalogue.publish([place("node/1", name=EVIL)])
    path = started(alice, name=EVIL)
    work()
    export = exports.create_export(city, "csv", {"name": {"eq": EVIL}})["id"]
    evil_area = alice.submit(NEW, SCANS, area=f'{{"bbox": "{EVIL}"}}', categories=EVIL)
    pages = [alice.get(page) for page in (SCANS, path, EXPORTS, f"{EXPORTS}/{export}")]
    for page in (*pages, evil_area):
        assert EVIL not in page.text
    assert list_leads(city).rows[0]["name"] == EVIL
