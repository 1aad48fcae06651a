"""Makes an account as big as the largest plan allows, with everything around its leads that pages show.

Usage: python -m benchmarks.big_account DATABASE_URL [--leads 1000000]

Takes 1.2 ms of one core and 6 kB of disk for each lead. The leads are those of ``benchmarks.big_leads``; around them
are a year of scans, exports and enrichments, of each one that is still under way, 20,000 deliveries, 200,000 requests
of the API, 20,000 audit entries, 100,000 changes of one scan, members, keys, tickets and suppressions. Prints the token
of the owner's session, which ``benchmarks.pages`` asks for.
"""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import peewee

from benchmarks import big_leads
from core import clock, config, ids
from models import (
    audit,
    base,
    enrichment,
    export,
    migrations,
    request_log,
    scan,
    schedule,
    suppression,
    ticket,
    webhook,
)
from models.lead import LeadChange
from services import accounts, api_keys, export_options, merging, places, saved_searches, sessions, users
from services.accounts import Caller

Row = dict[str, Any]
EMAIL = "big@example.com"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is of everything that is not a lead."""

    scans: int = 400
    exports: int = 300
    enrichments: int = 100
    results: int = 20_000
    endpoints: int = 20
    events: int = 20_000
    requests: int = 200_000
    entries: int = 20_000
    suppressions: int = 3_000
    changes: int = 100_000
    keys: int = 150
    members: int = 40
    tickets: int = 300
    searches: int = 60
    schedules: int = 60


USUAL = Sizes()
_AREA = {"bbox": [2.2, 48.8, 2.5, 48.95]}
_CHUNK = 50


def main() -> None:
    given = _arguments()
    config.configure(config.Settings.from_env({}))
    sqlite = given.database_url.startswith("sqlite")
    base.connect(given.database_url, pragmas={"synchronous": "off", "cache_size": -1_000_000} if sqlite else None)
    with base.connection():
        migrations.migrate()
        places.import_file(big_leads.SAMPLE)
        caller = accounts.create(EMAIL, "enterprise")
        scan_ids = new_ids("scan", USUAL.scans)
        big_leads.fill(caller, given.leads, scan_ids)
        print(surround(caller, scan_ids))


def surround(caller: Caller, scan_ids: list[str], sizes: Sizes = USUAL) -> str:
    """Give an account everything that is not a lead; return the token of its owner's session."""
    sql = "SELECT id FROM lead WHERE account_id = ? LIMIT ?"
    lead_ids = [lead_id for (lead_id,) in base.rows(sql, (caller.account_id, sizes.changes))]
    with base.transaction():
        owner = users.add(EMAIL, None, caller.account_id, "owner")
        for step in (_work, _webhooks, _log, _people, _schedules):
            step(caller, sizes)
        _scans(caller, scan_ids, lead_ids)
        _results(caller, sizes, lead_ids[: sizes.results])
    return sessions.start(owner.id, caller.account_id, "127.0.0.1", "benchmark")


def _scans(caller: Caller, scan_ids: list[str], lead_ids: list[str]) -> None:
    counts = dict.fromkeys(merging.COUNTS, 2_500)
    rows = (
        {
            "id": scan_id, "account_id": caller.account_id, "name": f"Scan {number}", "status": "completed",
            "area": _AREA, "area_km2": 370.0, "categories": [], "counts": counts, "tiles_total": 200,
            "tiles_done": 200, "error": None, "sources": [], "schedule_id": None, **_times(number),
        }
        for number, scan_id in enumerate(scan_ids)
    )  # fmt: skip
    _add(scan.Scan, _last_under_way(rows, tiles_done=40))
    name = {"name": {"from": "Café", "to": "Café Engel"}}
    _add(
        LeadChange,
        (
            {
                "account_id": caller.account_id, "lead_id": lead_id, "cause": "scan", "cause_id": scan_ids[0],
                "change": "changed", "fields": name, "at": clock.now_stamp(),
            }
            for lead_id in lead_ids
        ),
    )  # fmt: skip


def _work(caller: Caller, sizes: Sizes) -> None:
    options = export_options.Options().document()
    rows = (
        {
            "id": made, "account_id": caller.account_id, "status": "completed", "format": "csv",
            "filters": {"category": {"eq": "cafe"}}, "fields": ["name"], "columns": [], "options": options,
            "rows_done": 40_000, "rows_total": 40_000, "row_count": 40_000, "bytes": 4_000_000, "sha256": "0" * 64,
            "files": [], "credits": {}, "ledger_key": None, "snapshot_at": clock.now_stamp(), "error": None,
            "expires_at": clock.stamp(clock.now() + timedelta(days=7)), **_times(number),
        }
        for number, made in enumerate(new_ids("exp", sizes.exports))
    )  # fmt: skip
    _add(export.Export, _last_under_way(rows, files=None, row_count=None, bytes=None, sha256=None))


def _results(caller: Caller, sizes: Sizes, lead_ids: list[str]) -> None:
    whole, half = sizes.results, sizes.results // 2
    rows = [
        {
            "id": made, "account_id": caller.account_id, "status": "completed", "filters": {"city": {"eq": "Paris"}},
            "lead_ids": None, "max_age_days": 30, "leads_total": whole, "leads_done": whole, "sites_total": whole,
            "sites_done": whole, "counts": {"done": whole}, "found": {"emails": whole}, "requests": 4 * whole,
            "error": None, **_times(number),
        }
        for number, made in enumerate(new_ids("enr", sizes.enrichments))
    ]  # fmt: skip
    _add(enrichment.Enrichment, _last_under_way(iter(rows), leads_done=half, sites_done=half, counts={"done": half}))
    for batch, done in ((rows[0]["id"], whole), (rows[-1]["id"], half)):
        _add(
            enrichment.EnrichmentLead, (_lead(batch, number, lead_id, done) for number, lead_id in enumerate(lead_ids))
        )
        _add(enrichment.EnrichmentSite, (_site(batch, number, done) for number in range(len(lead_ids))))


def _lead(batch: str, number: int, lead_id: str, done: int) -> Row:
    return {
        "enrichment_id": batch, "number": number, "lead_id": lead_id, "website": f"https://site{number}.example/",
        "site_key": f"site{number}.example", "country": "FR", "kind": "own",
        "status": "done" if number < done else None,
    }  # fmt: skip


def _site(batch: str, number: int, done: int) -> Row:
    host, is_done = f"site{number}.example", number < done
    value = {
        "field": "emails", "value": f"info@{host}", "kind": "role", "status": "syntax_ok", "confidence": 0.95,
        "source_url": f"https://{host}/contact", "method": "mailto", "seen_at": clock.now_stamp(),
    }  # fmt: skip
    result: Row = {"kind": "own", "check": None, "values": [value], "columns": {}, "site": None, "legal": None}
    state = "done" if is_done else "fetching" if number % 50 == 0 else "queued"
    return {
        "enrichment_id": batch, "key": host, "country": "FR", "host": host, "url": f"https://{host}/", "moves": [],
        "leads": 1, "state": state, "status": "done" if is_done else None, "result": result if is_done else None,
        "error": None, "finished_at": clock.now_stamp() if is_done else None,
    }  # fmt: skip


def _webhooks(caller: Caller, sizes: Sizes) -> None:
    mine, now = {"account_id": caller.account_id}, clock.now_stamp()
    endpoints = new_ids("whe", sizes.endpoints)
    about = {"description": "CRM", "event_types": ["scan.completed"], "status": "enabled", "secrets": []}
    times = {"created_at": now, "updated_at": now}
    _add(
        webhook.WebhookEndpoint,
        (mine | about | times | {"id": made, "url": f"https://crm.example/{made}"} for made in endpoints),
    )
    body = '{"type":"scan.completed","timestamp":"2026-11-24T04:38:00.123Z","data":{"scan":{"name":"Paris"}}}'
    events = list(enumerate(new_ids("evt", sizes.events), start=1))
    told = {"type": "scan.completed", "body": body, "created_at": now}
    _add(webhook.Event, (mine | told | {"id": made, "sequence": number} for number, made in events))
    _add(webhook.EventSequence, [mine | {"latest": sizes.events}])
    sent = {
        "endpoint_id": endpoints[0],
        "status": "delivered",
        "attempts_count": 1,
        "created_at": now,
        "finished_at": now,
    }
    deliveries = list(zip(new_ids("dlv", sizes.events), events, strict=True))
    _add(
        webhook.Delivery,
        (mine | sent | {"id": made, "event_id": event, "sequence": number} for made, (number, event) in deliveries),
    )
    tried = {"number": 1, "started_at": now, "duration_ms": 80, "status_code": 200, "response_body": "ok"}
    _add(webhook.Attempt, (mine | tried | {"delivery_id": made} for made, _ in deliveries))


def _log(caller: Caller, sizes: Sizes) -> None:
    mine, now = {"account_id": caller.account_id}, clock.now_stamp()
    asked = {
        "key_id": "key_" + "0" * 26,
        "at": now,
        "method": "GET",
        "path": "/leads",
        "duration_ms": 12,
        "address": "192.0.2.1",
    }
    rows = (
        {
            "id": made,
            "status": 429 if number % 500 == 0 else 200,
            "error_code": "rate_limited" if number % 500 == 0 else None,
        }
        for number, made in enumerate(new_ids("req", sizes.requests, days=29))
    )
    _add(request_log.RequestLog, (mine | asked | row | {"target": "/v1/leads?query=cafe&limit=50"} for row in rows))
    request_log.count(caller.account_id, now[:7], "requests", sizes.requests)
    done = {"at": now, "action": "api_key.created", "actor": "key_" + "0" * 26, "target_id": "key_" + "1" * 26}
    changes = [{"field": "name", "before": None, "after": "CI"}]
    _add(audit.AuditEntry, (mine | done | {"id": made, "changes": changes} for made in new_ids("aud", sizes.entries)))
    shut = {"kind": "domain", "reason": "objection", "leads_removed": 1, "created_at": now}
    _add(
        suppression.Suppression,
        (mine | shut | {"id": made, "value": f"{made[-20:]}.example"} for made in new_ids("sup", sizes.suppressions)),
    )


def _people(caller: Caller, sizes: Sizes) -> None:
    now = clock.now_stamp()
    for number in range(sizes.members):
        users.add(f"member{number}@example.com", None, caller.account_id, "member")
    for number in range(sizes.keys):
        api_keys.create(caller, f"Program {number}", api_keys.SCOPES)
    for number in range(sizes.searches):
        saved_searches.save(caller, f"Cafés {number}", f"category=cafe&city=Paris&query=bar{number}")
    asked = {
        "account_id": caller.account_id,
        "subject": "A question",
        "status": "open",
        "created_at": now,
        "updated_at": now,
    }
    tickets = new_ids("tkt", sizes.tickets)
    _add(ticket.Ticket, (asked | {"id": made} for made in tickets))
    said = {"ticket_id": tickets[0], "author": EMAIL, "body": "What does this mean?", "created_at": now}
    _add(ticket.TicketMessage, (said | {"id": made} for made in new_ids("msg", sizes.tickets)))


def _schedules(caller: Caller, sizes: Sizes) -> None:
    now = clock.now_stamp()
    about = {
        "account_id": caller.account_id, "name": "Weekly", "area": _AREA, "categories": [], "status": "active",
        "recurrence": {"every_hours": 168}, "created_at": now, "updated_at": now,
        "next_run_at": "2999-01-01T00:00:00.000Z",
    }  # fmt: skip
    _add(schedule.Schedule, (about | {"id": made} for made in new_ids("sch", sizes.schedules)))


def _last_under_way(rows: Iterator[Row], **values: Any) -> Iterator[Row]:
    """Give the rows, the last of them as what still runs."""
    before = next(rows)
    for row in rows:
        yield before
        before = row
    yield before | values | {"status": "running", "finished_at": None}


def _times(number: int) -> Row:
    return dict.fromkeys(
        ("created_at", "started_at", "finished_at"), clock.stamp(clock.now() - timedelta(hours=number))
    )


def new_ids(prefix: str, count: int, days: int = 365) -> list[str]:
    """Return ids of things that were made one after the other until now."""
    first, step = clock.now() - timedelta(days=days), timedelta(days=days) / count
    return [ids.lowest(prefix, first + number * step) for number in range(count)]


def _add(model: type[peewee.Model], rows: Iterable[Row]) -> None:
    for chunk in peewee.chunked(rows, _CHUNK):
        model.insert_many(chunk).execute()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database_url", help="sqlite:///path or postgresql://..., with nothing in it")
    parser.add_argument("--leads", type=int, default=1_000_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
