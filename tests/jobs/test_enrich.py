"""Enrichments that share sites, meet each other, are killed, cancelled and overtaken, on both databases."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from core import clock, config
from core.errors import Conflict, NotFound, PlanLimitExceeded
from jobs import enrich
from jobs.worker import Worker
from models import base, suppression
from models import job as queue
from models.account import Account
from models.enrichment import Enrichment, EnrichmentSite
from models.enrichment_web import WebHost
from models.job import JobRow
from models.lead import LeadChange
from models.suppression import Suppression
from models.webhook import Event
from services import accounts, enrich_web, enriching, enrichments, filters, lead_editing, leads
from services.accounts import Caller
from services.enrichments import Wanted
from tests import leads as made_leads
from tests import local_web
from tests.local_web import LocalWeb, page, redirect

pytestmark = pytest.mark.usefixtures("database")

ALL = Wanted(None, {})
HOME = (
    '<html lang="en"><title>{0}</title><body><p>Coffee and cake at {0} since 1989.</p>'
    '<a href="mailto:info@{0}.fi">info@{0}.fi</a> <a href="tel:+35891234567">09 1234567</a>'
    '<a href="https://www.facebook.com/{0}">Facebook</a></body></html>'
)


@pytest.fixture(scope="module")
def web() -> Iterator[LocalWeb]:
    with local_web.local_web() as made:
        yield made
    enrich_web.client().close()


@pytest.fixture
def caller(web: LocalWeb, settings: config.Settings, monkeypatch: pytest.MonkeyPatch) -> Caller:
    web.sites.clear()
    web.log.clear()
    monkeypatch.setattr(enrich_web, "GAP_S", 0.0)
    monkeypatch.setattr(enrich, "BUSY_ELSEWHERE_S", 0.0)
    config.configure(replace(settings, crawler_timeout_s=1.5))
    return made_leads.account()


def with_website(caller: Caller, *urls: str, **columns: Any) -> list[str]:
    """Give the account a lead for each website; return their ids."""
    rows = [made_leads.lead(f"Lead {number}", websites=[url], **columns) for number, url in enumerate(urls)]
    made_leads.write(caller, *rows)
    return [row["id"] for row in rows]


def work() -> None:
    Worker({enrichments.ENRICH: enrich.run}).run_until_idle()


def enriched(caller: Caller, wanted: Wanted = ALL, max_age_days: int = 30) -> Any:
    made = enrichments.create_enrichment(caller, wanted, max_age_days)
    assert (made["status"], made["progress"]["done"]) == ("queued", 0)
    work()
    return enrichments.get_enrichment(caller, made["id"])


def statuses(caller: Caller, made: Any) -> dict[str, str]:
    page_of = enrichments.list_results(caller, made["id"], 100)
    return {row["lead_id"]: row["status"] for row in page_of.rows}


def test_leads_of_one_site_share_its_visit(caller: Caller, web: LocalWeb) -> None:
    url = web.add("127.2.0.1", {"/": page(HOME.format("engel"))})
    ids = with_website(caller, url, url.rstrip("/"), url + "#top", url + "index.html")
    made = enriched(caller)
    assert made["status"] == "completed"
    assert made["counts"]["done"] == 4
    assert made["sites"] == {"done": 1, "total": 1}
    assert web.paths("127.2.0.1").count("/") == 1
    assert made["requests"] == len(web.paths("127.2.0.1"))
    for lead_id in ids:
        lead = leads.get_lead(caller, lead_id)
        assert lead["emails"][0]["address"] == "info@engel.fi"
        assert lead["emails"][0]["source"] == "website"
        assert lead["phones"][0]["e164"] == "+35891234567"
        assert lead["website_kind"] == "own"
        assert lead["enrichment"]["status"] == "done"
        [evidence] = [one for one in lead["evidence"] if one["field"] == "emails"]
        assert (evidence["method"], evidence["source_url"]) == ("mailto", url)
    assert leads.count(caller, filters.parse({"emails": {"has": "info@engel.fi"}})) == 4
    assert leads.count(caller, filters.parse({"website_kind": {"eq": "own"}, "website_https": {"eq": False}})) == 4
    told = lead_editing.list_lead_history(caller, ids[0], 10).rows
    assert [(one.change, one.by, one.by_id) for one in told] == [("changed", "enrichment", made["id"])]


def test_what_was_read_lately_is_not_read_again(caller: Caller, web: LocalWeb) -> None:
    url = web.add("127.2.0.2", {"/": page(HOME.format("engel"))})
    with_website(caller, url)
    enriched(caller)
    asked = len(web.log)
    other = made_leads.account("other@example.com")
    with_website(other, url)
    estimate = enrichments.estimate_enrichment(other, ALL)
    assert (estimate["leads"], estimate["sites"], estimate["fresh_sites"]) == (1, 1, 1)
    made = enriched(other)
    assert made["counts"]["skipped_fresh"] == 1
    assert len(web.log) == asked
    [lead] = leads.list_leads(other).rows
    assert lead["emails"][0]["address"] == "info@engel.fi"
    assert enriched(other, max_age_days=0)["counts"]["done"] == 1
    assert len(web.log) > asked


def test_every_way_to_fail_is_told(caller: Caller, web: LocalWeb) -> None:
    sites = {
        "done": page(HOME.format("engel")),
        "done_empty": page(
            "<html><title>Hello</title><body><p>Welcome to our humble page about nothing.</p></body></html>"
        ),
        "blocked": page("no", status="403 Forbidden"),
        "unreachable": page(status="404 Not Found"),
        "timeout": local_web.hang,
        "too_large": local_web.endless,
        "not_html": page(b"%PDF", kind="application/pdf"),
        "failed": local_web.garbage,
    }
    urls = {
        status: web.add(f"127.2.1.{number}", {"/": answer}) for number, (status, answer) in enumerate(sites.items())
    }
    robots = page("User-agent: *\nDisallow: /", kind="text/plain")
    urls["robots_disallowed"] = web.add("127.2.1.99", {"/robots.txt": robots})
    wanted = dict(zip(with_website(caller, *urls.values()), urls, strict=True))
    no_website = made_leads.lead("None")
    profile = made_leads.lead("Profile", websites=["https://www.facebook.com/engel"])
    made_leads.write(caller, no_website, profile)
    wanted |= {no_website["id"]: "no_website", profile["id"]: "no_website"}
    made = enriched(caller)
    assert statuses(caller, made) == wanted
    assert made["counts"]["no_website"] == 2
    assert sum(made["counts"].values()) == made["progress"]["done"] == made["progress"]["total"] == len(wanted)
    shown = {row["status"]: row["website_kind"] for row in enrichments.list_results(caller, made["id"], 100).rows}
    assert {status: shown[status] for status in ("done", "unreachable")} == {"done": "own", "unreachable": "dead"}
    assert leads.count(caller, filters.parse({"website_kind": {"eq": "social"}})) == 1
    assert leads.count(caller, filters.parse({"website_kind": {"in": ["none", "dead"]}})) == 2
    only = enrichments.list_results(caller, made["id"], 100, "timeout").rows
    assert [row["status"] for row in only] == ["timeout"]


def test_a_site_that_moved_is_visited_where_it_is(caller: Caller, web: LocalWeb) -> None:
    new = web.add("127.2.2.1", {"/": page(HOME.format("engel"))})
    old = web.add("127.2.2.2", {"/": redirect(new)})
    with_website(caller, old)
    made = enriched(caller)
    [row] = enrichments.list_results(caller, made["id"], 10).rows
    assert (row["status"], row["website"], row["website_check"]["final_url"]) == ("done", old, new)
    assert web.paths("127.2.2.1")[0] == "/robots.txt"


def test_a_correction_stands_and_a_scan_loses_nothing(caller: Caller, web: LocalWeb) -> None:
    url = web.add("127.2.3.1", {"/": page(HOME.format("engel"))})
    [lead_id] = with_website(caller, url)
    lead_editing.update_lead(caller, lead_id, {"corrections": {"emails": ["mine@engel.fi"]}})
    enriched(caller)
    lead = leads.get_lead(caller, lead_id)
    assert [one["address"] for one in lead["emails"]] == ["mine@engel.fi"]
    assert lead["phones"][0]["source"] == "website"
    lead_editing.update_lead(caller, lead_id, {"corrections": {"emails": None}})
    assert [one["address"] for one in leads.get_lead(caller, lead_id)["emails"]] == ["info@engel.fi"]


def test_a_visit_that_fails_takes_nothing_away(caller: Caller, web: LocalWeb) -> None:
    url = web.add("127.2.3.2", {"/": page(HOME.format("engel"))})
    [lead_id] = with_website(caller, url)
    enriched(caller)
    web.sites["127.2.3.2"] = {"/": page(status="500 Oh")}
    made = enriched(caller, max_age_days=0)
    assert made["counts"]["unreachable"] == 1
    lead = leads.get_lead(caller, lead_id)
    assert lead["emails"][0]["address"] == "info@engel.fi"
    assert (lead["enrichment"]["status"], lead["website_check"]["responds"]) == ("unreachable", False)


def test_what_an_unchanged_site_said_is_seen_again(caller: Caller, web: LocalWeb) -> None:
    url = web.add("127.2.3.3", {"/": page(HOME.format("engel"), etag='"1"')})
    [lead_id] = with_website(caller, url)
    enriched(caller)
    before = leads.get_lead(caller, lead_id)["evidence"][0]
    clock.set_source(lambda: datetime.now(UTC) + timedelta(days=2))
    made = enriched(caller, max_age_days=1)
    after = leads.get_lead(caller, lead_id)["evidence"][0]
    assert made["counts"]["done"] == 1
    assert after["seen_at"] > before["seen_at"]
    assert {**after, "seen_at": ""} == {**before, "seen_at": ""}


def test_suppressed_sites_are_left_alone(caller: Caller, web: LocalWeb) -> None:
    url = web.add("127.2.4.1", {"/": page(HOME.format("engel"))})
    with_website(caller, url)
    with base.transaction():
        row = {
            "id": "sup_x", "account_id": "", "kind": "domain", "value": "127.2.4.1", "reason": "asked", "name": None,
            "note": None, "leads_removed": 0, "created_at": clock.now_stamp(),
        }  # fmt: skip
        suppression.insert(row, [("domain", "127.2.4.1")])
    made = enriched(caller)
    assert made["counts"]["suppressed"] == 1
    assert web.log == []
    assert Suppression.select().count() == 1


def test_suppressed_values_are_not_told(caller: Caller, web: LocalWeb) -> None:
    [lead_id] = with_website(caller, web.add("127.2.4.2", {"/": page(HOME.format("engel"))}))
    with base.transaction():
        row = {
            "id": "sup_y", "account_id": caller.account_id, "kind": "email", "value": "info@engel.fi",
            "reason": "asked", "name": None, "note": None, "leads_removed": 0, "created_at": clock.now_stamp(),
        }  # fmt: skip
        suppression.insert(row, [("email", "info@engel.fi")])
    made = enriched(caller)
    lead = leads.get_lead(caller, lead_id)
    assert (lead["emails"], len(lead["phones"])) == ([], 1)
    assert "info@engel.fi" not in str(lead["evidence"])
    assert made["found"]["emails"] == 0


def test_the_event_is_what_the_api_answers(caller: Caller, web: LocalWeb) -> None:
    with_website(caller, web.add("127.2.5.1", {"/": page("x")}))
    made = enriched(caller)
    [event] = Event.select()
    assert orjson.loads(event.body)["data"]["enrichment"] == made
    assert event.type == "enrichment.batch_done"


def test_cancelling(caller: Caller, web: LocalWeb) -> None:
    with_website(caller, web.add("127.2.6.1", {"/": page("x")}))
    made = enrichments.create_enrichment(caller, ALL)
    ended = enrichments.cancel_enrichment(caller, made["id"])
    assert (ended["status"], ended["counts"]["queued"]) == ("cancelled", 1)
    assert enrichments.cancel_enrichment(caller, made["id"]) == ended
    work()
    assert web.log == []
    assert Event.select().count() == 1
    done = enriched(caller)
    with pytest.raises(Conflict):
        enrichments.cancel_enrichment(caller, done["id"])


def test_cancelled_while_it_runs(caller: Caller, web: LocalWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrich, "CHECK_S", 0.0)
    urls = [web.add(f"127.2.7.{number}", {"/": page("x", after_s=1.0)}) for number in range(3)]
    with_website(caller, *urls)
    made = enrichments.create_enrichment(caller, ALL)
    timer = threading.Timer(0.3, _cancel, (caller, made["id"]))
    timer.start()
    work()
    timer.join()
    ended = enrichments.get_enrichment(caller, made["id"])
    assert ended["status"] == "cancelled"
    assert ended["progress"]["done"] == 0
    assert ended["counts"]["queued"] == 3
    assert WebHost.select().where(WebHost.token.is_null(False)).count() == 0
    assert JobRow.select().where(JobRow.kind == enrichments.ENRICH).count() == 0


def _cancel(caller: Caller, enrichment_id: str) -> None:
    with base.connection():
        enrichments.cancel_enrichment(caller, enrichment_id)


def test_two_batches_never_visit_one_host_at_once(caller: Caller, web: LocalWeb) -> None:
    url = web.add("127.2.8.1", {"/": page(HOME.format("engel"), after_s=0.3)})
    other = made_leads.account("other@example.com")
    for one in (caller, other):
        with_website(one, url)
    made = [(one, enrichments.create_enrichment(one, ALL)["id"]) for one in (caller, other)]
    threads = [threading.Thread(target=_work) for _ in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended = [enrichments.get_enrichment(*one) for one in made]
    assert [one["status"] for one in ended] == ["completed", "completed"]
    assert sorted(status for one in ended for status, n in one["counts"].items() if n) == ["done", "skipped_fresh"]
    assert web.paths("127.2.8.1").count("/") == 1
    assert web.most_together["127.2.8.1"] == 1


def _work() -> None:
    with base.connection():
        work()


def test_a_killed_batch_goes_on_with_what_is_left(
    caller: Caller, web: LocalWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [web.add(f"127.2.9.{number}", {"/": page(HOME.format(f"engel{number}"))}) for number in range(6)]
    with_website(caller, *urls)
    made = enrichments.create_enrichment(caller, ALL)
    written = 0
    record = enriching.record

    def killed(batch: Any, news: list[Any]) -> None:
        nonlocal written
        for one in news:
            if written == 3:
                raise _KilledError
            written += isinstance(one, enriching.Came)
            record(batch, [one])

    monkeypatch.setattr(enriching, "record", killed)
    monkeypatch.setattr(enrich._Crew, "come_home", lambda _: None)
    [job] = queue.claim({enrichments.ENRICH: 1}, "test", lease_s=0.01)
    with pytest.raises(_KilledError):
        enrich.run(job)
    monkeypatch.undo()
    monkeypatch.setattr(enrich_web, "GAP_S", 0.0)
    halfway = enrichments.get_enrichment(caller, made["id"])
    assert halfway["status"] == "running"
    assert halfway["progress"]["done"] == 3
    clock.set_source(lambda: datetime.now(UTC) + timedelta(hours=1))
    work()
    ended = enrichments.get_enrichment(caller, made["id"])
    assert (ended["status"], ended["counts"]["done"], ended["sites"]["done"]) == ("completed", 6, 6)
    assert LeadChange.select().count() == 6
    assert EnrichmentSite.select().where(EnrichmentSite.state != "done").count() == 0


class _KilledError(BaseException):
    """Not an Exception: nothing that a worker does when a handler fails happens when it is killed."""


def test_abandoned_enrichments_are_ended(caller: Caller, web: LocalWeb) -> None:
    with_website(caller, web.add("127.2.10.1", {"/": page("x")}))
    made = enrichments.create_enrichment(caller, ALL)
    JobRow.delete().execute()
    enriching.fail_abandoned()
    ended = enrichments.get_enrichment(caller, made["id"])
    assert (ended["status"], ended["error"]["code"]) == ("failed", "internal")
    assert Event.select().count() == 1


def test_the_plan(caller: Caller) -> None:
    free = accounts.create("free@example.com")
    with_website(free, *["http://example.com/"] * 3)
    Account.update(limits={"enrichment_leads": 2}).where(Account.id == free.account_id).execute()
    free = accounts.by_id(free.account_id)
    for attempt in (enrichments.create_enrichment, enrichments.estimate_enrichment):
        with pytest.raises(PlanLimitExceeded):
            attempt(free, ALL)
    ids = [row["id"] for row in leads.list_leads(free).rows]
    assert enrichments.create_enrichment(free, Wanted(ids[:2], {}))["progress"]["total"] == 2
    assert Enrichment.select().count() == 1


def test_another_accounts_lead_does_not_exist(caller: Caller) -> None:
    other = made_leads.account("other@example.com")
    [theirs] = with_website(other, "http://example.com/")
    for lead_id in (theirs, "lead_" + "0" * 26):
        with pytest.raises(NotFound) as caught:
            enrichments.create_enrichment(caller, Wanted([lead_id], {}))
        assert caught.value.message == f"There is no lead {lead_id}."
    made = enrichments.create_enrichment(other, ALL)
    for attempt in (enrichments.get_enrichment, enrichments.cancel_enrichment):
        with pytest.raises(NotFound):
            attempt(caller, made["id"])
    with pytest.raises(NotFound):
        enrichments.list_results(caller, made["id"], 10)
