"""Telling customers what happened: their endpoints, and events written with the change they tell of.

``emit`` sends nothing. It writes the event, its deliveries and their jobs in the caller's transaction, so an
event is told if and only if the change was committed. Messages follow Standard Webhooks 1.0.0.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from core import clock, config, http, ids, sealing, signing
from core.errors import Conflict, NotFound
from models import base, job
from models import webhook as table
from services.accounts import Caller

SCAN_COMPLETED = "scan.completed"
EXPORT_READY = "export.ready"
ENRICHMENT_BATCH_DONE = "enrichment.batch_done"
TEST = "webhook.test"  # goes to one endpoint, whatever it subscribed to
DELIVER = "deliver_webhook"  # the kind of job that makes the next attempt of a delivery


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A URL that wants to know. ``status`` is ``enabled``, ``paused`` or ``disabled``."""

    id: str
    url: str
    description: str
    event_types: list[str]
    status: str
    disabled_reason: str | None
    created_at: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One HTTP request. Without a ``status_code`` no answer came, and ``error`` is one word that says why."""

    number: int
    started_at: str
    duration_ms: int
    status_code: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint. ``status`` is ``pending``, ``delivered`` or ``failed``."""

    id: str
    event_id: str
    event_type: str
    webhook_endpoint_id: str
    status: str
    attempts: list[Attempt]
    next_attempt_at: str | None
    created_at: str
    finished_at: str | None


def emit(account_id: str, event_type: str, data: dict[str, Any]) -> str:
    """Write an event for every endpoint of the account that subscribed to its type; return the event's id.

    ``data`` is what happened, such as ``{"scan": {...}}``. Call it last in the transaction that made it
    true: until that ends, the account's other events wait for this one's sequence number.
    """
    event_id, now = _write_event(account_id, event_type, data)
    for endpoint_id in table.subscribers(account_id, event_type):
        _write_delivery(account_id, event_id, endpoint_id, now)
    return event_id


def create_endpoint(caller: Caller, url: str, event_types: list[str], description: str = "") -> tuple[Endpoint, str]:
    """Return the new endpoint and its secret, which is never shown again.

    Raise ForbiddenAddress for a URL that may not be reached, PlanLimitExceeded for one endpoint too many.
    """
    http.resolve_and_check(url)
    endpoint_id, now, secret = ids.new("whe"), clock.now_stamp(), signing.new_secret()
    with base.transaction():
        table.lock_account(caller.account_id)
        caller.plan.require("webhook_endpoints", table.count_endpoints(caller.account_id) + 1)
        table.WebhookEndpoint.insert(
            id=endpoint_id, account_id=caller.account_id, url=url, description=description, event_types=event_types,
            status="enabled", secrets=[_sealed(endpoint_id, secret)], created_at=now, updated_at=now,
        ).execute()  # fmt: skip
    return get_endpoint(caller, endpoint_id), secret


def list_endpoints(caller: Caller, limit: int, after: str | None = None) -> list[Endpoint]:
    """Return up to ``limit`` endpoints, newest first, that follow the one with the id ``after``."""
    return [Endpoint(**row) for row in table.endpoints(caller.account_id, limit, after)]


def count_endpoints(caller: Caller) -> int:
    """Return how many endpoints the account has."""
    return table.count_endpoints(caller.account_id)


def get_endpoint(caller: Caller, endpoint_id: str) -> Endpoint:
    """Raise NotFound unless the account has this endpoint."""
    row = table.endpoint(caller.account_id, endpoint_id)
    if row is None:
        raise NotFound(f"There is no webhook endpoint {endpoint_id}.")
    return Endpoint(**row)


def delete_endpoint(caller: Caller, endpoint_id: str) -> None:
    """Forget an endpoint and its secret; what was still to be sent to it has failed. Raise NotFound."""
    with base.transaction():
        if not table.delete_endpoint(caller.account_id, endpoint_id, clock.now_stamp()):
            raise NotFound(f"There is no webhook endpoint {endpoint_id}.")


def send_test_event(caller: Caller, endpoint_id: str) -> Delivery:
    """Send a ``webhook.test`` event to this endpoint, signed and logged like any other; return its delivery.

    Raise NotFound, or Conflict for an endpoint that is not enabled.
    """
    endpoint = get_endpoint(caller, endpoint_id)
    if endpoint.status != "enabled":
        raise Conflict(f"The webhook endpoint {endpoint_id} is {endpoint.status}: nothing is sent to it.")
    with base.transaction():
        data = {"webhook_endpoint": {"id": endpoint.id, "url": endpoint.url}}
        event_id, now = _write_event(caller.account_id, TEST, data)
        delivery_id = _write_delivery(caller.account_id, event_id, endpoint_id, now)
    return get_delivery(caller, endpoint_id, delivery_id)


def list_deliveries(caller: Caller, endpoint_id: str, limit: int, after: str | None = None) -> list[Delivery]:
    """Return up to ``limit`` deliveries, newest first, that follow the one with the id ``after``; raise NotFound."""
    get_endpoint(caller, endpoint_id)
    return _with_attempts(caller.account_id, table.deliveries(caller.account_id, endpoint_id, limit, after))


def get_delivery(caller: Caller, endpoint_id: str, delivery_id: str) -> Delivery:
    """Raise NotFound unless this delivery is one of this endpoint's."""
    row = table.delivery(caller.account_id, endpoint_id, delivery_id)
    if row is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    return _with_attempts(caller.account_id, [row])[0]


def signing_secrets(endpoint_id: str, stored: list[dict[str, Any]], now: str) -> list[str]:
    """Return the secrets that sign at ``now``, newest first; raise ValueError if they cannot be unsealed."""
    valid = [entry for entry in stored if entry["valid_until"] is None or entry["valid_until"] > now]
    return [sealing.unseal(_sealing_key(), entry["sealed"], endpoint_id) for entry in valid]


def _write_event(account_id: str, event_type: str, data: dict[str, Any]) -> tuple[str, str]:
    if not base.database.in_transaction():
        raise RuntimeError("an event is written in the transaction of what it tells of")
    event_id, now, sequence = ids.new("evt"), clock.now_stamp(), table.next_sequence(account_id)
    facts = {"id": event_id, "account_id": account_id, "sequence": sequence, **data}
    body = orjson.dumps({"type": event_type, "timestamp": now, "data": facts}).decode()
    table.Event.insert(
        id=event_id, account_id=account_id, sequence=sequence, type=event_type, body=body, created_at=now
    ).execute()
    return event_id, now


def _write_delivery(account_id: str, event_id: str, endpoint_id: str, now: str) -> str:
    """Write a delivery with its first job. An endpoint that is not enabled gets one too: the job leaves it waiting."""
    delivery_id = ids.new("dlv")
    table.Delivery.insert(
        id=delivery_id, account_id=account_id, event_id=event_id, endpoint_id=endpoint_id, status="pending",
        next_attempt_at=now, created_at=now,
    ).execute()  # fmt: skip
    job.enqueue(DELIVER, {"delivery_id": delivery_id}, account_id=account_id)
    return delivery_id


def _with_attempts(account_id: str, rows: list[dict[str, Any]]) -> list[Delivery]:
    made: dict[str, list[Attempt]] = {row["id"]: [] for row in rows}
    for attempt in table.attempts(account_id, made):
        made[attempt.pop("delivery_id")].append(Attempt(**attempt))
    return [Delivery(attempts=made[row["id"]], **row) for row in rows]


def _sealed(endpoint_id: str, secret: str) -> dict[str, Any]:
    return {"sealed": sealing.seal(_sealing_key(), secret, endpoint_id), "valid_until": None}


def _sealing_key() -> bytes:
    return config.current().secret("webhook-secrets")
