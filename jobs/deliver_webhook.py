"""Make one attempt of a delivery: prepare -> send -> record.

The request is sent with no transaction open. What it came to, the delivery's next state and the next attempt's
job are recorded in one. Killed between sending and recording, the attempt is made again with the same webhook-id:
at least once, and a receiver can tell.
"""

import random
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from core import clock, http, signing
from models import base
from models import job as queue
from models import webhook as table
from models.job import Job
from services import delivery, webhooks
from services.delivery import NextStep, Outcome

TIMEOUT_S = 15.0
CONNECT_TIMEOUT_S = 5.0
LAST_STATUS = 599  # RFC 9110 §15: what lies beyond is no status
_ERROR_LIMIT = 500
_chance = random.SystemRandom().random


@dataclass(frozen=True, slots=True)
class Message:
    """All that attempt ``number`` (from 1) of a delivery needs."""

    account_id: str
    delivery_id: str
    endpoint_id: str
    event_id: str
    number: int
    url: str
    body: bytes
    stored_secrets: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of an attempt; ``error`` is None if a whole answer came."""

    started_at: datetime
    outcome: Outcome
    status_code: int | None
    error: str | None
    body: bytes
    trace: http.Trace


def run(job: Job) -> None:
    """Make the attempt that this job stands for, unless the delivery no longer waits for one."""
    message = prepare(job)
    if message is not None:
        with base.without_connection():  # many wait for receivers at once, and others need the database
            sent = send(message)
        record(job, message, sent)


def prepare(job: Job) -> Message | None:
    """Read what to send; None if the delivery is over, or its endpoint is not enabled."""
    account_id = job.account_id or ""
    due = table.due(account_id, job.payload["delivery_id"])
    if due is None or (due.endpoint_status != "enabled" and _set_aside(job, account_id, due)):
        return None
    return Message(
        account_id, due.delivery_id, due.endpoint_id, due.event_id, due.attempts_count + 1, due.url or "",
        due.body.encode(), due.secrets,
    )  # fmt: skip


def send(message: Message) -> Sent:
    """Sign and send; whatever happens is an outcome, not an error."""
    started_at = clock.now()
    secrets = webhooks.signing_secrets(message.endpoint_id, message.stored_secrets, clock.stamp(started_at))
    signed = signing.headers(secrets, message.event_id, int(started_at.timestamp()), message.body)
    try:
        answer = webhooks.client().send(
            "POST", message.url, {"content-type": "application/json"} | signed, message.body,
            max_bytes=delivery.RESPONSE_LIMIT, timeout=TIMEOUT_S, connect_timeout=CONNECT_TIMEOUT_S,
        )  # fmt: skip
    except http.OutboundError as error:
        reason = f"{error.kind}: {error}"[:_ERROR_LIMIT]
        return Sent(started_at, Outcome(None), error.trace.status, reason, b"", error.trace)
    trace = http.Trace(answer.final_url, answer.address, answer.tls, answer.status, answer.timing)
    if answer.status > LAST_STATUS:
        return Sent(started_at, Outcome(None), None, f"protocol: there is no status {answer.status}", b"", trace)
    outcome = Outcome(answer.status, answer.headers.get("retry-after"))
    return Sent(started_at, outcome, answer.status, None, answer.body, trace)


def record(job: Job, message: Message, sent: Sent) -> None:
    """Write down the attempt and what follows from it; raise LeaseLost, having written nothing, if it is not ours."""
    now = clock.now()
    step = delivery.next_step(message.number, sent.outcome, now, _chance())
    with base.transaction():
        if step.disabled_reason:
            table.disable_endpoint(message.account_id, message.endpoint_id, step.disabled_reason, clock.stamp(now))
        still_pending = table.settle(message.account_id, message.delivery_id, **_changes(message, sent, step, now))
        queue.complete(job)
        table.Attempt.insert(_attempt(message, sent)).execute()
        if still_pending and step.next_attempt_at:
            queue.enqueue_many([webhooks.next_attempt(message.account_id, message.delivery_id, step.next_attempt_at)])


def _set_aside(job: Job, account_id: str, due: table.Due) -> bool:
    """Let the delivery wait for its endpoint, or end it if that was deleted; False if it is enabled by now."""
    with base.transaction():
        status = table.lock_endpoint(account_id, due.endpoint_id)
        if status == "enabled":
            return False
        ended = {} if status else {"status": "failed", "finished_at": clock.now_stamp()}
        table.settle(account_id, due.delivery_id, next_attempt_at=None, **ended)
        queue.complete(job)
    return True


def _attempt(message: Message, sent: Sent) -> dict[str, Any]:
    trace = sent.trace
    return {
        "account_id": message.account_id,
        "delivery_id": message.delivery_id,
        "number": message.number,
        "started_at": clock.stamp(sent.started_at),
        "duration_ms": round(trace.timing.total_ms),
        "status_code": sent.status_code,
        "error": sent.error,
        "response_body": None if sent.error else delivery.kept_text(sent.body),
        "address": str(trace.address) if trace.address else None,
        "tls": asdict(trace.tls) if trace.tls else None,
        "timing": asdict(trace.timing),
    }


def _changes(message: Message, sent: Sent, step: NextStep, now: datetime) -> dict[str, Any]:
    return {
        "status": step.status,
        "attempts_count": message.number,
        "next_attempt_at": clock.stamp(step.next_attempt_at) if step.next_attempt_at else None,
        "last_status_code": sent.status_code,
        "finished_at": None if step.status == "pending" else clock.stamp(now),
    }
