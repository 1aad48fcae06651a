"""The audit log: in the transaction or not at all, each account's own, newest first."""

import dataclasses

import pytest

from core import clock
from core.errors import InvalidCursor
from models import base
from services import accounts, audit, webhook_endpoints
from services.accounts import Caller
from services.audit import Change

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def alice() -> Caller:
    return dataclasses.replace(accounts.create("alice@example.com"), key_id="key_1", address="2001:db8::/64")


def note(caller: Caller, target_id: str, **after: object) -> None:
    with base.transaction():
        audit.record(caller, audit.KEY_UPDATED, target_id, after=after)


def test_an_entry_says_who_what_when_and_from_where(alice: Caller) -> None:
    note(alice, "key_2", name="CI", scopes=["leads:read", "scans:read"], nothing=None)
    [entry] = audit.page(alice, 10).rows
    assert entry.id.startswith("aud_")
    assert abs((clock.now() - clock.parse(entry.at)).total_seconds()) < 10
    assert dataclasses.replace(entry, id="", at="") == audit.Entry(
        "", "", "api_key.updated", "key_1", "key_2",
        [Change("name", None, "CI"), Change("scopes", None, "leads:read scans:read")], "2001:db8::/64",
    )  # fmt: skip


def test_only_what_differs_is_kept() -> None:
    before = {"name": "a", "scopes": ["x"], "gone": "1"}
    after = {"name": "a", "scopes": ["x", "y"], "come": 2}
    assert audit.difference(before, after) == [
        Change("scopes", "x", "x y"), Change("gone", "1", None), Change("come", None, "2"),
    ]  # fmt: skip


def test_it_is_written_with_the_change_or_not_at_all(alice: Caller) -> None:
    with pytest.raises(RuntimeError):
        audit.record(alice, audit.KEY_UPDATED, "key_2")


def test_pages_walk_every_entry_once_newest_first(alice: Caller) -> None:
    for number in range(5):
        note(alice, f"key_{number}")
    seen: list[audit.Entry] = []
    cursor = None
    while not seen or cursor:
        page = audit.page(alice, 2, cursor)
        seen += page.rows
        cursor = page.next_cursor
        note(alice, "later")  # what comes meanwhile is newer, so it is on no later page
    assert sorted(entry.target_id for entry in seen) == [f"key_{number}" for number in range(5)]
    assert [entry.id for entry in seen] == sorted((entry.id for entry in seen), reverse=True)


def test_another_account_sees_nothing_of_it(alice: Caller) -> None:
    bob = accounts.create("bob@example.com")
    note(alice, "key_1")
    note(alice, "key_2")
    assert audit.page(bob, 10).rows == []
    with pytest.raises(InvalidCursor):
        audit.page(bob, 1, audit.page(alice, 1).next_cursor)


def test_webhook_endpoints_are_told_of_without_what_may_be_secret(alice: Caller) -> None:
    url = webhook_endpoints.CheckedUrl("https://hooks.example.com/T0/secret?token=secret")
    endpoint, secret = webhook_endpoints.create(alice, webhook_endpoints.Wanted(url, ["scan.completed"], "to the CRM"))
    webhook_endpoints.delete(alice, endpoint.id)
    deleted, created = audit.page(alice, 10).rows
    assert (created.action, created.target_id) == ("webhook_endpoint.created", endpoint.id)
    assert created.changes == [Change("host", None, "hooks.example.com"), Change("event_types", None, "scan.completed")]
    assert (deleted.action, deleted.target_id, deleted.changes) == ("webhook_endpoint.deleted", endpoint.id, [])
    assert secret not in str([created, deleted])
    assert "secret" not in str([created, deleted])
