"""The same Idempotency-Key creates nothing twice."""

from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.errors import IdempotencyMismatch, PlanLimitExceeded
from models import account as table
from services import accounts, api_keys, idempotency
from services.accounts import Caller
from tests.forgetting import forget

pytestmark = pytest.mark.usefixtures("database")
REQUEST = {"name": "CI"}


@pytest.fixture
def alice() -> Caller:
    return accounts.create("alice@example.com")


def make(caller: Caller) -> dict[str, Any]:
    description, key = api_keys.create(caller, "CI", ["leads:read"])
    return {"id": description.id, "key": key}


def keys() -> int:
    return int(table.ApiKey.select().count())


def test_the_second_answer_is_the_first(alice: Caller) -> None:
    first, replayed = idempotency.once(alice, "op", "k", REQUEST, lambda: make(alice))
    assert not replayed
    again, replayed = idempotency.once(alice, "op", "k", REQUEST, lambda: make(alice))
    assert replayed
    assert again == first
    assert keys() == 1


def test_another_request_with_the_key_is_refused(alice: Caller) -> None:
    idempotency.once(alice, "op", "k", REQUEST, lambda: make(alice))
    with pytest.raises(IdempotencyMismatch):
        idempotency.once(alice, "op", "k", {"name": "other"}, lambda: make(alice))


def test_keys_are_each_accounts_and_operations_own(alice: Caller) -> None:
    bob = accounts.create("bob@example.com")
    idempotency.once(alice, "op", "k", REQUEST, lambda: make(alice))
    assert not idempotency.once(bob, "op", "k", REQUEST, lambda: make(bob))[1]
    assert not idempotency.once(alice, "op2", "k", REQUEST, lambda: make(alice))[1]


def test_a_refused_request_is_forgotten(alice: Caller) -> None:
    for _ in range(2):
        make(alice)
    with pytest.raises(PlanLimitExceeded):
        idempotency.once(alice, "op", "k", REQUEST, lambda: make(alice))
    api_keys.revoke(alice, api_keys.page(alice, 1).rows[0].id)
    assert not idempotency.once(alice, "op", "k", REQUEST, lambda: make(alice))[1]


def test_a_crash_after_the_effect_leaves_nothing(alice: Caller) -> None:
    def crash() -> dict[str, Any]:
        make(alice)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        idempotency.once(alice, "op", "k", REQUEST, crash)
    assert keys() == 0


def test_after_a_day_the_key_is_free(alice: Caller) -> None:
    idempotency.once(alice, "op", "k", REQUEST, lambda: make(alice))
    later = clock.now() + timedelta(hours=24, seconds=1)
    clock.set_source(lambda: later)
    assert not idempotency.once(alice, "op", "k", REQUEST, lambda: make(alice))[1]


def test_what_can_be_replayed_is_kept(alice: Caller) -> None:
    idempotency.once(alice, "op", "k", REQUEST, lambda: make(alice))
    assert forget("idempotency_keys") == 0
    later = clock.now() + timedelta(hours=49)
    clock.set_source(lambda: later)
    assert forget("idempotency_keys") == 1
