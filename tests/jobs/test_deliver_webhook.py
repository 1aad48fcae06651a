import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser

import orjson
import pytest
from standardwebhooks.webhooks import Webhook

from core import clock, signing
from jobs import HANDLERS, deliver_webhook
from jobs.worker import Worker
from models import base, webhook
from models import job as queue
from services import accounts, delivery, webhooks
from services.accounts import Caller
from tests.core.receivers import Peer, Receiver, receiver

pytestmark = pytest.mark.usefixtures("database")
START = datetime(2026, 11, 24, 4, 38, tzinfo=UTC)
DATA = {"scan": {"id": "scan_1", "name": "Kahvilat, äöå ☕"}}


@dataclass
class Clock:
    """Time that moves when told."""

    time: datetime = START

    def __call__(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def time() -> Clock:
    simulated = Clock()
    clock.set_source(simulated)
    return simulated


@pytest.fixture
def alice() -> Caller:
    return accounts.create("alice@example.com", "pro")


@contextmanager
def answering(*answers: str, body: bytes = b"ok", before: Callable[[], None] = lambda: None) -> Iterator[Receiver]:
    """Answer requests with a status and headers each, the last for all that follow."""
    left = list(answers)

    def behave(peer: Peer) -> None:
        peer.read()
        before()
        status, *headers = (left.pop(0) if len(left) > 1 else left[0]).split("\n")
        peer.answer(body, status, "Connection: close", *headers)

    with receiver(behave) as made:
        yield made


def subscribe(caller: Caller, url: str) -> tuple[str, str]:
    endpoint, secret = webhooks.create_endpoint(caller, webhooks.checked_url(url), ["scan.completed"])
    return endpoint.id, secret


def emit(caller: Caller) -> str:
    with base.transaction():
        return webhooks.emit(caller.account_id, "scan.completed", DATA)


def work(max_jobs: int | None = None) -> int:
    return Worker(HANDLERS).run_until_idle(max_jobs)


def claim() -> queue.Job:
    [job] = queue.claim({webhooks.DELIVER: 1}, "test", lease_s=60)
    return job


def only_delivery(caller: Caller, endpoint_id: str) -> webhooks.Delivery:
    made: list[webhooks.Delivery] = webhooks.page_of_deliveries(caller, endpoint_id, 10).rows
    assert len(made) == 1
    return made[0]


def parse(request: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    headers = BytesParser().parsebytes(head.partition(b"\r\n")[2])
    return {name.lower(): value for name, value in headers.items()}, body


def waiting_jobs() -> int:
    return int(queue.JobRow.select().count())


def test_a_delivery_verifies_with_the_official_library_and_is_recorded(alice: Caller) -> None:
    with answering("204 No Content", body=b"") as server:
        endpoint_id, secret = subscribe(alice, server.url)
        event_id = emit(alice)
        assert work() == 1
    headers, body = parse(server.requests[0])
    message = Webhook(secret).verify(body, headers)
    assert server.requests[0].startswith(b"POST /hook HTTP/1.1\r\n")
    assert message["type"] == "scan.completed"
    assert message["data"] == {"id": event_id, "account_id": alice.account_id, "sequence": 1, **DATA}
    assert orjson.dumps(message) == body
    assert headers["webhook-id"] == event_id
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"] == "MapTargeter-Webhooks/1.0"
    made = only_delivery(alice, endpoint_id)
    assert (made.status, made.next_attempt_at, made.event_id) == ("delivered", None, event_id)
    assert made.finished_at is not None
    assert made.created_at <= made.finished_at
    [attempt] = made.attempts
    assert (attempt.number, attempt.status_code, attempt.error) == (1, 204, None)
    assert waiting_jobs() == 0


def test_an_attempt_keeps_the_answer_the_address_and_the_times(alice: Caller) -> None:
    with answering("200 OK", body="ä".encode() * 20_000) as server:
        subscribe(alice, server.url)
        emit(alice)
        work()
    row = webhook.Attempt.get()
    assert (row.account_id, row.address, row.tls) == (alice.account_id, "127.0.0.1", None)
    assert row.response_body == "ä" * 8192
    assert row.timing["connect_ms"] > 0
    assert 0 <= row.duration_ms < 5000


def test_ten_attempts_on_schedule_then_it_has_failed(alice: Caller, time: Clock) -> None:
    with answering("500 Internal Server Error") as server:
        endpoint_id, secret = subscribe(alice, server.url)
        event_id = emit(alice)
        for number, seconds in enumerate(delivery.SCHEDULE, 1):
            waited = _wait_for_next(time, number)
            assert 0.8 * seconds <= waited <= 1.2 * seconds + 0.001
            assert only_delivery(alice, endpoint_id).status == "pending"
            assert work() == 1
            headers, body = parse(server.requests[-1])
            assert headers["webhook-id"] == event_id
            assert headers["webhook-timestamp"] == str(int(time().timestamp()))
            assert headers["webhook-signature"] == Webhook(secret).sign(event_id, time(), body.decode())
            assert len(server.requests) == number
    made = only_delivery(alice, endpoint_id)
    assert (made.status, made.next_attempt_at, made.finished_at) == ("failed", None, clock.stamp(time()))
    assert [attempt.number for attempt in made.attempts] == list(range(1, 11))
    assert len({parse(request)[1] for request in server.requests}) == 1
    assert waiting_jobs() == 0


def _wait_for_next(time: Clock, number: int) -> float:
    """Go to the moment of the next attempt, and see that nothing is sent just before it."""
    due = clock.parse(webhook.Delivery.get().next_attempt_at)
    waited = (due - time()).total_seconds()
    if number > 1:
        time.time = due - timedelta(milliseconds=1)
        assert work() == 0
    time.time = due
    return waited


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable", "500 Oops"])
def test_it_waits_as_long_as_it_is_asked_to(alice: Caller, time: Clock, status: str) -> None:
    with answering(f"{status}\nRetry-After: 3600", "200 OK") as server:
        endpoint_id, _ = subscribe(alice, server.url)
        emit(alice)
        work()
        time.advance(3599)
        assert work() == 0
        time.advance(1)
        assert work() == 1
    assert only_delivery(alice, endpoint_id).status == "delivered"
    assert [row.status_code for row in only_delivery(alice, endpoint_id).attempts] == [int(status[:3]), 200]


def test_a_redirect_is_a_failure_and_not_followed(alice: Caller) -> None:
    with answering("200 OK") as other, answering(f"307 Temporary Redirect\nLocation: {other.url}") as server:
        endpoint_id, _ = subscribe(alice, server.url)
        emit(alice)
        work(1)
    assert other.connections == 0
    made = only_delivery(alice, endpoint_id)
    assert (made.status, made.attempts[0].status_code) == ("pending", 307)


def test_gone_disables_the_endpoint_and_nothing_is_lost(alice: Caller, time: Clock) -> None:
    with answering("410 Gone") as server:
        endpoint_id, _ = subscribe(alice, server.url)
        emit(alice)
        emit(alice)
        assert work() == 2
        time.advance(7 * 86_400)
        assert work() == 0
    assert len(server.requests) == 1
    endpoint = webhooks.get_endpoint(alice, endpoint_id)
    assert (endpoint.status, endpoint.disabled_reason) == ("disabled", "gone")
    made = webhooks.page_of_deliveries(alice, endpoint_id, 10).rows
    assert [(row.status, row.next_attempt_at) for row in made] == [("pending", None)] * 2
    assert waiting_jobs() == 0


@pytest.mark.parametrize("status", ["paused", "disabled"])
def test_nothing_is_sent_while_the_endpoint_is_not_enabled(alice: Caller, status: str) -> None:
    with answering("200 OK") as server:
        endpoint_id, _ = subscribe(alice, server.url)
        webhook.WebhookEndpoint.update(status=status).execute()
        emit(alice)
        assert work() == 1
    assert server.connections == 0
    made = only_delivery(alice, endpoint_id)
    assert (made.status, made.next_attempt_at, made.attempts) == ("pending", None, [])
    assert waiting_jobs() == 0


def test_it_goes_on_when_the_endpoint_was_enabled_just_before_setting_the_delivery_aside(alice: Caller) -> None:
    with answering("200 OK") as server:
        endpoint_id, _ = subscribe(alice, server.url)
        emit(alice)
        job = claim()
        due = webhook.due(alice.account_id, job.payload["delivery_id"])
        assert due is not None
        assert deliver_webhook._set_aside(job, alice.account_id, replace(due, endpoint_status="paused")) is False
        deliver_webhook.run(job)
    assert only_delivery(alice, endpoint_id).status == "delivered"


def test_what_waits_for_a_deleted_endpoint_ends(alice: Caller) -> None:
    with answering("200 OK") as server:
        endpoint_id, _ = subscribe(alice, server.url)
        emit(alice)
        webhooks.delete_endpoint(alice, endpoint_id)
        assert work() == 1
    assert server.connections == 0
    row = webhook.Delivery.get()
    assert (row.status, row.next_attempt_at, row.attempts_count) == ("failed", None, 0)


def test_an_event_committed_while_its_endpoint_was_deleted_ends_too(alice: Caller) -> None:
    with answering("200 OK") as server:
        subscribe(alice, server.url)
        emit(alice)
        webhook.WebhookEndpoint.delete().execute()
        assert work() == 1
    assert server.connections == 0
    row = webhook.Delivery.get()
    assert row.status == "failed"
    assert row.finished_at is not None
    assert waiting_jobs() == 0


def test_the_database_is_free_during_the_request_and_a_deleted_endpoint_gets_no_retry(alice: Caller) -> None:
    def delete() -> None:
        with base.connection():
            webhooks.delete_endpoint(alice, endpoint_id)

    with answering("500 Oops", before=delete) as server:
        endpoint_id, _ = subscribe(alice, server.url)
        emit(alice)
        work()
    row = webhook.Delivery.get()
    assert (row.status, row.next_attempt_at) == ("failed", None)
    assert webhook.Attempt.get().status_code == 500
    assert waiting_jobs() == 0


def test_killed_after_sending_it_is_sent_again_with_the_same_id(alice: Caller, time: Clock) -> None:
    with answering("200 OK") as server:
        endpoint_id, _ = subscribe(alice, server.url)
        event_id = emit(alice)
        message = deliver_webhook.prepare(claim())
        assert message is not None
        deliver_webhook.send(message)  # and no more is heard of this worker
        time.advance(61)
        assert work() == 1
    first, second = (parse(request) for request in server.requests)
    assert first[0]["webhook-id"] == second[0]["webhook-id"] == event_id
    assert first[1] == second[1]
    assert int(second[0]["webhook-timestamp"]) - int(first[0]["webhook-timestamp"]) == 61
    assert [row.number for row in only_delivery(alice, endpoint_id).attempts] == [1]


def test_who_lost_the_lease_writes_nothing(alice: Caller, time: Clock) -> None:
    with answering("500 Oops", "200 OK") as server:
        endpoint_id, _ = subscribe(alice, server.url)
        emit(alice)
        job = claim()
        message = deliver_webhook.prepare(job)
        assert message is not None
        sent = deliver_webhook.send(message)
        time.advance(61)
        assert work() == 1
        before = only_delivery(alice, endpoint_id)
        with pytest.raises(queue.LeaseLost):
            deliver_webhook.record(job, message, sent)
    assert only_delivery(alice, endpoint_id) == before
    assert before.status == "delivered"
    assert waiting_jobs() == 0


def test_a_closed_port_is_a_failed_attempt(alice: Caller) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    _only_error(alice, f"http://127.0.0.1:{port}/", "connect: ", None)


def test_an_address_that_is_forbidden_by_now_is_refused_at_the_attempt(alice: Caller) -> None:
    endpoint_id, _ = subscribe(alice, "http://127.0.0.1:9/")
    webhook.WebhookEndpoint.update(url="https://10.0.0.1/").execute()
    emit(alice)
    work(1)
    [attempt] = only_delivery(alice, endpoint_id).attempts
    assert attempt.error is not None
    assert attempt.error.startswith("refused_address: ")
    assert attempt.status_code is None


def test_a_receiver_that_hangs_is_given_up(alice: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(peer: Peer) -> None:
        peer.read()
        peer.stop.wait(3)

    monkeypatch.setattr(deliver_webhook, "TIMEOUT_S", 0.2)
    with receiver(hang) as server:
        _only_error(alice, server.url, "timeout: ", None)


def test_an_answer_that_breaks_off_is_not_taken_for_a_yes(alice: Caller) -> None:
    def break_off(peer: Peer) -> None:
        peer.read()
        peer.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    with receiver(break_off) as server:
        _only_error(alice, server.url, "reset: ", 200)


def test_a_status_that_does_not_exist_is_a_failure(alice: Caller) -> None:
    with answering("999 Request denied") as server:
        _only_error(alice, server.url, "protocol: ", None)


def _only_error(caller: Caller, url: str, error: str, status_code: int | None) -> None:
    endpoint_id, _ = subscribe(caller, url)
    emit(caller)
    work(1)
    made = only_delivery(caller, endpoint_id)
    [attempt] = made.attempts
    assert attempt.error is not None
    assert attempt.error.startswith(error)
    assert (made.status, attempt.status_code) == ("pending", status_code)
    assert made.next_attempt_at is not None
    assert made.next_attempt_at > made.created_at
    assert webhook.Attempt.get().response_body is None
    assert waiting_jobs() == 1


def test_each_attempt_is_signed_with_every_valid_secret(alice: Caller) -> None:
    with answering("200 OK") as server:
        endpoint_id, new = subscribe(alice, server.url)
        old, expired = (signing.new_secret() for _ in range(2))
        row = webhook.WebhookEndpoint.get()
        for secret, moment in ((old, "2999-01-01T00:00:00.000Z"), (expired, "2020-01-01T00:00:00.000Z")):
            row.secrets.append(webhooks._sealed(endpoint_id, secret) | {"valid_until": moment})
        webhook.WebhookEndpoint.update(secrets=row.secrets).execute()
        emit(alice)
        work()
    headers, body = parse(server.requests[0])
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert Webhook(new).verify(body, headers) == Webhook(old).verify(body, headers)
