import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInput, PlaceFileError
from models import base
from services import places
from services.places import SourceInfo
from tests.osm_files import SAMPLE, Node, cafe, write

pytestmark = pytest.mark.usefixtures("database")

LATER = "2024-03-01T00:00:00Z"


def everything() -> list[tuple[Any, ...]]:
    return base.rows("SELECT * FROM place ORDER BY id") + base.rows("SELECT * FROM place_import ORDER BY id")


def test_the_sample_city_goes_in_only_once() -> None:
    first = places.import_file(SAMPLE)
    before = everything()
    second = places.import_file(str(SAMPLE))

    assert first.new == first.read >= 1_300
    assert (first.release, first.changed, first.unchanged, first.gone) == ("2019-04-21T09:50:14.000Z", 0, 0, 0)
    assert (second.new, second.changed, second.unchanged, second.gone) == (0, 0, first.read, 0)
    assert everything() == before
    assert places.sources() == [
        SourceInfo("osm", first.release, first.read, "ODbL-1.0", "© OpenStreetMap contributors")
    ]


def test_a_newer_file_updates(tmp_path: Path) -> None:
    places.import_file(write(tmp_path / "a.osm.pbf", [cafe(1), cafe(2), cafe(3)]))
    report = places.import_file(
        write(tmp_path / "b.osm.pbf", [cafe(1), cafe(2, phone="09 652776"), cafe(4)], stamp=LATER)
    )

    assert (report.read, report.new, report.changed, report.unchanged, report.gone) == (3, 1, 1, 1, 1)
    assert report.release == "2024-03-01T00:00:00.000Z"
    assert report.line().startswith("3 places of osm, data of 2024-03-01: 1 new, 1 changed, 1 unchanged, 1 gone")


def test_an_older_file_changes_nothing(tmp_path: Path) -> None:
    places.import_file(write(tmp_path / "b.osm.pbf", [cafe(1), cafe(2)], stamp=LATER))
    before = base.rows("SELECT * FROM place ORDER BY id")
    report = places.import_file(write(tmp_path / "a.osm.pbf", [cafe(1), cafe(3)]))

    assert (report.read, report.new, report.changed, report.gone) == (2, 0, 0, 0)
    assert base.rows("SELECT * FROM place ORDER BY id") == before


def test_a_file_that_breaks_halfway_leaves_the_catalogue_untouched(tmp_path: Path) -> None:
    places.import_file(write(tmp_path / "a.osm.pbf", [cafe(1), cafe(2)]))
    before = everything()
    many = write(tmp_path / "b.osm.pbf", [cafe(number) for number in range(1, 8_500)], stamp=LATER)
    many.write_bytes(many.read_bytes()[:-100])
    told: list[int] = []

    with pytest.raises(PlaceFileError, match=r"^b\.osm\.pbf: not a readable OpenStreetMap file"):
        places.import_file(many, progress=lambda done, _total: told.append(done))

    assert len(told) > 3
    assert everything() == before
    assert places.import_file(tmp_path / "a.osm.pbf").unchanged == 2


def test_a_map_without_businesses_is_refused_and_makes_nothing_gone(tmp_path: Path) -> None:
    places.import_file(write(tmp_path / "a.osm.pbf", [cafe(1)]))
    before = everything()

    with pytest.raises(PlaceFileError, match="no business in it"):
        places.import_file(write(tmp_path / "b.osm.pbf", [Node(5, {"amenity": "bench"})], stamp=LATER))

    assert everything() == before


def test_a_file_without_a_date_is_as_old_as_its_newest_record_or_itself(tmp_path: Path) -> None:
    unknown = datetime.fromtimestamp(0, UTC)
    dated = write(tmp_path / "a.osm.pbf", [cafe(1), cafe(2)], stamp=None)
    undated = write(tmp_path / "b.osm.pbf", [Node(3, {"shop": "books", "name": "B"}, edited=unknown)], stamp=None)
    os.utime(undated, (1_700_000_000, 1_700_000_000))

    assert places.import_file(dated).release == "2024-01-01T00:00:00.000Z"
    assert places.import_file(undated).release == "2023-11-14T22:13:20.000Z"


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    path = write(tmp_path / "a.osm.pbf", [cafe(1)])

    places.import_file(path, "osm", lambda done, total: told.append((done, total)))

    assert told[-1] == (path.stat().st_size, path.stat().st_size)


def test_an_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Unknown format 'shapefile'"):
        places.import_file(tmp_path / "a.shp", "shapefile")


def test_no_source_yet() -> None:
    assert places.sources() == []
