"""Webhooks: who wants to know, what happened, and every attempt to tell them.

An event and its deliveries are written in the transaction that made the event true (an outbox), so
neither can exist without the other. Where an endpoint and a delivery are locked together, the endpoint
comes first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
import peewee

from models import base
from models.base import JSONText, Stamp


class WebhookEndpoint(base.Model):
    """``secrets`` is newest first: [{"sealed", "valid_until"}]; see ``core.sealing``. Every one still valid signs."""

    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40)
    url = peewee.TextField()
    description = peewee.TextField()
    event_types = JSONText()
    status = peewee.CharField(max_length=16)  # enabled | paused | disabled
    disabled_reason = peewee.CharField(max_length=32, null=True)  # gone
    secrets = JSONText()
    created_at = Stamp()
    updated_at = Stamp()

    class Meta:
        indexes = ((("account_id", "id"), False),)


class Event(base.Model):
    """Something that happened. ``body`` is, as UTF-8, exactly what is signed and sent."""

    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40)
    sequence = peewee.BigIntegerField()  # 1, 2, 3, ... for each account, without a gap
    type = peewee.CharField(max_length=64)
    body = peewee.TextField()
    created_at = Stamp()

    class Meta:
        indexes = ((("account_id", "sequence"), True),)


class EventSequence(base.Model):
    """The last sequence number of an account. Whoever raises it holds the row until commit: hence no gaps."""

    account_id = peewee.CharField(max_length=40, primary_key=True)
    latest = peewee.BigIntegerField()


class Delivery(base.Model):
    """One event for one endpoint. Pending without ``next_attempt_at``: it waits for the endpoint to be enabled."""

    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40)
    event_id = peewee.CharField(max_length=40)
    endpoint_id = peewee.CharField(max_length=40)
    status = peewee.CharField(max_length=16)  # pending | delivered | failed
    attempts_count = peewee.IntegerField(default=0)
    next_attempt_at = Stamp(null=True)
    last_status_code = peewee.IntegerField(null=True)
    created_at = Stamp()
    finished_at = Stamp(null=True)

    class Meta:
        indexes = ((("account_id", "endpoint_id", "id"), False), (("event_id", "endpoint_id"), True))


class Attempt(base.Model):
    """One HTTP request. ``error`` says why no whole answer came; ``status_code`` is null if none began."""

    account_id = peewee.CharField(max_length=40)
    delivery_id = peewee.CharField(max_length=40)
    number = peewee.IntegerField()
    started_at = Stamp()
    duration_ms = peewee.IntegerField()
    status_code = peewee.IntegerField(null=True)
    error = peewee.TextField(null=True)
    response_body = peewee.TextField(null=True)  # its first 16 KiB
    address = peewee.TextField(null=True)  # the one connected to
    tls = JSONText(null=True)
    timing = JSONText(null=True)

    class Meta:
        primary_key = peewee.CompositeKey("delivery_id", "number")


TABLES: tuple[type[base.Model], ...] = (WebhookEndpoint, Event, EventSequence, Delivery, Attempt)

_ENDPOINT = (
    WebhookEndpoint.id, WebhookEndpoint.url, WebhookEndpoint.description, WebhookEndpoint.event_types,
    WebhookEndpoint.status, WebhookEndpoint.disabled_reason, WebhookEndpoint.created_at,
)  # fmt: skip
_DELIVERY = (
    Delivery.id, Delivery.event_id, Event.type.alias("event_type"), Delivery.endpoint_id.alias("webhook_endpoint_id"),
    Delivery.status, Delivery.next_attempt_at, Delivery.created_at, Delivery.finished_at,
)  # fmt: skip
_ATTEMPT = (
    Attempt.delivery_id, Attempt.number, Attempt.started_at, Attempt.duration_ms, Attempt.status_code, Attempt.error,
)  # fmt: skip

_DUE = """SELECT d.id, d.endpoint_id, d.event_id, d.attempts_count, e.body, w.status, w.url, w.secrets
          FROM delivery d JOIN event e ON e.id = d.event_id LEFT JOIN webhook_endpoint w ON w.id = d.endpoint_id
          WHERE d.account_id = ? AND d.id = ? AND d.status = 'pending'"""  # plain: it runs for every attempt

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Due:
    """A pending delivery with its event and endpoint; ``endpoint_status`` is None once the endpoint is deleted."""

    delivery_id: str
    endpoint_id: str
    event_id: str
    attempts_count: int
    body: str
    endpoint_status: str | None
    url: str | None
    secrets: list[Row]


def endpoints(account_id: str, limit: int, after: str | None = None) -> list[Row]:
    """Return up to ``limit`` endpoints, newest first, from the one after ``after`` on."""
    query = WebhookEndpoint.select(*_ENDPOINT).where(WebhookEndpoint.account_id == account_id)
    if after is not None:
        query = query.where(WebhookEndpoint.id < after)
    return _all(query.order_by(WebhookEndpoint.id.desc()).limit(limit))


def endpoint(account_id: str, endpoint_id: str) -> Row | None:
    """Return what may be shown of one endpoint; None if the account has no such."""
    return _first(WebhookEndpoint.select(*_ENDPOINT).where(*_is_endpoint(account_id, endpoint_id)))


def count_endpoints(account_id: str) -> int:
    return int(WebhookEndpoint.select().where(WebhookEndpoint.account_id == account_id).count())


def lock_endpoint(account_id: str, endpoint_id: str) -> str | None:
    """Return the endpoint's status (None: there is none), which nobody changes before the transaction ends."""
    query = WebhookEndpoint.select(WebhookEndpoint.status).where(*_is_endpoint(account_id, endpoint_id))
    row = _first(query if base.is_sqlite() else query.for_update())
    return str(row["status"]) if row else None


def disable_endpoint(account_id: str, endpoint_id: str, reason: str, now: str) -> None:
    changes = {"status": "disabled", "disabled_reason": reason, "updated_at": now}
    WebhookEndpoint.update(changes).where(*_is_endpoint(account_id, endpoint_id)).execute()


def delete_endpoint(account_id: str, endpoint_id: str, now: str) -> bool:
    """Delete the endpoint with its secrets and end what was still to be sent to it; False if there is none."""
    if not WebhookEndpoint.delete().where(*_is_endpoint(account_id, endpoint_id)).execute():
        return False
    waiting = (
        (Delivery.account_id == account_id) & (Delivery.endpoint_id == endpoint_id) & (Delivery.status == "pending")
    )
    Delivery.update(status="failed", next_attempt_at=None, finished_at=now).where(waiting).execute()
    return True


def subscribers(account_id: str, event_type: str) -> list[str]:
    """Return the ids of the account's endpoints that want events of this type, enabled or not."""
    query = WebhookEndpoint.select(WebhookEndpoint.id, WebhookEndpoint.event_types)
    rows = _all(query.where(WebhookEndpoint.account_id == account_id).order_by(WebhookEndpoint.id))
    return [row["id"] for row in rows if event_type in row["event_types"]]


def next_sequence(account_id: str) -> int:
    """Return the account's next event number; a transaction rolled back gives its number back."""
    sql = """INSERT INTO event_sequence (account_id, latest) VALUES (?, 1)
             ON CONFLICT (account_id) DO UPDATE SET latest = event_sequence.latest + 1 RETURNING latest"""
    return int(base.rows(sql, (account_id,))[0][0])


def deliveries(account_id: str, endpoint_id: str, limit: int, after: str | None = None) -> list[Row]:
    """Return up to ``limit`` deliveries of an endpoint, newest first, from the one after ``after`` on."""
    query = _deliveries(account_id).where(Delivery.endpoint_id == endpoint_id)
    if after is not None:
        query = query.where(Delivery.id < after)
    return _all(query.order_by(Delivery.id.desc()).limit(limit))


def delivery(account_id: str, endpoint_id: str, delivery_id: str) -> Row | None:
    mine = (Delivery.endpoint_id == endpoint_id, Delivery.id == delivery_id)
    return _first(_deliveries(account_id).where(*mine))


def attempts(account_id: str, delivery_ids: Iterable[str]) -> list[Row]:
    """Return the summary of every attempt of these deliveries, in the order they were made."""
    mine = (Attempt.account_id == account_id) & Attempt.delivery_id.in_(list(delivery_ids))
    return _all(Attempt.select(*_ATTEMPT).where(mine).order_by(Attempt.delivery_id, Attempt.number))


def due(account_id: str, delivery_id: str) -> Due | None:
    """Return everything a pending delivery's next attempt needs; None if it is not pending."""
    found = base.rows(_DUE, (account_id, delivery_id))
    if not found:
        return None
    delivery, endpoint, event, attempts_count, body, status, url, secrets = found[0]
    return Due(delivery, endpoint, event, attempts_count, body, status, url, orjson.loads(secrets or "[]"))


def settle(account_id: str, delivery_id: str, **changes: Any) -> bool:
    """Change a delivery that is still pending; False if it is not, as after its endpoint was deleted."""
    return bool(Delivery.update(changes).where(*_is_pending(account_id, delivery_id)).execute())


def _all(query: Any) -> list[Row]:
    return list(query.dicts())


def _first(query: Any) -> Row | None:
    return next(iter(query.limit(1).dicts()), None)


def _deliveries(account_id: str) -> Any:
    query = Delivery.select(*_DELIVERY).join(Event, on=(Event.id == Delivery.event_id))
    return query.where(Delivery.account_id == account_id)


def _is_endpoint(account_id: str, endpoint_id: str) -> tuple[peewee.Expression, ...]:
    return (WebhookEndpoint.account_id == account_id, WebhookEndpoint.id == endpoint_id)


def _is_pending(account_id: str, delivery_id: str) -> tuple[peewee.Expression, ...]:
    return (Delivery.account_id == account_id, Delivery.id == delivery_id, Delivery.status == "pending")
