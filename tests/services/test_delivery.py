from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from services import delivery
from services.delivery import NextStep, Outcome, next_step

NOW = datetime(2026, 11, 24, 4, 38, 0, 123_456, tzinfo=UTC)
LAST = len(delivery.SCHEDULE)
chances = st.floats(0, 1, exclude_max=True)
moments = st.integers(0, 10 * 365 * 86_400 * 10**6).map(lambda microseconds: NOW + timedelta(microseconds=microseconds))
failures = st.none() | st.integers(100, 199) | st.integers(300, 599).filter(lambda code: code != 410)
earlier_attempts = st.integers(1, LAST - 1)


@given(st.integers(1, LAST), st.integers(200, 299), moments, chances)
def test_any_2xx_delivers(made: int, status_code: int, now: datetime, chance: float) -> None:
    assert next_step(made, Outcome(status_code), now, chance) == NextStep("delivered")


@given(earlier_attempts, failures, moments, chances)
def test_a_failure_is_tried_again_on_schedule_with_at_most_a_fifth_of_jitter(
    made: int, status_code: int | None, now: datetime, chance: float
) -> None:
    step = next_step(made, Outcome(status_code), now, chance)
    assert step.next_attempt_at is not None
    wait = (step.next_attempt_at - now).total_seconds()
    assert step.status == "pending"
    assert step.disabled_reason is None
    assert 0.8 * delivery.SCHEDULE[made] <= wait <= 1.2 * delivery.SCHEDULE[made] + 0.001


@given(failures, st.none() | st.just("60"), moments, chances)
def test_after_the_last_attempt_it_has_failed(
    status_code: int | None, retry_after: str | None, now: datetime, chance: float
) -> None:
    assert next_step(LAST, Outcome(status_code, retry_after), now, chance) == NextStep("failed")


@given(earlier_attempts, failures, st.integers(0, 10**6), moments, chances)
def test_never_earlier_than_asked_up_to_a_day(
    made: int, status_code: int | None, asked: int, now: datetime, chance: float
) -> None:
    step = next_step(made, Outcome(status_code, str(asked)), now, chance)
    assert step.next_attempt_at is not None
    stored = clock.parse(clock.stamp(step.next_attempt_at))
    assert stored >= now + timedelta(seconds=min(asked, 86_400))
    longest = max(1.2 * delivery.SCHEDULE[made], min(asked, 86_400))
    assert stored <= now + timedelta(seconds=longest + 0.002)


@given(earlier_attempts, st.integers(-86_400, 86_400), st.integers(-12, 12), moments, chances)
def test_a_date_to_wait_for_is_reached(made: int, seconds: int, hours: int, now: datetime, chance: float) -> None:
    asked = (now + timedelta(seconds=seconds)).replace(microsecond=0)
    header = format_datetime(asked.astimezone(timezone(timedelta(hours=hours))))
    step = next_step(made, Outcome(503, header), now, chance)
    assert step.next_attempt_at is not None
    assert clock.parse(clock.stamp(step.next_attempt_at)) >= asked


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


def test_gone_disables_the_endpoint_and_keeps_the_delivery() -> None:
    assert next_step(1, Outcome(410), NOW, 0.5) == NextStep("pending", None, "gone")
    assert next_step(LAST, Outcome(410), NOW, 0.5) == NextStep("failed", None, "gone")


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
