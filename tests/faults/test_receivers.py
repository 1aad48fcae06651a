"""Receivers that misbehave cost one attempt, never the worker: what came of it is written down and tried again."""

import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from core import clock, http
from jobs import HANDLERS, deliver_webhook
from jobs.worker import Worker
from models import base
from services import accounts, webhook_endpoints, webhooks
from services.accounts import Caller
from services.webhook_endpoints import Wanted, checked_url
from tests.core.receivers import Behaviour, Peer, receiver

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def alice() -> Caller:
    return accounts.create("alice@example.com", "pro")


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have less patience than with real receivers."""
    monkeypatch.setattr(deliver_webhook, "TIMEOUT_S", 0.4)
    yield
    webhooks.client().close()


def silent(peer: Peer) -> None:
    peer.read()
    peer.stop.wait(3)


def dripping(peer: Peer) -> None:
    peer.read()
    peer.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in peer.slowly():
        peer.sock.sendall(b".")


def breaking(peer: Peer) -> None:
    peer.read()
    peer.reset()


def flooding(peer: Peer) -> None:
    peer.read()
    peer.sock.sendall(b"HTTP/1.1 500 Oops\r\nContent-Length: 100000000\r\n\r\n")
    for _ in range(100):
        peer.sock.sendall(bytes(1_000_000))


def babbling(peer: Peer) -> None:
    peer.read()
    peer.sock.sendall(b"220 mail.example.com ESMTP\r\n\r\n")


def misleading(peer: Peer) -> None:
    peer.read()
    peer.answer(b"", "307 Temporary Redirect", "Location: http://169.254.169.254/latest/meta-data/")


def subscribe(caller: Caller, url: str) -> None:
    webhook_endpoints.create(caller, Wanted(checked_url(url), ["scan.completed"]))


def emit(caller: Caller) -> None:
    with base.transaction():
        webhooks.emit(caller.account_id, "scan.completed", {"scan": {"id": "scan_1"}})


def later(hours: int) -> None:
    clock.set_source(lambda: datetime.now(UTC) + timedelta(hours=hours))


def attempts() -> list[tuple[int | None, str | None, str | None]]:
    """Do what is due; return status, kind of error and address of each attempt so far."""
    Worker(HANDLERS).run_until_idle()
    return base.rows("SELECT status_code, error_code, address FROM attempt ORDER BY number")


@pytest.mark.parametrize(
    ("behave", "status", "code"),
    [
        (silent, None, "timeout"), (dripping, 200, "timeout"), (breaking, None, "reset"), (flooding, 500, None),
        (babbling, None, "protocol"), (misleading, 307, None),
    ],
)  # fmt: skip
def test_it_costs_one_attempt(alice: Caller, behave: Behaviour, status: int | None, code: str | None) -> None:
    with receiver(behave) as server:
        subscribe(alice, server.url)
        emit(alice)
        began = time.monotonic()
        assert attempts() == [(status, code, "127.0.0.1")]
        assert time.monotonic() - began < 5
        assert len(server.requests) == 1
    [(state, following)] = base.rows("SELECT status, next_attempt_at FROM delivery")
    assert state == "pending"
    assert 3 < (clock.parse(following) - clock.now()).total_seconds() < 6.1


def test_a_bad_certificate_is_not_spoken_to(alice: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver_webhook, "TIMEOUT_S", 10)  # the first handshake reads the system's authorities
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with receiver(silent, context) as server:
        subscribe(alice, server.url)
        emit(alice)
        assert attempts() == [(None, "tls", "127.0.0.1")]
        assert server.requests == []


@contextmanager
def resolving(patch: pytest.MonkeyPatch, resolver: Callable[[str], Sequence[str]]) -> Iterator[None]:
    """Let names lead where ``resolver`` says; nothing private is allowed."""
    with http.Client((), "MapTargeter", resolver=resolver) as client:
        patch.setattr(webhooks, "client", lambda: client)
        yield


def test_a_name_is_looked_up_and_judged_again_at_every_attempt(alice: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name server tells a public address when asked by a person, and an inner one ever after."""
    asked: list[str] = []

    def rebinding(name: str) -> Sequence[str]:
        asked.append(name)
        return ["93.184.216.34"] if len(asked) == 1 else ["169.254.169.254" if len(asked) % 2 else "127.0.0.1"]

    with resolving(monkeypatch, rebinding):
        subscribe(alice, "https://rebinding.example.com/")
        emit(alice)
        for number in range(1, 4):
            assert attempts() == [(None, "refused_address", None)] * number
            assert len(asked) == number + 1
            later(number)
