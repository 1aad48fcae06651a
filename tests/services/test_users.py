"""Users, sessions, links and members, on both databases; what visitors see of them is tested on the pages."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from core import clock
from core.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from models import base
from services import accounts, api_keys, audit, members, passwords, sessions, users
from services.sessions import Visitor
from tests.forgetting import forget

pytestmark = pytest.mark.usefixtures("database")
PASSWORD = "correct horse battery"


def token_of(link: str) -> str:
    return urlsplit(link).path.rpartition("/")[2]


def visitor(email: str = "alice@example.com") -> Visitor:
    """Sign up, log in, and return who that is."""
    user = users.sign_up(email, PASSWORD)
    found = sessions.find(sessions.start(user.id, user.account_id, "::1", "Test"), "::1")
    assert found
    return found


def test_from_sign_up_to_the_last_session() -> None:
    alice = visitor()
    assert (alice.email, alice.role, alice.caller.user_id) == ("alice@example.com", "owner", alice.user_id)
    assert users.log_in("ALICE@example.com ", PASSWORD).id == alice.user_id
    other = sessions.start(alice.user_id, alice.caller.account_id, "::2", "x" * 500)
    assert [session.address for session in sessions.of_user(alice.user_id)] == ["::2", "::1"]
    _, key = api_keys.create_for_session(alice.caller, alice.email, ["leads:read"], alice.session_id)
    assert sessions.end_others(alice) == 1
    assert sessions.find(other, "::2") is None
    assert api_keys.authenticate(key)
    sessions.end(alice.user_id, alice.session_id)
    with pytest.raises(Unauthenticated):
        api_keys.authenticate(key)
    with pytest.raises(NotFound):
        sessions.end(alice.user_id, alice.session_id)


def test_a_session_ends_idle_or_old_and_is_forgotten() -> None:
    alice, start = visitor(), clock.now()
    clock.set_source(lambda: start + sessions.IDLE)
    assert not sessions.of_user(alice.user_id)
    clock.set_source(lambda: start + sessions.LONGEST)
    sessions.start(alice.user_id, alice.caller.account_id, "::3", "")
    forget("sessions")
    assert base.rows("SELECT address FROM session") == [("::3",)]


def test_sign_up_makes_all_or_nothing() -> None:
    visitor()
    for taken in ("alice@example.com", "Alice@Example.com"):
        with pytest.raises(Conflict):
            users.sign_up(taken, PASSWORD)
    accounts.create("bob@example.com")
    with pytest.raises(Conflict):
        users.sign_up("bob@example.com", PASSWORD)
    for wrong, password in (("no address", PASSWORD), ("eve@example.com", "short")):
        with pytest.raises(InvalidInput):
            users.sign_up(wrong, password)
    assert base.rows('SELECT count(*) FROM "user"') == [(1,)]


def test_a_link_is_used_once_even_by_two_at_the_same_time() -> None:
    alice = visitor()
    token = token_of(members.invite(alice.caller, "member"))

    def join(number: int) -> bool:
        with base.connection():
            try:
                members.join_as_new(token, f"bob{number}@example.com", PASSWORD)
            except NotFound:
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(join, range(4))) == 1
    assert [one.role for one in members.of_account(alice.caller)] == ["owner", "member"]
    assert [entry.action for entry in audit.page(alice.caller, 2).rows] == [audit.JOINED, audit.INVITED]


def test_a_reset_replaces_the_one_before_and_ends_every_session() -> None:
    alice = visitor()
    first, second = (token_of(users.reset_link("alice@example.com")) for _ in range(2))
    with pytest.raises(NotFound):
        users.whose_reset(first)
    assert users.whose_reset(second) == "alice@example.com"
    with pytest.raises(NotFound):
        members.welcome(second)  # it resets a password, and invites nobody
    assert users.reset_password(second, "another good one").id == alice.user_id
    assert not sessions.of_user(alice.user_id)
    with pytest.raises(NotFound):
        users.reset_password(second, "another good one")
    with pytest.raises(NotFound):
        users.reset_link("nobody@example.com")


def test_the_last_owner_stays() -> None:
    alice = visitor()
    bob = users.sign_up("bob@example.com", PASSWORD)
    members.join(token_of(members.invite(alice.caller, "owner")), bob.id)
    members.change_role(alice.caller, alice.user_id, "viewer")
    with pytest.raises(Conflict):
        members.change_role(alice.caller, bob.id, "member")
    with pytest.raises(Conflict):
        members.remove(alice.caller, bob.id)
    members.remove(alice.caller, alice.user_id)
    assert not sessions.of_user(alice.user_id)
    assert [home.email for home in members.accounts_of(bob.id)] == ["bob@example.com", "alice@example.com"]
    with pytest.raises(Unauthenticated):
        users.log_in("alice@example.com", PASSWORD)


def test_invitations_end_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    alice, now = visitor(), clock.now()
    monkeypatch.setattr(members, "MOST_INVITATIONS", 2)
    token = token_of(members.invite(alice.caller, "viewer"))
    members.invite(alice.caller, "viewer")
    with pytest.raises(Conflict):
        members.invite(alice.caller, "viewer")
    clock.set_source(lambda: now + members.INVITED_FOR + timedelta(seconds=1))
    assert not members.invitations(alice.caller)
    with pytest.raises(NotFound):
        members.welcome(token)
    assert members.invite(alice.caller, "viewer")


def test_passwords_are_kept_as_argon2id_with_the_parameters_of_owasp() -> None:
    kept = passwords.hashed(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.matches(kept, PASSWORD)
    assert not passwords.matches(kept, PASSWORD + "x")
    assert not passwords.matches(None, "nobody has this password")
