"""What was delivered to an endpoint, and what the customer can do about what was not.

A delivery that failed, or was never made, is not lost: the event is kept, and can be sent again with the same
``webhook-id``.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from core import clock, ids
from core.errors import Conflict, NotFound
from models import base
from models import delivery as table
from models import webhook as endpoint_table
from services import pages, webhook_endpoints, webhooks
from services.accounts import Caller
from services.pages import Page

QUEUED_FOR = timedelta(days=30)
"""So long a delivery waits for an endpoint that is paused or disabled."""

KEPT = timedelta(days=60)
"""So long an event is kept with its deliveries, and longer while one is to be sent. What waited in vain for an endpoint
can be recovered for as long again.
"""

MOST_ATTEMPTS = 90
RECOVERED_AT_ONCE = 1000
OVERDUE = timedelta(minutes=2)
_SWEPT = 1000


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
    sequence: int
    status: str
    attempts: list[Any]
    next_attempt_at: str | None
    created_at: str
    finished_at: str | None


@dataclass(frozen=True, slots=True)
class Recovery:
    """How many deliveries were queued, and whether there may be more to recover.

    ``kept_since``: what happened before that moment is forgotten, and cannot be recovered.
    """

    recovered: int
    has_more: bool
    kept_since: str


def page(caller: Caller, endpoint_id: str, limit: int, cursor: str | None = None) -> Page:
    """Return a page of an endpoint's ``Delivery``s with their attempts, newest first; raise NotFound."""

    def fetch(count: int, after: str | None) -> list[Delivery]:
        rows = table.page(caller.account_id, endpoint_id, count, after)
        made: dict[str, list[Attempt]] = {row["id"]: [] for row in rows}
        for attempt in table.attempts(caller.account_id, made):
            made[attempt.pop("delivery_id")].append(Attempt(**attempt))
        return [Delivery(attempts=made[row["id"]], **row) for row in rows]

    webhook_endpoints.get(caller, endpoint_id)
    operation = f"list_deliveries {endpoint_id}"
    return pages.newest_first(caller, operation, limit, cursor, fetch, lambda row: str(row.id))


def get(caller: Caller, endpoint_id: str, delivery_id: str) -> Delivery:
    """Return a delivery with all that is known of each attempt, as plain rows: address, TLS, times, the answer.

    Raise NotFound unless this delivery is one of this endpoint's.
    """
    row = table.one(caller.account_id, endpoint_id, delivery_id)
    if row is None:
        raise NotFound("There is no delivery with this id.")
    return Delivery(attempts=table.attempts(caller.account_id, [delivery_id], whole=True), **row)


def send_test_event(caller: Caller, endpoint_id: str) -> Delivery:
    """Send a ``webhook.test`` event to this endpoint, signed and logged like any other; return its delivery.

    Raise NotFound, or Conflict for an endpoint that is not enabled.
    """
    endpoint = webhook_endpoints.get(caller, endpoint_id)
    with base.transaction():
        data = {"webhook_endpoint": {"id": endpoint.id, "url": endpoint.url}}
        event_id, now = webhooks.write_event(caller.account_id, webhooks.TEST, data)
        _require_enabled(caller, endpoint_id)
        subscriber = endpoint_table.number_deliveries(caller.account_id, endpoint_id)
        _let_through(caller, endpoint_id)
        [delivery_id] = webhooks.write_deliveries(caller.account_id, event_id, [subscriber] if subscriber else [], now)
    return get(caller, endpoint_id, delivery_id)


def redeliver(caller: Caller, endpoint_id: str, delivery_id: str) -> Delivery:
    """Send a delivery again, now and with its whole schedule, whatever became of it; return it.

    Raise NotFound, or Conflict for an endpoint that is not enabled and for a delivery with too many attempts.
    """
    with base.transaction():
        _require_enabled(caller, endpoint_id)
        made = len(get(caller, endpoint_id, delivery_id).attempts)
        if made >= MOST_ATTEMPTS:
            raise Conflict(f"This delivery was attempted {made} times; no more than {MOST_ATTEMPTS} are made.")
        table.send_again(caller.account_id, endpoint_id, delivery_id, clock.now_stamp())
        _let_through(caller, endpoint_id)
        webhooks.start(caller.account_id, endpoint_id)
    return get(caller, endpoint_id, delivery_id)


def recover(caller: Caller, endpoint_id: str, since: str, until: str | None = None) -> Recovery:
    """Send what failed, or was never sent although the endpoint wants it now, of what happened since a moment.

    At most RECOVERED_AT_ONCE, the oldest first; call it again for more. Raise NotFound, or Conflict for an
    endpoint that is not enabled.
    """
    now = clock.now_stamp()
    span = (clock.stamp(clock.parse(since)), clock.stamp(clock.parse(until)) if until else now)
    with base.transaction():
        _require_enabled(caller, endpoint_id)
        wanted = webhook_endpoints.get(caller, endpoint_id).event_types
        count = table.send_failed_again(
            caller.account_id, endpoint_id, span, RECOVERED_AT_ONCE, MOST_ATTEMPTS, now
        )  # fmt: skip
        missing = table.never_sent(caller.account_id, endpoint_id, span, wanted, RECOVERED_AT_ONCE - count)
        _add(caller, endpoint_id, missing, now)
        _let_through(caller, endpoint_id)
        webhooks.start(caller.account_id, endpoint_id)
    count += len(missing)
    return Recovery(count, count >= RECOVERED_AT_ONCE, clock.stamp(clock.now() - KEPT))


def give_up_old() -> None:
    """End what has waited too long for its endpoint to be enabled."""
    now, wanted = clock.now(), _SWEPT
    while wanted == _SWEPT:
        with base.transaction():
            wanted = table.give_up(clock.stamp(now - QUEUED_FOR), _SWEPT, clock.stamp(now))


def start_overdue() -> None:
    """See to it that what is due is sent even if the jobs that should have done so died or were cancelled."""
    with base.transaction():
        table.release_orphans(webhooks.DELIVER)
        for account_id, endpoint_id in table.overdue(clock.stamp(clock.now() - OVERDUE)):
            webhooks.start(account_id, endpoint_id)


def _require_enabled(caller: Caller, endpoint_id: str) -> None:
    """Hold the endpoint until the transaction ends."""
    target = endpoint_table.lock_endpoint(caller.account_id, endpoint_id)
    if target is None:
        raise NotFound("There is no webhook endpoint with this id.")
    if target.status != "enabled":
        raise Conflict(f"This webhook endpoint is {target.status}: nothing is sent to it.")


def _let_through(caller: Caller, endpoint_id: str) -> None:
    """Do not wait until an endpoint that kept failing would be probed."""
    endpoint_table.change_endpoint(caller.account_id, endpoint_id, {"held_until": None})


def _add(caller: Caller, endpoint_id: str, event_ids: list[str], now: str) -> None:
    if not event_ids:
        return
    last = endpoint_table.number_deliveries(caller.account_id, endpoint_id, len(event_ids))
    first = (last.sequence if last else 0) - len(event_ids) + 1
    endpoint_table.add_deliveries(
        [
            {
                "id": ids.new("dlv"), "account_id": caller.account_id, "event_id": event_id,
                "endpoint_id": endpoint_id, "sequence": number, "status": "pending", "next_attempt_at": now,
                "created_at": now,
            }
            for number, event_id in enumerate(event_ids, first)
        ]
    )  # fmt: skip
