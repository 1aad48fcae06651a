"""What customers do to their leads, on both databases, and that no scan undoes it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidInput, NotFound, PreconditionFailed
from models import base, lead_ledger
from models import suppression as suppression_table
from models.lead import LeadChange, LeadPlace
from services import filters, lead_corrections, lead_editing, lead_layers, lead_values, leads, scans
from services.accounts import Caller
from tests import catalogue
from tests.catalogue import LATER, PHONE, place
from tests.leads import account
from tests.services.test_scans import scanned

ATTRIBUTIONS = {"osm": "© OpenStreetMap contributors"}
MAIL, OTHER = "info@engel.fi", "shop@engel.fi"


@pytest.fixture
def alice(database: None) -> Caller:
    catalogue.publish([place("node/1", phones=[PHONE], emails=[MAIL]), place("node/2", 200, name="Bar Loose")])
    made = account()
    scanned(made)
    return made


def found(caller: Caller, **wanted: Any) -> list[str]:
    return [row["name"] for row in leads.list_leads(caller, filters=filters.parse(wanted), sort="name").rows]


def lead_named(caller: Caller, name: str) -> dict[str, Any]:
    (row,) = leads.list_leads(caller, filters=filters.parse({"name": {"eq": name}, "gone": {"eq": False}})).rows
    return dict(row)


def stored(caller: Caller, lead_id: str) -> lead_ledger.Row:
    (row,) = lead_ledger.by_id(caller.account_id, [lead_id])
    return row


def test_tags_stage_and_note_are_found_and_kept(alice: Caller) -> None:
    lead = lead_named(alice, "Café Engel")
    changes = {"tags": [" VIP ", "vip", "kevät 2026", "ñandú"], "stage": "contacted", "note": "Call in May."}
    changed = lead_editing.update_lead(alice, lead["id"], changes)
    assert (changed["tags"], changed["stage"]) == (["VIP", "kevät 2026", "ñandú"], "contacted")
    assert changed["changed_at"] > lead["changed_at"]
    for wanted in (
        {"tags": {"has": "vip"}}, {"tags": {"has_any": ["x", "ñandú"]}}, {"tags": {"exists": True}},
        {"stage": {"eq": "contacted"}}, {"stage": {"ne": "new"}}, {"query": "kevat"},
    ):  # fmt: skip
        assert found(alice, **wanted) == ["Café Engel"], wanted
    for others in ({"tags": {"exists": False}}, {"stage": {"in": ["new", "won"]}}, {"not": {"tags": {"has": "vip"}}}):
        assert found(alice, **others) == ["Bar Loose"], others
    catalogue.publish([place("node/1", name="Café Ursula"), place("node/2", 200, name="Bar Loose")], LATER)
    scanned(alice)
    again = leads.get_lead(alice, lead["id"])
    assert (again["name"], again["note"], again["tags"]) == ("Café Ursula", "Call in May.", changed["tags"])
    cleared = lead_editing.update_lead(alice, lead["id"], {"note": None, "tags": []})
    assert (cleared["note"], cleared["tags"], cleared["stage"]) == (None, [], "contacted")


def test_a_correction_outlives_scans_and_enrichments_until_it_is_taken_back(alice: Caller) -> None:
    lead = lead_named(alice, "Café Engel")
    said = {
        "name": "Engel & Co", "category": "bar", "phones": ["09 7654321"], "emails": ["A@Engel.fi"],
        "websites": ["engel.fi"], "brand": "Engel", "operator": "Oy Ab", "opening_hours": "Mo-Fr 08:00-17:00",
        "operating_status": "temporarily_closed", "location": {"lat": 61.5, "lon": 23.76},
        "address": {"street": "Hämeenkatu", "city": "Tampere", "country": "FI"},
    }  # fmt: skip
    assert set(said) == set(lead_corrections.CORRECTABLE)
    lead_editing.update_lead(alice, lead["id"], {"corrections": said})
    catalogue.publish(
        [place("node/1", name="Café Ursula", emails=[OTHER]), place("node/2", 200, name="Bar Loose")], LATER
    )
    assert scanned(alice)["counts"] == {"found": 2, "new": 0, "changed": 0, "unchanged": 2, "gone": 0}
    with base.transaction():
        row = stored(alice, lead["id"])
        columns = lead_layers.with_enriched(row, {"emails": ["web@engel.fi"], "rating": 4.5})
        assert lead_editing.write_changes(alice, [(row, columns)], ("enrichment", "enr_1"), LATER) == 1
    kept = leads.get_lead(alice, lead["id"])
    assert (kept["name"], kept["category"]) == ("Engel & Co", "bar")
    assert [(one["address"], one["source"]) for one in kept["emails"]] == [("a@engel.fi", "customer")]
    assert (kept["phones"][0]["e164"], kept["timezone"]) == ("+35897654321", "Europe/Helsinki")
    assert (kept["address"]["formatted"], kept["rating"]) == ("Hämeenkatu, Tampere, FI", 4.5)
    assert {made["field"] for made in kept["corrections"]} == set(said)
    assert {made["source"] for made in kept["corrections"]} == {"customer"}
    assert found(alice, city={"eq": "Tampere"}, category={"eq": "bar"}) == ["Engel & Co"]
    back = lead_editing.update_lead(alice, lead["id"], {"corrections": dict.fromkeys(said)})
    assert (back["name"], back["category"], back["corrections"]) == ("Café Ursula", "cafe", [])
    assert [mail["address"] for mail in back["emails"]] == [OTHER, "web@engel.fi"]
    assert back["location"] == lead["location"]


def test_a_corrected_lead_is_gone_when_its_place_is(alice: Caller) -> None:
    lead = lead_named(alice, "Café Engel")
    lead_editing.update_lead(alice, lead["id"], {"corrections": {"location": {"lat": 0, "lon": 0}}})
    catalogue.publish([place("node/2", 200, name="Bar Loose")], LATER)
    assert scanned(alice)["counts"]["gone"] == 1


def test_wrong_corrections_are_told_all_at_once(alice: Caller) -> None:
    lead = lead_named(alice, "Café Engel")
    wrong = {
        "name": "\u200b \t", "category": "caffe", "phones": ["1, 2"], "emails": ["a@b"], "websites": ["not a url"],
        "opening_hours": "always", "address": {"country": "XX"},
    }  # fmt: skip
    with pytest.raises(InvalidInput) as caught:
        lead_editing.update_lead(alice, lead["id"], {"corrections": wrong, "note": "kept?"})
    assert {error.field for error in caught.value.details} >= {
        "corrections.category", "corrections.phones.0", "corrections.emails.0", "corrections.opening_hours",
        "corrections.address.country",
    }  # fmt: skip
    assert leads.get_lead(alice, lead["id"]) == lead


def test_the_version_changes_with_the_lead_and_guards_it(alice: Caller) -> None:
    lead = lead_named(alice, "Café Engel")
    first = lead_editing.version(leads.get_lead(alice, lead["id"]))
    second = lead_editing.version(lead_editing.update_lead(alice, lead["id"], {"stage": "won"}, first))
    assert second != first
    for refused in (lambda: lead_editing.update_lead(alice, lead["id"], {"stage": "lost"}, first),
                    lambda: lead_editing.delete_lead(alice, lead["id"], first)):  # fmt: skip
        with pytest.raises(PreconditionFailed):
            refused()
    assert leads.get_lead(alice, lead["id"])["stage"] == "won"
    lead_editing.update_lead(alice, lead["id"], {"stage": "lost"}, "*")


def test_the_history_tells_who_changed_what(alice: Caller) -> None:
    lead = lead_named(alice, "Café Engel")
    lead_editing.update_lead(alice, lead["id"], {"stage": "won", "corrections": {"name": "X"}})
    lead_editing.update_lead(alice, lead["id"], {"stage": "won"})  # nothing
    catalogue.publish([place("node/1", phones=[]), place("node/2", 200, name="Bar Loose")], LATER)
    scan = scanned(alice)
    told = lead_editing.list_lead_history(alice, lead["id"], 10).rows
    assert [(entry.change, entry.by, entry.changed_fields) for entry in told] == [
        ("changed", "scan", ["phones", "emails"]), ("changed", "customer", ["name", "stage"]), ("new", "scan", []),
    ]  # fmt: skip
    assert told[0].by_id == scan["id"]
    assert (told[1].before, told[1].after) == ({"name": "Café Engel", "stage": "new"}, {"name": "X", "stage": "won"})
    assert told[0].before["emails"] == [{"address": MAIL}]
    first = lead_editing.list_lead_history(alice, lead["id"], 2)
    rest = lead_editing.list_lead_history(alice, lead["id"], 2, first.next_cursor)
    assert [*first.rows, *rest.rows] == told


def test_a_deleted_lead_leaves_nothing_and_does_not_come_back_unasked(alice: Caller) -> None:
    lead = lead_named(alice, "Café Engel")
    lead_editing.delete_lead(alice, lead["id"])
    assert found(alice, gone={"eq": False}) == found(alice, query="b") == ["Bar Loose"]
    assert LeadChange.select().where(LeadChange.lead_id == lead["id"]).count() == 0
    assert LeadPlace.select().count() == 1
    for gone in (leads.get_lead, lead_editing.delete_lead):
        with pytest.raises(NotFound):
            gone(alice, lead["id"])
    assert scanned(alice)["counts"]["found"] == 1
    (made,) = suppression_table.page(alice.account_id, 10)
    assert (made["kind"], made["value"], made["name"], made["reason"]) == ("lead", lead["id"], "Café Engel", "deleted")
    suppression_table.delete(made["id"])
    assert scanned(alice)["counts"]["new"] == 1


def test_one_account_neither_sees_nor_bars_what_another_has(alice: Caller) -> None:
    bob, lead = account("bob@example.com"), lead_named(alice, "Café Engel")
    for foreign in (
        lambda: lead_editing.update_lead(bob, lead["id"], {"stage": "won"}),
        lambda: lead_editing.delete_lead(bob, lead["id"]),
        lambda: lead_editing.list_lead_history(bob, lead["id"], 10),
    ):
        with pytest.raises(NotFound):
            foreign()
    lead_editing.delete_lead(alice, lead["id"])
    assert scanned(bob)["counts"]["new"] == 2
    assert scans.estimate_scan(alice, catalogue.SAMPLE_AREA, [])["counts"]["found"] == 1


TEXTS = st.lists(st.sampled_from(["a@x.fi", "b@x.fi", "A@X.fi"]), max_size=3)


@given(mapped=TEXTS, web=TEXTS, said=st.none() | TEXTS, later=TEXTS)
def test_layers_do_not_mix(mapped: list[str], web: list[str], said: list[str] | None, later: list[str]) -> None:
    """In whatever order they speak: the customer's word alone counts, the others' come back when it is taken back."""
    lead: dict[str, Any] = lead_values.merge([place(emails=mapped)], ATTRIBUTIONS)
    lead |= lead_layers.with_corrections(lead, {"emails": None if said is None else {"emails": said}}, LATER)
    lead |= lead_layers.with_enriched(lead, {"emails": web, "opening_hours": {"raw": "24/7", "valid": True}})
    fresh = lead_values.merge([place(emails=later, opening_hours={"raw": "Mo", "valid": True})], ATTRIBUTIONS)
    lead |= lead_layers.on_map(fresh, lead["layers"])
    united = lead_values.unique("emails", [*later, *web])
    assert lead["emails"] == (united if said is None else said)
    assert lead["has_email"] == bool(lead["emails"]) == ("has_email" in lead["quality_reasons"])
    assert lead["opening_hours"]["raw"] == "Mo"
    lead |= lead_layers.with_corrections(lead, {"emails": None}, LATER)
    lead |= lead_layers.with_enriched(lead, {})
    assert {name: lead[name] for name in fresh} == fresh
    assert lead["layers"] is None
