"""Lists that customers bring, on both databases: what becomes of each row, and that no scan undoes it."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from core.errors import PlanLimitExceeded
from models import base, lead_ledger
from models.account import Account
from models.lead import Lead, LeadChange, LeadPlace
from services import accounts, importing, lead_editing, lead_layers, leads, suppressing
from services.accounts import Caller
from tests import catalogue
from tests.catalogue import DEGREE_EAST, LAT, LATER, LON, PHONE, place
from tests.leads import account
from tests.services.test_lead_editing import found, lead_named, stored
from tests.services.test_scans import counts, scanned

NEW_PHONE, MAIL = "+358 9 665496", "info@esplanad.example.fi"
BOTH = [str(PHONE["e164"]), NEW_PHONE]
ADDRESS = {"street": "Pohjoisesplanadi", "house_number": "37", "city": "Helsinki", "country": "FI"}


@pytest.fixture
def alice(database: None) -> Caller:
    return account()


def row(external_id: str | None = "1", east: float = 0.0, **said: Any) -> dict[str, Any]:
    """A café of a list, ``east`` metres from the one of ``tests.catalogue.place``."""
    where = {"lat": LAT, "lon": round(LON + east * DEGREE_EAST, 7)}
    made = {"external_id": external_id, "name": "Café Engel", "category": "cafe", "location": where, **said}
    return {name: value for name, value in made.items() if value is not None}


def sent(caller: Caller, *rows: dict[str, Any], name: str = "CRM", tags: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Import rows, after a dry run foretold the very outcomes, and return what became of each."""
    foretold = importing.import_leads(caller, name, rows, tags, dry_run=True)
    done = importing.import_leads(caller, name, rows, tags)
    assert foretold["counts"] == done["counts"]
    assert [one["problems"] for one in foretold["rows"]] == [one["problems"] for one in done["rows"]]
    assert [one["index"] for one in done["rows"]] == list(range(len(rows)))
    assert sum(done["counts"].values()) == len(rows)
    return list(done["rows"])


def outcomes(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [one["outcome"] for one in rows]


def wrong(one: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem["pointer"], problem["code"]) for problem in one["problems"]]


def contents() -> list[list[tuple[Any, ...]]]:
    tables: tuple[Any, ...] = (Lead, LeadPlace, LeadChange)
    return [sorted(table.select().tuples(), key=str) for table in tables]


def test_rows_become_leads_like_any_others(alice: Caller) -> None:
    said: dict[str, Any] = {"phones": [NEW_PHONE], "emails": [MAIL], "websites": ["esplanad.example.fi"], "rating": 4.5}
    made = sent(alice, row(**said, address=ADDRESS, review_count=120, opening_hours="Mo-Fr 08:00-17:00"), row("2", 300))
    assert outcomes(made) == ["created", "created"]
    lead = leads.get_lead(alice, made[0]["lead_id"])
    assert (lead["rating"], lead["review_count"], lead["timezone"]) == (4.5, 120, "Europe/Helsinki")
    assert (lead["phones"][0]["e164"], lead["phones"][0]["source"]) == ("+3589665496", "list")
    assert (lead["emails"][0]["address"], lead["emails"][0]["source"]) == (MAIL, "list")
    assert lead["address"]["formatted"] == "Pohjoisesplanadi 37, Helsinki, FI"
    assert (lead["attribution"], lead["corrections"]) == ("Your own lists", [])
    (source,) = lead["sources"]
    assert (source["source"], source["record_id"], source["license"]) == ("list", "CRM/1", "LicenseRef-customer")
    (entry,) = lead_editing.list_lead_history(alice, lead["id"], 10).rows
    assert (entry.change, entry.by, entry.by_id) == ("new", "import", alice.key_id)
    for wanted in ({"rating": {"gte": 4}}, {"query": "engel"}, {"source": {"has": "list"}, "phones": {"exists": True}}):
        assert found(alice, **wanted), wanted
    assert lead_ledger.count(alice.account_id) == 2


def test_the_same_list_again_changes_nothing_and_a_changed_row_only_itself(alice: Caller) -> None:
    catalogue.publish([place("node/1", phones=[PHONE])])
    scanned(alice)
    rows = [row(phones=BOTH), row(None, 300, name="Bar Loose"), row("3", 600, name="Sauna", emails=[MAIL])]
    first = sent(alice, *rows)
    assert outcomes(first) == ["matched", "created", "created"]
    before = contents()
    again = sent(alice, *rows)
    assert (outcomes(again), contents()) == (["unchanged"] * 3, before)
    assert [one["lead_id"] for one in again] == [one["lead_id"] for one in first]
    rows[2] |= {"name": "Sauna Arla", "emails": ["arla@sauna.example.fi"]}
    third = sent(alice, *reversed(rows))
    assert outcomes(third) == ["updated", "unchanged", "unchanged"]
    lead = leads.get_lead(alice, first[2]["lead_id"])
    assert (lead["name"], [one["address"] for one in lead["emails"]]) == ("Sauna Arla", ["arla@sauna.example.fi"])
    (last, _) = lead_editing.list_lead_history(alice, lead["id"], 10).rows
    assert (last.change, last.by, set(last.changed_fields)) == ("changed", "import", {"name", "emails"})


def test_what_a_list_adds_to_a_lead_outlives_scans(alice: Caller) -> None:
    catalogue.publish([place("node/1", phones=[PHONE])])
    scanned(alice)
    lead = lead_named(alice, "Café Engel")
    lead_editing.update_lead(alice, lead["id"], {"tags": ["vip"], "corrections": {"operator": "Engel Oy"}})
    (made,) = sent(alice, row(phones=BOTH, rating=3.5, operator="Other Oy", opening_hours="24/7"), tags=["fair"])
    assert (made["outcome"], made["lead_id"]) == ("matched", lead["id"])
    catalogue.publish([place("node/1", phones=[PHONE], emails=[MAIL])], LATER)
    assert scanned(alice)["counts"] == counts(found=1, changed=1)
    with base.transaction():
        enriched = lead_layers.with_enriched(stored(alice, lead["id"]), {"emails": ["web@engel.fi"], "rating": 1.0})
        lead_editing.write_changes(alice, [(stored(alice, lead["id"]), enriched)], ("enrichment", "enr_1"), LATER)
    kept = leads.get_lead(alice, lead["id"])
    said_by = {one["e164"]: one["source"] for one in kept["phones"]}
    assert said_by == {"+35891234567": "map", "+3589665496": "list"}
    assert {one["address"]: one["source"] for one in kept["emails"]} == {MAIL: "map", "web@engel.fi": "website"}
    assert (kept["rating"], kept["operator"], kept["tags"]) == (3.5, "Engel Oy", ["vip", "fair"])
    assert [one["source"] for one in kept["sources"]] == ["list", "osm"]
    assert kept["attribution"] == "Your own lists · © OpenStreetMap contributors"
    before = contents()
    assert outcomes(sent(alice, row(phones=BOTH, rating=3.5, operator="Other Oy", opening_hours="24/7"))) == [
        "unchanged"
    ]
    assert contents() == before
    assert scanned(alice)["counts"] == counts(found=1, unchanged=1)


def test_no_scan_finds_or_misses_what_only_a_list_has(alice: Caller) -> None:
    (made,) = sent(alice, row())
    before = contents()
    assert scanned(alice)["counts"] == counts()
    assert contents() == before
    catalogue.publish([place("node/9", 300, name="Bar Loose")])
    assert scanned(alice)["counts"] == counts(found=1, new=1)
    lead = leads.get_lead(alice, made["lead_id"])
    assert (lead["gone_at"], lead["last_seen_at"]) == (None, lead["first_seen_at"])
    catalogue.publish([place("node/9", 300, name="Bar Loose"), place("node/1", 5, phones=[PHONE])], LATER)
    assert scanned(alice)["counts"] == counts(found=2, changed=1, unchanged=1)
    merged = leads.get_lead(alice, made["lead_id"])
    assert (len(merged["sources"]), merged["last_seen_at"] > lead["last_seen_at"]) == (2, True)
    catalogue.publish([place("node/9", 300, name="Bar Loose")], "2021-04-21T17:20:26.000Z")
    assert scanned(alice)["counts"] == counts(found=2, changed=1, unchanged=1)  # once: no map has it any more
    alone = leads.get_lead(alice, made["lead_id"])
    assert (alone["gone_at"], alone["phones"], len(alone["sources"])) == (None, [], 1)
    assert alone["last_seen_at"] == merged["last_seen_at"]
    assert scanned(alice)["counts"] == counts(found=1, unchanged=1)
    assert found(alice, gone={"eq": True}) == []


def test_a_lead_that_is_gone_comes_back_with_a_list(alice: Caller) -> None:
    catalogue.publish([place("node/1"), place("node/2", 200, name="Bar Loose")])
    scanned(alice)
    catalogue.publish([place("node/2", 200, name="Bar Loose")], LATER)
    assert scanned(alice)["counts"]["gone"] == 1
    (made,) = sent(alice, row())
    assert made["outcome"] == "matched"
    assert leads.get_lead(alice, made["lead_id"])["gone_at"] is None
    assert scanned(alice)["counts"] == counts(found=1, unchanged=1)


def test_rows_that_do_not_say_where_or_what_they_are(alice: Caller) -> None:
    catalogue.publish(
        [
            place("node/1", phones=[PHONE], street="Pohjoisesplanadi", house_number="37", city="Helsinki"),
            place("node/2", 2000, name="Kiosk", websites=["https://kiosk.example.fi/"]),
            place("node/3", 4000, name="Kiosk", websites=["https://kiosk.example.fi/"]),
        ]
    )
    scanned(alice)
    engel = lead_named(alice, "Café Engel")["id"]
    nowhere: dict[str, Any] = {"location": None, "category": None}
    rows = [
        row("late", **nowhere, name="Leipomo Aino", phones=["+358 9 310 1691"], websites=["aino.example.fi"]),
        row("phone", **nowhere, phones=["+358 9 1234567"]),
        row("address", **nowhere, address=ADDRESS),
        row("here", category=None),
        row("several", **nowhere, name="Kiosk", websites=["kiosk.example.fi"]),
        row("other", **nowhere, name="Bar Loose", phones=["+358 9 1234567"]),
        row("nothing", **nowhere),
        row("aino", 900, name="Leipomo Aino", category="bakery", websites=["aino.example.fi"]),
    ]
    made = sent(alice, *rows)
    assert outcomes(made) == ["created", *["matched"] * 3, *["refused"] * 3, "matched"]
    assert {one["lead_id"] for one in made[1:4]} == {engel}
    assert made[0]["lead_id"] == made[7]["lead_id"]
    missing = [[(f"/leads/{index}/{name}", "missing") for name in ("location", "category")] for index in (4, 5, 6)]
    assert [wrong(one) for one in made[4:7]] == missing
    lead = leads.get_lead(alice, engel)
    assert (lead["location"], lead["category"], len(lead["sources"])) == ({"lat": LAT, "lon": LON}, "cafe", 4)
    before = contents()
    assert outcomes(sent(alice, *rows)) == ["unchanged"] * 4 + ["refused"] * 3 + ["unchanged"]
    assert contents() == before
    catalogue.publish([place("node/1", 20, phones=[PHONE], category="bar")], LATER)
    scanned(alice)
    moved = leads.get_lead(alice, engel)
    assert (moved["location"]["lon"] > LON, moved["category"]) == (True, "bar")


def test_refused_rows_say_all_that_is_wrong_and_the_others_are_taken(alice: Caller) -> None:
    suppressing.create_suppression(alice, "domain", "shut.example.fi")
    made = sent(
        alice,
        row("1", category="caffe", emails=["a@b"], phones=["1, 2"], opening_hours="always", address={"country": "XX"}),
        row("2", emails=["info@shut.example.fi"]),
        row("3"),
        row("3", 500),
    )
    assert outcomes(made) == ["refused", "refused", "created", "refused"]
    assert set(wrong(made[0])) == {
        (f"/leads/0/{name}", "invalid")
        for name in ("category", "emails/0", "phones/0", "opening_hours", "address/country")
    }
    assert [wrong(one) for one in (made[1], made[3])] == [[("/leads/1", "not_allowed")], [("/leads/3", "duplicate")]]
    assert [one["lead_id"] is None for one in made] == [True, True, False, True]
    assert Lead.select().count() == 1


def test_a_deleted_lead_does_not_come_back(alice: Caller) -> None:
    (made,) = sent(alice, row())
    lead_editing.delete_lead(alice, made["lead_id"])
    assert LeadPlace.select().count() == 0
    assert wrong(*sent(alice, row())) == [("/leads/0", "not_allowed")]
    assert outcomes(sent(alice, row("2"))) == ["created"]
    out = suppressing.create_suppression(alice, "place", "list:CRM/2")
    assert out.leads_removed == 1
    assert outcomes(sent(alice, row("2"))) == ["refused"]


def test_too_many_leads_are_none(alice: Caller) -> None:
    Account.update(limits={"leads": 2}).execute()
    limited = accounts.by_id(alice.account_id)
    sent(limited, row())
    before = contents()
    for dry_run in (True, False):
        with pytest.raises(PlanLimitExceeded):
            importing.import_leads(limited, "CRM", [row("2", 300), row("3", 600), row(rating=1)], dry_run=dry_run)
    assert contents() == before
    assert outcomes(sent(limited, row("2", 300), row(rating=1))) == ["created", "updated"]


def test_a_shared_contact_reaches_further_than_a_name(alice: Caller) -> None:
    catalogue.publish([place("node/1", phones=[PHONE], websites=["https://engel.example.fi/"])])
    scanned(alice)
    made = sent(
        alice,
        row("1", 120, phones=["09 1234567"]),
        row("2", 120, websites=["www.engel.example.fi"]),
        row("3", -120, emails=[MAIL]),
        row("4", 400, name="Engel 400", phones=["09 1234567"]),
    )
    assert outcomes(made) == ["matched", "matched", "created", "created"]


def test_lists_of_other_names_and_accounts_are_others(alice: Caller) -> None:
    bob = account("bob@example.com")
    first, second = row(phones=[NEW_PHONE]), row(east=3, phones=[NEW_PHONE], rating=2)
    (mine,) = sent(alice, first)
    (theirs,) = sent(bob, first)
    assert (mine["outcome"], theirs["outcome"], mine["lead_id"] != theirs["lead_id"]) == ("created", "created", True)
    (other,) = sent(alice, second, name="Fair 2026")
    assert (other["outcome"], other["lead_id"]) == ("matched", mine["lead_id"])
    record_ids = [one["record_id"] for one in leads.get_lead(alice, mine["lead_id"])["sources"]]
    assert record_ids == ["CRM/1", "Fair 2026/1"]
    assert len(leads.get_lead(bob, theirs["lead_id"])["sources"]) == 1


def test_tags_are_put_on_what_a_row_joins_and_not_again(alice: Caller) -> None:
    (made,) = sent(alice, row(), tags=["Fair", "fair "])
    assert leads.get_lead(alice, made["lead_id"])["tags"] == ["Fair"]
    lead_editing.update_lead(alice, made["lead_id"], {"tags": ["vip"]})
    sent(alice, row(rating=2), tags=["fair"])
    assert leads.get_lead(alice, made["lead_id"])["tags"] == ["vip"]
    (other,) = sent(alice, row("2", 1), name="Fair", tags=["fair"])
    assert (other["lead_id"], found(alice, tags={"has": "fair"})) == (made["lead_id"], ["Café Engel"])
    (last, *_) = lead_editing.list_lead_history(alice, made["lead_id"], 10).rows
    assert (last.after["tags"], last.by) == (["vip", "fair"], "import")


def test_a_lead_that_is_in_a_great_many_lists_can_be_shown(alice: Caller) -> None:
    rows = [row(str(number)) for number in range(150)]
    made = sent(alice, *rows)
    assert outcomes(made) == ["created"] + ["matched"] * 149
    assert len(leads.get_lead(alice, made[0]["lead_id"])["sources"]) == 100
    assert outcomes(sent(alice, *rows)) == ["unchanged"] * 150


@pytest.mark.parametrize("seed", range(4))
def test_any_list_twice_is_the_same_as_once_in_any_order(alice: Caller, seed: int) -> None:
    """Of real businesses, some of them leads already, told a little differently."""
    sample = [one for one in catalogue.sample() if one["emails"] or one["phones"]][:200]
    catalogue.publish(sample[:100])
    scanned(alice)
    rng = random.Random(seed)
    rows = [told(rng, number, rng.choice(sample)) for number in range(120)]
    first = sent(alice, *rows)
    before = contents()
    rng.shuffle(rows)
    again = sent(alice, *rows)
    became = {one["external_id"]: one for one in again}
    for one in first:
        expected = "refused" if one["outcome"] == "refused" else "unchanged"
        assert became[one["external_id"]]["outcome"] == expected
        assert became[one["external_id"]]["lead_id"] == one["lead_id"]
    assert contents() == before
    assert scanned(alice)["counts"]["changed"] == 0


def told(rng: random.Random, number: int, known: dict[str, Any]) -> dict[str, Any]:
    made = {
        "external_id": str(number), "name": known["name"], "category": known["category"],
        "location": {"lat": known["lat"] + rng.uniform(-1, 1) * 1e-4, "lon": known["lon"]},
        "phones": [one["raw"] for one in known["phones"]], "emails": known["emails"],
        "address": {"street": known["street"], "house_number": known["house_number"], "city": known["city"]},
    }  # fmt: skip
    for name in ("category", "location", "phones", "address"):
        if rng.random() < 0.25:
            del made[name]
    return made
