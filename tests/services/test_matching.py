"""Pairs met in real data, and the properties that make merging repeatable."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import taxonomy
from services import matching
from services.matching import Finder, Signs

LAT, LON = 60.17, 24.94
METRE = 1 / 111_320


def signs(name: str = "Freddy's International", category: str = "restaurant", east: float = 0.0, **known: Any) -> Signs:
    """A restaurant ``east`` metres from a fixed point."""
    first = matching.sorted_name(name)
    there = Signs((first,), category, LAT, LON + east * METRE * 2.0105, frozenset({"osm/node"}))
    return replace(there, numbers=matching.numbers_in(first), **known)


def way(*args: Any, **known: Any) -> Signs:
    return replace(signs(*args, **known), kinds=frozenset({"osm/way"}))


def same(a: Signs, b: Signs) -> bool:
    there, back = (matching.same_business(*pair, taxonomy.path) for pair in ((a, b), (b, a)))
    assert there == back
    return there


def phones(*numbers: str) -> frozenset[str]:
    return frozenset(numbers)


def at(street: str, number: str) -> dict[str, Any]:
    return {"street": street, "house_numbers": matching.house_numbers(number)}


SAME = {
    "a point inside its outline": (signs(), way(east=4)),
    "written with and without an apostrophe": (signs("Robert's Coffee", "cafe"), way("Roberts Coffee", "cafe", 50)),
    "accents": (signs("Ministere d'Etat", "government"), way("Ministère d'État", "government", 57)),
    "two points that touch": (signs("IT Interasco", "company"), signs("IT Interasco", "company", 1)),
    "a bank twice, once without contacts": (signs("Aktia", "bank"), signs("Aktia", "bank", 24, phones=phones("+1"))),
    "one name is longer but the phone is the same": (
        signs("Centre Cardio Thoracique", "clinic", phones=phones("+1")),
        way("Centre Cardio Thoracique de Monaco", "clinic", 14, phones=phones("+1")),
    ),
    "house number inside a range": (
        signs(**at("mannerheimintie", "16")),
        way(east=20, **at("mannerheimintie", "14-20")),
    ),
    "related kinds, the very same name": (signs("Pattaya", "ice_cream"), signs("Pattaya", "fast_food", 11)),
}
DIFFERENT = {
    "branches in one mall, another phone": (
        signs("Picnic", "cafe", phones=phones("+358207590317")),
        way("Picnic", "cafe", 36, phones=phones("+358207590327")),
    ),
    "branches in one station, neither with a phone": (signs("R-kioski", "kiosk"), signs("R-Kioski", "kiosk", 37)),
    "branches on two floors with their own pages": (
        signs("Robert's Coffee", "cafe", phones=phones("+1"), pages=phones("robertscoffee.com/espressobar")),
        signs("Robert's Coffee Netcup", "cafe", 8, phones=phones("+1"), pages=phones("robertscoffee.com/netcup")),
    ),
    "two firms behind one telephone": (
        signs("Western Union", "bureau_de_change", phones=phones("+35894171027")),
        signs("Forex Bank", "bureau_de_change", 3, phones=phones("+35894171027")),
    ),
    "a café and the bar next door": (signs("Gerhard's Café", "cafe"), signs("Gerhard's Cave", "bar", 12)),
    "the hotel and its restaurant": (
        signs("Hotel Arthur", "hotel", sites=phones("hotelarthur.fi")),
        way("Arthur", "restaurant", 16, sites=phones("hotelarthur.fi")),
    ),
    "two cinemas of one owner": (
        signs("Kesäkino Engel", "cinema", phones=phones("+1"), pages=phones("cinemamondo.fi/kesakino")),
        signs("Kino Engel", "cinema", 38, phones=phones("+1"), pages=phones("cinemamondo.fi/kino-engel")),
    ),
    "the same name in another house": (
        signs("Biber", "shop", **at("yrjönkatu", "12")),
        way("Biber", "shop", 31, **at("yrjönkatu", "14")),
    ),
    "numbered neighbours": (signs("Hall 1 of the fair", "marketplace"), way("Hall 2 of the fair", "marketplace", 5)),
    "too far": (signs(phones=phones("+1")), way(east=160, phones=phones("+1"))),
    "other hours and nothing else in common": (signs(hours="Mo-Fr 9-17"), way(east=10, hours="Mo-Su 0-24")),
}


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME.keys())
def test_one_business(pair: tuple[Signs, Signs]) -> None:
    assert same(*pair)


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_two_businesses(pair: tuple[Signs, Signs]) -> None:
    assert not same(*pair)


def test_a_page_on_a_platform_is_no_shared_site() -> None:
    sites, pages = matching.sites_and_pages(["https://www.Facebook.com/kahvila/", "http://www.kahvila.fi"])
    assert sites == {"kahvila.fi"}
    assert pages == {"facebook.com/kahvila"}


@pytest.mark.parametrize(
    ("written", "numbers"),
    [("14-20 B", range(14, 21)), ("46 A", [46]), ("3,5", [3, 5]), ("", []), (None, []), ("20-3", [3, 20])],
)
def test_house_numbers(written: str | None, numbers: Iterable[int]) -> None:
    assert matching.house_numbers(written) == frozenset(numbers)


some_signs = st.builds(
    signs,
    name=st.sampled_from(["Cafe Aalto", "Café Aalto", "Aalto", "Bar 2", "Bar 3"]),
    category=st.sampled_from(["cafe", "bar", "restaurant", "bank"]),
    east=st.floats(0, 200),
    phones=st.frozensets(st.sampled_from(["+1", "+2"])),
    sites=st.frozensets(st.sampled_from(["a.fi", "b.fi"])),
    kinds=st.frozensets(st.sampled_from(["osm/node", "osm/way", "overture"]), min_size=1),
    hours=st.sampled_from(["", "24/7"]),
)


@given(some_signs, some_signs)
def test_symmetric_and_true_of_itself(a: Signs, b: Signs) -> None:
    same(a, b)
    assert same(a, a)


@given(st.lists(some_signs, max_size=12), some_signs)
def test_the_finder_misses_nobody(crowd: list[Signs], new: Signs) -> None:
    finder = Finder(taxonomy.path)
    for tag, member in enumerate(crowd):
        finder.add(tag, member)
    found = finder.find(new)
    fitting = [tag for tag, member in enumerate(crowd) if same(new, member)]
    assert (found is None) == (not fitting)
    if found is not None:
        assert found in fitting
        assert matching.metres(new, crowd[found]) == min(matching.metres(new, crowd[tag]) for tag in fitting)


def test_a_group_is_not_joined_by_who_disagrees_with_one_of_it() -> None:
    finder = Finder(taxonomy.path)
    finder.add(1, signs(phones=phones("+1")))
    finder.add(1, way(east=5))
    assert finder.find(replace(way(east=8, phones=phones("+2")), kinds=frozenset({"overture"}))) is None
    assert finder.find(replace(way(east=8), kinds=frozenset({"overture"}))) == 1


@pytest.mark.parametrize("first", [0.0, 89.0, -60.0])
def test_the_finder_misses_nobody_wherever_it_began(first: float) -> None:
    finder = Finder(taxonomy.path)
    finder.add(1, replace(signs(), lat=first, lon=179.0))
    for number, lat in enumerate((-80.0, -1.0, 30.0, 60.17, 75.0), 2):
        here = replace(signs(), lat=lat, lon=170.0)
        finder.add(number, here)
        degrees = 55 / 111_320 / math.cos(math.radians(lat))
        for lon in (here.lon - degrees, here.lon + degrees):
            assert finder.find(replace(here, lon=lon, kinds=frozenset({"overture"}))) == number


def test_who_does_not_say_where_is_found_by_a_contact_or_the_whole_address() -> None:
    home: dict[str, Any] = {"street": "tie uusi", "house_numbers": frozenset({5}), "town": "helsinki"}
    finder = Finder(taxonomy.path)
    finder.add(1, replace(signs(phones=phones("+1")), **home))
    finder.add(2, replace(signs(name="Bar 2", category="bar", sites=frozenset({"bar.fi"})), lat=61.0))
    finder.add(3, replace(signs(name="Bar 2", category="bar", sites=frozenset({"bar.fi"})), lat=62.0))
    nowhere = replace(signs(category=""), lat=0.0, lon=0.0, kinds=frozenset({"list/CRM"}))
    assert finder.find_anywhere(nowhere) is None
    assert finder.find_anywhere(replace(nowhere, phones=phones("+1"))) == 1
    assert finder.find_anywhere(replace(nowhere, **home)) == 1
    assert finder.find_anywhere(replace(nowhere, **home | {"house_numbers": frozenset({7})})) is None
    assert finder.find_anywhere(replace(nowhere, **home | {"town": "tampere"})) is None
    assert finder.find_anywhere(replace(nowhere, **home, phones=phones("+2"))) is None
    assert finder.find_anywhere(replace(nowhere, names=("other",), phones=phones("+1"))) is None
    assert finder.find_anywhere(replace(nowhere, names=("2 bar",), sites=frozenset({"bar.fi"}))) is None  # or which?
