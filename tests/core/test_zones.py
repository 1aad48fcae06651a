from hypothesis import given
from hypothesis import strategies as st

from core import zones

LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-180, 180)


def test_helsinki() -> None:
    zone = zones.timezone(60.17, 24.94)

    assert zone == "Europe/Helsinki"
    assert zones.country(zone) == "FI"
    assert zones.tile(60.17, 24.94) == (4742, 9327)


def test_the_open_sea_is_nobodys() -> None:
    assert zones.timezone(0.0, -30.0) is None
    assert zones.country(None) is None
    assert zones.country("Mars/Olympus") is None


def test_country_codes() -> None:
    assert zones.is_country("GB")
    assert not zones.is_country("UK")
    assert not zones.is_country("fi")


@given(LATITUDES, LONGITUDES)
def test_every_point_is_on_a_tile(lat: float, lon: float) -> None:
    y, x = zones.tile(lat, lon)

    assert 0 <= y < 2**zones.TILE_ZOOM
    assert 0 <= x < 2**zones.TILE_ZOOM


@given(LATITUDES, LATITUDES, LONGITUDES, LONGITUDES)
def test_tiles_run_south_and_east(one: float, other: float, left: float, right: float) -> None:
    assert (one <= other) <= (zones.tile(one, left)[0] >= zones.tile(other, left)[0])
    assert (left <= right) <= (zones.tile(one, left)[1] <= zones.tile(one, right)[1])


@given(LATITUDES, LONGITUDES)
def test_every_zone_name_is_known_to_python(lat: float, lon: float) -> None:
    from zoneinfo import ZoneInfo

    zone = zones.timezone(lat, lon)

    assert zone is None or ZoneInfo(zone).key == zone
