"""What is kept of requests, and what an account used, on both databases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core import clock, ids
from core.errors import InvalidCursor, NotFound
from models.request_log import RequestLog
from services import enrichments, exports, request_log, scans, usage
from services.accounts import Caller
from services.enrichments import Wanted as EnrichmentWanted
from services.request_log import LoggedRequest, Wanted
from tests.forgetting import forget
from tests.leads import account, gone, lead, write
from tests.services.test_scans import HERE

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def alice() -> Caller:
    request_log.flush()
    return account()


def noted(caller: Caller, status: int = 200, **more: Any) -> LoggedRequest:
    made = LoggedRequest(
        ids.new("req"), caller.account_id, "key_1", clock.now_stamp(), "GET", "/leads", "/v1/leads?limit=1", status,
        None if status < 400 else "not_found", 7, "203.0.113.7",
    )  # fmt: skip
    made = replace(made, **more)
    request_log.note(made)
    return made


def test_requests_are_written_in_batches_newest_first(alice: Caller) -> None:
    bob = account("bob@example.com")
    made = [noted(alice, 200 if n % 3 else 404) for n in range(100)]
    foreign = noted(bob)
    assert request_log.list_requests(alice, 10).rows == []
    request_log.flush()
    request_log.flush()
    first = request_log.list_requests(alice, 60)
    rest = request_log.list_requests(alice, 60, first.next_cursor)
    assert {one.id for one in [*first.rows, *rest.rows]} == {one.id for one in made}
    failed = request_log.list_requests(alice, 100, wanted=Wanted((400, 599)))
    assert [one.status for one in failed.rows] == [404] * 34
    assert request_log.get_request(alice, made[3].id) == made[3]
    with pytest.raises(NotFound):
        request_log.get_request(alice, foreign.id)
    assert usage.get_usage(alice).requests.used == 100


def test_rare_requests_are_looked_for_a_part_at_a_time(alice: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(30):
        noted(alice, 500 if n in (3, 27) else 200, method="POST" if n % 2 else "GET")
    noted(alice, key_id="key_2")
    request_log.flush()
    everything = request_log.list_requests(alice, 100).rows
    monkeypatch.setattr(request_log, "_LOOKED_AT", 10)
    for wanted, fits in (
        (Wanted((500, 599)), lambda one: one.status == 500),
        (Wanted(method="POST"), lambda one: one.method == "POST"),
        (Wanted(key_id="key_2"), lambda one: one.key_id == "key_2"),
        (Wanted(key_id="key_2", method="POST"), lambda _: False),
        (Wanted((200, 299), "GET", "key_1"), lambda one: one.method == "GET" and one.key_id == "key_1"),
    ):
        found: list[LoggedRequest] = []
        parts, cursor = 0, None
        while parts == 0 or cursor:
            page = request_log.list_requests(alice, 4, cursor, wanted)
            found, cursor, parts = [*found, *page.rows], page.next_cursor, parts + 1
            assert len(page.rows) <= 4
        assert found == [one for one in everything if fits(one)], wanted
        assert parts >= 4
    with pytest.raises(InvalidCursor):
        request_log.list_requests(alice, 4, request_log.list_requests(alice, 4).next_cursor, Wanted(method="GET"))


def test_a_database_that_is_away_loses_nothing(alice: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = noted(alice), noted(alice)

    def fail(_: object) -> None:
        raise OSError("away")

    with monkeypatch.context() as away:
        away.setattr("models.request_log.write", fail)
        request_log.flush()
    request_log.flush()
    assert {row.id for row in request_log.list_requests(alice, 9).rows} == {one.id, other.id}


def test_what_is_old_is_deleted(alice: Caller) -> None:
    old = noted(alice)
    request_log.flush()
    later = clock.now() + timedelta(days=31)
    clock.set_source(lambda: later)
    new = noted(alice)
    request_log.flush()
    assert [row.id for row in request_log.list_requests(alice, 9).rows] == [new.id]
    forget("requests")
    assert [row.id for row in RequestLog.select()] == [new.id] != [old.id]


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/v1/leads?query=caf%C3%A9&limit=2", "/v1/leads?query=caf%C3%A9&limit=2"),
        ("/v1/x?api=mt_live_0000x7Qa&b=1", "/v1/x?api=mt_live_***&b=1"),
        ("/v1/x?key=abc&b=1", "/v1/x?key=***&b=1"),
        ("/v1/x?a=1&token=abc", "/v1/x?a=1&token=***"),
        ("/v1/whsec_bWFw+a/=", "/v1/whsec_***"),
        ("There is no 'mt_live_0000x7Qa'. Did you mean 'name'?", "There is no 'mt_live_***'. Did you mean 'name'?"),
    ],
)
def test_secrets_are_masked(target: str, shown: str) -> None:
    assert request_log.masked(target) == shown


def test_usage_is_of_this_month_and_of_now(alice: Caller) -> None:
    now = clock.now()
    earlier = now.replace(day=1) - timedelta(days=2)
    clock.set_source(lambda: earlier)
    scans.create_scan(alice, "old", HERE, [])
    enrichments.create_enrichment(alice, EnrichmentWanted(None, {}))
    clock.set_source(lambda: now)
    scans.create_scan(alice, "new", HERE, [])
    exports.create_export(alice, "csv", {})
    numbers = write(alice, lead(), lead(), lead())
    for _ in range(3):
        enrichments.create_enrichment(alice, EnrichmentWanted(None, {}))
    gone(numbers[0])
    made = usage.get_usage(alice)
    assert (made.scans.used, made.exports.used, made.enrichments.used, made.leads.used) == (1, 1, 3, 3)
    assert (made.leads.limit, made.webhook_endpoints.limit, made.since[8:]) == (1_000_000, 5, "01T00:00:00.000Z")
    assert made.since < clock.now_stamp() < made.until
    assert usage.get_usage(account("bob@example.com")).leads.used == 0


def test_the_year_ends(alice: Caller) -> None:
    clock.set_source(lambda: clock.parse("2026-12-31T23:59:59Z"))
    made = usage.get_usage(alice)
    assert (made.since, made.until) == ("2026-12-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z")
