"""What would only grow is kept as long as we say, and never forgotten while it is owed, on both databases."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core import clock, ids
from core.errors import NotFound
from models import account as account_table
from models import audit, base, enrichment, enrichment_web, export, scan, schema, ticket, user, webhook
from models.base import Model
from services import (
    accounts,
    export_files,
    exports,
    retention,
    webhook_deliveries,
    webhook_endpoints,
    webhooks,
)  # fmt: skip
from services import events as events_service
from services.accounts import Caller
from services.webhook_endpoints import CheckedUrl, Wanted
from tests.forgetting import forget

pytestmark = pytest.mark.usefixtures("database")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture
def alice() -> Caller:
    at(0)
    return accounts.create("alice@example.com", "pro")


def at(days: float) -> None:
    clock.set_source(lambda: NOON + timedelta(days=days))


def stamp(days: float) -> str:
    return clock.stamp(NOON + timedelta(days=days))


def made(prefix: str, days: float) -> str:
    return ids.lowest(prefix, NOON + timedelta(days=days))


def subscribe(caller: Caller) -> str:
    wanted = Wanted(CheckedUrl("https://example.com/hooks"), ["scan.completed"])
    return webhook_endpoints.create(caller, wanted)[0].id


def emit(caller: Caller) -> str:
    with base.transaction():
        return webhooks.emit(caller.account_id, "scan.completed", {"scan": {"id": "scan_1"}})


def end(event_id: str, status: str = "delivered") -> None:
    """End the deliveries of an event after two attempts."""
    mine = webhook.Delivery.event_id == event_id
    ended = {"status": status, "next_attempt_at": None, "attempts_count": 2, "finished_at": clock.now_stamp()}
    webhook.Delivery.update(**ended).where(mine).execute()
    for delivery in webhook.Delivery.select().where(mine):
        for number in (1, 2):
            webhook.Attempt.insert(
                account_id=delivery.account_id, delivery_id=delivery.id, number=number, started_at=clock.now_stamp(),
                duration_ms=5, status_code=500,
            ).execute()  # fmt: skip


def count(table: type[Model]) -> int:
    return int(table.select().count())


def test_an_event_is_forgotten_with_its_deliveries_and_attempts(alice: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    endpoint_ids = [subscribe(alice), subscribe(alice)]
    old = [emit(alice) for _ in range(5)]
    for event_id in old:
        end(event_id, "failed")
    delivery_id = webhook_deliveries.page(alice, endpoint_ids[0], 10).rows[0].id
    at(30)
    young = emit(alice)
    end(young)
    at(59.9)
    assert forget("events") == 0
    at(60.1)
    assert forget("events") == 5
    assert [count(each) for each in (webhook.Event, webhook.Delivery, webhook.Attempt)] == [1, 2, 4]
    assert [one.id for one in events_service.page(alice, 10).rows] == [young]
    assert [one.id for one in events_service.page(alice, 10, after_sequence=1).rows] == [young]
    for ask in (
        lambda: events_service.get(alice, old[0]),
        lambda: webhook_deliveries.get(alice, endpoint_ids[0], delivery_id),
        lambda: webhook_deliveries.redeliver(alice, endpoint_ids[0], delivery_id),
    ):
        with pytest.raises(NotFound):
            ask()


def test_what_is_still_to_be_sent_is_never_forgotten(alice: Caller) -> None:
    endpoint_id = subscribe(alice)
    at(0.1)
    owed, done = emit(alice), emit(alice)
    end(done)
    at(100)
    assert forget("events") == 1
    assert [one.event_id for one in webhook_deliveries.page(alice, endpoint_id, 10).rows] == [owed]
    webhook_deliveries.give_up_old()  # its endpoint is enabled: it is for us to send it
    assert webhook_deliveries.page(alice, endpoint_id, 10).rows[0].status == "pending"
    end(owed)
    assert forget("events") == 1
    assert [count(each) for each in (webhook.Event, webhook.Delivery, webhook.Attempt)] == [0, 0, 0]


def test_what_waited_for_a_paused_endpoint_can_be_recovered_for_as_long_again(alice: Caller) -> None:
    endpoint_id = subscribe(alice)
    webhook_endpoints.update(alice, endpoint_id, {"status": "paused"})
    event_id = emit(alice)
    at(29.9)
    webhook_deliveries.give_up_old()
    assert webhook_deliveries.page(alice, endpoint_id, 10).rows[0].status == "pending"
    at(30.1)
    webhook_deliveries.give_up_old()
    assert webhook_deliveries.page(alice, endpoint_id, 10).rows[0].status == "failed"
    at(59)
    forget("events")
    webhook_endpoints.update(alice, endpoint_id, {"status": "enabled"})
    found = webhook_deliveries.recover(alice, endpoint_id, "2026-01-01T00:00:00Z")
    assert (found.recovered, found.has_more, found.kept_since) == (1, False, stamp(-1))
    webhook_endpoints.update(alice, endpoint_id, {"status": "paused"})
    at(62)
    webhook_deliveries.give_up_old()  # it waits anew since it was recovered
    assert forget("events") == 0
    assert webhook_deliveries.page(alice, endpoint_id, 10).rows[0].status == "pending"
    end(event_id)
    assert forget("events") == 1
    webhook_endpoints.update(alice, endpoint_id, {"status": "enabled"})
    assert webhook_deliveries.recover(alice, endpoint_id, "2026-01-01T00:00:00Z").recovered == 0


def test_an_export_is_forgotten_with_all_that_it_left(alice: Caller) -> None:
    gone, active = (exports.create_export(alice, "csv", {})["id"] for _ in range(2))
    export.Export.update(status="expired").where(export.Export.id == gone).execute()
    at(200)
    young = exports.create_export(alice, "csv", {})["id"]
    export.Export.update(status="failed").where(export.Export.id == young).execute()
    at(399)
    assert forget("exports") == 0
    at(401)
    assert forget("exports") == 1
    with pytest.raises(NotFound):
        exports.get_export(alice, gone)
    export_files.delete_expired()
    assert {row.id for row in export.Export.select()} == {young, active}


def session(days: float) -> dict[str, Any]:
    return {
        "id": made("ses", days), "digest": f"d{days}", "user_id": "usr_1", "account_id": "acc_1",
        "created_at": stamp(days), "last_seen_at": stamp(days), "expires_at": stamp(days + 30), "address": "",
        "agent": "",
    }  # fmt: skip


def key(days: float, **more: Any) -> dict[str, Any]:
    return {
        "id": made("key", days), "account_id": "acc_1", "name": "CI", "digest": f"d{days}", "last4": "abcd",
        "scopes": [], "created_at": stamp(days), **more,
    }  # fmt: skip


def entry(days: float) -> dict[str, Any]:
    return {
        "id": made("aud", days), "account_id": "acc_1", "at": stamp(days), "action": "a", "actor": "o",
        "target_id": "t", "changes": [],
    }  # fmt: skip


def site(days: float) -> dict[str, Any]:
    return {
        "key": f"k{days}", "country": "FI", "url": "https://example.com", "status": "ok", "reader": "1",
        "checked_at": stamp(days),
    }  # fmt: skip


def scanned(days: float, status: str = "completed") -> dict[str, Any]:
    return {
        "id": made("scan", days), "account_id": "acc_1", "name": "", "status": status, "area": {}, "area_km2": 1.0,
        "categories": [], "counts": {}, "created_at": stamp(days),
    }  # fmt: skip


def enriched(days: float, status: str = "completed") -> dict[str, Any]:
    return {
        "id": made("enr", days), "account_id": "acc_1", "status": status, "filters": {}, "max_age_days": 30,
        "leads_total": 1, "created_at": stamp(days),
    }  # fmt: skip


def asked(days: float, status: str = "answered") -> dict[str, Any]:
    return {
        "id": made("tkt", days), "account_id": "acc_1", "subject": "Why", "status": status, "created_at": stamp(days),
        "updated_at": stamp(days),
    }  # fmt: skip


def link(days: float) -> dict[str, Any]:
    return {
        "id": made("inv", days), "digest": f"d{days}", "account_id": "acc_1", "created_at": stamp(days),
        "expires_at": stamp(days),
    }  # fmt: skip


def host(days: float, **more: Any) -> dict[str, Any]:
    return {"host": f"h{days}{len(more)}", "next_at": stamp(days), **more}


@pytest.mark.parametrize(
    ("rule", "table", "days", "row", "owed"),
    [
        ("sessions", user.Session, 7, session, []),
        ("sessions", user.OneTimeLink, 7, link, []),
        ("websites", enrichment_web.WebSite, 400, site, []),
        ("websites", enrichment_web.WebHost, 400, host, [host(-900, token="t")]),
        ("scans", scan.Scan, 400, scanned, [scanned(-900, "queued"), scanned(-901, "running")]),
        ("enrichments", enrichment.Enrichment, 90, enriched, [enriched(-900, "queued"), enriched(-901, "running")]),
        ("audit_log", audit.AuditEntry, 400, entry, []),
        ("api_keys", account_table.ApiKey, 400, lambda days: key(days, revoked_at=stamp(days)), [key(-900)]),
        ("api_keys", account_table.ApiKey, 400, lambda days: key(days, expires_at=stamp(days)), []),
        ("tickets", ticket.Ticket, 400, asked, [asked(-900, "open")]),
    ],
)
def test_the_old_is_forgotten_and_the_young_and_the_owed_are_kept(
    rule: str, table: type[Model], days: int, row: Callable[[float], dict[str, Any]], owed: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    at(0)
    young = [row(-days + 0.1), row(-1)]
    for each in (*young, *owed, *(row(-days - 0.1 - number) for number in range(5))):
        table.insert(each).execute()
    assert forget(rule) == 5
    kept = table._meta.sorted_field_names[0]
    assert {getattr(left, kept) for left in table.select()} == {each[kept] for each in (*young, *owed)}
    assert forget(rule) == 0


def test_an_enrichment_is_forgotten_with_its_leads_and_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    at(0)
    young, old = enriched(-1), enriched(-100)
    for each in (young, old):
        enrichment.insert(each)
        sites = [
            {"enrichment_id": each["id"], "key": f"k{n}", "country": "FI", "host": "h", "url": "u", "leads": 1,
             "state": "done"} for n in range(3)
        ]  # fmt: skip
        leads = [
            {"enrichment_id": each["id"], "number": n, "lead_id": f"l{n}", "country": "FI", "kind": "own"}
            for n in range(5)
        ]
        enrichment.plan(leads, sites)
    assert forget("enrichments") == 9
    assert [row["number"] for row in enrichment.results(young["id"], 10)] == list(range(5))
    assert {row.enrichment_id for row in enrichment.EnrichmentLead.select()} == {young["id"]}
    assert {row.enrichment_id for row in enrichment.EnrichmentSite.select()} == {young["id"]}


def test_tiles_are_for_scans_under_way() -> None:
    at(0)
    for each in (scanned(-1), scanned(-2, "running"), scanned(-3, "cancelled")):
        scan.insert(each)
        scan.plan(each["id"], [(1, 2), (3, 4)])
    assert forget("scan_tiles") == 4
    assert {row.scan_id for row in scan.ScanTile.select()} == {made("scan", -2)}


def test_what_was_said_is_forgotten_with_its_ticket() -> None:
    at(0)
    for days in (-500, -1):
        ticket.insert(asked(days))
        ticket.say({"id": made("msg", days), "ticket_id": made("tkt", days), "body": "x", "created_at": stamp(days)})
    assert forget("tickets") == 2
    assert [row.ticket_id for row in ticket.TicketMessage.select()] == [made("tkt", -1)]


def test_the_operator_is_told_of_every_table_and_every_rule() -> None:
    section = OPERATIONS.read_text().partition("## What is kept, and how long")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    named = [name for line in lines for name in re.findall(r"`(\w+)`", line.split("|")[1])]
    assert sorted(named) == sorted(table._meta.table_name for table in schema.TABLES)
    for rule in retention.RULES:
        (line,) = (line for line in lines if f"`old_{rule.name}`" in line)
        days = rule.kept.days
        assert f"{days} days" in line if days else "at once" in line
