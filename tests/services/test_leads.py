"""Leads as an account sees them, on both databases: pages, orders, totals, filters against a naive reading of them."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import orjson
import psycopg
import pytest

from core import config, geo
from core.errors import InvalidCursor, InvalidInput, NotFound, PlanLimitExceeded
from models import base, lead_query, search_terms
from models.lead import OF_ACCOUNT
from models.lead_query import Search
from services import filters, lead_rows, leads
from services.accounts import Caller
from services.filters import EVERYTHING, Filter
from tests.leads import account, gone, lead, phone, write
from tests.naive_leads import Rows, expected, stock

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def alice() -> Caller:
    return account()


@pytest.fixture
def rows(alice: Caller) -> Rows:
    return stock(alice)


def ids(found: Sequence[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in found]


def walk(caller: Caller, sort: str, limit: int, parsed: Filter = EVERYTHING, **more: Any) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        page = leads.list_leads(caller, filters=parsed, sort=sort, limit=limit, after=cursor, **more)
        assert len(page.rows) <= limit
        yield from page.rows
        cursor = page.next_cursor
        if cursor is None:
            return
        assert len(page.rows) == limit


SORT_KEYS: dict[str, Any] = {
    "quality_score": lambda row: row["quality"]["score"],
    "name": lambda row: search_terms.key(row["name"]),
    "distance": lambda row: row["distance_m"],
    **{name: lambda row, name=name: row[name] for name in ("first_seen_at", "last_seen_at", "changed_at")},
}


@pytest.mark.parametrize("sort", leads.SORTS)
@pytest.mark.parametrize("limit", [1, 7, 130])
def test_pages_visit_every_lead_once_in_order(sort: str, limit: int, alice: Caller, rows: Rows) -> None:
    visited = list(walk(alice, sort, limit, near=(60.5, 24.5)))
    assert sorted(ids(visited)) == sorted(row["id"] for row in rows if row["gone_at"] is None)
    order = [SORT_KEYS[sort.removeprefix("-")](row) for row in visited]
    assert order == sorted(order, reverse=sort.startswith("-"))


@pytest.mark.parametrize("sort", leads.SORTS)
def test_pages_of_a_search_visit_what_it_finds(sort: str, alice: Caller, rows: Rows) -> None:
    document = {
        "category": {"eq": "food_and_drink"},
        "query": "aleks",
        "phones": {"exists": True},
        "rating": {"gte": 3.5},
    }
    visited = ids(list(walk(alice, sort, 3, filters.parse(document), near=(60.5, 24.5))))
    assert len(visited) > 6
    assert sorted(visited) == sorted(expected(document, rows))


@pytest.mark.parametrize("sort", leads.SORTS)
def test_leads_that_are_equal_in_the_order_follow_by_number(sort: str, alice: Caller) -> None:
    twins = [lead() for _ in range(9)]
    write(alice, *twins)
    down = sort in ("quality_score", "-name", "-first_seen_at", "-last_seen_at", "-changed_at")
    assert ids(list(walk(alice, sort, 2, near=(60.0, 24.0)))) == ids(twins)[:: -1 if down else 1]


def test_leads_written_between_pages_neither_hide_nor_repeat_others(alice: Caller, rows: Rows) -> None:
    present = {row["id"] for row in rows if row["gone_at"] is None}
    visited = []
    for row in walk(alice, "name", 10):
        visited.append(row["id"])
        if len(visited) % 10 == 5:
            write(alice, lead("!", quality_score=100), lead("Öö", quality_score=0))
    assert [each for each in visited if each in present] == list(
        dict.fromkeys(each for each in visited if each in present)
    )
    assert present <= set(visited)


# -- the shape of a lead


def test_a_lead_is_shown_whole(alice: Caller) -> None:
    row = lead(
        "Café Ängel", names={"sv": "Ängel"}, alt_names=["Engel"], brand="Fazer", brand_wikidata="Q1", operator="Oy Ab",
        unit="A 2", phones=[phone("+358912345")], emails=["info@engel.fi"], websites=["https://engel.fi/"],
        socials={"facebook": ["https://fb.com/x"]}, opening_hours={"raw": "24/7", "valid": True},
        attributes={"wheelchair": True}, rating=4.5, review_count=12, quality_score=80, quality_reasons=["has_phone"],
        category="cafe",
    )  # fmt: skip
    write(alice, row)
    shown = leads.get_lead(alice, row["id"])
    assert tuple(shown) == lead_rows.NAMES
    assert shown == leads.list_leads(alice).rows[0]
    assert orjson.loads(orjson.dumps(shown)) == shown
    same = (
        "id", "name", "names", "alt_names", "operator", "category", "timezone", "websites", "socials",
        "opening_hours", "operating_status", "attributes", "rating", "review_count", "sources", "attribution",
        "first_seen_at", "last_seen_at", "changed_at", "gone_at",
    )  # fmt: skip
    assert {name: shown[name] for name in same} == {name: row[name] for name in same}
    assert {name: value for name, value in shown.items() if name not in same} == {
        "brand": {"name": "Fazer", "wikidata": "Q1"},
        "category_path": ["food_and_drink", "cafe"],
        "location": {"lat": 60.1695, "lon": 24.952},
        "address": {
            "house_number": "26", "street": "Aleksanterinkatu", "unit": "A 2", "district": "Kluuvi", "city": "Helsinki",
            "region": None, "postcode": "00170", "country": "FI",
            "formatted": "Aleksanterinkatu 26 A 2, 00170 Helsinki, FI",
        },
        "phones": [{**phone("+358912345"), "source": "map"}],
        "emails": [{"address": "info@engel.fi", "kind": None, "status": None, "source": "map"}],
        "website_kind": "unknown", "website_check": None, "site": None, "legal": None, "evidence": [],
        "enrichment": None,
        "quality": {"score": 80, "reasons": ["has_phone"]},
        "tags": [], "stage": "new", "note": None, "corrections": [],
        "distance_m": None,
    }  # fmt: skip


def test_what_a_lead_does_not_have_is_null_or_empty(alice: Caller) -> None:
    row = lead(house_number=None, street=None, district=None, city=None, postcode=None, country=None, timezone=None)
    write(alice, row)
    shown = leads.get_lead(alice, row["id"])
    assert tuple(shown) == lead_rows.NAMES
    assert [name for name, value in shown.items() if value is None] == [
        "brand", "operator", "timezone", "opening_hours", "rating", "review_count", "website_check", "site", "legal",
        "enrichment", "note", "gone_at", "distance_m",
    ]  # fmt: skip
    assert set(shown["address"].values()) == {None}
    assert (shown["phones"], shown["emails"], shown["names"], shown["socials"]) == ([], [], {}, {})


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        ({"street": "Bulevardi", "house_number": None}, "Bulevardi, 00170 Helsinki, FI"),
        ({"street": None, "house_number": "5"}, "5, 00170 Helsinki, FI"),
        ({"street": None, "house_number": None, "unit": "B"}, "00170 Helsinki, FI"),
        ({"postcode": None}, "Aleksanterinkatu 26, Helsinki, FI"),
        ({"city": None}, "Aleksanterinkatu 26, 00170 Kluuvi, FI"),
        ({"city": None, "district": None}, "Aleksanterinkatu 26, 00170, FI"),
    ],
)  # fmt: skip
def test_an_address_on_one_line_leaves_out_what_is_unknown(columns: dict[str, Any], line: str, alice: Caller) -> None:
    row = lead(**columns)
    write(alice, row)
    assert leads.get_lead(alice, row["id"])["address"]["formatted"] == line


def test_only_the_chosen_fields_are_shown_in_the_usual_order(alice: Caller) -> None:
    write(alice, lead(emails=["a@b.fi"]))
    [shown] = leads.list_leads(alice, fields=["emails", "name", "distance_m"]).rows
    assert list(shown) == ["id", "name", "emails", "distance_m"]


def test_distances_are_told_from_near_or_from_the_circle(alice: Caller) -> None:
    write(alice, lead(lat=60.17, lon=24.94))
    metres = round(geo.haversine_m(60.17, 24.94, 60.18, 24.95), 1)
    circle = filters.from_query({"near": [60.18, 24.95], "radius_m": 5_000})
    assert leads.list_leads(alice, near=(60.18, 24.95)).rows[0]["distance_m"] == metres
    assert leads.list_leads(alice, filters=circle).rows[0]["distance_m"] == metres
    assert leads.list_leads(alice, filters=circle, near=(60.17, 24.94)).rows[0]["distance_m"] == 0.0


# -- whose leads, and how many


def test_leads_of_another_account_do_not_exist(rows: Rows) -> None:
    eve = account("eve@example.com")
    mine = lead("Even oma")
    write(eve, mine)
    for sort in leads.SORTS:
        assert ids(leads.list_leads(eve, sort=sort, near=(60.5, 24.5)).rows) == [mine["id"]]
    for document in ({"gone": {"eq": True}}, {"or": [{}, {"gone": {"eq": True}}]}, {"not": {"query": "oma"}}):
        assert set(ids(leads.list_leads(eve, filters=filters.parse(document)).rows)) <= {mine["id"]}
    with pytest.raises(NotFound):
        leads.get_lead(eve, rows[0]["id"])
    assert leads.count(eve, EVERYTHING) == 1
    assert ids(list(leads.iterate(eve, EVERYTHING))) == [mine["id"]]


def test_a_lead_that_is_gone_can_still_be_read(alice: Caller, rows: Rows) -> None:
    assert leads.get_lead(alice, rows[-1]["id"])["gone_at"] is not None
    found = leads.list_leads(alice, filters=filters.parse({"gone": {"eq": True}}), limit=100)
    assert ids(found.rows) == ids(rows[-20:])


def test_no_such_lead(alice: Caller) -> None:
    with pytest.raises(NotFound):
        leads.get_lead(alice, "lead_00000000000000000000000000")


def test_a_query_narrows_a_filter(alice: Caller) -> None:
    write(alice, lead("Café Engel", city="Turku"), lead("Café Engel", city="Espoo"), lead("Café Ekberg", city="Espoo"))
    page = leads.list_leads(alice, query="engel", filters=filters.parse({"city": {"eq": "espoo"}}))
    assert [(row["name"], row["address"]["city"]) for row in page.rows] == [("Café Engel", "Espoo")]


def test_a_total_is_exact_up_to_a_bound_and_told_again_on_each_page(alice: Caller) -> None:
    write(alice, *(lead(f"Kahvila {number}") for number in range(12)))
    page = leads.list_leads(alice, limit=5)
    assert (page.total.value, page.total.relation) == (12, "eq")
    write(alice, lead("Uusi", quality_score=0))
    assert leads.list_leads(alice, limit=5, after=page.next_cursor).total == page.total
    assert lead_query.count(Search(alice.account_id, alice.account_number, False, EVERYTHING.where), 10) == 10


def test_every_lead_is_given_once_for_an_export(alice: Caller, rows: Rows) -> None:
    with base.snapshot():
        everything = list(leads.iterate(alice, EVERYTHING, ["name", "phones"]))
    assert ids(everything) == [row["id"] for row in rows if row["gone_at"] is None]
    assert list(everything[0]) == ["id", "name", "phones"]


def test_an_export_is_read_in_chunks(alice: Caller) -> None:
    write(alice, *(lead(f"Kahvila {number}") for number in range(25)))
    everything = Search(alice.account_id, alice.account_number, False, EVERYTHING.where)
    chunks = list(lead_query.walk(everything, ["lead.id"], 10))
    assert [len(chunk) for chunk in chunks] == [10, 10, 5]


# -- what is refused


def test_a_plan_limits_the_rows_of_a_page() -> None:
    bob = account("bob@example.com", "free")
    leads.list_leads(bob, limit=100)
    with pytest.raises(PlanLimitExceeded, match="pro plan allows 500"):
        leads.list_leads(bob, limit=101)


def test_a_cursor_is_good_for_its_own_list_only(alice: Caller, rows: Rows) -> None:
    cursor = leads.list_leads(alice, limit=5).next_cursor
    assert cursor
    assert ids(leads.list_leads(alice, limit=3, fields=["name"], after=cursor).rows) == ids(rows[5:8])
    bob = account("bob2@example.com")
    write(bob, *(lead() for _ in range(9)))
    wrong: list[tuple[Caller, dict[str, Any]]] = [
        (bob, {"after": cursor}),
        (alice, {"after": cursor, "sort": "name"}),
        (alice, {"after": cursor, "query": "cafe"}),
        (alice, {"after": cursor, "filters": filters.parse({"gone": {"eq": True}})}),
        (alice, {"after": cursor[:-1]}),
        (alice, {"after": "x"}),
    ]
    for caller, arguments in wrong:
        with pytest.raises(InvalidCursor):
            leads.list_leads(caller, **arguments)


def test_a_cursor_has_room_for_the_longest_name(alice: Caller) -> None:
    write(alice, *(lead("\N{CJK UNIFIED IDEOGRAPH-6F22}" * 1000 + str(number)) for number in range(3)))
    assert len(list(walk(alice, "name", 1))) == 3
    assert len(list(walk(alice, "-name", 1))) == 3


@pytest.mark.parametrize(
    ("arguments", "field", "says"),
    [
        ({"sort": "nmae"}, "sort", 'did you mean "name"?'),
        ({"fields": ["id", "emial"]}, "fields", 'did you mean "emails"?'),
        ({"sort": "distance"}, "sort", "needs near"),
    ],
)
def test_what_cannot_be_listed_is_said(arguments: dict[str, Any], field: str, says: str, alice: Caller) -> None:
    with pytest.raises(InvalidInput) as raised:
        leads.list_leads(alice, **arguments)
    [violation] = raised.value.details
    assert violation.field == field
    assert says in violation.message


def test_a_count_that_is_remembered_is_never_old(alice: Caller, settings: config.Settings) -> None:
    everything = Search(alice.account_id, alice.account_number, False, EVERYTHING.where)
    [number, *_] = write(alice, lead(), lead(), lead())
    assert [lead_query.count(everything) for _ in range(2)] == [3, 3]
    gone(number)
    assert lead_query.count(everything) == 2
    with pytest.raises(RuntimeError, match="3"):
        _write_and_undo(alice, everything)
    assert lead_query.count(everything) == 2
    _delete_elsewhere(settings, number + 1)
    assert lead_query.count(everything) == 1


def _write_and_undo(caller: Caller, wanted: Search) -> None:
    with base.transaction():
        write(caller, lead())
        raise RuntimeError(lead_query.count(wanted))


def _delete_elsewhere(settings: config.Settings, number: int) -> None:
    """Delete a lead through another connection, as another process would."""
    sql = f"DELETE FROM lead WHERE number = {number}"
    if settings.database_url.startswith("sqlite"):
        with closing(sqlite3.connect(settings.database_url.removeprefix("sqlite:///"))) as connection, connection:
            connection.execute(sql)
    else:
        with psycopg.connect(settings.database_url) as other:
            other.execute(sql.encode())


def test_verbatim_rows_say_the_same(alice: Caller, rows: Rows) -> None:
    assert rows
    everything = filters.parse({"or": [{"gone": {"eq": True}}, {"gone": {"eq": False}}]})
    told = leads.list_leads(alice, filters=everything, limit=500)
    verbatim = leads.list_leads(alice, filters=everything, limit=500, verbatim=True)
    assert any(row["gone_at"] for row in told.rows)
    assert [orjson.loads(str(row)) for row in verbatim.rows] == told.rows
    assert leads.list_leads(alice, fields=["name"], verbatim=True).rows == leads.list_leads(alice, fields=["name"]).rows
    near = leads.list_leads(alice, near=(60.1, 24.9), verbatim=True).rows
    assert all(row["distance_m"] is not None for row in near)


def test_verbatim_rows_with_names_that_look_like_properties(alice: Caller) -> None:
    write(alice, lead(name=',"last_seen_at":"x","changed_at":1,"gone_at":2,"distance_m":3}'))
    [row] = leads.list_leads(alice, verbatim=True).rows
    assert orjson.loads(str(row)) == leads.list_leads(alice).rows[0]


HARD = (
    {"name": {"contains": "a"}},
    {"street": {"exists": True}, "city": {"eq": "Helsinki"}},
    {"tags": {"has": "vip"}},
    {"not": {"category": {"eq": "cafe"}}},
    {"location": {"within": {"bbox": [24.0, 60.0, 25.5, 60.5]}}},
    {"query": "cafe", "name": {"contains": "e"}},
)


@pytest.mark.parametrize("sort", [sort for sort in leads.SORTS if sort != leads.NEAREST])
def test_who_is_not_patient_finds_the_same_in_the_end(
    alice: Caller, rows: Rows, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lead_query, "LOOK", 24 * 7)
    for document in HARD:
        wanted = filters.parse(document)
        cursor, found = None, []
        while True:
            page = leads.list_leads(alice, filters=wanted, sort=sort, limit=20, after=cursor, patient=False)
            found += ids(page.rows)
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == ids(list(walk(alice, sort, 20, wanted))), document
        assert page.total.value <= len(found) or page.total.relation == "eq"


def test_a_look_ends(alice: Caller, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lead_query, "LOOK", 10)
    nothing = filters.parse({"name": {"contains": "no such name"}})
    for sort in (leads.BEST, "name"):
        page = leads.list_leads(alice, filters=nothing, sort=sort, patient=False)
        assert (page.rows, page.cut_short, page.total) == ([], True, leads.Total(0, "gte"))
        assert page.next_cursor
    assert leads.count_soon(alice, nothing) == leads.Total(0, "gte")
    assert leads.count_soon(alice, EVERYTHING) == leads.Total(leads.count(alice, EVERYTHING), "eq")
    assert leads.spots(alice, nothing, 10) == ([], leads.Total(0, "gte"))
    whole = leads.list_leads(alice, filters=nothing)
    assert (whole.cut_short, whole.next_cursor, whole.total) == (False, None, leads.Total(0, "eq"))


@pytest.mark.parametrize("document", [{"name": {"contains": "a"}}, {"query": "cafe", "country": {"ne": "SE"}}])
def test_conditions_are_checked_without_reading_leads(alice: Caller, rows: Rows, document: dict[str, Any]) -> None:
    """SQLite alone tells; a lead is twelve times as long as what is checked of it."""
    if base.is_sqlite():
        wanted = filters.parse(document)
        search = Search(alice.account_id, alice.account_number, wanted.gone, wanted.where)
        source, _, (text, values) = lead_query._by_index(search.where, search.bounds(), joined_to_lead=False)
        plan = base.rows(" ".join(("EXPLAIN QUERY PLAN SELECT count(*) FROM", source, "WHERE", text)), values)
        assert any("COVERING INDEX lead_checked" in step for *_, step in plan), plan


def test_leads_are_found_by_their_ids(alice: Caller, rows: Rows) -> None:
    """Not by their account, of which SQLite would read every lead."""
    if base.is_sqlite():
        plan = base.rows(f"EXPLAIN QUERY PLAN SELECT name FROM lead WHERE {OF_ACCOUNT} AND id IN (?, ?)", ("", "", ""))
        assert [step for *_, step in plan] == ["SEARCH lead USING INDEX lead_id (id=?)"]
    some = {row["id"]: row["name"] for row in rows[:3]}
    assert leads.names(alice, [*some, "lead_of_somebody_else"]) == some
    assert leads.names(account("carol@example.com"), some) == {}
