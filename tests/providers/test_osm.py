from datetime import UTC, datetime
from pathlib import Path

import osmium
import pytest

from core.errors import PlaceFileError
from providers import osm
from providers.base import RawPlace, Release
from tests import osm_files
from tests.osm_files import SAMPLE, Node, cafe, write

UNKNOWN = datetime.fromtimestamp(0, UTC)


def read(path: Path) -> list[RawPlace]:
    return list(osm.read(path, lambda _done, _total: None))


def test_the_sample_city() -> None:
    places = read(SAMPLE)

    assert len(places) >= 1_300
    assert len({place.record_id for place in places}) == len(places)
    assert {place.country for place in places} == {"FI"}
    assert {place.record_id.partition("/")[0] for place in places} == {"node", "way", "relation"}
    assert sum(bool(place.phones or place.websites or place.emails) for place in places) >= 760
    assert sum(1 for place in places if place.opening_hours and place.opening_hours["valid"]) >= 500
    assert all(place.updated_at and place.updated_at < "2019-04-22" for place in places)


def test_the_sample_city_tells_its_date_and_area() -> None:
    release = osm.release(SAMPLE)

    assert release.stamp == "2019-04-21T09:50:14.000Z"
    assert release.bbox == pytest.approx((24.9351762, 60.164155, 24.9534145, 60.179113))


def test_the_sample_city_names_no_editor() -> None:
    for thing in osmium.FileProcessor(SAMPLE, osmium.osm.NODE | osmium.osm.WAY | osmium.osm.RELATION):
        assert isinstance(thing, osmium.osm.Node | osmium.osm.Way | osmium.osm.Relation)
        assert (thing.user, thing.uid, thing.changeset) == ("", 0, 0)


def test_progress_ends_at_the_end(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    path = write(tmp_path / "map.osm.pbf", [cafe(number) for number in range(1, 1100)])

    assert sum(1 for _ in osm.read(path, lambda done, total: told.append((done, total)))) == 1099
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    assert len(told) >= 3


def test_ways_and_relations_stand_in_the_middle_of_their_box(tmp_path: Path) -> None:
    corners = [
        Node(number, lat=lat, lon=lon) for number, lat, lon in [(1, 60.0, 24.0), (2, 60.2, 24.0), (3, 60.2, 24.4)]
    ]
    museum, mall = {"tourism": "museum", "name": "Museum"}, {"type": "multipolygon", "shop": "mall", "name": "Mall"}
    path = write(
        tmp_path / "map.osm.pbf",
        corners,
        ways=[(7, [1, 2, 3, 1], museum), (8, [2, 3], {}), (9, [1, 999], {})],
        relations=[(5, [8, 9, 12345], mall)],
    )

    places = {place.record_id: (place.lat, place.lon) for place in read(path)}

    assert places == {"way/7": (60.1, 24.2), "relation/5": (60.1, 24.2)}


def test_what_lies_outside_the_extract_is_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "map.osm.pbf", [cafe(1)], ways=[(7, [998, 999], {"shop": "mall", "name": "Gone"})])

    assert [place.record_id for place in read(path)] == ["node/1"]


def test_the_time_of_an_edit_may_be_unknown(tmp_path: Path) -> None:
    path = write(tmp_path / "map.osm.pbf", [Node(1, {"shop": "books", "name": "Books"}, edited=UNKNOWN), cafe(2)])

    assert [place.updated_at for place in read(path)] == [None, "2024-01-01T00:00:00.000Z"]


def test_a_file_may_say_nothing_about_itself(tmp_path: Path) -> None:
    assert osm.release(write(tmp_path / "map.osm.pbf", [cafe(1)], stamp=None, bbox=None)) == Release(None, None)


def test_xml_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "map.osm"
    path.write_text(
        "<osm version='0.6'><node id='1' lat='60.1' lon='24.9' version='1' timestamp='2024-01-01T00:00:00Z'>"
        "<tag k='shop' v='books'/><tag k='name' v='Kirjakauppa'/></node></osm>"
    )

    assert [(place.name, place.category) for place in read(path)] == [("Kirjakauppa", "books")]


BROKEN = {
    "empty.osm.pbf": b"",
    "text.osm.pbf": b"Dear customer, please find attached our list of shops. " * 20,
    "zip.osm.pbf": b"PK\x03\x04" * 100,
    "cut.osm.pbf": SAMPLE.read_bytes()[:100_000],
    "header-only-half.osm.pbf": SAMPLE.read_bytes()[:60],
    "damaged.osm.pbf": SAMPLE.read_bytes()[:90_000] + bytes(64) + SAMPLE.read_bytes()[90_064:],
    "places.csv": b"name,phone\n",
    "page.osm": b"<html></html>",
    "changes.osc": b"<osmChange version='0.6'></osmChange>",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_clear_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(BROKEN[name])

    with pytest.raises(PlaceFileError) as caught:
        osm.release(path), read(path)

    assert str(caught.value).startswith(f"{name}: ")
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value).removeprefix(f"{name}: ")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.osm.pbf", tmp_path):
        with pytest.raises(PlaceFileError):
            osm.release(path)
        with pytest.raises(PlaceFileError):
            read(path)


def test_the_helper_writes_what_it_says(tmp_path: Path) -> None:
    release = osm.release(write(tmp_path / "map.osm.pbf", [cafe(1)]))

    assert release == Release("2024-02-01T00:00:00.000Z", osm_files.BBOX)
