"""Telling customers what happened: their endpoints, and events written with the change they tell of.

``emit`` sends nothing. It writes the event, its deliveries and their jobs in the caller's transaction, so an
event is told if and only if the change was committed. Messages follow Standard Webhooks 1.0.0.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Any, NewType
from urllib.parse import urlsplit

import orjson

from core import clock, config, http, ids, sealing, signing
from core.errors import Conflict, ForbiddenAddress, NotFound, Violation
from models import account, base, job
from models import webhook as table
from services import audit, pages
from services.accounts import Caller
from services.pages import Page

SCAN_COMPLETED = "scan.completed"
EXPORT_READY = "export.ready"
ENRICHMENT_BATCH_DONE = "enrichment.batch_done"
TEST = "webhook.test"  # goes to one endpoint, whatever it subscribed to
DELIVER = "deliver_webhook"  # the kind of job that makes the next attempt of a delivery
USER_AGENT = "MapTargeter-Webhooks/1.0"

CheckedUrl = NewType("CheckedUrl", str)
"""A URL that ``checked_url`` let pass."""


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
    """One HTTP request. ``error`` says why no whole answer came; ``status_code`` is None if none began."""

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
    _write_deliveries(account_id, event_id, table.subscribers(account_id, event_type), now)
    return event_id


def checked_url(url: str) -> CheckedUrl:
    """Return a URL that events may be sent to; raise ForbiddenAddress, also if its name does not resolve.

    It asks the DNS and may take seconds: call it outside any transaction. Every attempt checks again.
    """
    try:
        client().resolve_and_check(url)
    except (ForbiddenAddress, http.OutboundError) as error:
        problem = Violation("body", "url", "not_allowed", str(error), "/url")
        raise ForbiddenAddress(f"Events cannot be sent to this URL: {error}.", [problem]) from error
    return CheckedUrl(url)


def create_endpoint(
    caller: Caller, url: CheckedUrl, event_types: list[str], description: str = ""
) -> tuple[Endpoint, str]:
    """Return the new endpoint and its secret, which is never shown again; raise PlanLimitExceeded for one too many."""
    endpoint_id, now, secret = ids.new("whe"), clock.now_stamp(), signing.new_secret()
    with base.transaction():
        account.lock(caller.account_id)
        caller.plan.require("webhook_endpoints", table.count_endpoints(caller.account_id) + 1)
        table.WebhookEndpoint.insert(
            id=endpoint_id, account_id=caller.account_id, url=url, description=description, event_types=event_types,
            status="enabled", secrets=[_sealed(endpoint_id, secret)], created_at=now, updated_at=now,
        ).execute()  # fmt: skip
        told = {"host": urlsplit(url).hostname, "event_types": event_types}  # the rest of a URL may be a secret
        audit.record(caller, audit.ENDPOINT_CREATED, endpoint_id, after=told)
    return get_endpoint(caller, endpoint_id), secret


def page_of_endpoints(caller: Caller, limit: int, cursor: str | None = None) -> Page:
    """Return a page of the account's ``Endpoint``s, newest first."""

    def fetch(count: int, after: str | None) -> list[Endpoint]:
        return [Endpoint(**row) for row in table.endpoints(caller.account_id, count, after)]

    return pages.newest_first(caller, "list_webhook_endpoints", limit, cursor, fetch, lambda row: str(row.id))


def get_endpoint(caller: Caller, endpoint_id: str) -> Endpoint:
    """Raise NotFound unless the account has this endpoint."""
    row = table.endpoint(caller.account_id, endpoint_id)
    if row is None:
        raise NotFound("There is no webhook endpoint with this id.")
    return Endpoint(**row)


def delete_endpoint(caller: Caller, endpoint_id: str) -> None:
    """Forget an endpoint and its secret; what was still to be sent to it has failed. Raise NotFound."""
    with base.transaction():
        if not table.delete_endpoint(caller.account_id, endpoint_id, clock.now_stamp()):
            raise NotFound("There is no webhook endpoint with this id.")
        audit.record(caller, audit.ENDPOINT_DELETED, endpoint_id)


def send_test_event(caller: Caller, endpoint_id: str) -> Delivery:
    """Send a ``webhook.test`` event to this endpoint, signed and logged like any other; return its delivery.

    Raise NotFound, or Conflict for an endpoint that is not enabled.
    """
    endpoint = get_endpoint(caller, endpoint_id)
    if endpoint.status != "enabled":
        raise Conflict(f"This webhook endpoint is {endpoint.status}: nothing is sent to it.")
    with base.transaction():
        data = {"webhook_endpoint": {"id": endpoint.id, "url": endpoint.url}}
        event_id, now = _write_event(caller.account_id, TEST, data)
        [delivery_id] = _write_deliveries(caller.account_id, event_id, [endpoint_id], now)
    return get_delivery(caller, endpoint_id, delivery_id)


def page_of_deliveries(caller: Caller, endpoint_id: str, limit: int, cursor: str | None = None) -> Page:
    """Return a page of an endpoint's ``Delivery``s with their attempts, newest first; raise NotFound."""

    def fetch(count: int, after: str | None) -> list[Delivery]:
        return _with_attempts(caller.account_id, table.deliveries(caller.account_id, endpoint_id, count, after))

    get_endpoint(caller, endpoint_id)
    operation = f"list_deliveries {endpoint_id}"
    return pages.newest_first(caller, operation, limit, cursor, fetch, lambda row: str(row.id))


def get_delivery(caller: Caller, endpoint_id: str, delivery_id: str) -> Delivery:
    """Raise NotFound unless this delivery is one of this endpoint's."""
    row = table.delivery(caller.account_id, endpoint_id, delivery_id)
    if row is None:
        raise NotFound("There is no delivery with this id.")
    return _with_attempts(caller.account_id, [row])[0]


def as_dict(endpoint: Endpoint) -> dict[str, Any]:
    return asdict(endpoint)


def next_attempt(account_id: str, delivery_id: str, run_at: datetime | None = None) -> job.New:
    """Return the job that makes a delivery's next attempt; a delivery never has two."""
    return job.New(DELIVER, {"delivery_id": delivery_id}, account_id, key=delivery_id, run_at=run_at)


def signing_secrets(endpoint_id: str, stored: list[dict[str, Any]], now: str) -> list[str]:
    """Return the secrets that sign at ``now``, newest first; raise ValueError if they cannot be unsealed."""
    valid = [entry for entry in stored if entry["valid_until"] is None or entry["valid_until"] > now]
    return [sealing.unseal(_sealing_key(), entry["sealed"], endpoint_id) for entry in valid]


def client() -> http.Client:
    """Return this process's client for webhooks, which keeps connections to receivers open."""
    return _client(config.current().outbound_allow)


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


def _write_deliveries(account_id: str, event_id: str, endpoint_ids: list[str], now: str) -> list[str]:
    """Write deliveries with their first jobs. What is not enabled gets them too: the job leaves it waiting."""
    rows = [
        {
            "id": ids.new("dlv"), "account_id": account_id, "event_id": event_id, "endpoint_id": endpoint_id,
            "status": "pending", "next_attempt_at": now, "created_at": now,
        }
        for endpoint_id in endpoint_ids
    ]  # fmt: skip
    if rows:
        table.Delivery.insert_many(rows).execute()
        job.enqueue_many([next_attempt(account_id, str(row["id"])) for row in rows])
    return [str(row["id"]) for row in rows]


def _with_attempts(account_id: str, rows: list[dict[str, Any]]) -> list[Delivery]:
    made: dict[str, list[Attempt]] = {row["id"]: [] for row in rows}
    for attempt in table.attempts(account_id, made):
        made[attempt.pop("delivery_id")].append(Attempt(**attempt))
    return [Delivery(attempts=made[row["id"]], **row) for row in rows]


@cache
def _client(allow: tuple[config.Network, ...]) -> http.Client:
    return http.Client(allow, USER_AGENT)


def _sealed(endpoint_id: str, secret: str) -> dict[str, Any]:
    return {"sealed": sealing.seal(_sealing_key(), secret, endpoint_id), "valid_until": None}


def _sealing_key() -> bytes:
    return config.current().secret("webhook-secrets")
