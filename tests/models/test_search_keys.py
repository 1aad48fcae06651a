"""What the search index is made of, without a database: keys, words, cells."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import text
from models import lead_website, search, search_terms
from tests.leads import lead

LATITUDES, LONGITUDES = st.floats(-90, 90), st.floats(-180, 180)
PLACES = st.tuples(st.booleans(), st.integers(0, 100), st.integers(1, 2**35 - 1))


@given(st.integers(0, 2**20 - 1), st.integers(0, 100), st.integers(1, 2**35 - 1), st.booleans())
def test_a_rank_key_lies_within_its_account_and_fits_the_database(
    account_number: int, score: int, number: int, away: bool
) -> None:
    key = search.rank_key(account_number, score, number, gone=away)
    for wanted in (away, None):
        low, high = search.bounds(account_number, wanted)
        assert 0 <= low <= key < high <= 2**63
    low, high = search.bounds(account_number, not away)
    assert not low <= key < high


@given(
    st.tuples(st.booleans(), st.integers(0, 100), st.integers(1, 2**35 - 1)),
    st.tuples(st.booleans(), st.integers(0, 100), st.integers(1, 2**35 - 1)),
)
def test_rank_keys_order_present_before_gone_then_best_then_oldest(
    one: tuple[bool, int, int], other: tuple[bool, int, int]
) -> None:
    def place(lead: tuple[bool, int, int]) -> tuple[bool, int, int]:
        return lead[0], -lead[1], lead[2]

    keys = [search.rank_key(7, score, number, gone=away) for away, score, number in (one, other)]
    assert (keys[0] < keys[1]) == (place(one) < place(other))


@given(LATITUDES, LATITUDES, LONGITUDES, LONGITUDES, st.floats(0, 1), st.floats(0, 1))
@example(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
@example(90.0, 90.0, 180.0, 180.0, 1.0, 1.0)
@example(-90.0, -90.0, -180.0, -180.0, 0.0, 0.0)
@example(60.1695, 60.17, 24.952, 24.953, 1.0, 1.0)
def test_the_cells_of_a_box_hold_every_point_in_it(
    lat1: float, lat2: float, lon1: float, lon2: float, up: float, right: float
) -> None:
    (south, north), (west, east) = sorted((lat1, lat2)), sorted((lon1, lon2))
    lat, lon = min(south + up * (north - south), north), min(west + right * (east - west), east)
    covering = search_terms.cells([(west, south, east, north)])
    row = lead(lat=lat, lon=lon, city_key="helsinki")
    tags = search_terms.terms(row | lead_website.columns(row)).split()
    assert covering is None or not set(covering).isdisjoint(tags)


def test_small_areas_have_few_cells_and_large_ones_none() -> None:
    assert len(search_terms.cells([(24.94, 60.16, 24.95, 60.17)]) or ()) in range(1, 65)
    assert search_terms.cells([(-180.0, -90.0, 180.0, 90.0)]) is None


@given(st.text(max_size=400))
def test_a_key_is_folded_bounded_and_stable(value: str) -> None:
    key = search_terms.key(value)
    assert len(key.encode()) <= search_terms.MAX_KEY_BYTES
    assert search_terms.key(key) == key
    assert "_" not in key
    assert key == text.fold(key)


@pytest.mark.parametrize("value", ["Ã\U00032ada\x03%Ä", "F%", "F\tI", " FI", "F  I", "", "x" * 65, "_"])
def test_what_is_not_words_makes_no_tag(value: str) -> None:
    assert search_terms.tag("country", value) is None


def test_words_make_a_tag() -> None:
    assert search_terms.tag("country", "FI") == "in_fi"
    assert search_terms.tag("city_key", "new york") == "city_new_york"
