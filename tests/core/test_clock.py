"""One written form of time, which sorts."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=OFFSETS)  # noqa: DTZ001 - bounds are naive


def test_form() -> None:
    assert clock.stamp(datetime(2026, 11, 24, 4, 38, 0, 123_999, tzinfo=UTC)) == "2026-11-24T04:38:00.123Z"


@given(MOMENTS)
def test_reading_gives_back_the_millisecond(moment: datetime) -> None:
    assert clock.parse(clock.stamp(moment)) == moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@given(MOMENTS, MOMENTS)
def test_text_sorts_as_time(one: datetime, other: datetime) -> None:
    if clock.stamp(one) < clock.stamp(other):
        assert one < other


@pytest.mark.parametrize(
    "text", ["2016-12-31T23:59:60Z", "2016-12-31t23:59:59z", "2017-01-01T01:59:59.0000000001+02:00"]
)
def test_every_form_of_rfc_3339_is_read(text: str) -> None:
    assert clock.stamp(clock.parse(text)) == "2016-12-31T23:59:59.000Z"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+01:00", "0000-01-01T00:00:00Z"])
def test_what_lies_before_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"range|year"):
        clock.parse(text)


@pytest.mark.parametrize("text", ["2026-11-24T04:38:00", "2026-11-24", "now", ""])
def test_what_names_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"offset|Invalid"):
        clock.parse(text)
