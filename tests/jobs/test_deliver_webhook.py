import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
from services import accounts, audit, delivery, webhook_deliveries, webhook_endpoints, webhook_secrets, webhooks
from services.accounts import Caller
from services.webhook_deliveries import Delivery, Recovery
from services.webhook_endpoints import Wanted, checked_url
from tests.core.receivers import Peer, Receiver, polite, receiver

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


@pytest.fixture(autouse=True)
def closed_connections() -> Iterator[None]:
    yield
    webhooks.client().close()


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
    endpoint, secret = webhook_endpoints.create(caller, Wanted(checked_url(url), ["scan.completed"]))
    return endpoint.id, secret


def emit(caller: Caller) -> str:
    with base.transaction():
        return webhooks.emit(caller.account_id, "scan.completed", DATA)


def work(max_jobs: int | None = None) -> int:
    return Worker(HANDLERS).run_until_idle(max_jobs)


def claim() -> queue.Job:
    [job] = queue.claim({webhooks.DELIVER: 1}, "test", lease_s=60)
    return job


def work_of(job: queue.Job) -> deliver_webhook.Work:
    return deliver_webhook.Work(job, job.account_id or "", job.payload["endpoint_id"], job.payload["slot"])


def begin(job: queue.Job) -> deliver_webhook.Batch:
    batch = deliver_webhook.begin(work_of(job))
    assert batch is not None
    return batch


def only_delivery(caller: Caller, endpoint_id: str) -> Delivery:
    made: list[Delivery] = webhook_deliveries.page(caller, endpoint_id, 10).rows
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
    endpoint = webhook_endpoints.get(alice, endpoint_id)
    assert (endpoint.status, endpoint.disabled_reason) == ("disabled", "gone")
    made = webhook_deliveries.page(alice, endpoint_id, 10).rows
    assert [(row.status, row.next_attempt_at) for row in made] == [("pending", None)] * 2
    assert waiting_jobs() == 0
    log = [(entry.action, entry.actor, entry.target_id) for entry in audit.page(alice, 10).rows]
    assert ("webhook_endpoint.disabled", "system", endpoint_id) in log


@pytest.mark.parametrize("status", ["paused", "disabled"])
def test_nothing_is_sent_while_the_endpoint_is_not_enabled(alice: Caller, status: str) -> None:
    with answering("200 OK") as server:
        endpoint_id, _ = subscribe(alice, server.url)
        webhook.WebhookEndpoint.update(status=status).execute()
        emit(alice)
        assert work() == 0
    assert server.connections == 0
    made = only_delivery(alice, endpoint_id)
    assert (made.status, made.next_attempt_at, made.attempts) == ("pending", None, [])
    assert waiting_jobs() == 0


def test_what_waited_is_sent_once_the_endpoint_is_enabled(alice: Caller) -> None:
    with answering("200 OK") as server:
        endpoint_id, _ = subscribe(alice, server.url)
        webhook_endpoints.update(alice, endpoint_id, {"status": "paused"})
        events = [emit(alice) for _ in range(3)]
        assert work() == 0
        webhook_endpoints.update(alice, endpoint_id, {"status": "enabled"})
        assert work() >= 1
    assert sorted(parse(request)[0]["webhook-id"] for request in server.requests) == sorted(events)
    assert waiting_jobs() == 0


def test_a_pause_comes_between_two_batches(alice: Caller) -> None:
    def pause() -> None:
        with base.connection():
            webhook_endpoints.update(alice, endpoint_id, {"status": "paused"})

    with answering("200 OK", before=pause) as server:
        endpoint_id, _ = subscribe(alice, server.url)
        for _ in range(deliver_webhook.FIRST + 2):
            emit(alice)
        work()
    assert len(server.requests) == deliver_webhook.FIRST
    states = sorted(row.status for row in webhook.Delivery.select())
    assert states == ["delivered"] * deliver_webhook.FIRST + ["pending"] * 2
    assert {row.slot for row in webhook.Delivery.select()} == {None}


def test_what_waits_for_a_deleted_endpoint_ends(alice: Caller) -> None:
    with answering("200 OK") as server:
        endpoint_id, _ = subscribe(alice, server.url)
        emit(alice)
        webhook_endpoints.delete(alice, endpoint_id)
        assert work() == 1
    assert server.connections == 0
    row = webhook.Delivery.get()
    assert (row.status, row.next_attempt_at, row.attempts_count) == ("failed", None, 0)


def test_the_database_is_free_during_the_request_and_a_deleted_endpoint_gets_no_retry(alice: Caller) -> None:
    def delete() -> None:
        with base.connection():
            webhook_endpoints.delete(alice, endpoint_id)

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
        deliver_webhook.send(begin(claim()))  # and no more is heard of this worker
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
        batch = begin(job)
        sent = deliver_webhook.send(batch)
        time.advance(61)
        assert work() == 1
        before = only_delivery(alice, endpoint_id)
        with pytest.raises(queue.LeaseLost):
            deliver_webhook.record(work_of(job), batch, sent, 1)
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
            row.secrets.append({"sealed": webhook_secrets._seal(endpoint_id, secret), "valid_until": moment})
        webhook.WebhookEndpoint.update(secrets=row.secrets).execute()
        emit(alice)
        work()
    headers, body = parse(server.requests[0])
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert Webhook(new).verify(body, headers) == Webhook(old).verify(body, headers)


def test_no_more_than_five_are_on_their_way_to_an_endpoint_whatever_the_number_of_processes(alice: Caller) -> None:
    with answering("200 OK") as server:
        endpoint_id, _ = subscribe(alice, server.url)
        for _ in range(40):
            emit(alice)
        for _ in range(3):  # each begun job calls others, as many as there may be
            jobs = queue.claim({webhooks.DELIVER: 100}, "test", lease_s=60, batch=100)
            for job in jobs:
                begin(job)
        slots = {row.slot for row in webhook.Delivery.select() if row.slot is not None}
        assert slots == set(range(webhooks.SLOTS))  # and who has a slot sends one after another
        assert int(queue.JobRow.select().count()) == webhooks.SLOTS
    assert webhook.Delivery.select().where(webhook.Delivery.endpoint_id == endpoint_id).count() == 40


def test_many_are_sent_over_one_connection_in_order_and_numbered(alice: Caller) -> None:
    with receiver(polite) as server:
        endpoint_id, _ = subscribe(alice, server.url)
        events = [emit(alice) for _ in range(60)]
        webhook.Delivery.update(next_attempt_at=clock.now_stamp()).execute()
        work()
    sent = [parse(request)[0] for request in server.requests]
    assert {one["webhook-id"] for one in sent} == set(events)
    assert sorted(int(one["maptargeter-sequence"]) for one in sent) == list(range(1, 61))
    assert server.connections <= 5
    assert waiting_jobs() == 0
    assert endpoint_id


def test_after_ten_failures_in_a_row_only_one_is_tried_until_one_succeeds(alice: Caller, time: Clock) -> None:
    answers = ["500 Oops"] * 11 + ["200 OK"]
    with answering(*answers) as server:
        endpoint_id, _ = subscribe(alice, server.url)
        for _ in range(14):
            emit(alice)
        work()
        assert len(server.requests) == 10
        time.advance(29)
        work()
        assert len(server.requests) == 10
        time.advance(2)
        work()
        assert len(server.requests) == 11  # the probe, which fails
        time.advance(61)
        work()
    assert len(server.requests) == 11 + 14
    assert webhook_endpoints.get(alice, endpoint_id).failing_since is None
    assert {row.status for row in webhook.Delivery.select()} == {"delivered"}


def test_five_days_of_failure_disable_the_endpoint_and_the_account_is_told(alice: Caller, time: Clock) -> None:
    with answering("500 Oops") as server, receiver(polite) as other:
        endpoint_id, _ = subscribe(alice, server.url)
        webhook_endpoints.update(alice, endpoint_id, {"event_types": ["scan.completed", "webhook_endpoint.disabled"]})
        wanted = Wanted(checked_url(other.url), ["webhook_endpoint.disabled"])
        webhook_endpoints.create(alice, wanted)
        for _ in range(7):
            emit(alice)
            for _ in range(8):
                work()
                time.advance(3 * 3600)
        work()
        sent = len(server.requests)
        time.advance(86_400)
        emit(alice)
        work()
        assert len(server.requests) == sent
    endpoint = webhook_endpoints.get(alice, endpoint_id)
    assert (endpoint.status, endpoint.disabled_reason) == ("disabled", "failing")
    [told] = [orjson.loads(parse(request)[1]) for request in other.requests]
    assert told["type"] == "webhook_endpoint.disabled"
    assert told["data"]["webhook_endpoint"]["id"] == endpoint_id
    assert told["data"]["webhook_endpoint"]["disabled_reason"] == "failing"
    log = [(entry.action, entry.actor) for entry in audit.page(alice, 10).rows]
    assert ("webhook_endpoint.disabled", "system") in log


def test_the_customers_own_headers_come_with_each_delivery(alice: Caller) -> None:
    with answering("200 OK") as server:
        endpoint_id, _ = subscribe(alice, server.url)
        webhook_endpoints.update(alice, endpoint_id, {"headers": [{"name": "authorization", "value": "Bearer s3cret"}]})
        emit(alice)
        work()
    assert parse(server.requests[0])[0]["authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(base.rows("SELECT * FROM webhook_endpoint"))


def test_ed25519_signs_beside_the_secret_and_both_rotate(alice: Caller) -> None:
    with answering("200 OK") as server:
        endpoint_id, old = subscribe(alice, server.url)
        before = webhook_endpoints.update(alice, endpoint_id, {"signing": "ed25519"})
        after, new = webhook_endpoints.rotate_secret(alice, endpoint_id, timedelta(hours=24))
        emit(alice)
        work()
        webhook_endpoints.update(alice, endpoint_id, {"signing": "hmac"})
        webhook_endpoints.rotate_secret(alice, endpoint_id, timedelta(0))
        emit(alice)
        work()
    (headers, body), (last, _) = (parse(request) for request in server.requests)
    now = int(headers["webhook-timestamp"])
    assert before.public_key and after.public_key and before.public_key != after.public_key  # noqa: PT018
    for key in (old, new, before.public_key, after.public_key):
        assert signing.verify(key, headers, body, now=now)
    assert [one.split(",")[0] for one in headers["webhook-signature"].split(" ")] == ["v1", "v1", "v1a", "v1a"]
    assert [one.split(",")[0] for one in last["webhook-signature"].split(" ")] == ["v1"]


def test_a_delivery_shows_where_it_went_and_what_came_back(alice: Caller) -> None:
    with answering("503 Busy\nX-Reason: lunch\nSet-Cookie: a=b", "200 OK", body=b"later") as server:
        endpoint_id, _ = subscribe(alice, server.url)
        emit(alice)
        work()
    shown = webhook_deliveries.get(alice, endpoint_id, only_delivery(alice, endpoint_id).id)
    [attempt] = shown.attempts
    assert (attempt["status_code"], attempt["error_code"], attempt["address"]) == (503, None, "127.0.0.1")
    assert attempt["response_headers"]["x-reason"] == "lunch"
    assert "set-cookie" not in attempt["response_headers"]
    assert attempt["response_body"] == "later"
    assert attempt["timing"].keys() == {"resolve_ms", "connect_ms", "tls_ms", "first_byte_ms", "total_ms"}


def test_a_failed_delivery_is_sent_again_on_demand_with_its_whole_schedule(alice: Caller, time: Clock) -> None:
    with answering(*["500 Oops"] * 11, "200 OK") as server:
        endpoint_id, _ = subscribe(alice, server.url)
        event_id = emit(alice)
        for number, _ in enumerate(delivery.SCHEDULE, 1):
            _wait_for_next(time, number)
            work()
        made = only_delivery(alice, endpoint_id)
        assert (made.status, len(made.attempts)) == ("failed", 10)
        assert webhook_deliveries.redeliver(alice, endpoint_id, made.id).status == "pending"
        work()
        time.advance(61)  # it failed often enough to be held
        work()
    made = only_delivery(alice, endpoint_id)
    assert (made.status, [attempt.number for attempt in made.attempts]) == ("delivered", list(range(1, 13)))
    assert {parse(request)[0]["webhook-id"] for request in server.requests} == {event_id}


def test_everything_that_did_not_arrive_since_a_time_is_recovered(alice: Caller, time: Clock) -> None:
    with answering("200 OK") as server:
        emit(alice)
        time.advance(3600)
        since = clock.now_stamp()
        never = emit(alice)  # before there was an endpoint
        endpoint_id, _ = subscribe(alice, server.url)
        failed = emit(alice)
        webhook.Delivery.update(status="failed", next_attempt_at=None).execute()
        arrived = emit(alice)
        work()
        time.advance(1)
        kept_since = clock.stamp(time.time - webhook_deliveries.KEPT)
        assert webhook_deliveries.recover(alice, endpoint_id, since) == Recovery(2, False, kept_since)
        assert webhook_deliveries.recover(alice, endpoint_id, since) == Recovery(0, False, kept_since)
        work()
    assert [parse(request)[0]["webhook-id"] for request in server.requests] == [arrived, failed, never]
    assert [parse(request)[0]["maptargeter-sequence"] for request in server.requests] == ["2", "1", "3"]


def test_what_waits_too_long_for_its_endpoint_has_failed(alice: Caller, time: Clock) -> None:
    endpoint_id, _ = subscribe(alice, "http://127.0.0.1:9/")
    webhook_endpoints.update(alice, endpoint_id, {"status": "paused"})
    emit(alice)
    time.advance(29 * 86_400)
    webhook_deliveries.give_up_old()
    assert only_delivery(alice, endpoint_id).status == "pending"
    time.advance(2 * 86_400)
    webhook_deliveries.give_up_old()
    assert only_delivery(alice, endpoint_id).status == "failed"


def test_a_job_that_was_cancelled_is_replaced(alice: Caller, time: Clock) -> None:
    with answering("200 OK") as server:
        endpoint_id, _ = subscribe(alice, server.url)
        emit(alice)
        begin(claim())
        queue.JobRow.delete().execute()
        time.advance(180)
        webhook_deliveries.start_overdue()
        work()
    assert only_delivery(alice, endpoint_id).status == "delivered"
    assert len(server.requests) == 1
