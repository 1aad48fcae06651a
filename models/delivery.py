"""Queries on events, deliveries and attempts. Plain SQL where it runs for every attempt."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import peewee

from core import ids
from models import base
from models.webhook import Attempt, Delivery, Event, Row, WebhookEndpoint, all_rows, first_row

# what a paused or disabled endpoint waits for has no time
_NEXT = peewee.Case(None, [(WebhookEndpoint.status == "enabled", Delivery.next_attempt_at)], None)
_SHOWN = (
    Delivery.id, Delivery.event_id, Event.type.alias("event_type"), Delivery.endpoint_id.alias("webhook_endpoint_id"),
    Delivery.sequence, Delivery.status, _NEXT.alias("next_attempt_at"), Delivery.created_at, Delivery.finished_at,
)  # fmt: skip
_SUMMARY = (
    Attempt.delivery_id, Attempt.number, Attempt.started_at, Attempt.duration_ms, Attempt.status_code, Attempt.error,
)  # fmt: skip
_DETAIL = (
    *_SUMMARY, Attempt.error_code, Attempt.address, Attempt.tls, Attempt.timing, Attempt.response_headers,
    Attempt.response_body,
)  # fmt: skip
_EVENT = (Event.id, Event.type, Event.sequence, Event.body, Event.created_at)
_COLUMNS = (
    "account_id", "delivery_id", "number", "started_at", "duration_ms", "status_code", "error_code", "error",
    "response_headers", "response_body", "address", "tls", "timing",
)  # fmt: skip
_INSERT_ATTEMPTS = (
    "INSERT INTO attempt (account_id, delivery_id, number, started_at, duration_ms, status_code, error_code, error,"
    " response_headers, response_body, address, tls, timing) VALUES (...)"
)


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery whose time has come. ``number`` is that of its next attempt, ``tries`` the ones made on schedule."""

    delivery_id: str
    event_id: str
    sequence: int
    number: int
    tries: int
    body: bytes


def page(account_id: str, endpoint_id: str, limit: int, after: str | None = None) -> list[Row]:
    """Return up to ``limit`` deliveries of an endpoint, newest first, from the one after ``after`` on."""
    query = _deliveries(account_id).where(Delivery.endpoint_id == endpoint_id)
    if after is not None:
        query = query.where(Delivery.id < after)
    return all_rows(query.order_by(Delivery.id.desc()).limit(limit))


def one(account_id: str, endpoint_id: str, delivery_id: str) -> Row | None:
    mine = (Delivery.endpoint_id == endpoint_id, Delivery.id == delivery_id)
    return first_row(_deliveries(account_id).where(*mine))


def attempts(account_id: str, delivery_ids: Iterable[str], *, whole: bool = False) -> list[Row]:
    """Return every attempt of these deliveries, or its summary, in the order they were made."""
    mine = (Attempt.account_id == account_id) & Attempt.delivery_id.in_(list(delivery_ids))
    query = Attempt.select(*(_DETAIL if whole else _SUMMARY)).where(mine)
    return all_rows(query.order_by(Attempt.delivery_id, Attempt.number))


def events(account_id: str, limit: int, *, after: int | None, before: int | None, types: Sequence[str]) -> list[Row]:
    """Return up to ``limit`` events: those after a sequence number in order, or else those before one, newest first."""
    query = Event.select(*_EVENT).where(Event.account_id == account_id)
    if types:
        query = query.where(Event.type.in_(list(types)))
    if after is not None:
        return all_rows(query.where(Event.sequence > after).order_by(Event.sequence).limit(limit))
    if before is not None:
        query = query.where(Event.sequence < before)
    return all_rows(query.order_by(Event.sequence.desc()).limit(limit))


def event(account_id: str, event_id: str) -> Row | None:
    query = Event.select(*_EVENT).where(Event.account_id == account_id, Event.id == event_id)
    return first_row(query)


def take(endpoint_id: str, slot: int, limit: int, now: str) -> list[Due]:
    """Let the job ``slot`` of an endpoint send up to ``limit`` deliveries that are due, longest waiting first."""
    taken = base.rows(
        base.written(
            "UPDATE delivery SET slot = ? WHERE id IN (SELECT id FROM delivery WHERE endpoint_id = ?"
            " AND status = 'pending' AND slot IS NULL AND next_attempt_at <= ? ORDER BY next_attempt_at, id LIMIT ?"
            " FOR UPDATE SKIP LOCKED)"
            " RETURNING next_attempt_at, id, event_id, sequence, attempts_count, attempts_before"
        ),
        (slot, endpoint_id, now, limit),
    )
    if not taken:
        return []
    told = tuple(row[2] for row in taken)
    bodies = dict(base.rows(base.written("SELECT id, body FROM event WHERE id IN (...)", columns=len(told)), told))
    return [
        Due(delivery_id, event_id, sequence, made + 1, made - before + 1, bodies[event_id].encode())
        for _, delivery_id, event_id, sequence, made, before in sorted(taken)
    ]


def waiting(endpoint_id: str, limit: int, now: str) -> int:
    """Count the deliveries that are due and that nobody sends yet, up to ``limit``."""
    found = base.rows(
        "SELECT COUNT(*) FROM (SELECT 1 FROM delivery WHERE endpoint_id = ? AND status = 'pending' AND slot IS NULL"
        " AND next_attempt_at <= ? LIMIT ?) AS due",
        (endpoint_id, now, limit),
    )
    return int(found[0][0])


def next_due(endpoint_id: str) -> str | None:
    """Return when the next delivery that nobody sends yet is due."""
    found = base.rows(
        "SELECT next_attempt_at FROM delivery WHERE endpoint_id = ? AND status = 'pending' AND slot IS NULL"
        " ORDER BY next_attempt_at LIMIT 1",
        (endpoint_id,),
    )
    return str(found[0][0]) if found else None


def release(endpoint_id: str, slot: int) -> None:
    """Let others send what the job ``slot`` had taken."""
    _execute("UPDATE delivery SET slot = NULL WHERE endpoint_id = ? AND slot = ?", (endpoint_id, slot))


def settle_delivered(delivery_ids: Sequence[str], now: str) -> None:
    """End those of these deliveries that are still pending."""
    _execute(
        base.written(
            "UPDATE delivery SET status = 'delivered', attempts_count = attempts_count + 1, next_attempt_at = NULL,"
            " slot = NULL, finished_at = ? WHERE status = 'pending' AND id IN (...)",
            columns=len(delivery_ids),
        ),
        (now, *delivery_ids),
    )


def settle_failed_attempt(delivery_id: str, next_attempt_at: str | None, now: str) -> None:
    """Count an attempt of a delivery that is still pending; without a next one it has failed."""
    _execute(
        "UPDATE delivery SET status = ?, attempts_count = attempts_count + 1, next_attempt_at = ?, slot = NULL,"
        " finished_at = ? WHERE status = 'pending' AND id = ?",
        ("pending" if next_attempt_at else "failed", next_attempt_at, None if next_attempt_at else now, delivery_id),
    )


def add_attempts(rows: Sequence[Row]) -> None:
    """Write attempts, in one statement."""
    insert = base.written(_INSERT_ATTEMPTS, columns=len(_COLUMNS), rows=len(rows))
    _execute(insert, tuple(_plain(row[name]) for row in rows for name in _COLUMNS))


def send_again(account_id: str, endpoint_id: str, delivery_id: str, now: str) -> None:
    """Begin the schedule of a delivery anew, whatever became of it."""
    _execute(
        "UPDATE delivery SET status = 'pending', attempts_before = attempts_count, next_attempt_at = ?,"
        " finished_at = NULL WHERE account_id = ? AND endpoint_id = ? AND id = ?",
        (now, account_id, endpoint_id, delivery_id),
    )


def send_failed_again(
    account_id: str, endpoint_id: str, span: tuple[str, str], limit: int, most_attempts: int, now: str
) -> int:
    """Begin anew with up to ``limit`` failed deliveries of what happened from the first to before the second moment."""
    text = base.written(
        "UPDATE delivery SET status = 'pending', attempts_before = attempts_count, next_attempt_at = ?,"
        " finished_at = NULL WHERE id IN (SELECT id FROM delivery d WHERE account_id = ? AND endpoint_id = ?"
        " AND status = 'failed' AND attempts_count < ? AND EXISTS (SELECT 1 FROM event e WHERE e.id = d.event_id"
        " AND e.created_at >= ? AND e.created_at < ?) ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED)"
    )
    return _execute(text, (now, account_id, endpoint_id, most_attempts, *span, limit))


def never_sent(account_id: str, endpoint_id: str, span: tuple[str, str], types: Sequence[str], limit: int) -> list[str]:
    """Return up to ``limit`` ids of events of these types that the endpoint has no delivery of, oldest first.

    None is forgotten before the transaction ends.
    """
    text = base.written(
        "SELECT e.id FROM event e WHERE e.account_id = ? AND e.created_at >= ? AND e.created_at < ? AND e.type IN (...)"
        " AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.event_id = e.id AND d.endpoint_id = ?)"
        " ORDER BY e.sequence LIMIT ? FOR UPDATE SKIP LOCKED",
        columns=len(types),
    )
    return [str(row[0]) for row in base.rows(text, (account_id, *span, *types, endpoint_id, limit))]


def give_up(before: str, limit: int, now: str) -> int:
    """End up to ``limit`` deliveries whose endpoint was not enabled when they were due, before a moment, nor is now.

    Return how many.
    """
    text = base.written(
        "UPDATE delivery SET status = 'failed', next_attempt_at = NULL, finished_at = ? WHERE id IN"
        " (SELECT id FROM delivery WHERE status = 'pending' AND slot IS NULL AND next_attempt_at < ? AND endpoint_id IN"
        " (SELECT id FROM webhook_endpoint WHERE status <> 'enabled') LIMIT ? FOR UPDATE SKIP LOCKED)"
    )
    return _execute(text, (now, before, limit))


def forget_events(before: datetime, limit: int) -> int:
    """Delete up to ``limit`` events from before a moment with all their deliveries and attempts; return how many.

    None is deleted that is still to be sent, or just now sent again.
    """
    old = base.written(
        "SELECT id FROM event e WHERE id < ? AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.event_id = e.id"
        " AND d.status = 'pending') ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED"
    )
    parameters = (ids.lowest("evt", before), limit)
    if not base.rows(old.removesuffix(" FOR UPDATE SKIP LOCKED"), parameters):
        return 0
    with base.transaction():
        events_ = [event_id for (event_id,) in base.rows(old, parameters)]
        ended = "DELETE FROM delivery WHERE event_id IN (...) AND status <> 'pending' RETURNING id"
        deliveries = _among(ended, events_)
        _among("DELETE FROM attempt WHERE delivery_id IN (...) RETURNING delivery_id", deliveries)
        untold = "NOT EXISTS (SELECT 1 FROM delivery d WHERE d.event_id = event.id)"
        return len(_among(" ".join(("DELETE FROM event WHERE id IN (...) AND", untold, "RETURNING id")), events_))


def release_orphans(kind: str) -> None:
    """Let others send what jobs of ``kind`` had taken that have since died or were cancelled."""
    _execute(
        "UPDATE delivery SET slot = NULL WHERE slot IS NOT NULL AND NOT EXISTS (SELECT 1 FROM job WHERE kind = ?"
        " AND dedupe_key = delivery.endpoint_id || ':' || delivery.slot AND state <> 'dead')",
        (kind,),
    )


def overdue(since: str) -> list[tuple[str, str]]:
    """Return (account, endpoint) of the enabled endpoints with a delivery that should have begun by then."""
    found = base.rows(
        "SELECT w.account_id, w.id FROM webhook_endpoint w WHERE w.status = 'enabled' AND EXISTS (SELECT 1"
        " FROM delivery d WHERE d.endpoint_id = w.id AND d.status = 'pending' AND d.slot IS NULL"
        " AND d.next_attempt_at <= ?) AND (w.held_until IS NULL OR w.held_until <= ?)",
        (since, since),
    )
    return [(str(account_id), str(endpoint_id)) for account_id, endpoint_id in found]


def _deliveries(account_id: str) -> Any:
    query = Delivery.select(*_SHOWN).join(Event, on=(Event.id == Delivery.event_id)).switch(Delivery)
    query = query.join(WebhookEndpoint, peewee.JOIN.LEFT_OUTER, on=(WebhookEndpoint.id == Delivery.endpoint_id))
    return query.where(Delivery.account_id == account_id)


def _among(text: str, chosen: Sequence[str]) -> list[str]:
    """Run a statement on these ids, some hundred at a time; return what it returns."""
    found: list[str] = []
    for chunk in peewee.chunked(chosen, 500):
        part = tuple(chunk)
        found += [one for (one,) in base.rows(base.written(text, columns=len(part)), part)]
    return found


def _execute(text: str, parameters: tuple[Any, ...]) -> int:
    return int(base.database.execute_sql(base.portable(text), parameters).rowcount)


def _plain(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict) else value
