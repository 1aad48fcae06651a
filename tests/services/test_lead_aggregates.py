"""Counts of leads, on both databases: what is kept is what counting would say, whatever was done."""

import random
from collections import Counter
from typing import Any

import pytest

from core import cells
from core.errors import InvalidInput
from models import base, lead_batch, lead_ledger
from models.lead_tally import LeadCell, LeadTally
from services import filters, lead_aggregates, lead_editing
from services.accounts import Caller
from services.lead_aggregates import FACETS, Cells
from services.leads import Total
from tests.leads import account, gone, lead, phone, write

pytestmark = pytest.mark.usefixtures("database")
EVERY = {"or": [{"name": {"exists": True}}, {"stage": {"exists": True}}]}  # all leads, but found by a search


@pytest.fixture
def alice() -> Caller:
    return account()


def some_lead(chance: random.Random) -> dict[str, Any]:
    pick = chance.choice
    return lead(
        category=pick(["cafe", "bar", "hotel"]), city=pick(["Helsinki", "Turku", None]), brand=pick(["Fazer", None]),
        country=pick(["FI", "SE"]), lat=60 + chance.random(), lon=24 + chance.random(), rating=pick([None, 4.0]),
        phones=pick([[], [phone("+358912345")]]), emails=pick([[], ["a@b.fi"]]), tags=pick([[], ["vip"], ["vip", "x"]]),
    )  # fmt: skip


def both(caller: Caller, **asked: Any) -> lead_aggregates.Aggregate:
    """Count what is kept, and make sure that counting leads one by one says the same."""
    kept = lead_aggregates.aggregate(caller, facets=FACETS, **asked)
    assert kept == lead_aggregates.aggregate(caller, filters.parse(EVERY), facets=FACETS, **asked)
    return kept


def test_what_is_kept_is_what_there_is(alice: Caller) -> None:
    chance = random.Random(1)
    rows = [some_lead(chance) for _ in range(60)]
    numbers = write(alice, *rows)
    write(account("bob@example.com"), *[some_lead(chance) for _ in range(9)])
    assert both(alice).counted == 60
    gone(*numbers[:7], *numbers[:7])
    for row in rows[10:14]:
        lead_editing.delete_lead(alice, row["id"])
    moved = {"tags": ["y"], "stage": "won", "corrections": {"category": "pub", "location": {"lat": 1, "lon": 2}}}
    for row in rows[20:26]:
        lead_editing.update_lead(alice, row["id"], moved)
    with base.transaction():
        (back,) = lead_ledger.by_id(alice.account_id, [rows[3]["id"]])
        lead_batch.write(alice.account_id, alice.account_number, [], [{**back, "gone_at": None}])
    for resolution in range(cells.FINEST + 1):
        assert both(alice, wanted_cells=Cells(resolution)).total == Total(50, "eq")
    found = {facet.field: {made.value: made.count for made in facet.values} for facet in both(alice).facets}
    assert (found["stage"], found["tags"]["y"], found["category"]["pub"]) == ({"new": 44, "won": 6}, 6, 6)
    assert sum(found["has_email"].values()) == sum(found["category"].values()) == 50
    assert min(row.count for table in (LeadTally, LeadCell) for row in table.select()) >= 0


def test_a_search_is_counted_alone(alice: Caller) -> None:
    write(alice, lead(city="Turku", tags=["a"]), lead(city="Turku", category="bar"), lead("Kiosk"))
    made = lead_aggregates.aggregate(alice, filters.parse({"city": {"eq": "turku"}}), facets=["category", "tags"])
    assert [(facet.field, [(one.value, one.count) for one in facet.values]) for facet in made.facets] == [
        ("category", [("bar", 1), ("cafe", 1)]), ("tags", [("a", 1)]),
    ]  # fmt: skip
    assert lead_aggregates.aggregate(alice, query="kiosk").counted == 1


def test_cells_within_a_box_and_for_a_zoom(alice: Caller) -> None:
    write(alice, lead(lat=60.17, lon=24.94), lead(lat=61.5, lon=23.76), lead(lat=-16.5, lon=179.9))
    for box, count in (([24, 60, 25, 61], 1), ([20, 55, 30, 65], 2), ([179, -17, -179, -16], 1), (None, 3)):
        asked = lead_aggregates.cells_for({"resolution": 6, "bbox": box})
        assert sum(cell.count for cell in both(alice, wanted_cells=asked).cells) == count, box
    assert [lead_aggregates.cells_for({"zoom": zoom}).resolution for zoom in (0, 4, 8, 12, 22)] == [0, 2, 4, 7, 8]
    (cell,) = both(alice, wanted_cells=lead_aggregates.cells_for({"resolution": 7, "bbox": [24, 60, 25, 61]})).cells
    assert cell.cell == cells.name(cells.parent(cells.finest(60.17, 24.94), 7))
    assert (round(cell.lat, 1), round(cell.lon, 1)) == (60.2, 24.9)


def test_more_than_can_be_counted_is_said_to_be_so(alice: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    write(alice, *[lead(lat=60 + n / 10, lon=24.0) for n in range(9)])
    monkeypatch.setattr(lead_aggregates, "FEW", 5)
    made = lead_aggregates.aggregate(alice, filters.parse(EVERY), facets=["category"])
    assert (made.complete, made.counted, made.total.relation) == (False, 5, "gte")
    monkeypatch.setattr(lead_aggregates, "MAX_CELLS", 8)
    with pytest.raises(InvalidInput):
        lead_aggregates.aggregate(alice, wanted_cells=Cells(8))


def test_fields_and_how_full_they_are(alice: Caller) -> None:
    assert {made.fill_rate for made in lead_aggregates.list_fields(alice).data} == {None}
    write(alice, lead(tags=["x"], brand="Fazer", phones=[phone("+358912345")]), lead(city=None), lead(), lead())
    facts = {made.name: made for made in lead_aggregates.list_fields(alice).data}
    rates = {name: made.fill_rate for name, made in facts.items() if made.fill_rate not in (1.0, None)}
    assert rates == {
        "brand": 0.25, "operator": 0.0, "city": 0.75, "region": 0.0, "phones": 0.25, "emails": 0.0, "website": 0.0,
        "websites": 0.0, "socials": 0.0, "opening_hours": 0.0, "rating": 0.0, "review_count": 0.0, "tags": 0.25,
    }  # fmt: skip
    assert (facts["gone"].fill_rate, facts["name"].sortable, facts["city"].type) == (None, True, "text")
    assert Counter(facts["rating"].operators) == Counter(["eq", "gt", "gte", "lt", "lte", "exists"])


def test_a_wrong_box_is_named_as_it_was_sent() -> None:
    with pytest.raises(InvalidInput) as refused:
        lead_aggregates.cells_for({"resolution": 7, "bbox": [24, 61, 25, 60]})
    assert [problem.pointer for problem in refused.value.details] == ["/cells/bbox"]
