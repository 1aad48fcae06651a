"""What an account used this month, beside what its plan allows. Every number is kept or read from an index."""

from dataclasses import dataclass
from datetime import datetime

from core import clock, ids
from models import account, lead_ledger, request_log, webhook
from services.accounts import Caller


@dataclass(frozen=True, slots=True)
class UsageLine:
    """So much ``used``, of at most ``limit`` (None: no limit)."""

    used: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class Usage:
    """Requests, scans, exports and enrichments are of the month from ``since`` to ``until``; the rest is of now."""

    since: str
    until: str
    requests: UsageLine
    scans: UsageLine
    exports: UsageLine
    enrichments: UsageLine
    leads: UsageLine
    webhook_endpoints: UsageLine
    api_keys: UsageLine


def get_usage(caller: Caller) -> Usage:
    """Return the account's usage. Requests of the last few seconds may be missing."""
    now = clock.now()
    since = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    counted = request_log.counts(caller.account_id, _month(now))
    mine, plan = caller.account_id, caller.plan
    return Usage(
        since=clock.stamp(since),
        until=clock.stamp(_next_month(since)),
        requests=UsageLine(counted.get("requests", 0), None),
        scans=UsageLine(request_log.made_since("scan", mine, ids.lowest("scan", since)), None),
        exports=UsageLine(request_log.made_since("export", mine, ids.lowest("exp", since)), None),
        enrichments=UsageLine(request_log.made_since("enrichment", mine, ids.lowest("enr", since)), None),
        leads=UsageLine(lead_ledger.count(mine), plan.leads),
        webhook_endpoints=UsageLine(webhook.count_endpoints(mine), plan.webhook_endpoints),
        api_keys=UsageLine(account.count_valid_keys(mine, clock.stamp(now)), plan.api_keys),
    )


def _month(moment: datetime) -> str:
    return clock.stamp(moment)[:7]


def _next_month(first: datetime) -> datetime:
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
