"""Scans from asking to answer, on both databases."""

from typing import Any

import orjson
import pytest

from core import errors, geo, taxonomy
from jobs import run_scan
from jobs.worker import Worker
from models.account import Account
from models.job import JobRow
from models.lead import Lead, LeadChange, LeadPlace
from models.scan import Scan, ScanTile
from models.webhook import Event
from services import accounts, scans
from services.accounts import Caller
from tests import catalogue
from tests.catalogue import LAT, LATER, LON, PHONE, SAMPLE_AREA, place

pytestmark = pytest.mark.usefixtures("database")

HERE = {"bbox": [LON - 0.01, LAT - 0.01, LON + 0.01, LAT + 0.01]}


@pytest.fixture
def caller() -> Caller:
    return accounts.create("a@example.com", "pro")


def work() -> int:
    """Do all work that is due."""
    return Worker({scans.RUN_SCAN: run_scan.run}).run_until_idle()


def scanned(caller: Caller, area: dict[str, Any] | None = None, *categories: str) -> dict[str, Any]:
    """Scan to the end, after the estimate foretold the very counts."""
    foretold = scans.estimate_scan(caller, area or HERE, categories)
    made = scans.create_scan(caller, "Test", area or HERE, categories)
    assert made["status"] == "queued"
    work()
    done = scans.get_scan(caller, made["id"])
    assert done["status"] == "completed", done["error"]
    assert foretold["counts"] == done["counts"]
    assert foretold["tiles"] == done["progress"]["total"] == done["progress"]["done"]
    return done


def counts(**told: int) -> dict[str, int]:
    return {"found": 0, "new": 0, "changed": 0, "unchanged": 0, "gone": 0, **told}


def names(caller: Caller, *, gone: bool = False) -> list[str]:
    rows = Lead.select().where((Lead.account_id == caller.account_id) & (Lead.gone_at.is_null(not gone)))
    return sorted(row.name for row in rows)


def test_the_sample_city(caller: Caller) -> None:
    catalogue.publish(catalogue.sample())
    done = scanned(caller, SAMPLE_AREA)
    assert done["counts"]["new"] == done["counts"]["found"] >= 1250
    assert done["sources"] == [{"source": "osm", "release": catalogue.RELEASE}]
    contactable = Lead.select().where(Lead.has_phone | Lead.has_website | Lead.has_email).count()
    assert contactable >= 750
    again = scanned(caller, SAMPLE_AREA)
    assert again["counts"] == counts(found=done["counts"]["found"], unchanged=done["counts"]["found"])
    assert LeadChange.select().count() == LeadChange.select().where(LeadChange.change == "new").count()


def test_nothing_outside_the_area_or_the_categories_and_all_inside(caller: Caller) -> None:
    catalogue.publish(catalogue.sample())
    circle = {"lat": 60.17, "lon": 24.942, "radius_m": 300}
    done = scanned(caller, {"circle": circle}, "food_and_drink")
    expected = {
        found["record_id"]
        for found in catalogue.sample()
        if geo.haversine_m(found["lat"], found["lon"], 60.17, 24.942) <= 300
        and found["category"] in taxonomy.descendants("food_and_drink")
    }
    leads = list(Lead.select())
    assert {source["record_id"] for lead in leads for source in lead.sources} == expected
    assert done["counts"]["found"] == len(leads) > 50


def test_the_life_of_leads(caller: Caller) -> None:
    catalogue.publish([place("node/1"), place("node/2", 200, name="Bar Loose"), place("node/3", 400, name="Kiosk")])
    assert scanned(caller)["counts"] == counts(found=3, new=3)
    catalogue.publish(
        [
            place("node/1", updated_at="2020-01-01T00:00:00.000Z", phones=[PHONE]),
            place("node/2", 200, name="Bar Loose"),
            place("node/4", 500, name="Sauna"),
        ],
        LATER,
    )
    second = scanned(caller)
    assert second["counts"] == counts(found=3, new=1, changed=1, unchanged=1, gone=1)
    assert names(caller) == ["Bar Loose", "Café Engel", "Sauna"]
    assert names(caller, gone=True) == ["Kiosk"]
    history = LeadChange.select().where(LeadChange.cause_id == second["id"]).order_by(LeadChange.id)
    assert sorted((row.change, tuple(row.fields)) for row in history) == [
        ("changed", ("phones",)), ("gone", ()), ("new", ()),
    ]  # fmt: skip
    assert scanned(caller)["counts"] == counts(found=3, unchanged=3)
    engel = Lead.get(Lead.name == "Café Engel")
    assert engel.first_seen_at < engel.changed_at < engel.last_seen_at


def test_a_shop_on_the_edge_of_two_tiles_is_one_lead(caller: Caller) -> None:
    edge = 24.9389648437  # x = 9327 | 9328 at zoom 14
    west, east = edge - 0.00005, edge + 0.00005
    catalogue.publish([place("node/1", lon=west, phones=[PHONE]), place("way/2", lon=east, emails=["a@engel.fi"])])
    first = scanned(caller)
    assert (first["progress"]["total"], first["counts"]) == (2, counts(found=1, new=1))
    lead = Lead.get()
    assert (lead.has_phone, lead.has_email, LeadPlace.select().count()) == (True, True, 2)
    assert scanned(caller)["counts"] == counts(found=1, unchanged=1)
    assert [row.change for row in LeadChange.select()] == ["new"]


def test_accounts_see_nothing_of_each_other(caller: Caller) -> None:
    other = accounts.create("b@example.com")
    catalogue.publish([place()])
    mine = scanned(caller)
    assert scanned(other)["counts"] == counts(found=1, new=1)
    assert (len(names(caller)), len(names(other))) == (1, 1)
    for ask in (scans.get_scan, scans.cancel_scan):
        with pytest.raises(errors.NotFound):
            ask(other, mine["id"])
    assert [row["id"] for row in scans.list_scans(caller, 10).rows] == [mine["id"]]


def test_the_event_holds_what_the_api_shows(caller: Caller) -> None:
    catalogue.publish([place()])
    done = scanned(caller)
    event = orjson.loads(Event.get().body)
    assert event["type"] == "scan.completed"
    assert event["data"]["scan"] == done
    assert JobRow.select().count() == 0


def test_an_empty_area_completes_at_once(caller: Caller) -> None:
    done = scanned(caller)
    assert (done["counts"], done["progress"]) == (counts(), {"done": 0, "total": 0})
    assert Event.select().count() == 1


def test_an_estimate_stores_nothing(caller: Caller) -> None:
    catalogue.publish([place("node/1"), place("way/2", 5)])
    told = scans.estimate_scan(caller, HERE, [])
    assert told == {
        "dry_run": True, "area_km2": pytest.approx(2.46, abs=0.02), "tiles": 1, "counts": counts(found=1, new=1),
        "sources": [{"source": "osm", "release": catalogue.RELEASE}],
    }  # fmt: skip
    assert {table.select().count() for table in (Scan, ScanTile, Lead, LeadPlace, LeadChange, JobRow)} == {0}


@pytest.mark.parametrize("ask", [lambda *asked: scans.create_scan(asked[0], None, *asked[1:]), scans.estimate_scan])
def test_refusals_name_everything_that_is_wrong(caller: Caller, ask: Any) -> None:
    with pytest.raises(errors.InvalidInput) as refused:
        ask(caller, {"bbox": [24.0, 61.0, 25.0, 60.0]}, ["cofe", "bar"])
    assert [problem.pointer for problem in refused.value.details] == ["/area/bbox", "/categories/0"]
    with pytest.raises(errors.PlanLimitExceeded):
        ask(accounts.create("free@example.com"), {"bbox": [24.0, 60.0, 25.0, 61.0]}, [])
    assert Scan.select().count() == 0


def test_no_scan_for_an_account_that_is_full(caller: Caller) -> None:
    catalogue.publish([place()])
    Account.update(limits={"leads": 1}).execute()
    scanned(accounts.by_id(caller.account_id))
    with pytest.raises(errors.PlanLimitExceeded):
        scans.create_scan(accounts.by_id(caller.account_id), None, HERE, [])


def test_cancelling(caller: Caller) -> None:
    catalogue.publish([place()])
    made = scans.create_scan(caller, None, HERE, [])
    assert made["name"] == "2.46 km² around 60.1700, 24.9400"
    cancelled = scans.cancel_scan(caller, made["id"])
    assert (cancelled["status"], cancelled["error"]) == ("cancelled", None)
    assert scans.cancel_scan(caller, made["id"]) == cancelled
    assert work() == 1
    assert scans.get_scan(caller, made["id"]) == cancelled
    assert (Lead.select().count(), Event.select().count()) == (0, 0)
    done = scanned(caller)
    with pytest.raises(errors.Conflict):
        scans.cancel_scan(caller, done["id"])


def test_pages_of_scans_newest_first(caller: Caller) -> None:
    made = [scans.create_scan(caller, str(number), HERE, ["cafe", "cafe"])["id"] for number in range(3)]
    first = scans.list_scans(caller, 2)
    rest = scans.list_scans(caller, 2, first.next_cursor)
    assert [row["id"] for row in (*first.rows, *rest.rows)] == made[::-1]
    assert (first.rows[0]["categories"], rest.next_cursor) == (["cafe"], None)
