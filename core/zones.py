"""Which time zone, country and map tile a point lies in."""

import functools
import math
from importlib import resources

import tzfpy

TILE_ZOOM = 14
_LAT_LIMIT = 85.05112877980659  # where the square web map ends


def timezone(lat: float, lon: float) -> str | None:
    """Return the IANA name of the time zone at a point in WGS84 degrees, or None on the open sea."""
    name = tzfpy.get_tz(lon, lat)
    return None if not name or name.startswith("Etc/") else name


def country(zone: str | None) -> str | None:
    """Return the ISO 3166-1 alpha-2 code of the country a time zone is used in, or None.

    From the tz database's zone.tab, in which every zone belongs to one country.
    """
    return _countries().get(zone) if zone else None


def is_country(code: str) -> bool:
    """Tell whether ``code`` is an ISO 3166-1 alpha-2 code, upper case, of an inhabited country or territory."""
    return code in _country_codes()


def tile(lat: float, lon: float) -> tuple[int, int]:
    """Return (y, x) of the web map tile at TILE_ZOOM that holds a point; points beyond its edge count as on it.

    https://wiki.openstreetmap.org/wiki/Slippy_map_tilenames
    """
    size = 1 << TILE_ZOOM
    lat = math.radians(min(max(lat, -_LAT_LIMIT), _LAT_LIMIT))
    y = (1 - math.asinh(math.tan(lat)) / math.pi) / 2
    x = (lon + 180) / 360
    return _clamped(y * size, size), _clamped(x * size, size)


def _clamped(value: float, size: int) -> int:
    return min(max(math.floor(value), 0), size - 1)


@functools.cache
def _countries() -> dict[str, str]:
    table = resources.files("tzdata").joinpath("zoneinfo/zone.tab").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in table.splitlines() if line and not line.startswith("#")]
    return {row[2]: row[0] for row in rows}


@functools.cache
def _country_codes() -> frozenset[str]:
    return frozenset(_countries().values())
