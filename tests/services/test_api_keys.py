"""API keys: made, used, changed, replaced, refused."""

import dataclasses
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from core import api_key, clock
from core.errors import (
    Conflict,
    ExpiredApiKey,
    InsufficientScope,
    InvalidApiKey,
    InvalidInput,
    NotFound,
    PlanLimitExceeded,
)
from models import base
from services import accounts, api_keys, audit
from services.accounts import Caller

pytestmark = pytest.mark.usefixtures("database")
DAY = timedelta(days=1)


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
    with pytest.raises(NotFound):
        api_keys.update(bob, description.id, {"name": "mine"})
    with pytest.raises(NotFound):
        api_keys.rotate(bob, description.id, DAY)


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


def at(moment: datetime) -> None:
    """Let it be that moment from now on."""
    clock.set_source(lambda: moment)


def key_with(caller: Caller, *scopes: str) -> Caller:
    """A caller with a key of just these scopes."""
    return api_keys.authenticate(api_keys.create(caller, "limited", scopes)[1], "203.0.113.7")


def log(caller: Caller) -> list[audit.Entry]:
    """The whole audit log, oldest first."""
    return list(reversed(audit.page(caller, 100).rows))


class TestUpdate:
    def test_a_change_works_from_the_next_request_on(self, alice: Caller) -> None:
        made, key = api_keys.create(alice, "CI", ["leads:read", "scans:read"])
        until = clock.now() + DAY
        changed = api_keys.update(
            alice, made.id, {"name": "CD", "scopes": ["scans:write", "leads:read"], "expires_at": clock.stamp(until)}
        )
        assert changed == api_keys.get(alice, made.id)
        assert (changed.name, changed.scopes) == ("CD", ["leads:read", "scans:write"])
        assert api_keys.authenticate(key).scopes == {"leads:read", "scans:write"}
        at(until)
        with pytest.raises(ExpiredApiKey):
            api_keys.authenticate(key)

    def test_what_is_left_out_stays(self, alice: Caller) -> None:
        made, _ = api_keys.create(alice, "CI", ["leads:read"], clock.stamp(clock.now() + DAY))
        changed = api_keys.update(alice, made.id, {"name": "CD"})
        assert changed == dataclasses.replace(made, name="CD")
        assert api_keys.update(alice, made.id, {"expires_at": None}).expires_at is None

    def test_what_changes_nothing_is_no_change(self, alice: Caller) -> None:
        made, _ = api_keys.create(alice, "CI", ["leads:read"])
        assert api_keys.update(alice, made.id, {"name": "CI", "scopes": ["leads:read"], "expires_at": None}) == made
        assert [entry.action for entry in log(alice)] == [audit.KEY_CREATED]

    @pytest.mark.parametrize(
        ("has", "wanted"),
        [
            (["leads:read"], ["leads:read", "scans:read"]),  # would gain what the caller lacks
            (["scans:read"], ["scans:read", "leads:read"]),  # has what the caller lacks
            (["leads:read", "scans:read"], ["leads:read"]),
        ],
    )
    def test_no_power_beyond_its_own_scopes(self, alice: Caller, has: list[str], wanted: list[str]) -> None:
        made, _ = api_keys.create(alice, "CI", has)
        weak = key_with(alice, "leads:read", "api_keys:write")
        with pytest.raises(InsufficientScope, match="scans:read"):
            api_keys.update(weak, made.id, {"scopes": wanted})
        assert api_keys.get(alice, made.id) == made

    def test_a_stronger_key_is_not_even_prolonged_or_renamed(self, alice: Caller) -> None:
        made, _ = api_keys.create(alice, "CI", api_keys.SCOPES, clock.stamp(clock.now() + DAY))
        weak = key_with(alice, "leads:read", "api_keys:write")
        for changes in ({"expires_at": None}, {"name": "x"}):
            with pytest.raises(InsufficientScope):
                api_keys.update(weak, made.id, changes)
        api_keys.revoke(weak, made.id)  # taking rights away is always safe

    def test_a_key_may_lower_itself_but_not_raise_itself_again(self, alice: Caller) -> None:
        _, key = api_keys.create(alice, "self", ["leads:read", "scans:read", "api_keys:write"])
        own = api_keys.authenticate(key)
        api_keys.update(own, str(own.key_id), {"scopes": ["leads:read", "api_keys:write"]})
        own = api_keys.authenticate(key)
        with pytest.raises(InsufficientScope):
            api_keys.update(own, str(own.key_id), {"scopes": ["leads:read", "scans:read", "api_keys:write"]})

    def test_the_end_of_a_key_is_final(self, alice: Caller) -> None:
        until = clock.now() + timedelta(hours=1)
        expired, _ = api_keys.create(alice, "expired", ["leads:read"], clock.stamp(until))
        at(until)
        with pytest.raises(Conflict, match="for good"):
            api_keys.update(alice, expired.id, {"expires_at": None})
        with pytest.raises(Conflict, match="for good"):
            api_keys.rotate(alice, expired.id, DAY)

    def test_a_revoked_key_is_only_listed(self, alice: Caller) -> None:
        kept, _ = api_keys.create(alice, "kept", ["leads:read"])
        revoked, _ = api_keys.create(alice, "revoked", ["leads:read"])
        api_keys.revoke(alice, revoked.id)
        refused: list[Callable[[], Any]] = [
            lambda: api_keys.get(alice, revoked.id),
            lambda: api_keys.update(alice, revoked.id, {"name": "back"}),
            lambda: api_keys.rotate(alice, revoked.id, DAY),
            lambda: api_keys.revoke(alice, revoked.id),
        ]
        for again in refused:
            with pytest.raises(NotFound):
                again()
        assert [key.id for key in api_keys.page(alice, 10).rows] == [kept.id]
        assert [key.id for key in api_keys.page(alice, 10, revoked=True).rows] == [revoked.id]

    def test_a_time_that_has_passed_is_no_expiry(self, alice: Caller) -> None:
        made, _ = api_keys.create(alice, "CI", ["leads:read"])
        with pytest.raises(InvalidInput):
            api_keys.update(alice, made.id, {"expires_at": clock.now_stamp()})


class TestRotate:
    @pytest.mark.parametrize("overlap", [timedelta(hours=1), DAY, timedelta(days=7)])
    def test_both_work_for_the_overlap_to_the_moment(self, alice: Caller, overlap: timedelta) -> None:
        old, old_key = api_keys.create(alice, "CI", ["leads:read"])
        now = clock.now().replace(microsecond=123_000)
        at(now)
        made, key = api_keys.rotate(alice, old.id, overlap)
        at(now + overlap - timedelta(milliseconds=1))
        assert api_keys.authenticate(old_key).key_id == old.id
        assert api_keys.authenticate(key).key_id == made.id
        at(now + overlap)
        with pytest.raises(ExpiredApiKey):
            api_keys.authenticate(old_key)
        assert api_keys.authenticate(key).key_id == made.id

    def test_without_overlap_the_old_key_stops_at_once(self, alice: Caller) -> None:
        old, old_key = api_keys.create(alice, "CI", ["leads:read"])
        _, key = api_keys.rotate(alice, old.id, timedelta())
        with pytest.raises(InvalidApiKey):
            api_keys.authenticate(old_key)
        assert api_keys.authenticate(key)
        [listed] = api_keys.page(alice, 10, revoked=True).rows
        assert (listed.id, listed.revoked_at is not None) == (old.id, True)

    def test_the_successor_is_like_the_old_one(self, alice: Caller) -> None:
        old, _ = api_keys.create(alice, "CI", ["leads:read", "scans:read"])
        made, key = api_keys.rotate(alice, old.id, DAY)
        left = api_keys.get(alice, old.id)
        assert made == api_keys.get(alice, made.id)
        assert (made.name, made.scopes, made.expires_at) == (old.name, old.scopes, None)
        assert (made.replaces, left.replaced_by, left.replaces, made.replaced_by) == (old.id, made.id, None, None)
        assert made.last4 == key[-4:]

    def test_the_successor_lives_as_long(self, alice: Caller) -> None:
        start = clock.now().replace(microsecond=0)
        at(start)
        old, _ = api_keys.create(alice, "CI", ["leads:read"], clock.stamp(start + timedelta(days=90)))
        at(start + timedelta(days=80))
        made, _ = api_keys.rotate(alice, old.id, DAY)
        assert made.expires_at == clock.stamp(start + timedelta(days=170))
        assert api_keys.get(alice, old.id).expires_at == clock.stamp(start + timedelta(days=81))

    def test_to_the_end_of_the_calendar(self, alice: Caller) -> None:
        old, _ = api_keys.create(alice, "CI", ["leads:read"], "9999-12-31T23:59:59Z")
        at(clock.now() + DAY)
        assert api_keys.rotate(alice, old.id, DAY)[0].expires_at == "9999-12-31T23:59:59.000Z"

    def test_an_overlap_makes_no_key_live_longer(self, alice: Caller) -> None:
        until = clock.stamp(clock.now() + timedelta(hours=2))
        old, _ = api_keys.create(alice, "CI", ["leads:read"], until)
        made, _ = api_keys.rotate(alice, old.id, DAY)
        assert api_keys.get(alice, old.id).expires_at == until
        for later in (None, clock.stamp(clock.now() + DAY)):
            with pytest.raises(Conflict, match=made.id):
                api_keys.update(alice, old.id, {"expires_at": later})
        sooner = clock.stamp(clock.now() + timedelta(hours=1))
        assert api_keys.update(alice, old.id, {"expires_at": sooner}).expires_at == sooner

    def test_only_once(self, alice: Caller) -> None:
        old, _ = api_keys.create(alice, "CI", ["leads:read"])
        made, _ = api_keys.rotate(alice, old.id, DAY)
        with pytest.raises(Conflict, match=made.id):
            api_keys.rotate(alice, old.id, DAY)

    def test_a_key_gives_on_no_scope_it_lacks(self, alice: Caller) -> None:
        strong, _ = api_keys.create(alice, "strong", api_keys.SCOPES)
        weak = key_with(alice, "leads:read", "api_keys:write")
        with pytest.raises(InsufficientScope):
            api_keys.rotate(weak, strong.id, DAY)
        own, _ = api_keys.rotate(weak, str(weak.key_id), DAY)
        assert own.scopes == ["leads:read", "api_keys:write"]

    def test_a_full_plan_can_rotate_but_never_doubles_twice(self, alice: Caller) -> None:
        made = [api_keys.create(alice, name, ["leads:read"])[0] for name in "ab"]
        successors = [api_keys.rotate(alice, one.id, DAY)[0] for one in made]
        with pytest.raises(PlanLimitExceeded):
            api_keys.create(alice, "c", ["leads:read"])
        with pytest.raises(PlanLimitExceeded):
            api_keys.rotate(alice, successors[0].id, DAY)
        leaked, _ = api_keys.rotate(alice, successors[0].id, timedelta())
        at(clock.now() + DAY)
        assert api_keys.rotate(alice, leaked.id, DAY)

    def test_two_at_once_make_one_successor(self, alice: Caller) -> None:
        old, _ = api_keys.create(alice, "CI", ["leads:read"])
        outcomes = together(lambda: api_keys.rotate(alice, old.id, DAY), 4)
        assert sorted(type(one).__name__ for one in outcomes) == ["Conflict"] * 3 + ["tuple"]
        assert len(api_keys.page(alice, 10).rows) == 2


class TestFound:
    def test_it_stops_at_once_and_the_account_is_told(self, alice: Caller) -> None:
        made, key = api_keys.create(alice, "CI", ["leads:read"])
        api_keys.revoke_found(key)
        with pytest.raises(InvalidApiKey):
            api_keys.authenticate(key)
        entry = log(alice)[-1]
        assert (entry.action, entry.actor, entry.target_id, entry.address) == (
            audit.KEY_REVOKED_BY_FINDER, "finder", made.id, None,
        )  # fmt: skip
        assert [change.field for change in entry.changes] == ["revoked_at"]

    def test_it_is_told_once(self, alice: Caller) -> None:
        _, key = api_keys.create(alice, "CI", ["leads:read"])
        together(lambda: api_keys.revoke_found(key), 4)
        api_keys.revoke_found(key)
        assert [entry.action for entry in log(alice)] == [audit.KEY_CREATED, audit.KEY_REVOKED_BY_FINDER]

    def test_an_expired_key_is_told_too(self, alice: Caller) -> None:
        made, key = api_keys.create(alice, "CI", ["leads:read"], clock.stamp(clock.now() + DAY))
        at(clock.now() + 2 * DAY)
        api_keys.revoke_found(key)
        assert [key.id for key in api_keys.page(alice, 10, revoked=True).rows] == [made.id]

    def test_anything_else_changes_nothing(self, alice: Caller) -> None:
        made, key = api_keys.create(alice, "CI", ["leads:read"])
        for text in (
            "",
            "x",
            key[:-1],
            key + "x",
            key.swapcase(),
            f" {key}",
            made.id,
            api_key.generate(),
            "\0",
            "é" * 46,
        ):
            api_keys.revoke_found(text)
        assert api_keys.authenticate(key)
        assert len(log(alice)) == 1

    def test_made_up_texts_do_not_reach_the_database(self, alice: Caller, caplog: pytest.LogCaptureFixture) -> None:
        _, key = api_keys.create(alice, "CI", ["leads:read"])
        typo = key[:-1] + ("A" if key[-1] != "A" else "B")
        with caplog.at_level(logging.DEBUG):
            api_keys.revoke_found(typo)
            with pytest.raises(InvalidApiKey):
                api_keys.authenticate(typo)
            assert not caplog.records
            api_keys.revoke_found(api_key.generate())
        assert any("SELECT" in record.getMessage() for record in caplog.records)  # else the above shows nothing

    def test_no_log_holds_a_key(self, alice: Caller, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.DEBUG):
            made, key = api_keys.create(alice, "CI", ["leads:read"])
            successor, other = api_keys.rotate(alice, made.id, DAY)
            api_keys.authenticate(key)
            api_keys.revoke_found(other)
        assert caplog.records
        assert not [record for record in caplog.records if "mt_live_" in record.getMessage()]
        assert "mt_live_" not in str(log(alice)) + str(successor)


class TestAudit:
    def test_each_change_is_told(self, alice: Caller) -> None:
        caller = dataclasses.replace(alice, plan=dataclasses.replace(alice.plan, api_keys=10))
        admin = key_with(caller, "leads:read", "scans:read", "api_keys:write")
        tick = timedelta(milliseconds=1)  # entries of one millisecond have no order
        at(clock.now() + tick)
        made, _ = api_keys.create(admin, "CI", ["leads:read", "scans:read"])
        at(clock.now() + tick)
        api_keys.update(admin, made.id, {"scopes": ["leads:read"]})
        at(clock.now() + tick)
        successor, _ = api_keys.rotate(admin, made.id, timedelta())
        at(clock.now() + tick)
        api_keys.revoke(admin, successor.id)
        by_operator, *rest = log(alice)
        assert (by_operator.actor, by_operator.address) == ("operator", None)
        assert {(entry.actor, entry.address) for entry in rest} == {(admin.key_id, "203.0.113.7")}
        told = [(entry.action, entry.target_id, [dataclasses.astuple(one) for one in entry.changes]) for entry in rest]
        ended = {key.id: key.revoked_at for key in api_keys.page(alice, 10, revoked=True).rows}
        assert told == [
            ("api_key.created", made.id, [("name", None, "CI"), ("scopes", None, "leads:read scans:read")]),
            ("api_key.updated", made.id, [("scopes", "leads:read scans:read", "leads:read")]),
            ("api_key.rotated", made.id, [("revoked_at", None, ended[made.id]), ("replaced_by", None, successor.id)]),
            ("api_key.revoked", successor.id, [("revoked_at", None, ended[successor.id])]),
        ]

    def test_what_was_refused_is_not_told(self, alice: Caller) -> None:
        made, _ = api_keys.create(alice, "CI", ["scans:read"])
        weak = key_with(alice, "api_keys:write")
        before = log(alice)
        refused: list[Callable[[], Any]] = [
            lambda: api_keys.create(weak, "more", ["leads:read"]),
            lambda: api_keys.create(alice, "one too many", ["leads:read"]),
            lambda: api_keys.update(weak, made.id, {"name": "x"}),
            lambda: api_keys.rotate(weak, made.id, DAY),
            lambda: api_keys.revoke(weak, "key_" + "0" * 26),
        ]
        for attempt in refused:
            with pytest.raises((InsufficientScope, PlanLimitExceeded, NotFound)):
                attempt()
        assert log(alice) == before

    def test_a_change_that_is_rolled_back_is_not_told(self, alice: Caller) -> None:
        made, key = api_keys.create(alice, "CI", ["leads:read"])

        def crash() -> None:
            with base.transaction():
                api_keys.revoke(alice, made.id)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            crash()
        assert api_keys.authenticate(key)
        assert len(log(alice)) == 1


def together(action: Callable[[], Any], number: int) -> list[Any]:
    """Do it in several threads at once; return what each returned or raised."""
    outcomes: list[Any] = []
    start = threading.Barrier(number)

    def run() -> None:
        with base.connection():
            start.wait()
            try:
                outcomes.append(action())
            except Conflict as error:
                outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
