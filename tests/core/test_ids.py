"""Ids say what they name, sort by time, and are never the same."""

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from core import clock, ids

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive


def test_shape() -> None:
    assert re.fullmatch(r"lead_[0-9a-hjkmnp-tv-z]{26}", ids.new("lead"))


@given(MOMENTS, MOMENTS)
def test_later_ids_sort_later(one: datetime, other: datetime) -> None:
    made = []
    for moment in (one, other):
        clock.set_source(lambda moment=moment: moment)  # type: ignore[misc]  # mypy cannot see a default bind
        made.append(ids.new("x"))
    clock.set_source(None)
    if clock.stamp(one) != clock.stamp(other):
        assert (made[0] < made[1]) == (one < other)


def test_ids_of_one_moment_differ() -> None:
    moment = clock.now()
    clock.set_source(lambda: moment)
    assert len({ids.new("x") for _ in range(1000)}) == 1000
