import threading
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import zones
from models import base, place, place_import
from models.place_import import DataSet, Merged
from tests.catalogue import place as some_place

pytestmark = pytest.mark.usefixtures("database")

CITY = (24.0, 60.0, 25.0, 61.0)
COUNTRY = (20.0, 59.0, 31.0, 70.0)
NEIGHBOUR = (11.0, 55.0, 25.0, 69.0)
OLD, NEW, NEWER = ("2019-01-01T00:00:00.000Z", "2024-01-01T00:00:00.000Z", "2025-01-01T00:00:00.000Z")
EVERYWHERE = (-180.0, -90.0, 180.0, 90.0)


def at(number: int, lat: float = 60.17, lon: float = 24.94, **values: Any) -> dict[str, Any]:
    return some_place(f"node/{number}", **{"lat": lat, "lon": lon, "updated_at": None} | values)


def publish(
    places: Iterable[dict[str, Any]], release: str = OLD, bbox: place.Bbox | None = CITY, source: str = "osm"
) -> Merged:
    with place_import.staging():
        place_import.stage(found | {"source": source} for found in places)
        with base.transaction():
            return place_import.merge(DataSet(source, "city.osm.pbf", release, bbox, "ODbL-1.0", "© somebody"))


def fail_after_merging(places: Iterable[dict[str, Any]]) -> None:
    with place_import.staging():
        place_import.stage(places)
        with base.transaction():
            place_import.merge(DataSet("osm", "city.osm.pbf", NEW, CITY, "ODbL-1.0", "© somebody"))
            raise ZeroDivisionError


def present() -> set[str]:
    return {row[0] for row in base.rows("SELECT record_id FROM place WHERE gone_at IS NULL")}


def everything() -> list[tuple[Any, ...]]:
    return base.rows("SELECT * FROM place ORDER BY id") + base.rows("SELECT * FROM place_import ORDER BY id")


def test_a_place_comes_back_as_it_went_in() -> None:
    given_place = at(1, names={"sv": "Å"}, opening_hours={"raw": "x", "valid": False}, alt_names=["Ä", "Ö"])
    publish([given_place])
    y, x = zones.tile(60.17, 24.94)

    [found] = place.places_in_tile(y, x)

    assert {name: found[name] for name in given_place} == given_place | {"release": OLD}
    assert (found["tile_y"], found["tile_x"], found["gone_at"]) == (y, x, None)


def test_the_same_again_writes_nothing() -> None:
    publish([at(1), at(2)])
    before = everything()

    assert publish([at(1), at(2)]) == Merged(0, 0, 0)
    assert everything() == before


def test_a_newer_release_brings_changes() -> None:
    publish([at(1), at(2), at(3)])

    assert publish([at(1), at(2, name="Renamed"), at(4)], NEW) == Merged(new=1, changed=1, gone=1)
    assert present() == {"node/1", "node/2", "node/4"}
    assert base.rows("SELECT DISTINCT release FROM place") == [(NEW,)]


def test_an_older_release_brings_back_nothing() -> None:
    publish([at(1, name="Now"), at(2)], NEW)
    before = present()

    assert publish([at(1, name="Then"), at(3)], OLD) == Merged(0, 0, 0)
    assert present() == before
    assert base.rows("SELECT name FROM place WHERE record_id = 'node/1'") == [("Now",)]


def test_a_record_edited_later_counts_more_than_the_release() -> None:
    publish([at(1, name="Then", updated_at=OLD)], NEW, CITY)

    assert publish([at(1, name="Now", updated_at=NEW)], OLD, COUNTRY) == Merged(0, 1, 0)


def test_what_is_gone_returns_with_a_newer_release() -> None:
    publish([at(1), at(2)])
    publish([at(1)], NEW)

    assert publish([at(1), at(2)], NEWER) == Merged(0, 1, 0)
    assert present() == {"node/1", "node/2"}


def test_what_is_known_to_be_there_later_is_not_gone() -> None:
    publish([at(1), at(2)], NEWER)

    assert publish([at(1)], NEW) == Merged(0, 0, 0)
    assert present() == {"node/1", "node/2"}


def test_nothing_is_gone_outside_the_box_or_without_one_or_of_another_source() -> None:
    publish([at(1), at(2, lat=10.0), at(3)], bbox=None)
    publish([at(4)], source="fsq")

    assert publish([at(1)], NEW, bbox=None).gone == 0
    assert publish([at(1)], NEW, bbox=CITY).gone == 1
    assert present() == {"node/1", "node/2", "node/4"}


def test_a_wider_extract_takes_over_where_it_evidently_covers() -> None:
    publish([at(1), at(2), at(3), at(4)], bbox=CITY)

    assert publish([at(1), at(9, lat=65.0)], NEW, COUNTRY) == Merged(new=1, changed=0, gone=3)


def test_a_neighbours_box_that_only_overlaps_makes_nothing_gone() -> None:
    publish([at(1), at(2), at(3), at(4)], bbox=CITY)

    assert publish([at(9, lat=60.3, lon=12.0), at(10)], NEW, NEIGHBOUR) == Merged(new=2, changed=0, gone=0)
    assert len(present()) == 6


def test_a_record_given_twice_counts_once() -> None:
    assert publish([at(1, name="First"), at(1, name="Second")]) == Merged(1, 0, 0)
    assert base.rows("SELECT name FROM place") == [("First",)]


def test_a_failure_while_merging_leaves_everything_as_it_was() -> None:
    publish([at(1)])
    before = everything()

    with pytest.raises(ZeroDivisionError):
        fail_after_merging([at(1, name="Other"), at(2)])

    assert everything() == before


def test_others_read_and_write_while_a_file_is_being_read() -> None:
    done: list[int] = []

    def somebody_else() -> None:
        with base.connection(), base.transaction():
            done.append(place.PlaceImport.update(gone=7).execute())

    publish([at(1)])
    with place_import.staging():
        place_import.stage([at(number) for number in range(2, 50)])
        thread = threading.Thread(target=somebody_else)
        thread.start()
        thread.join(timeout=5)

        assert done == [1]
        assert place.count_in(EVERYWHERE) == 1


def test_the_staging_table_is_gone_afterwards() -> None:
    publish([at(1)])

    with place_import.staging():
        assert place_import.staged() == (0, None)


def test_queries_by_box_and_category() -> None:
    publish([at(1), at(2, category="bar"), at(3, lat=60.5), at(4, lon=24.96)], bbox=CITY)
    y, x = zones.tile(60.17, 24.94)
    box = (24.93, 60.16, 24.95, 60.18)

    assert place.tiles_in(box) == [(y, x, 2)]
    assert place.tiles_in(box, {"bar"}) == [(y, x, 1)]
    assert place.count_in(box, {"bar", "cafe"}) == 2
    assert place.count_in(box, set()) == 0
    assert place.points_in(box, {"bar"}) == [(60.17, 24.94)]
    assert [found["record_id"] for found in place.places_in_tile(y, x, {"bar"})] == ["node/2"]


def test_what_is_gone_is_not_found() -> None:
    publish([at(1), at(2)])
    publish([at(2)], NEW)

    assert place.count_in(EVERYWHERE) == 1
    assert [found["record_id"] for found in place.places_in_tile(*zones.tile(60.17, 24.94))] == ["node/2"]


def test_a_box_across_the_antimeridian() -> None:
    publish([at(1, lat=-17.0, lon=179.9), at(2, lat=-17.0, lon=-179.9), at(3, lat=-17.0, lon=0.0)], bbox=None)

    assert place.count_in((179.0, -18.0, -179.0, -16.0)) == 2
    assert sum(count for _, _, count in place.tiles_in((179.0, -18.0, -179.0, -16.0))) == 2


COORDINATES = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(COORDINATES, min_size=1, max_size=8), COORDINATES, COORDINATES)
def test_every_place_in_a_box_is_on_one_of_its_tiles(
    spots: list[tuple[float, float]], one: tuple[float, float], other: tuple[float, float]
) -> None:
    base.database.execute_sql("DELETE FROM place")
    publish([at(number, lat, lon) for number, (lat, lon) in enumerate(spots)], bbox=None)
    west, east = sorted((one[1], other[1]))
    south, north = sorted((one[0], other[0]))
    inside = [spot for spot in spots if south <= spot[0] <= north and west <= spot[1] <= east]

    tiles = place.tiles_in((west, south, east, north))
    on_tiles = [found for y, x, _ in tiles for found in place.places_in_tile(y, x)]

    assert sum(count for _, _, count in tiles) == len(inside) == place.count_in((west, south, east, north))
    assert {(found["lat"], found["lon"]) for found in on_tiles} >= set(inside)
    assert sorted(place.points_in((west, south, east, north))) == sorted(inside)


def test_sources_tell_the_newest_release_and_how_many_are_present() -> None:
    assert place.sources() == []

    publish([at(1), at(2)], NEW)
    publish([at(3, lat=65.0)], OLD, COUNTRY)
    publish([at(4)], source="fsq")

    assert place.sources() == [
        {"source": "fsq", "release": OLD, "places": 1, "license": "ODbL-1.0", "attribution": "© somebody"},
        {"source": "osm", "release": NEW, "places": 3, "license": "ODbL-1.0", "attribution": "© somebody"},
    ]
