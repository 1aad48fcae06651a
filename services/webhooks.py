"""Telling customers what happened: events, written with the change they tell of.

``emit`` sends nothing. It writes the event, its deliveries and a job in the caller's transaction, so an event is told
if and only if the change was committed. The deliveries of an endpoint are its queue: up to SLOTS jobs of the endpoint,
each with a number of its own, send what is due (``jobs.deliver_webhook``), so no more requests than that are ever on
their way to it, however many processes there are.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from core import clock, config, http, ids
from models import base, job
from models import webhook as table
from models.webhook import Subscriber
from services import event_bodies

SCAN_COMPLETED = "scan.completed"
EXPORT_READY = "export.ready"
ENRICHMENT_BATCH_DONE = "enrichment.batch_done"
ENDPOINT_DISABLED = "webhook_endpoint.disabled"
TEST = "webhook.test"  # goes to one endpoint, whatever it subscribed to
DELIVER = "deliver_webhook"  # the kind of job that sends what is due to one endpoint
SLOTS = 5
USER_AGENT = "MapTargeter-Webhooks/1.0"


def emit(account_id: str, event_type: str, data: dict[str, Any], *, besides: str = "") -> str:
    """Write an event for every endpoint of the account that subscribed to its type; return the event's id.

    ``data`` is what happened, such as ``{"scan": {...}}``. Call it last in the transaction that made it
    true: until that ends, the account's other events wait for this one's sequence number. The endpoint ``besides``
    is not told.
    """
    event_id, now = write_event(account_id, event_type, data)
    write_deliveries(account_id, event_id, table.subscribe(account_id, event_type, besides), now)
    return event_id


def write_event(account_id: str, event_type: str, data: dict[str, Any]) -> tuple[str, str]:
    """Write an event that nobody is told of yet; return its id and time."""
    if not base.database.in_transaction():
        raise RuntimeError("an event is written in the transaction of what it tells of")
    event_id, now, sequence = ids.new("evt"), clock.now_stamp(), table.next_sequence(account_id)
    facts = {"id": event_id, "account_id": account_id, "sequence": sequence}
    body = event_bodies.message(event_type, now, facts, data, config.current().public_url).decode()
    table.add_event(
        {
            "id": event_id, "account_id": account_id, "sequence": sequence, "type": event_type, "body": body,
            "created_at": now,
        }
    )  # fmt: skip
    return event_id, now


def write_deliveries(account_id: str, event_id: str, subscribers: Iterable[Subscriber], now: str) -> list[str]:
    """Write one delivery for each; return their ids. What is not enabled gets them too, and they wait."""
    subscribers = list(subscribers)
    rows = [
        {
            "id": ids.new("dlv"), "account_id": account_id, "event_id": event_id, "endpoint_id": one.endpoint_id,
            "sequence": one.sequence, "status": "pending", "next_attempt_at": now, "created_at": now,
        }
        for one in subscribers
    ]  # fmt: skip
    if rows:
        table.add_deliveries(rows)
        for one in subscribers:
            if one.enabled:  # each in another slot, so that one that hangs does not hold up the next
                start(account_id, one.endpoint_id, one.sequence % SLOTS)
    return [str(row["id"]) for row in rows]


def start(account_id: str, endpoint_id: str, slot: int = 0, at: datetime | None = None, *, count: int = 1) -> None:
    """Have what is due to an endpoint sent now, or at a later moment, by ``count`` of its jobs from ``slot`` on.

    The transaction must hold the endpoint: a job that finds nothing more to send ends while it holds it, too.
    """
    slots = [(slot + number) % SLOTS for number in range(min(count, SLOTS))]
    keys = [f"{endpoint_id}:{one}" for one in slots]
    payloads = [{"endpoint_id": endpoint_id, "slot": one} for one in slots]
    job.enqueue_many(
        [job.New(DELIVER, payload, account_id, key=key, run_at=at) for payload, key in zip(payloads, keys, strict=True)]
    )
    if 0 in slots:  # the only one that ever waits for later
        job.hasten(DELIVER, f"{endpoint_id}:0", at)


def client() -> http.Client:
    """Return this process's client for webhooks, which keeps connections to receivers open."""
    return _client(config.current().outbound_allow)


@cache
def _client(allow: tuple[config.Network, ...]) -> http.Client:
    return http.Client(allow, USER_AGENT)
