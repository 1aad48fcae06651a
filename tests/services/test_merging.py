"""What a scan decides, on leads and places made up here: no database."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core import taxonomy
from services import lead_values, merging
from services.merging import Intent, Known, Terms
from tests.catalogue import DEGREE_EAST, LON, PHONE, place

ATTRIBUTIONS = {"osm": "© OpenStreetMap contributors", "overture": "Overture Maps Foundation"}


def terms(
    scan_id: str = "scan_1", at: str = "2026-01-01T00:00:00.000Z", east_of: float = -180.0, **wanted: Any
) -> Terms:
    def wants(_lat: float, lon: float, category: str) -> bool:
        return lon >= east_of and wanted.get("category") in (None, category)

    return Terms(scan_id, at, wants, taxonomy.path, ATTRIBUTIONS)


@dataclass
class Ledger:
    """An account's leads, as the service around ``merging`` keeps them, with the whole world as one tile."""

    leads: dict[int, Known] = field(default_factory=dict)

    def scan(
        self, places: Sequence[dict[str, Any]], asked: Terms, everywhere: Iterable[dict[str, Any]] = ()
    ) -> list[Intent]:
        wanted = [there for there in places if asked.wants(there["lat"], there["lon"], there["category"])]
        groups = merging.group(wanted, list(self.leads.values()), asked)
        alive = {merging.key_of(there): there for there in (*places, *everywhere)}
        intents = merging.decide(groups, self.leads.values(), alive, asked)
        for intent in intents:
            self._apply(intent, asked)
        return intents

    def _apply(self, intent: Intent, asked: Terms) -> None:
        number = intent.number if intent.number > 0 else len(self.leads) + 1
        old = dict(self.leads[number].columns) if number in self.leads else {"first_seen_at": asked.started_at}
        now = {"scan_id": asked.scan_id, "gone_at": None}
        if intent.change == "gone":
            now |= {"gone_at": asked.started_at}
        if intent.change in ("new", "changed"):
            now |= {"changed_at": asked.started_at}
        before = self.leads[number].places if number in self.leads else ()
        keys = tuple(dict.fromkeys((*before, *map(merging.key_of, intent.places))))
        self.leads[number] = Known(number, old | intent.columns | now, keys)


def changes(intents: Sequence[Intent]) -> list[str]:
    return [intent.change for intent in intents]


def test_new_then_unchanged() -> None:
    ledger = Ledger()
    places = [place("node/1"), place("node/2", 500)]
    first = ledger.scan(places, terms())
    assert changes(first) == ["new", "new"]
    assert merging.totals(first) == {"found": 2, "new": 2, "changed": 0, "unchanged": 0, "gone": 0}
    again = ledger.scan(places, terms("scan_2"))
    assert changes(again) == ["touched", "touched"]
    assert merging.totals(again) == {"found": 2, "new": 0, "changed": 0, "unchanged": 2, "gone": 0}


def test_a_point_and_its_outline_are_one_lead_with_the_contacts_of_both() -> None:
    node = place("node/1", phones=[PHONE], websites=["https://www.engel.fi/"])
    way = place("way/2", 4, emails=["info@engel.fi"], websites=["http://engel.fi"], street="Aleksanterinkatu")
    (intent,) = Ledger().scan([way, node], terms())
    lead = intent.columns
    assert (lead["has_phone"], lead["has_email"], lead["has_website"]) == (True, True, True)
    assert (lead["street"], len(lead["websites"])) == ("Aleksanterinkatu", 1)
    assert [source["url"] for source in lead["sources"]] == [
        "https://www.openstreetmap.org/node/1",
        "https://www.openstreetmap.org/way/2",
    ]


def test_a_change_says_what_it_was() -> None:
    ledger = Ledger()
    ledger.scan([place()], terms())
    (intent,) = ledger.scan([place(name="Café Ursula", phones=[PHONE])], terms("scan_2", "2026-02-01T00:00:00.000Z"))
    assert intent.change == "changed"
    assert set(intent.fields) == {"name", "phones"}
    assert intent.fields["name"] == {"from": "Café Engel", "to": "Café Ursula"}


def test_an_address_is_one_property_of_a_change() -> None:
    ledger = Ledger()
    ledger.scan([place()], terms())
    (intent,) = ledger.scan([place(street="Kluuvikatu", city="Helsinki")], terms("scan_2"))
    assert set(intent.fields) == {"address"}
    assert intent.fields["address"]["from"]["formatted"] == "FI"
    assert intent.fields["address"]["to"]["formatted"] == "Kluuvikatu, Helsinki, FI"


def test_a_new_release_with_nothing_new_is_no_change() -> None:
    ledger = Ledger()
    ledger.scan([place()], terms())
    (intent,) = ledger.scan([place(release="2020-01-01T00:00:00.000Z", updated_at=None)], terms("scan_2"))
    assert (intent.change, intent.counted) == ("refreshed", {"found": 1, "unchanged": 1})
    assert intent.columns["sources"][0]["release"] == "2020-01-01T00:00:00.000Z"


def test_gone_once_and_back_again() -> None:
    ledger = Ledger()
    ledger.scan([place()], terms())
    assert changes(ledger.scan([], terms("scan_2"))) == ["gone"]
    assert changes(ledger.scan([], terms("scan_3"))) == []
    (back,) = ledger.scan([place()], terms("scan_4"))
    assert (back.change, set(back.fields)) == ("changed", {"gone_at"})


def test_what_another_record_replaces_is_the_same_lead() -> None:
    ledger = Ledger()
    ledger.scan([place("node/1")], terms())
    (intent,) = ledger.scan([place("way/7", 5)], terms("scan_2"))
    assert (intent.number, intent.change) == (1, "changed")
    assert [source["record_id"] for source in intent.columns["sources"]] == ["way/7"]


def test_a_scan_says_nothing_of_what_it_did_not_ask_for() -> None:
    ledger = Ledger()
    ledger.scan([place()], terms())
    assert ledger.scan([], terms("scan_2", category="bank")) == []
    assert ledger.scan([], terms("scan_3", east_of=LON + 1)) == []
    assert ledger.scan([place(category="bar")], terms("scan_4", category="cafe")) == []


def test_a_lead_whose_best_place_lies_outside_is_not_found_inside() -> None:
    ledger = Ledger()
    outside, inside = place("node/1", phones=[PHONE]), place("way/2", 8)
    ledger.scan([outside, inside], terms())
    assert ledger.scan([outside, inside], terms("scan_2", east_of=LON + 4 * DEGREE_EAST)) == []


def test_a_lead_of_two_tiles_counts_once() -> None:
    ledger = Ledger()
    here, there = place("node/1"), place("way/2", 8, phones=[PHONE])
    asked = terms()
    first = ledger.scan([here], asked)
    second = ledger.scan([there], asked, everywhere=[here])
    assert merging.totals([*first, *second]) == {"found": 1, "new": 1, "changed": 0, "unchanged": 0, "gone": 0}
    later = terms("scan_2", "2026-02-01T00:00:00.000Z")
    first, second = ledger.scan([here], later, [there]), ledger.scan([there], later, [here])
    assert merging.totals([*first, *second]) == {"found": 1, "new": 0, "changed": 0, "unchanged": 1, "gone": 0}


def test_a_later_tile_may_turn_unchanged_into_changed() -> None:
    ledger = Ledger()
    here = place("node/1")
    ledger.scan([here], terms())
    asked = terms("scan_2", "2026-02-01T00:00:00.000Z")
    intents = ledger.scan([here], asked) + ledger.scan([place("way/2", 8, phones=[PHONE])], asked, everywhere=[here])
    assert merging.totals(intents) == {"found": 1, "new": 0, "changed": 1, "unchanged": 0, "gone": 0}


def test_a_second_source_adds_to_the_lead() -> None:
    ledger = Ledger()
    ledger.scan([place()], terms())
    other = place("f00", 40, source="overture", license="CDLA-Permissive-2.0", name="Cafe Engel", emails=["a@engel.fi"])
    (intent,) = ledger.scan([place(), other], terms("scan_2"))
    assert (intent.number, intent.change) == (1, "changed")
    assert intent.columns["attribution"] == "Overture Maps Foundation · © OpenStreetMap contributors"
    assert "in_several_sources" in intent.columns["quality_reasons"]
    assert intent.columns["name"] in ("Café Engel", "Cafe Engel")


def test_the_score_is_the_sum_of_its_reasons() -> None:
    full = place(
        phones=[PHONE], emails=["a@b.fi"], websites=["https://b.fi"], socials={"x": ["https://x.com/b"]},
        opening_hours={"raw": "24/7", "valid": True}, street="Katu", house_number="1", city="Helsinki",
    )  # fmt: skip
    score = lead_values.merge([full], ATTRIBUTIONS)
    assert score["quality_score"] == 95
    assert sum(lead_values.POINTS.values()) == 100
    bare = lead_values.merge([place(updated_at="2010-01-01T00:00:00.000Z")], ATTRIBUTIONS)
    assert (bare["quality_score"], bare["quality_reasons"]) == (0, [])
    fax = lead_values.merge([place(phones=[PHONE | {"kind": "fax"}])], ATTRIBUTIONS)
    assert not fax["has_phone"]


def test_street_and_number_come_from_one_place() -> None:
    street_only = place("node/1", street="Kaivokatu", phones=[PHONE], websites=["https://a.fi"])
    whole = place("way/2", street="Asema-aukio", house_number="2", postcode="00100")
    merged = lead_values.merge([street_only, whole], ATTRIBUTIONS)
    assert (merged["street"], merged["house_number"], merged["postcode"]) == ("Asema-aukio", "2", "00100")


some_places = st.lists(
    st.builds(
        place,
        record_id=st.builds("{}/{}".format, st.sampled_from(["node", "way"]), st.integers(1, 6)),
        east=st.sampled_from([0, 5, 20, 40, 100, 400]),
        name=st.sampled_from(["Café Engel", "Cafe Engel", "Engel", "Bar Loose"]),
        category=st.sampled_from(["cafe", "restaurant", "bar"]),
        phones=st.sampled_from([[], [PHONE], [PHONE | {"e164": "+1"}]]),
        emails=st.sampled_from([[], ["a@b.fi"], ["c@d.fi", "a@b.fi"]]),
        names=st.sampled_from([{}, {"fi": "Kahvila"}, {"sv": "Engel", "fi": "Toinen"}]),
    ),
    max_size=8,
    unique_by=lambda there: there["record_id"],
)


@settings(max_examples=50)
@given(some_places, st.randoms())
def test_order_does_not_matter(places: list[dict[str, Any]], chance: random.Random) -> None:
    made = Ledger().scan(places, terms())
    shuffled = Ledger().scan(chance.sample(places, len(places)), terms())
    assert [(intent.number, intent.columns) for intent in made] == [(other.number, other.columns) for other in shuffled]


@settings(max_examples=50)
@given(some_places)
def test_deciding_again_changes_nothing(places: list[dict[str, Any]]) -> None:
    ledger = Ledger()
    first = ledger.scan(places, terms())
    again = ledger.scan(places, terms("scan_2", "2026-02-01T00:00:00.000Z"))
    assert set(changes(again)) <= {"touched"}
    assert merging.totals(again)["unchanged"] == merging.totals(first)["new"] == len(ledger.leads)


@settings(max_examples=50)
@given(some_places, some_places)
def test_every_place_belongs_to_exactly_one_lead(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    ledger = Ledger()
    ledger.scan(before, terms())
    ledger.scan(after, terms("scan_2"))
    owned = [key for lead in ledger.leads.values() for key in lead.places]
    assert sorted(owned) == sorted({merging.key_of(there) for there in (*before, *after)})
    present = [lead.columns["sources"] for lead in ledger.leads.values() if not lead.columns["gone_at"]]
    assert sorted(record["record_id"] for sources in present for record in sources) == sorted(
        there["record_id"] for there in after
    )
