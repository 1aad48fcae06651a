import contextlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import orjson
import pytest

from core import clock, config
from core.errors import Conflict, ForbiddenAddress, InvalidCursor, InvalidInput, NotFound, PlanLimitExceeded
from models import base, job, webhook
from services import accounts, audit, webhook_deliveries, webhook_endpoints, webhook_secrets, webhooks
from services.accounts import Caller
from services.webhook_deliveries import Attempt, Delivery
from services.webhook_endpoints import CheckedUrl, Endpoint, Wanted

pytestmark = pytest.mark.usefixtures("database")
URL = CheckedUrl("https://example.com/hook")


@pytest.fixture
def alice() -> Caller:
    return accounts.create("alice@example.com", "pro")


@pytest.fixture
def bob() -> Caller:
    return accounts.create("bob@example.com")


def subscribe(caller: Caller, *event_types: str) -> str:
    return webhook_endpoints.create(caller, Wanted(URL, list(event_types or ["scan.completed"])))[0].id


def emit(caller: Caller, event_type: str = "scan.completed", **data: object) -> str:
    with base.transaction():
        return webhooks.emit(caller.account_id, event_type, data)


def test_an_event_is_written_once_with_a_delivery_and_a_job_for_each_subscriber(alice: Caller, bob: Caller) -> None:
    first, second = subscribe(alice), subscribe(alice, "export.ready", "scan.completed")
    subscribe(alice, "export.ready")
    subscribe(bob)
    event_id = emit(alice, scan={"id": "scan_1"})
    assert webhook.Event.get().id == event_id
    rows = list(webhook.Delivery.select())
    assert {(row.event_id, row.endpoint_id, row.account_id, row.status) for row in rows} == {
        (event_id, first, alice.account_id, "pending"),
        (event_id, second, alice.account_id, "pending"),
    }
    jobs = [(row.kind, row.account_id, row.payload["endpoint_id"]) for row in job.JobRow.select()]
    assert sorted(jobs) == sorted((webhooks.DELIVER, alice.account_id, row.endpoint_id) for row in rows)


def test_the_body_is_the_minified_message_in_the_order_of_the_standard(alice: Caller) -> None:
    event_id = emit(alice, scan={"id": "scan_1", "name": "Kahvilat ☕ \0"})
    event = webhook.Event.get()
    facts = {"id": event_id, "account_id": alice.account_id, "sequence": 1}
    message = {
        "type": "scan.completed",
        "timestamp": event.created_at,
        "data": {**facts, "scan": {"id": "scan_1", "name": "Kahvilat ☕ \0"}},
    }
    assert event.body.encode() == orjson.dumps(message)
    assert clock.stamp(clock.parse(event.created_at)) == event.created_at


def test_an_event_nobody_wants_is_kept_and_counted(alice: Caller, bob: Caller) -> None:
    emit(alice)
    emit(bob)
    emit(alice)
    events = webhook.Event.select().order_by(webhook.Event.account_id, webhook.Event.sequence)
    assert {(row.account_id, row.sequence) for row in events} == {
        (alice.account_id, 1),
        (alice.account_id, 2),
        (bob.account_id, 1),
    }
    assert not job.JobRow.select().exists()


def test_what_is_rolled_back_was_never_told(alice: Caller) -> None:
    subscribe(alice)
    with base.transaction() as _, base.database.atomic() as savepoint:
        webhooks.emit(alice.account_id, "scan.completed", {})
        savepoint.rollback()
    assert not any(table.select().exists() for table in (webhook.Event, webhook.Delivery, job.JobRow))


def test_an_event_outside_a_transaction_is_a_mistake(alice: Caller) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        webhooks.emit(alice.account_id, "scan.completed", {})
    assert not webhook.Event.select().exists()


def test_an_endpoint_is_made_with_a_secret_that_is_shown_once_and_sealed(alice: Caller) -> None:
    endpoint, secret = webhook_endpoints.create(alice, Wanted(URL, ["scan.completed"], "CRM ä"))
    assert endpoint == webhook_endpoints.get(alice, endpoint.id)
    assert endpoint == Endpoint(
        endpoint.id, URL, "CRM ä", ["scan.completed"], [], "hmac", None, "enabled", None, None, endpoint.created_at
    )
    assert secret.startswith("whsec_")
    [row] = base.rows("SELECT * FROM webhook_endpoint")
    assert secret.removeprefix("whsec_") not in repr(row)
    stored = webhook.WebhookEndpoint.get().secrets
    assert webhook_secrets.keys(endpoint.id, stored, clock.now_stamp()) == [secret]


def test_another_secret_key_cannot_read_the_secrets(alice: Caller, settings: config.Settings, tmp_path: Path) -> None:
    endpoint_id = subscribe(alice)
    stored = webhook.WebhookEndpoint.get().secrets
    config.configure(config.Settings.from_env({"MAPTARGETER_HOME": str(tmp_path / "other")}))
    with pytest.raises(ValueError, match="MAPTARGETER_SECRET_KEY"):
        webhook_secrets.keys(endpoint_id, stored, clock.now_stamp())
    config.configure(settings)


def test_a_plan_allows_so_many_endpoints_and_a_deleted_one_makes_room(bob: Caller) -> None:
    endpoint_id = subscribe(bob)
    with pytest.raises(PlanLimitExceeded, match="1 webhook endpoints"):
        subscribe(bob)
    webhook_endpoints.delete(bob, endpoint_id)
    subscribe(bob)


def test_no_endpoint_too_many_when_several_are_made_at_once(bob: Caller) -> None:
    start = Barrier(4)

    def create(_: int) -> bool:
        with base.connection(), contextlib.suppress(PlanLimitExceeded):
            start.wait()
            return bool(subscribe(bob))
        return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(create, range(4))) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.216.34/",
        "https://10.0.0.1/hook",
        "https://169.254.169.254/",
        "https://[::ffff:192.168.1.1]/",
        "https://93.184.216.34:22/",
        "https://user@93.184.216.34/",
        "ftp://example.com/",
        "hello",
        "https://name.invalid/",
    ],
)
def test_a_url_that_may_not_be_reached_is_refused_by_name(url: str) -> None:
    with pytest.raises(ForbiddenAddress) as caught:
        webhook_endpoints.checked_url(url)
    [problem] = caught.value.details
    assert (problem.where, problem.field, problem.pointer) == ("body", "url", "/url")
    assert problem.message in caught.value.message


@pytest.mark.parametrize("url", ["https://93.184.216.34/hook", "https://93.184.216.34:8443/", "http://127.0.0.1:9/"])
def test_a_public_or_an_allowed_url_passes(url: str) -> None:
    assert webhook_endpoints.checked_url(url) == url


def test_the_endpoints_of_others_do_not_exist(alice: Caller, bob: Caller) -> None:
    endpoint_id = subscribe(alice)
    delivery = webhook_deliveries.send_test_event(alice, endpoint_id)
    for attempt in (
        lambda: webhook_endpoints.get(bob, endpoint_id),
        lambda: webhook_endpoints.delete(bob, endpoint_id),
        lambda: webhook_deliveries.send_test_event(bob, endpoint_id),
        lambda: webhook_deliveries.page(bob, endpoint_id, 10),
        lambda: webhook_deliveries.get(bob, endpoint_id, delivery.id),
        lambda: webhook_deliveries.get(alice, subscribe(alice), delivery.id),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert webhook_endpoints.page(bob, 10).rows == []


def test_endpoints_and_deliveries_come_in_pages(alice: Caller) -> None:
    made = [subscribe(alice) for _ in range(3)]
    page = webhook_endpoints.page(alice, 2)
    rest = webhook_endpoints.page(alice, 2, page.next_cursor)
    listed = [row.id for row in page.rows + rest.rows]
    assert listed == sorted(made, reverse=True)
    assert rest.next_cursor is None

    events = [emit(alice) for _ in range(3)]
    page = webhook_deliveries.page(alice, made[0], 2)
    rest = webhook_deliveries.page(alice, made[0], 2, page.next_cursor)
    assert sorted(row.event_id for row in page.rows + rest.rows) == sorted(events)
    assert [row.id for row in page.rows] == sorted((row.id for row in page.rows), reverse=True)
    with pytest.raises(InvalidCursor):
        webhook_deliveries.page(alice, made[1], 2, page.next_cursor)


def test_a_delivery_shows_its_attempts_in_order_and_no_other_ones(alice: Caller) -> None:
    endpoint_id = subscribe(alice)
    first, second = (webhook_deliveries.send_test_event(alice, endpoint_id) for _ in range(2))
    for delivery_id, number in ((first.id, 2), (second.id, 1), (first.id, 1)):
        webhook.Attempt.insert(
            account_id=alice.account_id, delivery_id=delivery_id, number=number, duration_ms=5, status_code=500,
            started_at=f"2026-11-24T04:38:0{number}.000Z", response_body="no",
        ).execute()  # fmt: skip
    shown = {row.id: row.attempts for row in webhook_deliveries.page(alice, endpoint_id, 10).rows}
    assert shown[first.id] == [
        Attempt(1, "2026-11-24T04:38:01.000Z", 5, 500, None),
        Attempt(2, "2026-11-24T04:38:02.000Z", 5, 500, None),
    ]
    assert len(shown[second.id]) == 1


def test_a_test_event_goes_to_its_endpoint_alone(alice: Caller) -> None:
    subscribe(alice)
    endpoint_id = subscribe(alice, "export.ready")
    made = webhook_deliveries.send_test_event(alice, endpoint_id)
    assert made == Delivery(
        made.id, made.event_id, "webhook.test", endpoint_id, 1, "pending", [], made.created_at, made.created_at, None
    )
    event = webhook.Event.get()
    assert orjson.loads(event.body)["data"] == {
        "id": made.event_id,
        "account_id": alice.account_id,
        "sequence": 1,
        "webhook_endpoint": {"id": endpoint_id, "url": URL},
    }
    assert webhook.Delivery.select().count() == job.JobRow.select().count() == 1


@pytest.mark.parametrize("status", ["paused", "disabled"])
def test_an_endpoint_that_is_not_enabled_cannot_be_tested(alice: Caller, status: str) -> None:
    endpoint_id = subscribe(alice)
    webhook.WebhookEndpoint.update(status=status).execute()
    with pytest.raises(Conflict, match=status):
        webhook_deliveries.send_test_event(alice, endpoint_id)
    assert not webhook.Event.select().exists()


def test_deleting_forgets_the_secret_and_ends_what_waits(alice: Caller) -> None:
    endpoint_id = subscribe(alice)
    emit(alice)
    webhook_endpoints.delete(alice, endpoint_id)
    assert not webhook.WebhookEndpoint.select().exists()
    assert webhook.Delivery.get().status == "failed"
    with pytest.raises(NotFound):
        webhook_endpoints.get(alice, endpoint_id)
    with pytest.raises(NotFound):
        webhook_endpoints.delete(alice, endpoint_id)


def test_a_body_is_under_20_kb_and_says_what_was_cut(alice: Caller) -> None:
    ring = [[24.0 + number / 999, 60.0 + (number / 999) ** 2] for number in range(999)]
    area = {"polygon": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}}
    scan = {"id": "scan_1", "name": "x" * 200, "area": area, "categories": ["cafe"] * 100}
    event_id = emit(alice, scan=scan)
    body = webhook.Event.get().body
    data = orjson.loads(body)["data"]
    assert len(body.encode()) < 20_000
    assert list(data) == ["id", "account_id", "sequence", "truncated", "url", "scan"]
    assert (data["id"], data["truncated"]) == (event_id, ["scan.area"])
    assert data["url"] == "http://127.0.0.1:8080/v1/scans/scan_1"
    assert data["scan"] == scan | {"area": {"bbox": [24.0, 60.0, *ring[998]]}}


def test_whatever_happened_is_told_in_under_20_kb(alice: Caller) -> None:
    fields, filters = ["x" * 99] * 99, {"name": {"eq": "ä" * 9000}}
    emit(alice, export={"id": "exp_1", "filters": filters, "fields": fields, "note": "y" * 19_900})
    body = webhook.Event.get().body
    data = orjson.loads(body)["data"]
    assert len(body.encode()) < 20_000
    assert data["truncated"] == ["export.note", "export.filters"]
    assert data["export"]["fields"] == ["x" * 99] * 99
    assert (data["export"]["filters"], data["export"]["note"]) == ({}, "y" * 100)


def test_a_header_can_be_set_once(alice: Caller) -> None:
    twice = [{"name": "x-a", "value": "1"}, {"name": "x-a", "value": "2"}]
    with pytest.raises(InvalidInput) as caught:
        webhook_endpoints.create(alice, Wanted(URL, ["scan.completed"], headers=twice))
    assert caught.value.details[0].pointer == "/headers/1"


def test_no_more_than_four_secrets_sign(alice: Caller) -> None:
    endpoint_id = subscribe(alice)
    for _ in range(3):
        webhook_endpoints.rotate_secret(alice, endpoint_id, timedelta(hours=1))
    with pytest.raises(Conflict, match="still sign"):
        webhook_endpoints.rotate_secret(alice, endpoint_id, timedelta(hours=1))
    _, secret = webhook_endpoints.rotate_secret(alice, endpoint_id, timedelta(0))
    assert webhook_secrets.keys(endpoint_id, webhook.WebhookEndpoint.get().secrets, clock.now_stamp()) == [secret]


def test_a_rotation_never_lengthens_the_life_of_an_old_secret(alice: Caller) -> None:
    endpoint_id = subscribe(alice)
    webhook_endpoints.rotate_secret(alice, endpoint_id, timedelta(hours=1))
    ends = webhook.WebhookEndpoint.get().secrets[1]["valid_until"]
    webhook_endpoints.rotate_secret(alice, endpoint_id, timedelta(days=7))
    assert webhook.WebhookEndpoint.get().secrets[2]["valid_until"] == ends


def test_what_was_changed_is_in_the_audit_log_without_secrets(alice: Caller) -> None:
    endpoint_id = subscribe(alice)
    changes = {"url": "https://example.com/s3cret", "headers": [{"name": "authorization", "value": "s3cret"}]}
    webhook_endpoints.update(alice, endpoint_id, changes)
    entry = next(one for one in audit.page(alice, 10).rows if one.action == "webhook_endpoint.updated")
    assert [(one.field, one.before, one.after) for one in entry.changes] == [("header_names", "", "authorization")]
    assert "s3cret" not in repr(audit.page(alice, 10).rows)
