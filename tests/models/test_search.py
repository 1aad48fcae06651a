"""The search index, on both databases: what finds a lead, whose it is, and that it goes where its lead goes."""

from datetime import UTC, datetime

import pytest

from core import clock
from models import base, lead_batch, search, search_terms
from models.lead import Lead
from tests.leads import account, gone, lead, write

pytestmark = pytest.mark.usefixtures("database")


def found(query: str, number: int = 1, gone: bool | None = False) -> list[str]:
    """Return the names of an account's leads that a query finds, best first."""
    groups = search_terms.words(query)
    if not groups:
        return []
    inner, values = search.matching(groups, search.bounds(number, gone))
    return [
        name for (name,) in base.rows(f"SELECT name FROM lead WHERE rank_key IN ({inner}) ORDER BY rank_key", values)
    ]


def test_a_lead_is_found_by_every_word_about_it() -> None:
    write(
        account(),
        lead(
            "Café Ängel", names={"en": "Angel's Place"}, alt_names=["Ännälä"], brand="Fazer", operator="Kahvi Oy",
            street="Hämeentie", district="Sörnäinen", city="Helsinki", postcode="00500",
        ),
    )  # fmt: skip
    for query in (
        "cafe", "café", "CAFÉ", "angel", "ÄNGEL", "place", "annala", "Ännälä", "fazer", "kahvi", "hameentie",
        "Hämeentie", "sornainen", "helsinki", "00500", "coffee", "food", "kahvila",
    ):  # fmt: skip
        assert found(query) == ["Café Ängel"], query


def test_every_word_must_be_there_and_the_last_may_be_unfinished() -> None:
    write(account(), lead("Café Engel", city="Helsinki"), lead("Café Ekberg", city="Espoo"))
    assert found("cafe eng") == ["Café Engel"]
    assert found("cafe e") == ["Café Engel", "Café Ekberg"]
    assert found("ekberg espoo") == ["Café Ekberg"]
    assert found("eng cafe") == []
    assert found("cafe engel espoo") == []
    assert found("engel, engel") == ["Café Engel"]


@pytest.mark.parametrize("query", ["", " ", "!?", "\x00", "_", "\ud800"])
def test_a_query_without_a_word_finds_nothing(query: str) -> None:
    write(account(), lead())
    assert found(query) == []


@pytest.mark.parametrize(
    "query", ['"', "'", "a' OR 'b", 'cafe" OR "x', "cafe*", "cafe:*", "NOT cafe", "c_cafe", "has_phone", "(", "\\"]
)
def test_a_query_is_words_and_no_language(query: str) -> None:
    write(account(), lead("Ravintola Sävel", category="restaurant"))
    assert found(query) == []


def test_a_word_that_names_another_kind_of_business_does_not_find_this_one() -> None:
    write(account(), lead("Sävel", category="restaurant"), lead("Engel", category="cafe"))
    assert found("cafe") == ["Engel"]
    assert found("restaurant") == ["Sävel"]
    assert found("ravintola") == ["Sävel"]


def test_scripts_whose_letters_have_parts_stay_whole_words() -> None:
    write(account(), lead("रेस्टोरेंट"), lead("스시 바"), lead("Кафе «Уют»"), lead("ร้านอาหาร"))
    for name in ("रेस्टोरेंट", "스시", "уют", "ร้านอาหาร"):
        assert len(found(name)) == 1, name


def test_many_and_long_words_are_no_trouble() -> None:
    write(account(), lead("x" * 1000), lead())
    assert found("x" * 1000) == ["x" * 1000]
    assert found(" ".join("abcdefghij" * 10)) == []


def test_the_best_come_first_whenever_they_were_written() -> None:
    alice = account()
    write(alice, lead("Café B", quality_score=40), lead("Café A", quality_score=100), lead("Café C", quality_score=0))
    write(alice, lead("Café A2", quality_score=100))
    assert found("cafe") == ["Café A", "Café A2", "Café B", "Café C"]


def test_leads_of_another_account_are_not_found() -> None:
    alice, bob = account(), account("bob@example.com")
    write(alice, lead("Alice's"))
    write(bob, lead("Bob's"))
    assert found("cafe", alice.account_number) == ["Alice's"]
    assert found("cafe", bob.account_number) == ["Bob's"]


def test_a_changed_lead_is_found_by_what_it_says_now_where_it_ranks_now() -> None:
    alice = account()
    [number, _] = write(alice, lead("Vanha", quality_score=10), lead("Toinen", quality_score=50))
    changed = {**lead("Uusi", quality_score=90), "number": number}
    with base.transaction():
        assert lead_batch.write(alice.account_id, alice.account_number, [], [changed]) == []
    assert found("vanha") == []
    assert found("cafe") == ["Uusi", "Toinen"]
    assert documents() == 2


def test_gone_leads_are_found_apart() -> None:
    [here, away] = write(account(), lead("Täällä"), lead("Poissa"))
    gone(away)
    assert found("cafe") == ["Täällä"]
    assert found("cafe", gone=True) == ["Poissa"]
    assert found("cafe", gone=None) == ["Täällä", "Poissa"]
    assert documents() == 2
    assert Lead.get_by_id(here).gone_at is None
    assert Lead.get_by_id(away).gone_at is not None


def test_a_gone_lead_that_is_back_is_found_as_before() -> None:
    alice = account()
    [number] = write(alice, lead("Palaa"))
    gone(number)
    with base.transaction():
        lead_batch.write(alice.account_id, alice.account_number, [], [{**lead("Palaa"), "number": number}])
    assert found("palaa") == ["Palaa"]
    assert found("palaa", gone=True) == []


def test_marking_gone_twice_changes_nothing() -> None:
    [number] = write(account(), lead("Poissa"))
    gone(number)
    row = Lead.select().where(Lead.number == number).dicts().get()
    clock.set_source(lambda: datetime(2030, 1, 1, tzinfo=UTC))
    gone(number)
    assert Lead.select().where(Lead.number == number).dicts().get() == row
    assert found("poissa", gone=True) == ["Poissa"]


def test_a_deleted_lead_leaves_the_index() -> None:
    [number] = write(account(), lead())
    Lead.delete().where(Lead.number == number).execute()
    assert documents() == 0


def test_a_rolled_back_batch_leaves_no_trace() -> None:
    alice = account()
    with pytest.raises(ZeroDivisionError), base.transaction():
        lead_batch.write(alice.account_id, alice.account_number, [lead()]) and 1 / 0
    assert documents() == 0
    write(alice, lead())
    assert found("cafe") == ["Café Engel"]


def test_a_large_batch_is_written_whole() -> None:
    names = [f"Kahvila {number}" for number in range(1_200)]
    numbers = write(account(), *(lead(name, quality_score=number % 101) for number, name in enumerate(names)))
    assert len(set(numbers)) == 1_200
    assert sorted(found("kahvila")) == sorted(names)
    gone(*numbers)
    assert found("kahvila") == []
    assert len(found("kahvila", gone=True)) == 1_200


def documents() -> int:
    table = search.table()
    return int(base.rows(f"SELECT count(*) FROM {table.name}")[0][0])
