"""API keys: made, used, refused."""

import dataclasses
from datetime import timedelta

import pytest

from core import clock
from core.errors import ExpiredApiKey, InsufficientScope, InvalidApiKey, InvalidInput, NotFound, PlanLimitExceeded
from services import accounts, api_keys
from services.accounts import Caller

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def alice() -> Caller:
    return accounts.create("alice@example.com")


def test_a_key_opens_its_account(alice: Caller) -> None:
    description, key = api_keys.create(alice, "CI", ["leads:read"])
    caller = api_keys.authenticate(key)
    assert caller.account_id == alice.account_id
    assert caller.scopes == {"leads:read"}
    assert description.last4 == key[-4:]
    assert key not in str(dataclasses.asdict(description))


def test_a_revoked_key_is_refused_at_once(alice: Caller) -> None:
    description, key = api_keys.create(alice, "CI", ["leads:read"])
    api_keys.revoke(alice, description.id)
    api_keys.revoke(alice, description.id)
    with pytest.raises(InvalidApiKey):
        api_keys.authenticate(key)


def test_an_expired_key_is_refused_from_that_moment_on(alice: Caller) -> None:
    expires = clock.now() + timedelta(hours=1)
    _, key = api_keys.create(alice, "CI", ["leads:read"], clock.stamp(expires))
    clock.set_source(lambda: expires - timedelta(milliseconds=2))
    assert api_keys.authenticate(key)
    clock.set_source(lambda: expires)
    with pytest.raises(ExpiredApiKey):
        api_keys.authenticate(key)


def test_a_time_that_has_passed_is_no_expiry(alice: Caller) -> None:
    with pytest.raises(InvalidInput):
        api_keys.create(alice, "CI", ["leads:read"], "2020-01-01T00:00:00Z")


def test_a_key_gives_no_scope_it_lacks(alice: Caller) -> None:
    _, key = api_keys.create(alice, "CI", ["api_keys:write"])
    with pytest.raises(InsufficientScope, match="leads:read"):
        api_keys.create(api_keys.authenticate(key), "more", ["leads:read"])


def test_the_plan_counts_only_keys_that_work(alice: Caller) -> None:
    first, _ = api_keys.create(alice, "1", ["leads:read"])
    api_keys.create(alice, "2", ["leads:read"])
    with pytest.raises(PlanLimitExceeded, match="pro plan allows 20"):
        api_keys.create(alice, "3", ["leads:read"])
    api_keys.revoke(alice, first.id)
    assert api_keys.create(alice, "3", ["leads:read"])


def test_another_account_does_not_see_the_key(alice: Caller) -> None:
    description, _ = api_keys.create(alice, "CI", ["leads:read"])
    bob = accounts.create("bob@example.com")
    with pytest.raises(NotFound):
        api_keys.get(bob, description.id)
    with pytest.raises(NotFound):
        api_keys.revoke(bob, description.id)


def test_use_is_noted_to_the_minute(alice: Caller) -> None:
    description, key = api_keys.create(alice, "CI", ["leads:read"])
    api_keys.authenticate(key)
    noted = api_keys.get(alice, description.id).last_used_at
    assert noted is not None
    assert noted.endswith(":00.000Z")


def test_pages_walk_every_key_once(alice: Caller) -> None:
    caller = dataclasses.replace(alice, plan=dataclasses.replace(alice.plan, api_keys=10))
    made = [api_keys.create(caller, str(number), ["leads:read"])[0].id for number in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        page = api_keys.page(caller, 2, cursor)
        seen += [key.id for key in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)
    assert seen == sorted(seen, reverse=True)
