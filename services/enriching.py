"""Carrying out an enrichment, site by site: what a site came to is one transaction that ends with its check mark.

Killed anywhere, an enrichment goes on with the sites that have none. Hosts are leased before they are visited, so that
two batches, in whatever process, never visit one host at once, and the later one finds the site fresh.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from core import clock
from models import account, base, enrichment_web, lead_ledger, suppression
from models import enrichment as table
from models import job as queue
from models.job import Job
from services import accounts, enrich_leads, enrich_values, enrichments, lead_editing
from services.accounts import Caller
from services.enrich_values import Result
from services.enrich_visit import Site, Visit, known_pages
from services.enrichments import Wanted

LEASE_S = 60.0
"""A host is free for others so long after who visited it was killed."""

KEPT = timedelta(days=90)
"""How long the results of an enrichment are kept. What they brought stays with the leads."""

FORGOTTEN = timedelta(days=400)
"""What is known of a website for so long is of no use any more."""


class StoppedError(Exception):
    """The enrichment has ended, or this site is done: whatever the transaction did must be rolled back."""


@dataclass(frozen=True, slots=True)
class Batch:
    """An enrichment under way. ``token`` is what its hosts are leased under."""

    id: str
    caller: Caller
    max_age_days: int
    created_at: str
    token: str


@dataclass(frozen=True, slots=True)
class Tour:
    """A leased host, what is kept of its robots.txt, and its sites to visit."""

    host: str
    robots: Mapping[str, Any]
    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True)
class Came:
    """What a site came to: the status of its leads and the result to keep; ``requests`` is how many it took."""

    visit: Visit
    status: str
    result: Result | None
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """A host that was visited: when it may be asked again, and what is to be kept of its robots.txt."""

    host: str
    next_at: str
    robots: Mapping[str, Any]


def begin(enrichment_id: str, job: Job) -> Batch | None:
    """Plan the enrichment unless that was done before; None if it has ended (cancelled, most likely).

    Raise PlanLimitExceeded if by now it would be of more leads than the plan allows.
    """
    row = table.get(enrichment_id)
    if row is None or row["status"] not in table.ACTIVE:
        return None
    caller = accounts.by_id(row["account_id"])
    with base.transaction():
        if row["status"] == "queued" and not _plan(caller, row):
            return None
        table.reopen(enrichment_id)
    return Batch(enrichment_id, caller, row["max_age_days"], row["created_at"], f"{job.id}:{job.token[-16:]}")


def take(batch: Batch, hosts: Sequence[str]) -> tuple[list[Tour], list[Came]]:
    """Lease those of the hosts that may be visited now; return their tours, and what sites that are fresh came to."""
    now = clock.now()
    until = clock.stamp(now + timedelta(seconds=LEASE_S))
    with base.transaction():
        leased = enrichment_web.lease(hosts, batch.token, clock.stamp(now), until)
        rows = table.sites_to_visit(batch.id, sorted(leased))
        known = enrichment_web.sites([(row["key"], row["country"]) for row in rows])
        table.set_fetching(batch.id, sorted(leased))
    since = min(enrichments.oldest(batch.max_age_days, now), clock.parse(batch.created_at))
    sites: dict[str, list[Site]] = {host: [] for host in leased}
    fresh = []
    for row in rows:
        kept = known.get((row["key"], row["country"]))
        if kept and enrichments.is_fresh(kept["status"], kept["reader"], kept["checked_at"], since, now):
            fresh.append(_fresh(row, kept))
        else:
            sites[row["host"]].append(_site(row, kept))
    return [Tour(host, leased[host], tuple(found)) for host, found in sites.items()], fresh


def record(batch: Batch, news: Sequence[Came | Left]) -> None:
    """Write what sites came to and let hosts go, all or nothing.

    Few commits are kinder to everybody else who writes. Raise StoppedError if any of it was written before, or the
    enrichment has ended.
    """
    with base.transaction():
        account.lock(batch.caller.account_id)
        for one in news:
            if isinstance(one, Left):
                enrichment_web.release(batch.token, one.host, one.next_at, one.robots)
            elif one.visit.moved_to:
                _move(batch, one)
            else:
                _record_site(batch, one)


def release(batch: Batch, left: Sequence[Left]) -> None:
    """Let hosts go, whatever became of the enrichment."""
    with base.transaction():
        for one in left:
            enrichment_web.release(batch.token, one.host, one.next_at, one.robots)


def renew(batch: Batch) -> None:
    """Hold on to the hosts that are being visited."""
    with base.transaction():
        enrichment_web.renew(batch.token, clock.stamp(clock.now() + timedelta(seconds=LEASE_S)))


def is_running(batch: Batch) -> bool:
    row = table.get(batch.id)
    return row is not None and row["status"] == "running"


def end(batch: Batch, job: Job) -> None:
    """Complete the enrichment: its event and the end of the job are one commit. Raise LeaseLost."""
    with base.transaction():
        if table.change(batch.id, ("running",), status="completed", finished_at=clock.now_stamp()):
            enrichments.tell(batch.caller.account_id, batch.id)
        queue.complete(job)


def hand_on(batch: Batch, job: Job, after_s: float) -> None:
    """Let the enrichment go on in another job, so that others have their turn. Raise LeaseLost."""
    with base.transaction():
        queue.complete(job)
        table.reopen(batch.id)
        run_at = clock.now() + timedelta(seconds=after_s)
        payload = {"enrichment_id": batch.id}
        queue.enqueue(enrichments.ENRICH, payload, account_id=batch.caller.account_id, key=batch.id, run_at=run_at)


def fail(enrichment_id: str, code: str, message: str) -> None:
    """End the enrichment as failed, unless it has ended; what it wrote stays."""
    error = {"code": code, "message": message}
    with base.transaction():
        if table.change(enrichment_id, table.ACTIVE, status="failed", error=error, finished_at=clock.now_stamp()):
            table.reopen(enrichment_id)
            row = table.get(enrichment_id)
            enrichments.tell(row["account_id"] if row else "", enrichment_id)


def fail_abandoned() -> None:
    """End the enrichments whose job died, so that none looks as if it were under way for ever."""
    for enrichment_id in table.abandoned(enrichments.ENRICH):
        fail(
            enrichment_id, "internal", "The enrichment stopped because of an error on our side. What was found is kept."
        )


def _record_site(batch: Batch, came: Came) -> None:
    site, result = came.visit.site, _kept(came)
    if came.status != "skipped_fresh":
        enrichment_web.write_site(_row(came, result))
    result = _allowed(batch.caller, result)
    leads = table.lead_ids_of(batch.id, site.key, site.country)
    done = {"state": "done", "status": came.status, "result": result, "error": came.visit.error}
    if not table.change_site(batch.id, site.key, site.country, **done, finished_at=clock.now_stamp()):
        raise StoppedError
    _write_leads(batch, came, result, leads)
    _count(batch, came, result, len(leads))


def _plan(caller: Caller, row: table.Row) -> bool:
    wanted = Wanted(row["lead_ids"], row["filters"])
    chosen = list(enrichments.selected(caller, wanted))
    caller.plan.require("enrichment_leads", len(chosen))
    suppressed = _suppressed(caller, {lead.choice.host for lead in chosen})
    leads, sites, counts = enrich_leads.planned(row["id"], chosen, suppressed)
    start = {"leads_total": len(leads), "leads_done": sum(counts.values()), "counts": counts, "sites_total": len(sites)}
    started = table.change(row["id"], ("queued",), status="running", started_at=clock.now_stamp(), **start)
    if started:
        table.plan(leads, sites)
    return started


def _suppressed(caller: Caller, hosts: set[str]) -> set[str]:
    """Return those of the hosts that are, or lie below, a domain that the account or the operator suppressed."""
    if not suppression.any_for(caller.account_id):
        return set()
    above = {host: enrich_leads.domains_above(host) for host in hosts if host}
    known = {
        value for _, value in suppression.among(caller.account_id, {"domain": {d for ds in above.values() for d in ds}})
    }
    return {host for host, domains in above.items() if known.intersection(domains)}


def _allowed(caller: Caller, result: Result | None) -> Result | None:
    """Leave out what the account, or the operator for everybody, suppressed: it is found, but not to be told."""
    if result is None or not suppression.any_for(caller.account_id):
        return result
    return enrich_leads.without(result, suppression.among(caller.account_id, enrich_leads.contacts_of(result)))


def _site(row: table.Row, kept: enrichment_web.Row | None) -> Site:
    site = Site(row["key"], row["country"], row["url"], tuple(row["moves"]))
    if kept is None or kept["reader"] != enrichments.READER or kept["status"] not in enrichments.READ:
        return site
    return replace(site, pages=known_pages(kept["pages"]), last_status=kept["status"])


def _fresh(row: table.Row, kept: enrichment_web.Row) -> Came:
    visit = Visit(_site(row, None), "skipped_fresh", enrich_leads.no_check(row["url"]), error=kept["error"])
    return Came(visit, "skipped_fresh", kept["result"])


def _kept(came: Came) -> Result | None:
    """Return the result to keep: the one of the last visit, seen again, where nothing had changed."""
    if not came.visit.unchanged:
        return came.result
    site = came.visit.site
    kept = enrichment_web.sites([(site.key, site.country)]).get((site.key, site.country))
    return enrich_values.refreshed(kept["result"], came.visit.check) if kept and kept["result"] else came.result


def _row(came: Came, result: Result | None) -> enrichment_web.Row:
    visit = came.visit
    return {
        "key": visit.site.key, "country": visit.site.country, "url": visit.site.url, "status": came.status,
        "result": result, "pages": list(visit.pages), "error": visit.error, "reader": enrichments.READER,
        "checked_at": visit.check.checked_at,
    }  # fmt: skip


def _move(batch: Batch, came: Came) -> None:
    """Send the site on to where it moved, to be visited when that host is free."""
    site, url = came.visit.site, came.visit.moved_to or ""
    where = {"url": url, "host": enrich_leads.host_of(url), "moves": [*site.moves, site.url], "state": "queued"}
    if not table.change_site(batch.id, site.key, site.country, **where):
        raise StoppedError
    _add(batch, {}, {}, requests=came.requests)


def _write_leads(batch: Batch, came: Came, result: Result | None, leads: Sequence[tuple[str, str]]) -> None:
    caller, at = batch.caller, clock.now_stamp()
    rows = lead_ledger.by_id(caller.account_id, [lead_id for lead_id, _ in leads])
    websites = dict(leads)
    changes: list[tuple[lead_ledger.Row, Mapping[str, Any]]] = [
        (row, enrich_leads.enriched(row, batch.id, came.status, result, websites[row["id"]], at)) for row in rows
    ]
    lead_editing.write_changes(caller, changes, ("enrichment", batch.id), at)


def _count(batch: Batch, came: Came, result: Result | None, leads: int) -> None:
    found = {name: number * leads for name, number in enrich_values.counted(result).items()}
    _add(batch, {came.status: leads}, found, requests=came.requests, leads_done=leads, sites_done=1)


def _add(batch: Batch, counts: Mapping[str, int], found: Mapping[str, int], **numbers: int) -> None:
    """Add to the counters of the enrichment; raise StoppedError if it has ended."""
    row = table.get(batch.id)
    if row is None:
        raise StoppedError
    sums = {name: row[name] + number for name, number in numbers.items()}
    for column, more in (("counts", counts), ("found", found)):
        sums[column] = {name: row[column].get(name, 0) + more.get(name, 0) for name in {*row[column], *more}}
    if not table.change(batch.id, ("running",), **sums):
        raise StoppedError
