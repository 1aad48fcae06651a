"""Which tiles a scan visits, and what is inside its outline."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import geo, taxonomy, zones
from services import planning

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180, exclude_max=True)


@given(latitudes, longitudes)
def test_a_tile_holds_the_points_that_are_its(lat: float, lon: float) -> None:
    west, south, east, north = planning.tile_box(zones.tile(lat, lon))
    assert south - 1e-9 <= lat <= north + 1e-9
    assert west - 1e-9 <= lon <= east + 1e-9


@given(latitudes, longitudes, latitudes, longitudes, st.floats(0, 1), st.floats(0, 1))
def test_ranges_cover_every_point_of_a_box(
    south: float, west: float, north: float, east: float, up: float, across: float
) -> None:
    south, north = sorted((south, north))
    width = east - west if west <= east else east - west + 360
    lat, lon = south + (north - south) * up, west + width * across
    lon = min(lon - 360 if lon > 180 else lon, 180.0)
    y, x = zones.tile(min(lat, north), lon)
    ranges = planning.tile_ranges((west, south, east, north))
    assert any(y1 <= y <= y2 and x1 <= x <= x2 for y1, x1, y2, x2 in ranges)


@given(st.floats(-80, 80), st.floats(-170, 170), st.floats(1, 5000))
def test_a_widened_box_reaches_as_far_as_it_says(lat: float, lon: float, metres: float) -> None:
    west, south, east, north = planning.widened((lon, lat, lon, lat), metres)
    for there in ((south, lon), (north, lon), (lat, west), (lat, east)):
        assert geo.haversine_m(lat, lon, *there) > metres * 0.998


def test_tiles_are_visited_once_and_in_order() -> None:
    assert planning.tiles([(2, 1), (1, 5)], [(1, 5), (0, 9)]) == [(0, 9), (1, 5), (2, 1)]


def test_a_category_stands_for_all_below_it() -> None:
    assert planning.wanted_categories([]) is None
    food = planning.wanted_categories(["food_and_drink"])
    assert food is not None
    assert {"cafe", "restaurant", "food_and_drink"} <= food
    assert planning.wanted_categories(["cafe", "bar"]) == taxonomy.descendants("cafe") | taxonomy.descendants("bar")


def test_unknown_categories_are_all_named_with_what_was_meant() -> None:
    first, second = planning.unknown_categories(["cofe", "bar", "zzzzzzzzzz"])
    assert (first.pointer, first.code) == ("/categories/0", "unknown")
    assert "'cafe'" in first.message
    assert (second.pointer, "mean" in second.message) == ("/categories/2", False)


def test_wanted_is_the_exact_outline() -> None:
    wants = planning.wanted(geo.Area.from_json({"circle": {"lat": 60.17, "lon": 24.94, "radius_m": 100}}), {"cafe"})
    assert wants(60.1708, 24.94, "cafe")
    assert not wants(60.1708, 24.9415, "cafe")  # in the circle's box, beyond its edge
    assert not wants(60.17, 24.94, "bar")


@pytest.mark.parametrize(
    ("bbox", "name"),
    [
        ((24.93, 60.16, 24.96, 60.18), "3.71 km² around 60.1700, 24.9450"),
        ((179.0, 0.0, -179.0, 1.0), "3.71 km² around 0.5000, 180.0000"),
        ((179.0, 0.0, -178.0, 1.0), "3.71 km² around 0.5000, -179.5000"),
    ],
)
def test_a_scan_without_a_name_is_called_after_its_place(bbox: planning.Box, name: str) -> None:
    assert planning.name_for(3.71, bbox) == name
