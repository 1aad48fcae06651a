"""What a scan will look at, decided before it looks: tiles, categories, the exact outline. Pure."""

import math
from collections.abc import Callable, Collection, Iterable, Sequence

from core import taxonomy, zones
from core.errors import Violation
from core.geo import Area

Box = tuple[float, float, float, float]
"""West, south, east, north in WGS84 degrees."""
Tile = tuple[int, int]
"""y, x at zoom ``core.zones.TILE_ZOOM``; y grows to the south."""

_METRES_PER_DEGREE = 111_320.0


def tiles(catalogue: Iterable[Tile], own: Iterable[Tile]) -> list[Tile]:
    """Return the tiles to visit, each once, in the fixed order that makes scans repeatable.

    Those where the catalogue has places, and those where the account has leads, which may be gone.
    """
    return sorted({*catalogue, *own})


def tile_ranges(bbox: Box) -> list[tuple[int, int, int, int]]:
    """Return the tiles that a box touches as (y1, x1, y2, x2), ends included; two ranges across the antimeridian."""
    west, south, east, north = bbox
    spans = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    return [(*zones.tile(north, left), *zones.tile(south, right)) for left, right in spans]


def tile_box(tile: Tile) -> Box:
    """Return the box of a tile, to the poles at the edges (https://wiki.openstreetmap.org/wiki/Slippy_map_tilenames)."""
    y, x = tile
    size = 1 << zones.TILE_ZOOM
    north = 90.0 if y == 0 else _latitude(y / size)
    south = -90.0 if y == size - 1 else _latitude((y + 1) / size)
    return x / size * 360 - 180, south, (x + 1) / size * 360 - 180, north


def widened(box: Box, metres: float) -> Box:
    """Return the box with at least ``metres`` more on each side, within the edges of the map."""
    west, south, east, north = box
    up = metres / _METRES_PER_DEGREE
    side = up / max(math.cos(math.radians(min(max(abs(south), abs(north)) + up, 89.9))), 1e-3)
    return max(west - side, -180.0), max(south - up, -90.0), min(east + side, 180.0), min(north + up, 90.0)


def wanted_categories(chosen: Sequence[str]) -> frozenset[str] | None:
    """Return the chosen categories and all below them; None for no choice, which is everything."""
    return frozenset().union(*map(taxonomy.descendants, chosen)) if chosen else None


def unknown_categories(chosen: Sequence[str]) -> list[Violation]:
    """Return a violation for each category there is none of, with the one that was probably meant."""
    return [
        Violation("body", f"categories.{index}", "unknown", _suggestion(category), f"/categories/{index}")
        for index, category in enumerate(chosen)
        if taxonomy.get(category) is None
    ]


def wanted(area: Area, categories: Collection[str] | None) -> Callable[[float, float, str], bool]:
    """Return what tells whether (lat, lon, category) is inside the exact area and of the categories."""

    def wants(lat: float, lon: float, category: str) -> bool:
        return (categories is None or category in categories) and area.contains(lat, lon)

    return wants


def name_for(area_km2: float, bbox: Box) -> str:
    """Return a name for a scan that was given none."""
    west, south, east, north = bbox
    middle = (west + east) / 2 if west <= east else (west + east + 360) / 2
    return f"{area_km2:.3g} km² around {(south + north) / 2:.4f}, {middle - 360 if middle > 180 else middle:.4f}"


def _latitude(share: float) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * share))))


def _suggestion(category: str) -> str:
    meant = taxonomy.closest(category)
    return f"There is no category {category[:64]!r}." + (f" Did you mean {meant!r}?" if meant else "")
