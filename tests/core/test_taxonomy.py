import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import taxonomy


def test_every_category_hangs_in_one_tree() -> None:
    for category in taxonomy.all_categories():
        assert re.fullmatch("[a-z0-9_]{1,64}", category.id)
        assert category.path[-1] == category.id
        assert category.path[:-1] == (taxonomy.path(category.parent) if category.parent else ())
        assert category.name


def test_there_are_few_groups_and_each_has_members() -> None:
    groups = [category.id for category in taxonomy.all_categories() if category.parent is None]

    assert len(groups) <= 14
    assert all(len(taxonomy.descendants(group)) > 5 for group in groups)
    assert sum(len(taxonomy.descendants(group)) for group in groups) == len(taxonomy.all_categories())


def test_descendants_of_a_kind_include_itself() -> None:
    assert {"cafe", "coffeehouse"} <= taxonomy.descendants("cafe") <= taxonomy.descendants("food_and_drink")
    assert taxonomy.descendants("no_such_thing") == frozenset()
    assert taxonomy.get("no_such_thing") is None
    assert taxonomy.path("no_such_thing") == ()


def test_search_terms_speak_several_languages() -> None:
    assert {"Cafe", "coffee", "Kahvila", "Kawiarnia"} <= set(taxonomy.search_terms("cafe"))
    assert taxonomy.search_terms("no_such_thing") == ()


@pytest.mark.parametrize(
    ("word", "category"),
    [
        ("cafe", "cafe"),
        ("Kahvila", "cafe"),
        ("ZAHNARZT", "dentist"),
        ("resturant", "restaurant"),
        ("pizza restaurant", "pizza_restaurant"),
        ("bakry", "bakery"),
        ("qqqqqq", None),
        ("", None),
    ],
)
def test_closest(word: str, category: str | None) -> None:
    assert taxonomy.closest(word) == category


@pytest.mark.parametrize(
    ("tags", "category"),
    [
        ({"amenity": "cafe"}, "cafe"),
        ({"amenity": "restaurant", "cuisine": "pizza;burger"}, "pizza_restaurant"),
        ({"amenity": "restaurant", "cuisine": "burger;italian;pizza"}, "italian_restaurant"),
        ({"amenity": "nightclub;restaurant"}, "nightclub"),
        ({"amenity": "doctors", "healthcare": "doctor", "healthcare:speciality": "urology"}, "urologist"),
        ({"healthcare": "dentist"}, "dentist"),
        ({"shop": "yes", "office": "company"}, "company"),
        ({"shop": "yes"}, "other_shop"),
        ({"shop": "never heard of"}, "other_shop"),
        ({"office": "never heard of"}, "other_office"),
        ({"shop": "fashion"}, "clothes"),
        ({"amenity": "school"}, "school"),
        ({"amenity": "parking", "shop": "mall"}, "mall"),
        ({"tourism": "information", "information": "office"}, "tourist_information_office"),
        ({"tourism": "information"}, None),
        ({"tourism": "artwork"}, None),
        ({"amenity": "bench"}, None),
        ({"amenity": "place_of_worship"}, None),
        ({"leisure": "park"}, None),
        ({"shop": "vacant"}, None),
        ({"building": "yes"}, None),
        ({}, None),
    ],
)
def test_match(tags: dict[str, str], category: str | None) -> None:
    assert taxonomy.match(tags) == category


@given(st.dictionaries(st.sampled_from([*taxonomy.KEYS, "cuisine", "name"]), st.text()))
def test_whatever_is_matched_is_a_category(tags: dict[str, str]) -> None:
    found = taxonomy.match(tags)

    assert found is None or taxonomy.get(found) is not None
