"""Areas: inside or outside, how large, and what is refused."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import geo
from core.errors import InvalidInput
from core.geo import Area

EARTH_KM2 = 4 * math.pi * (geo.EARTH_RADIUS_M / 1000) ** 2
latitudes = st.floats(-89, 89)
longitudes = st.floats(-180, 180)


def square(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"polygon": {"type": "Polygon", "coordinates": [ring]}}


def refusal(document: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        Area.from_json(document)
    return [(problem.pointer, problem.code) for problem in caught.value.details]


def test_a_degree_of_latitude_is_111_km() -> None:
    assert geo.haversine_m(60, 25, 61, 25) == pytest.approx(111_195, rel=1e-4)


@given(latitudes, longitudes, latitudes, longitudes)
def test_distance_is_symmetric(lat1: float, lon1: float, lat2: float, lon2: float) -> None:
    there, back = geo.haversine_m(lat1, lon1, lat2, lon2), geo.haversine_m(lat2, lon2, lat1, lon1)
    assert there == pytest.approx(back, abs=1e-6)
    assert 0 <= there <= math.pi * geo.EARTH_RADIUS_M


def test_sizes() -> None:
    assert Area.from_json({"bbox": [-180, -90, 180, 90]}).area_km2 == pytest.approx(EARTH_KM2)
    assert Area.from_json({"bbox": [24.93, 60.16, 24.96, 60.18]}).area_km2 == pytest.approx(3.69, abs=0.02)
    circle = {"circle": {"lat": 60.17, "lon": 24.94, "radius_m": 500}}
    assert Area.from_json(circle).area_km2 == pytest.approx(math.pi * 0.25, rel=1e-4)


@given(st.floats(-170, 170), st.floats(-80, 80), st.floats(0.001, 9), st.floats(0.001, 9))
def test_a_square_polygon_is_as_large_as_its_box(west: float, south: float, width: float, height: float) -> None:
    east, north = west + width, south + height
    box = Area.from_json({"bbox": [west, south, east, north]})
    assert Area.from_json(square(west, south, east, north)).area_km2 == pytest.approx(box.area_km2, rel=1e-6, abs=1e-6)


def test_a_hole_is_outside() -> None:
    document = square(0, 0, 10, 10)
    document["polygon"]["coordinates"] += square(4, 4, 6, 6)["polygon"]["coordinates"]
    area = Area.from_json(document)
    assert area.contains(1, 1)
    assert not area.contains(5, 5)
    assert area.area_km2 < Area.from_json(square(0, 0, 10, 10)).area_km2


@given(st.floats(-85, 85), longitudes, st.floats(1, 100_000), st.floats(0, 360), st.floats(0, 0.999))
def test_a_circle_is_inside_its_box(lat: float, lon: float, radius_m: float, bearing: float, share: float) -> None:
    area = Area.from_json({"circle": {"lat": lat, "lon": lon, "radius_m": radius_m}})
    angle, course = radius_m * share / geo.EARTH_RADIUS_M, math.radians(bearing)
    start = math.radians(lat)
    end = math.asin(math.sin(start) * math.cos(angle) + math.cos(start) * math.sin(angle) * math.cos(course))
    turn = math.atan2(
        math.sin(course) * math.sin(angle) * math.cos(start), math.cos(angle) - math.sin(start) * math.sin(end)
    )
    point = math.degrees(end), (lon + math.degrees(turn) + 540) % 360 - 180
    if geo.haversine_m(lat, lon, *point) <= radius_m:
        assert area.contains(*point)
        assert geo.Rectangle(area.bbox).contains(*point)


def test_a_box_may_cross_the_antimeridian() -> None:
    area = Area.from_json({"bbox": [179, -20, -179, -10]})
    assert area.contains(-15, 179.5)
    assert area.contains(-15, -179.5)
    assert not area.contains(-15, 0)
    assert area.area_km2 == pytest.approx(Area.from_json({"bbox": [0, -20, 2, -10]}).area_km2)


def test_what_the_contract_cannot_say_is_refused_where_it_stands() -> None:
    open_ring = square(0, 0, 1, 1)
    open_ring["polygon"]["coordinates"][0].pop()
    bow_tie = {"polygon": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}}
    flat = {"polygon": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [2, 2], [0, 0]]]}}
    assert refusal({"bbox": [0, 10, 1, 5]}) == [("/area/bbox", "not_allowed")]
    assert refusal({"bbox": [0, -100, 1, 100]}) == [("/area/bbox/1", "not_allowed"), ("/area/bbox/3", "not_allowed")]
    assert refusal(open_ring) == [("/area/polygon/coordinates/0", "not_allowed")]
    assert refusal(bow_tie) == [("/area/polygon", "not_allowed")]
    assert refusal(flat) == [("/area/polygon", "not_allowed")]
    assert refusal(square(179, 0, -179, 1)) == [("/area/polygon/coordinates/0", "not_allowed")]
    assert refusal(square(0, 0, 1, 95)) == [("/area/polygon/coordinates/0", "not_allowed")]
    long = {"polygon": {"type": "Polygon", "coordinates": [[[0, 0]] + [[1, n / 1e4] for n in range(1001)] + [[0, 0]]]}}
    assert refusal(long) == [("/area/polygon", "too_many")]
