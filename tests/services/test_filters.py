"""The filter grammar: what it means, what it refuses and how it says so, without a database."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import geo
from core.errors import InvalidInput, Violation
from models import lead_areas
from models.lead_areas import Within
from models.lead_conditions import All, AnyOf, Compare, Contains, Has, Holds, Known, Not, OneOf, Under, Words
from services import filters
from services.filters import EVERYTHING, Filter
from services.lead_fields import FIELDS


def violations(document: Any) -> list[Violation]:
    with pytest.raises(InvalidInput) as raised:
        filters.parse(document)
    return raised.value.details


def only(document: Any) -> Violation:
    [violation] = violations(document)
    return violation


@pytest.mark.parametrize(
    ("document", "condition"),
    [
        ({"city": {"eq": "HÄMEENLINNA"}}, OneOf("city_key", ("hameenlinna",))),
        ({"city": {"ne": "Turku"}}, Not(OneOf("city_key", ("turku",)))),
        ({"brand": {"in": ["Fazer", "fazer", "R-kioski"]}}, OneOf("brand_key", ("fazer", "r kioski"))),
        ({"street": {"nin": ["Hämeentie"]}}, Not(OneOf("street_key", ("hameentie",)))),
        ({"name": {"contains": "H&M"}}, Contains("name_key", "h m")),
        ({"name": {"prefix": "Café"}}, Contains("name_key", "cafe", start=True)),
        ({"name": {"contains": "!"}}, AnyOf(())),
        ({"country": {"eq": "fi"}}, OneOf("country", ("FI",))),
        ({"operator": {"exists": True}}, Known("operator_key")),
        ({"operator": {"exists": False}}, Not(Known("operator_key"))),
        ({"website": {"exists": False}}, Has("website", False)),
        ({"phones": {"exists": True}}, Has("phone", True)),
        ({"opening_hours": {"exists": True}}, Has("opening_hours", True)),
        ({"category": {"eq": "cafe"}}, Under(("cafe",))),
        ({"category": {"nin": ["cafe", "bar"]}}, Not(Under(("cafe", "bar")))),
        ({"rating": {"gte": 4}}, Compare("rating", ">=", 4.0)),
        ({"changed_at": {"lt": "2026-11-24T06:00:00+02:00"}}, Compare("changed_at", "<", "2026-11-24T04:00:00.000Z")),
        ({"phones": {"has": "+358 (0)9-123"}}, Holds("phones", "e164", ("+35809123",))),
        ({"socials": {"has_any": ["facebook", "x"]}}, Holds("socials", "*", ("facebook", "x"))),
        ({"source": {"has": "osm"}}, Holds("sources", "source", ("osm",))),
        ({"query": "cafe hels"}, Words("cafe hels")),
        ({"location": {"within": {"bbox": [24.9, 60.1, 25.0, 60.2]}}}, Within(geo.Rectangle((24.9, 60.1, 25.0, 60.2)))),
        ({"location": {"within": {"lat": 60.2, "lon": 24.9, "radius_m": 1500}}}, lead_areas.circle(60.2, 24.9, 1500.0)),
        ({"not": {"rating": {"gte": 4}}}, Not(All((Compare("rating", ">=", 4.0),)))),
        ({"or": [{"city": {"eq": "Turku"}}, {}]}, AnyOf((All((OneOf("city_key", ("turku",)),)), All(())))),
    ],
)  # fmt: skip
def test_a_filter_means_one_condition(document: Any, condition: Any) -> None:
    assert filters.parse(document) == Filter(All((condition,)))


def test_everything_in_a_filter_must_hold() -> None:
    parsed = filters.parse({"rating": {"gte": 4, "lt": 5}, "and": [{"rating": {"exists": True}}]})
    assert parsed.where.parts == (
        Compare("rating", ">=", 4.0), Compare("rating", "<", 5.0), All((Known("rating"),)),
    )  # fmt: skip


def test_a_polygon_with_a_hole_is_one_outline() -> None:
    square = [[24.0, 60.0], [25.0, 60.0], [25.0, 61.0], [24.0, 61.0], [24.0, 60.0]]
    hole = [[24.4, 60.4], [24.6, 60.4], [24.6, 60.6], [24.4, 60.6], [24.4, 60.4]]
    document = {"location": {"within": {"polygon": {"type": "Polygon", "coordinates": [square, hole]}}}}
    [outline] = filters.parse(document).where.parts
    assert isinstance(outline, Within)
    assert outline.area.bbox == (24.0, 60.0, 25.0, 61.0)
    assert outline.area.contains(60.2, 24.2)
    assert not outline.area.contains(60.5, 24.5)


@pytest.mark.parametrize(
    ("document", "gone", "left"),
    [
        ({}, False, 0),
        ({"gone": {"eq": True}}, True, 0),
        ({"gone": {"eq": False}}, False, 0),
        ({"gone_at": {"exists": True}}, True, 0),
        ({"gone_at": {"gte": "2026-01-01T00:00:00Z"}}, None, 1),
        ({"or": [{"gone": {"eq": True}}, {"city": {"eq": "Turku"}}]}, None, 1),
        ({"not": {"gone": {"eq": True}}}, None, 1),
        ({"name": {"contains": "gone_at"}}, False, 1),
    ],
)
def test_gone_leads_are_left_out_unless_asked_for(document: Any, gone: bool | None, left: int) -> None:
    parsed = filters.parse(document)
    assert (parsed.gone, len(parsed.where.parts)) == (gone, left)


@pytest.mark.parametrize(
    ("document", "pointer", "code", "says"),
    [
        (
            {"categry": {"eq": "cafe"}},
            "/filters/categry",
            "unknown",
            'unknown field "categry"; did you mean "category"?',
        ),
        ({"nmae": {}}, "/filters/nmae", "unknown", 'did you mean "name"?'),
        ({"zzzz": {}}, "/filters/zzzz", "unknown", "choose one of: id, name"),
        ({"a/b~c": {}}, "/filters/a~1b~0c", "unknown", "unknown field"),
        ({"city": {"eqq": "x"}}, "/filters/city/eqq", "unknown", 'unknown operator "eqq"; did you mean "eq"?'),
        ({"rating": {"contains": 4}}, "/filters/rating/contains", "unknown", "choose one of: eq, gt"),
        ({"city": "Helsinki"}, "/filters/city", "wrong_type", "an operator: eq, ne"),
        ({"city": {}}, "/filters/city", "wrong_type", "an operator"),
        ({"city": {"eq": 7}}, "/filters/city/eq", "wrong_type", "a text"),
        ({"city": {"eq": ""}}, "/filters/city/eq", "too_short", "1 to 500"),
        ({"city": {"eq": "x" * 501}}, "/filters/city/eq", "too_long", "1 to 500"),
        ({"city": {"eq": "a\x00b"}}, "/filters/city/eq", "invalid", "NUL"),
        ({"city": {"eq": "\ud800"}}, "/filters/city/eq", "invalid", "NUL"),
        ({"city": {"in": "Turku"}}, "/filters/city/in", "wrong_type", "a list"),
        ({"city": {"in": []}}, "/filters/city/in", "too_few", "1 to 100"),
        ({"city": {"in": ["x"] * 101}}, "/filters/city/in", "too_many", "1 to 100"),
        ({"city": {"in": ["x", None]}}, "/filters/city/in", "wrong_type", "a text"),
        ({"city": {"exists": 1}}, "/filters/city/exists", "wrong_type", "true or false"),
        ({"category": {"eq": "caffe"}}, "/filters/category/eq", "unknown", 'no category "caffe"; did you mean "cafe"?'),
        ({"rating": {"gte": "4"}}, "/filters/rating/gte", "wrong_type", "a number"),
        ({"rating": {"gte": True}}, "/filters/rating/gte", "wrong_type", "a number"),
        ({"rating": {"gte": float("nan")}}, "/filters/rating/gte", "wrong_type", "a number"),
        ({"rating": {"gte": 10**400}}, "/filters/rating/gte", "too_large", "within"),
        ({"last_seen_at": {"gte": "yesterday"}}, "/filters/last_seen_at/gte", "wrong_format", "a time such as"),
        ({"last_seen_at": {"gte": "2026-11-24T00:00:00"}}, "/filters/last_seen_at/gte", "wrong_format", "an offset"),
        ({"gone": {"eq": "true"}}, "/filters/gone/eq", "wrong_type", "true or false"),
        ({"location": {"within": [1, 2]}}, "/filters/location/within", "wrong_type", "lat, lon and radius_m"),
        ({"location": {"near": {}}}, "/filters/location/near", "unknown", "within"),
        ({"or": {}}, "/filters/or", "wrong_type", "a list of 1 to 20"),
        ({"or": []}, "/filters/or", "wrong_type", "a list of 1 to 20"),
        ({"or": [{}] * 21}, "/filters/or", "wrong_type", "a list of 1 to 20"),
        ({"or": [{}, {"x": {}}]}, "/filters/or/1/x", "unknown", "unknown field"),
        ({"not": [1]}, "/filters/not", "wrong_type", "an object"),
        ({"query": 7}, "/filters/query", "wrong_type", "a text"),
        ([], "/filters", "wrong_type", "an object"),
        (None, "/filters", "wrong_type", "an object"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(document: Any, pointer: str, code: str, says: str) -> None:
    violation = only(document)
    assert (violation.where, violation.pointer, violation.code) == ("body", pointer, code)
    assert violation.field == pointer[1:].replace("/", ".").replace("~1", "/").replace("~0", "~")
    assert says in violation.message


@pytest.mark.parametrize(
    "within",
    [
        {},
        {"lat": 91, "lon": 0, "radius_m": 5},
        {"lat": 60, "lon": 24},
        {"lat": 60, "lon": 24, "radius_m": 0},
        {"bbox": [1, 2, 3]},
        {"bbox": [24, 61, 25, 60]},
        {"polygon": {"type": "Polygon", "coordinates": []}},
        {"polygon": {"type": "Point", "coordinates": [24, 60]}},
        {"bbox": [24, 60, 25, 61], "polygon": {"type": "Polygon", "coordinates": []}},
        {"bbox": [24, 60, 25, 61], "radius_m": 5},
    ],
)
def test_an_area_that_is_none_is_refused(within: Any) -> None:
    assert only({"location": {"within": within}}).pointer.startswith("/filters/location/within")


def test_every_violation_is_told_at_once() -> None:
    found = violations({"x": {}, "city": {"eq": 1, "zz": 2}, "or": [{"rating": {"gte": "a"}}]})
    assert [violation.pointer for violation in found] == [
        "/filters/x", "/filters/city/eq", "/filters/city/zz", "/filters/or/0/rating/gte",
    ]  # fmt: skip
    assert len(violations({f"x{number}": {} for number in range(1_000)})) == filters.MAX_VIOLATIONS


def test_filters_nest_five_deep_and_no_deeper() -> None:
    document: Any = {"city": {"eq": "Turku"}}
    for _ in range(filters.MAX_DEPTH - 1):
        document = {"not": document}
    filters.parse(document)
    assert "deeper than 5" in only({"not": document}).message


def test_a_hundred_conditions_are_allowed_and_no_more() -> None:
    parts = [{"rating": {"gt": 1, "gte": 1, "lt": 1, "lte": 1, "eq": 1}} for _ in range(20)]
    filters.parse({"or": parts})
    assert only({"or": parts, "rating": {"gt": 1}}).code == "too_many"


@pytest.mark.parametrize(
    ("moment", "stamp"),
    [
        ("0001-01-01T00:00:00+14:00", "1000-01-01T00:00:00.000Z"),
        ("0999-12-31T23:59:59Z", "1000-01-01T00:00:00.000Z"),
        ("9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59.999Z"),
        ("2026-11-24t04:38:00.5z", "2026-11-24T04:38:00.500Z"),
    ],
)
def test_times_far_away_still_compare(moment: str, stamp: str) -> None:
    assert filters.parse({"changed_at": {"gt": moment}}).where.parts == (Compare("changed_at", ">", stamp),)


@pytest.mark.parametrize(
    ("parameters", "document"),
    [
        ({}, {}),
        ({"query": "cafe"}, {"query": "cafe"}),
        ({"category": ["cafe", "bar"]}, {"category": {"in": ["cafe", "bar"]}}),
        ({"city": "Turku"}, {"city": {"eq": "Turku"}}),
        ({"country": "FI"}, {"country": {"eq": "FI"}}),
        ({"has_website": False}, {"website": {"exists": False}}),
        ({"has_phone": True}, {"phones": {"exists": True}}),
        ({"has_email": True}, {"emails": {"exists": True}}),
        ({"near": [60.17, 24.94]}, {"location": {"within": {"lat": 60.17, "lon": 24.94, "radius_m": 1000}}}),
        ({"near": [60.2, 24.9], "radius_m": 50}, {"location": {"within": {"lat": 60.2, "lon": 24.9, "radius_m": 50}}}),
        ({"bbox": [24.0, 60.0, 25.0, 61.0]}, {"location": {"within": {"bbox": [24.0, 60.0, 25.0, 61.0]}}}),
        ({"seen_since": "2026-11-01T00:00:00Z"}, {"last_seen_at": {"gte": "2026-11-01T00:00:00Z"}}),
        ({"gone": True}, {"gone": {"eq": True}}),
        ({"gone": False}, {}),
        ({"gone": False, "filter": '{"gone": {"eq": true}}'}, {"gone": {"eq": True}}),
        ({"city": "Turku", "filter": '{"rating": {"gte": 4}}'}, {"city": {"eq": "Turku"}, "rating": {"gte": 4}}),
        ({"city": None, "limit": 5, "sort": "name"}, {}),
    ],
)  # fmt: skip
def test_query_parameters_mean_the_same_as_json(parameters: dict[str, Any], document: Any) -> None:
    assert filters.from_query(parameters) == filters.parse(document)


@pytest.mark.parametrize(
    ("parameters", "field", "pointer", "code"),
    [
        ({"category": ["kaffe"]}, "category", "", "unknown"),
        ({"near": [95.0, 0.0]}, "near", "", "invalid"),
        ({"near": [1.0]}, "near", "", "wrong_type"),
        ({"radius_m": 5}, "radius_m", "", "missing"),
        ({"seen_since": "x"}, "seen_since", "", "wrong_format"),
        ({"city": "a\x00"}, "city", "", "invalid"),
        ({"filter": "{"}, "filter", "", "wrong_format"),
        ({"filter": "[]"}, "filter", "", "wrong_type"),
        ({"filter": '{"citi": {}}'}, "filter.citi", "/citi", "unknown"),
    ],
)
def test_wrong_query_parameters_are_named(parameters: dict[str, Any], field: str, pointer: str, code: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        filters.from_query(parameters)
    [violation] = raised.value.details
    assert (violation.where, violation.field, violation.pointer, violation.code) == ("query", field, pointer, code)


def test_the_centre_of_a_circle_is_where_distances_are_measured_from() -> None:
    assert filters.from_query({"near": [60.17, 24.94]}).origin == (60.17, 24.94)
    assert filters.from_query({"bbox": [24.0, 60.0, 25.0, 61.0]}).origin is None
    assert EVERYTHING.origin is None


def test_the_text_of_a_filter_tells_filters_apart() -> None:
    texts = {
        filters.parse(document).text
        for document in ({}, {"city": {"eq": "Turku"}}, {"city": {"eq": "turku"}}, {"city": {"ne": "Turku"}})
    }
    assert len(texts) == 3
    assert EVERYTHING.found_by("a").text != EVERYTHING.found_by("b").text


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [*FIELDS, "or", "and", "not", "query", "eq", "in", "has", "exists", "within", "bbox", "lat"]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


def refusals(read: Callable[[], Filter]) -> list[Violation]:
    try:
        read()
    except InvalidInput as error:
        return error.details or pytest.fail("refused without a reason")
    return []


@given(JSON)
def test_any_json_is_a_filter_or_is_refused_with_reasons(document: Any) -> None:
    for violation in refusals(lambda: filters.parse(document)):
        assert 0 < len(violation.message) <= 500
        assert len(violation.field) <= 200


@given(st.text() | JSON.map(str))
def test_any_filter_text_is_a_filter_or_is_refused(value: str) -> None:
    if not refusals(lambda: filters.from_query({"filter": value})):
        assert isinstance(orjson.loads(value), dict)
