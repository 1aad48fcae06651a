"""Hexagonal cells of the earth (H3, https://h3geo.org), for counting what is too much to show one by one.

A cell is known by its 64-bit number; people and map libraries write it as hexadecimal digits, which is its name.
"""

import functools
import math

from h3.api import basic_int as h3

FINEST = 8
"""The highest resolution in use: hexagons of 0.7 km² with edges of half a kilometre."""

_EDGE_M = 1_281_256.0  # of resolution 0; each further one divides it by the root of 7 (https://h3geo.org/docs/core-library/restable)
_EDGE_PIXELS = 30
_METRES_PER_PIXEL = 156_543.0  # at zoom 0 of a web map with tiles of 256 pixels


def finest(lat: float, lon: float) -> int:
    """Return the cell of resolution FINEST that a point in degrees lies in."""
    return int(h3.latlng_to_cell(lat, lon, FINEST))


def parent(cell: int, resolution: int) -> int:
    """Return the cell of a lower, or the same, resolution above a cell.

    It covers its children, but for a little at the edges: a point is counted where its finest cell belongs.
    """
    return int(h3.cell_to_parent(cell, resolution))


@functools.lru_cache(maxsize=16_384)
def centre(cell: int) -> tuple[float, float]:
    """Return latitude and longitude of the middle of a cell, in degrees."""
    lat, lon = h3.cell_to_latlng(cell)
    return float(lat), float(lon)


def name(cell: int) -> str:
    """Return a cell as H3 writes it: hexadecimal digits."""
    return f"{cell:x}"


def resolution_for(zoom: float) -> int:
    """Return the resolution whose hexagons have edges of about 30 pixels on a web map at ``zoom``, 0 to FINEST."""
    edge_m = _EDGE_PIXELS * _METRES_PER_PIXEL / 2**zoom
    return min(max(round(math.log(_EDGE_M / edge_m, math.sqrt(7))), 0), FINEST)
