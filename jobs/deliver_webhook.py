"""Send what is due to one endpoint: take some -> send -> record, and take more, until nothing is due.

A job has one of the endpoint's slots and one request on its way at a time. Requests are sent with no transaction open
and no connection held. What several of them came to is recorded in one transaction, with the ones taken next. Killed
between sending and recording, they are sent again with the same webhook-id: at least once, and a receiver can tell.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from core import clock, http, meters, signing
from models import base, together
from models import delivery as table
from models import job as queue
from models import webhook as endpoint_table
from models.delivery import Due
from models.job import Job
from models.webhook import Target
from services import delivery, webhook_health, webhook_secrets, webhooks
from services.delivery import Health, Outcome

TIMEOUT_S = 15.0
CONNECT_TIMEOUT_S = 5.0
RUN_S = 2.0
"""After so long a job goes to the end of the line, so that other accounts have their turn."""

SLICE_S = 0.5
FIRST, MOST = 8, 25
"""A batch is recorded after so long, or so many, from the first to the most: what is sent twice if the process is
killed just then."""

LAST_STATUS = 599  # RFC 9110 §15: what lies beyond is no status
SEQUENCE_HEADER = "maptargeter-sequence"
_ERROR_LIMIT = 500
_chance = random.SystemRandom().random


@dataclass(frozen=True, slots=True)
class Work:
    """Which endpoint a job sends to, and in which of its slots."""

    job: Job
    account_id: str
    endpoint_id: str
    slot: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Deliveries taken, and all it needs to send them."""

    url: str
    keys: list[str]
    headers: dict[str, str]
    deliveries: list[Due]
    health: Health


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of an attempt; ``error_code`` and ``error`` are None if a whole answer came."""

    due: Due
    started_at: datetime
    outcome: Outcome
    status_code: int | None
    error_code: str | None
    error: str | None
    headers: dict[str, str] | None
    body: bytes
    trace: http.Trace

    @property
    def in_a_word(self) -> str:
        """The outcome for the metrics: ``2xx`` and the like, or the kind of error."""
        return self.error_code or f"{(self.status_code or 0) // 100}xx"


def run(job: Job) -> None:
    """Send until nothing is due, or for RUN_S; then another job goes on."""
    work = Work(job, job.account_id or "", job.payload["endpoint_id"], job.payload["slot"])
    end = monotonic() + RUN_S
    size = FIRST
    batch = begin(work)
    while batch:
        with base.without_connection():
            sent = send(batch)
        size = min(2 * size, MOST) if len(sent) == len(batch.deliveries) else 1
        batch = record(work, batch, sent, size if monotonic() < end else 0)


def begin(work: Work) -> Batch | None:
    """Take the first deliveries; None, with the job at its end, if there is nothing to do."""

    def write() -> Batch | None:
        return _go_on(work, endpoint_table.lock_endpoint(work.account_id, work.endpoint_id), FIRST)

    return together.write(write)


def send(batch: Batch) -> list[Sent]:
    """Sign and send one after another, until one fails or the slice is over; whatever happens is an outcome."""
    end, sent = monotonic() + SLICE_S, []
    for due in batch.deliveries:
        sent.append(_send(batch, due))
        meters.count("webhook_attempts", outcome=sent[-1].in_a_word)
        if monotonic() > end or not sent[-1].outcome.delivered:
            break
    return sent


def record(work: Work, batch: Batch, sent: Sequence[Sent], size: int) -> Batch | None:
    """Write down the attempts and what follows from them, and take up to ``size`` more.

    Raise LeaseLost, having written nothing, if this job has been given to another worker.
    """
    attempts = [_attempt(work, one) for one in sent]
    return together.write(lambda: _record(work, batch, sent, attempts, size))


def _record(work: Work, batch: Batch, sent: Sequence[Sent], attempts: list[dict[str, Any]], size: int) -> Batch | None:
    now, outcomes = clock.now(), [one.outcome for one in sent]
    may_tell = webhook_health.may_disable(batch.health, outcomes, now)
    if may_tell:
        endpoint_table.hold_sequence(work.account_id)
    target = endpoint_table.lock_endpoint(work.account_id, work.endpoint_id)
    queue.keep(work.job)
    _settle(sent, now)
    table.add_attempts(attempts)
    if target:
        target = webhook_health.note(work.account_id, work.endpoint_id, target, outcomes, now, may_tell=may_tell)
    return _go_on(work, target, size)


def _go_on(work: Work, target: Target | None, size: int) -> Batch | None:
    """Take up to ``size`` deliveries, or else end the job and see to it that another one comes when it is time."""
    now = clock.now()
    table.release(work.endpoint_id, work.slot)
    health = webhook_health.of(target)
    if target is None or target.status != "enabled":
        queue.complete(work.job)
        return None
    held = target.held_until if target.held_until and target.held_until > clock.stamp(now) else None
    taken = []
    if size and not held:
        taken = table.take(work.endpoint_id, work.slot, 1 if health.is_probed else size, clock.stamp(now))
    if not taken:
        queue.complete(work.job)
        _wake(work, now, held)
        return None
    if health.is_probed:
        probing = clock.stamp(now + timedelta(seconds=delivery.PROBE_S))
        endpoint_table.change_endpoint(work.account_id, work.endpoint_id, {"held_until": probing})
    elif size < MOST:
        _call_others(work, now)
    queue.keep(work.job)
    keys = webhook_secrets.keys(work.endpoint_id, target.secrets, clock.stamp(now))
    return Batch(target.url, keys, webhook_secrets.unseal_headers(work.endpoint_id, target.headers), taken, health)


def _wake(work: Work, now: datetime, held: str | None) -> None:
    """Have the rest sent when it is due, and not before a held endpoint is to be probed."""
    following = table.next_due(work.endpoint_id)
    if following is None:
        return
    at = clock.parse(max(following, held or ""))
    if at <= now:
        webhooks.start(work.account_id, work.endpoint_id, work.slot)
    else:
        webhooks.start(work.account_id, work.endpoint_id, 0, at)


def _call_others(work: Work, now: datetime) -> None:
    """Let other slots share what is left."""
    left = table.waiting(work.endpoint_id, webhooks.SLOTS - 1, clock.stamp(now))
    if left:
        webhooks.start(work.account_id, work.endpoint_id, work.slot + 1, count=left)


def _send(batch: Batch, due: Due) -> Sent:
    started_at = clock.now()
    signed = signing.headers(batch.keys, due.event_id, int(started_at.timestamp()), due.body)
    ours = {"content-type": "application/json", SEQUENCE_HEADER: str(due.sequence)}
    try:
        answer = webhooks.client().send(
            "POST", batch.url, batch.headers | ours | signed, due.body,
            max_bytes=delivery.RESPONSE_LIMIT, timeout=TIMEOUT_S, connect_timeout=CONNECT_TIMEOUT_S,
        )  # fmt: skip
    except http.OutboundError as error:
        return _failed(due, started_at, error.trace.status, error.kind, str(error), error.trace)
    trace = http.Trace(answer.final_url, answer.address, answer.tls, answer.status, answer.timing)
    if answer.status > LAST_STATUS:
        return _failed(due, started_at, None, "protocol", f"there is no status {answer.status}", trace)
    outcome = Outcome(answer.status, answer.headers.get("retry-after"))
    return Sent(due, started_at, outcome, answer.status, None, None, answer.headers, answer.body, trace)


def _failed(due: Due, started_at: datetime, status: int | None, code: str, error: str, trace: http.Trace) -> Sent:
    return Sent(due, started_at, Outcome(None), status, code, f"{code}: {error}"[:_ERROR_LIMIT], None, b"", trace)


def _settle(sent: Sequence[Sent], now: datetime) -> None:
    delivered = [one.due.delivery_id for one in sent if one.outcome.delivered]
    if delivered:
        table.settle_delivered(delivered, clock.stamp(now))
    for one in sent:
        if not one.outcome.delivered:
            again = delivery.next_attempt(one.due.tries, one.outcome, now, _chance())
            table.settle_failed_attempt(one.due.delivery_id, clock.stamp(again) if again else None, clock.stamp(now))


def _attempt(work: Work, sent: Sent) -> dict[str, Any]:
    trace = sent.trace
    return {
        "account_id": work.account_id,
        "delivery_id": sent.due.delivery_id,
        "number": sent.due.number,
        "started_at": clock.stamp(sent.started_at),
        "duration_ms": round(trace.timing.total_ms),
        "status_code": sent.status_code,
        "error_code": sent.error_code,
        "error": sent.error,
        "response_headers": None if sent.headers is None else delivery.kept_headers(sent.headers),
        "response_body": None if sent.error else delivery.kept_text(sent.body),
        "address": str(trace.address) if trace.address else None,
        "tls": _fields(trace.tls) if trace.tls else None,
        "timing": _fields(trace.timing),
    }


def _fields(shown: http.Tls | http.Timing) -> dict[str, Any]:
    return {name: getattr(shown, name) for name in shown.__slots__}  # plain values: asdict copies at ten times the cost
