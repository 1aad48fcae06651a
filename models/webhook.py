"""Webhooks: who wants to know, what happened, and every attempt to tell them.

An event and its deliveries are written in the transaction that made the event true (an outbox), so neither can exist
without the other. Locks are taken in one order: the account's sequence, endpoint, delivery, job. The queries on
deliveries are in ``models.delivery``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import peewee

from models import base
from models.base import JSONText, Stamp


class WebhookEndpoint(base.Model):
    """``secrets`` is newest first: [{"sealed", "valid_until", "private_key"}]; every one still valid signs.

    ``headers`` are the customer's own, sealed. ``sequence`` is the number of the last delivery. The last three columns
    are ``services.delivery.Health``.
    """

    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40)
    url = peewee.TextField()
    description = peewee.TextField()
    event_types = JSONText()
    status = peewee.CharField(max_length=16)  # enabled | paused | disabled
    disabled_reason = peewee.CharField(max_length=32, null=True)  # gone | failing
    signing = peewee.CharField(max_length=16, default="hmac")  # hmac | ed25519
    public_key = peewee.CharField(max_length=64, null=True)
    secrets = JSONText()
    headers = peewee.TextField(null=True)
    header_names = JSONText(default=list)
    sequence = peewee.BigIntegerField(default=0)
    failures = peewee.IntegerField(default=0)
    failing_since = Stamp(null=True)
    held_until = Stamp(null=True)
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
    """One event for one endpoint, ``sequence`` without gaps for each endpoint.

    ``slot`` is set while a job sends it: its endpoint's job of that number, and no other. ``attempts_before`` counts
    those made before the customer asked to begin again.
    """

    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40)
    event_id = peewee.CharField(max_length=40)
    endpoint_id = peewee.CharField(max_length=40)
    sequence = peewee.BigIntegerField()
    status = peewee.CharField(max_length=16)  # pending | delivered | failed
    attempts_count = peewee.IntegerField(default=0)
    attempts_before = peewee.IntegerField(default=0)
    next_attempt_at = Stamp(null=True)
    slot = peewee.SmallIntegerField(null=True)
    created_at = Stamp()
    finished_at = Stamp(null=True)

    class Meta:
        indexes = ((("account_id", "endpoint_id", "id"), False), (("event_id", "endpoint_id"), True))


for _index in (
    "delivery_due ON delivery (endpoint_id, next_attempt_at, id) WHERE status = 'pending'",
    "delivery_slot ON delivery (endpoint_id, slot) WHERE slot IS NOT NULL",
):
    Delivery.add_index(peewee.SQL(f"CREATE INDEX IF NOT EXISTS {_index}"))


class Attempt(base.Model):
    """One HTTP request. ``error`` says why no whole answer came; ``status_code`` is null if none began."""

    account_id = peewee.CharField(max_length=40)
    delivery_id = peewee.CharField(max_length=40)
    number = peewee.IntegerField()
    started_at = Stamp()
    duration_ms = peewee.IntegerField()
    status_code = peewee.IntegerField(null=True)
    error_code = peewee.CharField(max_length=20, null=True)
    error = peewee.TextField(null=True)
    response_headers = JSONText(null=True)
    response_body = peewee.TextField(null=True)  # its first 16 KiB
    address = peewee.TextField(null=True)  # the one connected to
    tls = JSONText(null=True)
    timing = JSONText(null=True)

    class Meta:
        primary_key = peewee.CompositeKey("delivery_id", "number")


TABLES: tuple[type[base.Model], ...] = (WebhookEndpoint, Event, EventSequence, Delivery, Attempt)

Row = dict[str, Any]

_SHOWN = (
    WebhookEndpoint.id, WebhookEndpoint.url, WebhookEndpoint.description, WebhookEndpoint.event_types,
    WebhookEndpoint.header_names, WebhookEndpoint.signing, WebhookEndpoint.public_key, WebhookEndpoint.status,
    WebhookEndpoint.disabled_reason, WebhookEndpoint.failing_since, WebhookEndpoint.created_at,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint as a sender needs it."""

    status: str
    url: str
    secrets: list[Row]
    headers: str | None
    failures: int
    failing_since: str | None
    held_until: str | None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """An endpoint that gets an event, and the number of that delivery."""

    endpoint_id: str
    sequence: int
    enabled: bool


def endpoints(account_id: str, limit: int, after: str | None = None) -> list[Row]:
    """Return up to ``limit`` endpoints, newest first, from the one after ``after`` on."""
    query = WebhookEndpoint.select(*_SHOWN).where(WebhookEndpoint.account_id == account_id)
    if after is not None:
        query = query.where(WebhookEndpoint.id < after)
    return all_rows(query.order_by(WebhookEndpoint.id.desc()).limit(limit))


def endpoint(account_id: str, endpoint_id: str) -> Row | None:
    """Return what may be shown of one endpoint; None if the account has no such."""
    query = WebhookEndpoint.select(*_SHOWN).where(*_is_endpoint(account_id, endpoint_id))
    return first_row(query)


def count_endpoints(account_id: str) -> int:
    return int(WebhookEndpoint.select().where(WebhookEndpoint.account_id == account_id).count())


def lock_endpoint(account_id: str, endpoint_id: str) -> Target | None:
    """Return the endpoint (None: there is none), which nobody changes before the transaction ends."""
    lines = (
        "SELECT status, url, secrets, headers, failures, failing_since, held_until FROM webhook_endpoint"
        " WHERE account_id = ? AND id = ?"
    )
    found = base.rows(lines if base.is_sqlite() else lines + " FOR UPDATE", (account_id, endpoint_id))
    if not found:
        return None
    status, url, secrets, *rest = found[0]
    return Target(status, url, orjson.loads(secrets), *rest)


def change_endpoint(account_id: str, endpoint_id: str, changes: Row) -> None:
    """Set columns of an endpoint."""
    WebhookEndpoint.update(changes).where(*_is_endpoint(account_id, endpoint_id)).execute()


def delete_endpoint(account_id: str, endpoint_id: str, now: str) -> bool:
    """Delete the endpoint with its secrets and end what was still to be sent to it; False if there is none."""
    if not WebhookEndpoint.delete().where(*_is_endpoint(account_id, endpoint_id)).execute():
        return False
    waiting = (
        (Delivery.account_id == account_id) & (Delivery.endpoint_id == endpoint_id) & (Delivery.status == "pending")
    )
    Delivery.update(status="failed", next_attempt_at=None, slot=None, finished_at=now).where(waiting).execute()
    return True


def subscribe(account_id: str, event_type: str, besides: str = "") -> list[Subscriber]:
    """Number a new delivery for each of the account's endpoints that want this type, enabled or not.

    They stay as they are until the transaction ends; one rolled back gives the numbers back.
    """
    raised = """UPDATE webhook_endpoint SET sequence = sequence + 1 WHERE account_id = ? AND event_types LIKE ?
             AND id <> ? RETURNING id, sequence, status"""
    return _subscribers(raised, (account_id, f'%"{event_type}"%', besides))


def number_deliveries(account_id: str, endpoint_id: str, count: int = 1) -> Subscriber | None:
    """Number ``count`` new deliveries for one endpoint, the last of which is returned; None if there is none such."""
    raised = """UPDATE webhook_endpoint SET sequence = sequence + ? WHERE account_id = ? AND id = ?
             RETURNING id, sequence, status"""
    return next(iter(_subscribers(raised, (count, account_id, endpoint_id))), None)


def next_sequence(account_id: str) -> int:
    """Return the account's next event number; a transaction rolled back gives its number back."""
    return _raised_sequence(account_id, 1)


def hold_sequence(account_id: str) -> None:
    """Let no event of the account be written by others until the transaction ends."""
    _raised_sequence(account_id, 0)


def add_event(row: Row) -> None:
    base.database.execute_sql(
        base.portable("INSERT INTO event (id, account_id, sequence, type, body, created_at) VALUES (?, ?, ?, ?, ?, ?)"),
        tuple(row[name] for name in ("id", "account_id", "sequence", "type", "body", "created_at")),
    )


def add_deliveries(rows: Sequence[Row]) -> None:
    Delivery.insert_many(rows).execute()


def all_rows(query: Any) -> list[Row]:
    return list(query.dicts())


def first_row(query: Any) -> Row | None:
    return next(iter(query.limit(1).dicts()), None)


def _raised_sequence(account_id: str, by: int) -> int:
    raised = """INSERT INTO event_sequence (account_id, latest) VALUES (?, ?)
             ON CONFLICT (account_id) DO UPDATE SET latest = event_sequence.latest + excluded.latest RETURNING latest"""
    return int(base.rows(raised, (account_id, by))[0][0])


def _subscribers(raised: str, parameters: tuple[Any, ...]) -> list[Subscriber]:
    return sorted(
        (
            Subscriber(endpoint_id, number, status == "enabled")
            for endpoint_id, number, status in base.rows(raised, parameters)
        ),
        key=lambda one: one.endpoint_id,
    )


def _is_endpoint(account_id: str, endpoint_id: str) -> tuple[peewee.Expression, ...]:
    return (WebhookEndpoint.account_id == account_id, WebhookEndpoint.id == endpoint_id)
