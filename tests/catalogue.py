"""Places for tests: made up one by one, or all of the sample city, put into the catalogue the way an import does."""

import functools
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from models import base, place_import
from models.place_import import DataSet
from providers import osm
from providers.base import RawPlace

SAMPLE = Path(__file__).parent.parent / "data" / "helsinki-centre.osm.pbf"
SAMPLE_AREA = {"bbox": [24.93, 60.16, 24.96, 60.185]}
RELEASE = "2019-04-21T17:20:26.000Z"
LATER = "2020-04-21T17:20:26.000Z"
WORLD = (-180.0, -90.0, 180.0, 90.0)
PHONE = {"e164": "+35891234567", "raw": "09 1234567", "kind": "landline", "valid": True}
LAT, LON = 60.17, 24.94
DEGREE_EAST = 1 / 111_320 / 0.4975


def place(record_id: str = "node/1", east: float = 0.0, **values: Any) -> dict[str, Any]:
    """A café ``east`` metres from a fixed point, by the properties of ``RawPlace`` and its ``release``."""
    nothing = dict.fromkeys(field.name for field in fields(RawPlace))
    empty: dict[str, Any] = {"phones": [], "emails": [], "websites": [], "alt_names": []}
    return {
        **nothing, **empty, "names": {}, "socials": {}, "attributes": {}, "raw_tags": {}, "source": "osm",
        "record_id": record_id, "updated_at": "2018-05-11T09:12:00.000Z", "release": RELEASE, "license": "ODbL-1.0",
        "name": "Café Engel", "category": "cafe", "lat": LAT, "lon": round(LON + east * DEGREE_EAST, 7),
        "operating_status": "open", "country": "FI", **values,
    }  # fmt: skip


def publish(places: Iterable[dict[str, Any]], release: str = RELEASE) -> None:
    """Make the catalogue hold exactly these places, as of ``release``."""
    data = DataSet("osm", "test.osm.pbf", release, WORLD, "ODbL-1.0", "© OpenStreetMap contributors")
    with place_import.staging():
        place_import.stage(places)
        with base.transaction():
            place_import.merge(data)


@functools.cache
def sample() -> tuple[dict[str, Any], ...]:
    """Every business of the sample city."""
    names = [field.name for field in fields(RawPlace)]
    return tuple({name: getattr(found, name) for name in names} for found in osm.read(SAMPLE, lambda *_: None))
