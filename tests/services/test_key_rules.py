"""What may become of an API key, whatever the key, the caller and the wish."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from core.errors import Conflict, InsufficientScope
from services import key_rules, plans
from services.accounts import Caller
from services.key_rules import SCOPES, ApiKey

NOW = datetime(2026, 11, 24, 4, 38, tzinfo=UTC)
KEY = ApiKey("key_1", "CI", ["leads:read"], "x7Qa", clock.stamp(NOW), None, None, None, None, None)
some_scopes = st.lists(st.sampled_from(SCOPES), min_size=1, unique=True)
moments = st.integers(1, 10**9).map(lambda seconds: NOW + timedelta(seconds=seconds))
overlaps = st.integers(0, 168).map(lambda hours: timedelta(hours=hours))


def caller(scopes: list[str], key_id: str | None = "key_2") -> Caller:
    return Caller("acc_1", 1, plans.FREE, key_id, frozenset(scopes))


@given(own=some_scopes, wanted=some_scopes)
def test_power_reaches_as_far_as_the_own_scopes(own: list[str], wanted: list[str]) -> None:
    if set(wanted) <= set(own):
        key_rules.require_own_scopes(caller(own), wanted)
    else:
        with pytest.raises(InsufficientScope):
            key_rules.require_own_scopes(caller(own), wanted)
    key_rules.require_own_scopes(caller([], None), wanted)


@given(scopes=st.lists(st.sampled_from(SCOPES)))
def test_scopes_are_each_once_in_one_order(scopes: list[str]) -> None:
    made = key_rules.ordered(scopes)
    assert set(made) == set(scopes)
    assert made == key_rules.ordered(reversed(scopes))
    assert len(made) == len(set(made))


@given(expires=st.none() | moments, overlap=overlaps)
def test_a_replaced_key_never_works_longer_than_it_would_have(expires: datetime | None, overlap: timedelta) -> None:
    old = replace(KEY, expires_at=clock.stamp(expires) if expires else None)
    left = key_rules.replaced(old, replace(KEY, id="key_3"), overlap)
    assert left.replaced_by == "key_3"
    if overlap:
        assert left.revoked_at is None
        assert left.expires_at == min(clock.stamp(NOW + overlap), old.expires_at or "9")
    else:
        assert left.revoked_at == KEY.created_at


@given(until=moments, later=st.none() | moments)
def test_a_replaced_key_can_only_end_earlier(until: datetime, later: datetime | None) -> None:
    clock.set_source(lambda: NOW)
    key = replace(KEY, replaced_by="key_3", expires_at=clock.stamp(until))
    if later is not None and later <= until:
        assert key_rules.changed(key, {"expires_at": clock.stamp(later)}).expires_at == clock.stamp(later)
    else:
        with pytest.raises(Conflict):
            key_rules.changed(key, {"expires_at": clock.stamp(later) if later else None})


@given(lived=st.integers(0, 10**9), until=moments)
def test_a_successor_lives_as_long_as_its_key_was_made_to(lived: int, until: datetime) -> None:
    now = NOW + timedelta(seconds=lived)
    clock.set_source(lambda: now)
    expires = key_rules.as_long_as(replace(KEY, expires_at=clock.stamp(until)))
    assert expires is not None
    assert clock.parse(expires) - now == until - NOW
    assert key_rules.as_long_as(KEY) is None


@given(name=st.none() | st.text(min_size=1), scopes=st.none() | some_scopes)
def test_what_differs_is_what_was_asked_for(name: str | None, scopes: list[str] | None) -> None:
    asked = {field: value for field, value in (("name", name), ("scopes", scopes)) if value is not None}
    after = key_rules.changed(KEY, asked)
    assert set(key_rules.columns(after, KEY)) <= set(asked)
    assert replace(after, name=KEY.name, scopes=KEY.scopes) == KEY
    assert after.name == (name or KEY.name)
    assert set(after.scopes) == set(scopes or KEY.scopes)
