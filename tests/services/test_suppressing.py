"""Businesses that must not be leads, on both databases: gone at once, and never back."""

from typing import Any

import pytest

from core.errors import Conflict, InvalidInput, NotFound
from models import base, lead_ledger
from models.lead import Lead, LeadChange, LeadPlace
from services import audit, lead_aggregates, lead_editing, lead_layers, scans, suppressing
from services.accounts import Caller
from tests import catalogue
from tests.catalogue import LATER, PHONE, place
from tests.leads import account
from tests.services.test_scans import HERE, names, scanned

OTHER = {"e164": "+35899999999", "raw": "09 9999999", "kind": "landline", "valid": True}
CITY = (
    place("node/1", phones=[PHONE], emails=["info@engel.fi"], websites=["https://www.engel.fi/menu"]),
    place("node/2", 200, name="Bar Loose", phones=[OTHER], websites=["https://shop.loose.fi/"]),
    place("node/3", 400, name="Kiosk", emails=["kiosk@engel.fi"]),
)


@pytest.fixture
def alice(database: None) -> Caller:
    catalogue.publish(CITY)
    made = account()
    scanned(made)
    return made


@pytest.mark.parametrize(
    ("kind", "value", "form", "left"),
    [
        ("domain", " WWW.Engel.fi", "engel.fi", ["Bar Loose"]),
        ("domain", "loose.fi", "loose.fi", ["Café Engel", "Kiosk"]),
        ("domain", "shop.engel.fi", "shop.engel.fi", ["Bar Loose", "Café Engel", "Kiosk"]),
        ("email", "Info@Engel.FI", "info@engel.fi", ["Bar Loose", "Kiosk"]),
        ("phone", "+358 9 1234567", "+35891234567", ["Bar Loose", "Kiosk"]),
        ("place", "osm:node/2", "osm:node/2", ["Café Engel", "Kiosk"]),
    ],
)  # fmt: skip
def test_gone_at_once_and_not_back_before_it_may(
    alice: Caller, kind: str, value: str, form: str, left: list[str]
) -> None:
    made = suppressing.create_suppression(alice, kind, value, note="Letter")
    assert (made.value, made.reason, made.leads_removed) == (form, "objection", 3 - len(left))
    assert names(alice) == left
    assert LeadPlace.select().count() == LeadChange.select().count() == len(left)
    assert lead_aggregates.aggregate(alice).counted == len(left)
    catalogue.publish(CITY, LATER)
    assert scanned(alice)["counts"]["found"] == len(left)
    assert suppressing.create_suppression(alice, kind, form) == made
    assert suppressing.list_suppressions(alice, 10).rows == [made]
    suppressing.delete_suppression(alice, made.id)
    assert scanned(alice)["counts"]["new"] == 3 - len(left)
    assert [entry.action for entry in audit.page(alice, 9).rows] == ["suppression.deleted", "suppression.created"]


def test_a_suppressed_lead_takes_the_whole_business_with_it(alice: Caller) -> None:
    made = suppressing.create_suppression(alice, "lead", Lead.get(Lead.name == "Kiosk").id, "customer")
    assert (made.name, made.reason, names(alice)) == ("Kiosk", "customer", ["Bar Loose", "Café Engel"])
    assert suppressing.create_suppression(alice, "lead", made.value) == made
    catalogue.publish([*CITY, place("way/3", 402, name="Kiosk", emails=["kiosk@engel.fi"])], LATER)
    assert scanned(alice)["counts"] == {"found": 2, "new": 0, "changed": 0, "unchanged": 2, "gone": 0}


def test_what_the_map_learns_later_is_heeded(alice: Caller) -> None:
    suppressing.create_suppression(alice, "email", "new@loose.fi")
    catalogue.publish([CITY[0], CITY[2], {**CITY[1], "emails": ["new@loose.fi"]}], LATER)
    scanned(alice)
    assert names(alice) == ["Café Engel", "Kiosk"]


def test_an_enrichment_forgets_and_a_correction_is_refused(alice: Caller) -> None:
    suppressing.create_suppression(alice, "domain", "secret.fi")
    (row,) = lead_ledger.by_id(alice.account_id, [Lead.get(Lead.name == "Kiosk").id])
    with base.transaction():
        columns = lead_layers.with_enriched(row, {"emails": ["x@secret.fi"]})
        assert lead_editing.write_changes(alice, [(row, columns)], ("enrichment", "enr_1"), LATER) == 0
    assert names(alice) == ["Bar Loose", "Café Engel"]
    with pytest.raises(Conflict):
        lead_editing.update_lead(
            alice, Lead.get(Lead.name == "Bar Loose").id, {"corrections": {"emails": ["y@secret.fi"]}}
        )


def test_an_account_bars_only_itself_and_the_operator_all(alice: Caller) -> None:
    bob = account("bob@example.com")
    scanned(bob)
    mine = suppressing.create_suppression(alice, "domain", "loose.fi")
    assert len(names(bob)) == 3
    for foreign in (suppressing.get_suppression, suppressing.delete_suppression):
        with pytest.raises(NotFound):
            foreign(bob, mine.id)
    for_all = suppressing.suppress_for_all("domain", "engel.fi", "court order")
    assert (for_all.leads_removed, names(alice), names(bob)) == (4, [], ["Bar Loose"])
    assert suppressing.suppress_for_all("domain", "engel.fi") == for_all
    assert scans.estimate_scan(bob, HERE, [])["counts"]["found"] == scanned(bob)["counts"]["found"] == 1
    assert suppressing.list_suppressions(bob, 10).rows == []
    suppressing.suppress_for_all("place", "osm:node/2")
    assert names(bob) == []
    assert [made.kind for made in suppressing.suppressed_for_all()] == ["place", "domain"]
    suppressing.allow_for_all(for_all.id)
    assert scanned(bob)["counts"]["new"] == 2
    with pytest.raises(NotFound):
        suppressing.allow_for_all(mine.id)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("domain", "facebook.com"), ("domain", "gmail.com"), ("domain", "fi"), ("domain", "a b"), ("email", "a@b"),
        ("email", "a@b.fi, c@d.fi"), ("phone", "09 1234567"), ("phone", "x"), ("place", "node/1"), ("place", "osm:"),
        ("lead", "lead_00000000000000000000000000"),
    ],
)  # fmt: skip
def test_what_is_no_such_thing_is_refused(alice: Caller, kind: str, value: str) -> None:
    with pytest.raises(InvalidInput):
        suppressing.create_suppression(alice, kind, value)
    counted: Any = Lead.select()
    assert counted.count() == 3
