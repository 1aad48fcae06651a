"""Tickets on both databases: whose they are, who is waiting, what is refused."""

import pytest

from core.errors import Conflict, InvalidInput, NotFound
from services import accounts, support
from services.support import Message

pytestmark = pytest.mark.usefixtures("database")


def test_a_ticket_waits_for_whoever_spoke_last_to_be_answered() -> None:
    alice, bob = accounts.create("alice@example.com"), accounts.create("bob@example.com")
    first, second = (support.ask(who, "somebody", "Why", "Please") for who in (alice, bob))
    assert [(ticket.id, ticket.email) for ticket in support.waiting()] == [
        (first.id, "alice@example.com"), (second.id, "bob@example.com"),
    ]  # fmt: skip
    support.answer(first.id, "Because")
    assert [ticket.id for ticket in support.waiting()] == [second.id]
    support.reply(alice, first.id, "somebody", "And then?")
    assert [ticket.id for ticket in support.waiting()] == [second.id, first.id]
    said = [(message.author, message.body) for message in support.messages(first)]
    assert said == [("somebody", "Please"), (None, "Because"), ("somebody", "And then?")]
    assert isinstance(support.messages(first)[0], Message)
    with pytest.raises(NotFound):
        support.reply(bob, first.id, "bob", "x")
    assert [ticket.id for ticket in support.page(bob, 10).rows] == [second.id]


def test_what_is_empty_or_too_long_is_refused() -> None:
    alice = accounts.create("alice@example.com")
    for subject, body in (("", "x"), ("x", " "), ("x" * 201, "x"), ("x", "x" * 10_001), ("x", "a\x00b")):
        with pytest.raises(InvalidInput):
            support.ask(alice, "somebody", subject, body)
    assert not support.page(alice, 10).rows


def test_nobody_floods_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "MOST_OPEN", 2)
    alice = accounts.create("alice@example.com")
    made = [support.ask(alice, "somebody", "Why", "Please") for _ in range(2)]
    with pytest.raises(Conflict):
        support.ask(alice, "somebody", "Why", "Please")
    support.answer(made[0].id, "Because")
    assert support.ask(alice, "somebody", "Why", "Please")
