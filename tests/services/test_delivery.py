from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from services import delivery
from services.delivery import Health, Outcome, disabled_reason, health_after, next_attempt

NOW = datetime(2026, 11, 24, 4, 38, 0, 123_456, tzinfo=UTC)
LAST = len(delivery.SCHEDULE)
chances = st.floats(0, 1, exclude_max=True)
moments = st.integers(0, 10 * 365 * 86_400 * 10**6).map(lambda microseconds: NOW + timedelta(microseconds=microseconds))
failures = st.none() | st.integers(100, 199) | st.integers(300, 599).filter(lambda code: code != 410)
earlier_attempts = st.integers(1, LAST - 1)


@given(st.integers(100, 599))
def test_2xx_and_nothing_else_delivers(status_code: int) -> None:
    assert Outcome(status_code).delivered == (200 <= status_code < 300)
    assert not Outcome(None).delivered


@given(earlier_attempts, failures, moments, chances)
def test_a_failure_is_tried_again_on_schedule_with_at_most_a_fifth_of_jitter(
    made: int, status_code: int | None, now: datetime, chance: float
) -> None:
    again = next_attempt(made, Outcome(status_code), now, chance)
    assert again is not None
    wait = (again - now).total_seconds()
    assert 0.8 * delivery.SCHEDULE[made] <= wait <= 1.2 * delivery.SCHEDULE[made] + 0.001


@given(failures, st.none() | st.just("60"), moments, chances)
def test_after_the_last_attempt_it_has_failed(
    status_code: int | None, retry_after: str | None, now: datetime, chance: float
) -> None:
    assert next_attempt(LAST, Outcome(status_code, retry_after), now, chance) is None


@given(earlier_attempts, failures, st.integers(0, 10**6), moments, chances)
def test_never_earlier_than_asked_up_to_a_day(
    made: int, status_code: int | None, asked: int, now: datetime, chance: float
) -> None:
    again = next_attempt(made, Outcome(status_code, str(asked)), now, chance)
    assert again is not None
    stored = clock.parse(clock.stamp(again))
    assert stored >= now + timedelta(seconds=min(asked, 86_400))
    longest = max(1.2 * delivery.SCHEDULE[made], min(asked, 86_400))
    assert stored <= now + timedelta(seconds=longest + 0.002)


@given(earlier_attempts, st.integers(-86_400, 86_400), st.integers(-12, 12), moments, chances)
def test_a_date_to_wait_for_is_reached(made: int, seconds: int, hours: int, now: datetime, chance: float) -> None:
    asked = (now + timedelta(seconds=seconds)).replace(microsecond=0)
    header = format_datetime(asked.astimezone(timezone(timedelta(hours=hours))))
    again = next_attempt(made, Outcome(503, header), now, chance)
    assert again is not None
    assert clock.parse(clock.stamp(again)) >= asked


@given(st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, \d{1,5} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d [A-Z+-]\d*"))
def test_an_unreadable_wish_never_breaks_the_schedule(header: str) -> None:
    assert 0 <= delivery.asked_wait(header, NOW) <= 86_400


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("0", 0),
        (" 120 ", 120),
        ("90000", 86_400),
        ("9" * 5000, 0),
        ("-5", 0),
        ("1.5", 0),
        ("٣٠", 0),
        ("Tue, 24 Nov 2026 04:39:00 GMT", 59.876544),
        ("Tuesday, 24-Nov-26 04:39:00 GMT", 59.876544),
        ("Tue Nov 24 04:39:00 2026", 59.876544),
        ("Tue, 24 Nov 2020 04:39:00 GMT", 0),
        ("Tue, 24 Nov 2036 04:39:00 GMT", 86_400),
    ],
)
def test_both_forms_of_retry_after_are_read(header: str | None, seconds: float) -> None:
    assert delivery.asked_wait(header, NOW) == pytest.approx(seconds)


def test_gone_costs_the_delivery_no_wait() -> None:
    again = next_attempt(1, Outcome(410, "3600"), NOW, 0.5)
    assert again is not None
    assert again - NOW < timedelta(milliseconds=1)
    assert next_attempt(LAST, Outcome(410), NOW, 0.5) is None


outcomes = st.lists(st.sampled_from([Outcome(200), Outcome(500), Outcome(None)]), max_size=40)


@given(outcomes, outcomes)
def test_an_endpoint_is_held_while_its_last_ten_attempts_failed(first: list[Outcome], second: list[Outcome]) -> None:
    health = health_after(health_after(Health(), first, NOW), second, NOW + timedelta(hours=1))
    failed = [not one.delivered for one in first + second]
    failures = failed[::-1].index(False) if False in failed else len(failed)
    assert health.failures == failures
    assert (health.failing_since is None) == (failures == 0)
    assert (health.held_until is None) == (failures < delivery.HOLD_AFTER)
    assert health.is_probed == (failures >= delivery.HOLD_AFTER)


def test_a_hold_is_half_a_minute_at_first_and_never_over_a_quarter_of_an_hour() -> None:
    def held(failures: int) -> float:
        until = health_after(Health(failures - 1, clock.stamp(NOW)), [Outcome(500)], NOW).held_until
        return (clock.parse(until or "") - NOW).total_seconds()

    assert [round(held(failures)) for failures in (10, 11, 12, 50)] == [30, 60, 120, 900]


def test_five_days_of_nothing_but_failure_disable() -> None:
    since = clock.stamp(NOW - timedelta(days=5))
    later = clock.stamp(NOW - timedelta(days=5) + timedelta(seconds=1))
    assert disabled_reason(Health(3, since), [Outcome(500)], NOW) == "failing"
    assert disabled_reason(Health(3, later), [Outcome(500)], NOW) is None
    assert disabled_reason(Health(), [Outcome(200), Outcome(410)], NOW) == "gone"
    assert disabled_reason(health_after(Health(3, since), [Outcome(200)], NOW), [Outcome(200)], NOW) is None


def test_what_is_kept_of_headers_is_bounded_and_holds_no_cookie() -> None:
    sent = {"set-cookie": "session=1", "server": "x", "long": "y" * 9999} | {f"h{number}": "z" for number in range(99)}
    kept = delivery.kept_headers(sent)
    assert len(kept) == 40
    assert "set-cookie" not in kept
    assert kept["server"] == "x"
    assert len(kept["long"]) == 500


def test_the_schedule_is_ten_attempts_in_75_hours_and_35_minutes() -> None:
    assert len(delivery.SCHEDULE) == 10
    assert timedelta(seconds=sum(delivery.SCHEDULE)) == timedelta(hours=75, minutes=35, seconds=5)


@pytest.mark.parametrize(
    ("body", "kept"), [(b"", ""), (b"ok \xc3\xa4", "ok ä"), (b"\xff\0", "\ufffd\ufffd"), (b"x" * 99_999, "x" * 16_384)]
)
def test_a_response_is_kept_as_text(body: bytes, kept: str) -> None:
    assert delivery.kept_text(body) == kept


@given(st.binary(max_size=64), st.sampled_from([b"", b"\xff" * 20_000, "ä".encode() * 9_000, b"\0" * 17_000]))
def test_no_response_takes_more_than_16_kib(start: bytes, rest: bytes) -> None:
    text = delivery.kept_text(start + rest)
    assert len(text.encode()) <= 16 * 1024
    assert "\0" not in text
