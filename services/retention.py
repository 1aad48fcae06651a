"""How long what would only grow is kept, and forgetting it afterwards.

Every table is bounded by its customers' doing, or stands here; ``docs/operations.md`` has the whole list, and a test
holds it to this one. A rule deletes a little at a time, each time in a transaction of its own, so nobody waits for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from core import clock
from models import delivery, export, retention
from models.retention import Old
from services import enriching, idempotency, job_care, request_log, sessions, webhook_deliveries

RECORDS = timedelta(days=400)
"""What tells of work and of people's doing: a year, and time to look back on it."""

AT_ONCE = 500

Forget = Callable[[datetime, int], int]
"""Deletes up to so many rows that are old by a moment, and returns how many; 0 only if there are none left."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows are kept for so long after they ended, and then forgotten by each of ``forget`` in turn."""

    name: str
    kept: timedelta
    forget: tuple[Forget, ...]


def purge(rule: Rule) -> int:
    """Forget what a rule says is to be forgotten by now; return how many rows."""
    before, gone = clock.now() - rule.kept, 0
    for forget in rule.forget:
        while number := forget(before, AT_ONCE):
            gone += number
    return gone


def _of(*tables: Old) -> tuple[Forget, ...]:
    return tuple(partial(retention.forget, old) for old in tables)


RULES = (
    Rule("idempotency_keys", idempotency.LIFETIME + idempotency.GRACE, _of(retention.ANSWERS)),
    Rule("sessions", sessions.IDLE, _of(retention.SESSIONS, retention.LINKS)),
    Rule("requests", request_log.KEPT, _of(retention.REQUESTS)),
    Rule("dead_jobs", job_care.DEAD_KEPT, _of(retention.DEAD_JOBS)),
    Rule("events", webhook_deliveries.KEPT, (delivery.forget_events,)),
    Rule("enrichments", enriching.KEPT, _of(
        retention.ENRICHED_LEADS, retention.ENRICHED_SITES, retention.ENRICHMENTS
    )),
    Rule("websites", enriching.FORGOTTEN, _of(retention.SITES, retention.HOSTS)),
    Rule("scan_tiles", timedelta(0), _of(retention.TILES)),
    Rule("scans", RECORDS, _of(retention.SCANS)),
    Rule("exports", RECORDS, (export.forget,)),
    Rule("audit_log", RECORDS, _of(retention.AUDIT)),
    Rule("api_keys", RECORDS, _of(retention.KEYS)),
    Rule("tickets", RECORDS, _of(retention.MESSAGES, retention.TICKETS)),
)  # fmt: skip
