"""Enrichments as customers see them: start, watch, read, stop, ask beforehand. ``services.enriching`` does them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from core import clock, ids
from core.errors import Conflict, NotFound
from models import base, enrichment_web, lead_query
from models import enrichment as table
from models import job as queue
from models.lead_conditions import All, OneOf
from models.lead_query import Search
from services import enrich_sites, filters, leads, pages, webhooks
from services.accounts import Caller
from services.enrich_sites import Choice
from services.enrich_visit import STATUSES
from services.pages import Page

ENRICH = "enrich"
"""The kind of job that carries out an enrichment; its key is the enrichment's id."""

READER = "1"
"""The version of what is read from websites: raise it when extraction got better, and everything is read anew."""

FAILURE_KEPT = timedelta(days=1)
"""What could not be read is tried again after this, whatever age is allowed."""

DEFAULT_AGE_DAYS = 30
SAMPLED = 500
READ = ("done", "done_empty")
FOUND = ("emails", "phones", "socials", "legal")
_CHOSEN_BY = ("lead.id", "lead.websites", "lead.country")

Document = dict[str, Any]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which leads: those of ``lead_ids`` (None: any) that ``filters`` find."""

    lead_ids: Sequence[str] | None
    filters: Json

    def search(self, caller: Caller) -> Search:
        """Raise InvalidInput for a filter that means nothing."""
        meant = filters.parse(self.filters)
        if self.lead_ids is None:
            return Search(caller.account_id, caller.account_number, meant.gone, meant.where)
        gone = meant.gone if self.filters else None  # who names a lead means it, gone or not
        where = All((*meant.where.parts, OneOf("id", tuple(dict.fromkeys(self.lead_ids)))))
        return Search(caller.account_id, caller.account_number, gone, where)


@dataclass(frozen=True, slots=True)
class Chosen:
    """One lead of a batch, and which of its websites is visited."""

    lead_id: str
    country: str
    choice: Choice


def create_enrichment(caller: Caller, wanted: Wanted, max_age_days: int = DEFAULT_AGE_DAYS) -> Document:
    """Queue an enrichment and return it.

    Raise InvalidInput with every violation, NotFound for ids that are no lead of the account, PlanLimitExceeded for
    more leads than the plan enriches at once.
    """
    row = {
        "id": ids.new("enr"), "account_id": caller.account_id, "status": "queued", "filters": wanted.filters,
        "lead_ids": None if wanted.lead_ids is None else list(dict.fromkeys(wanted.lead_ids)),
        "max_age_days": max_age_days, "leads_total": _count(caller, wanted), "created_at": clock.now_stamp(),
    }  # fmt: skip
    with base.transaction():
        table.insert(row)
        queue.enqueue(ENRICH, {"enrichment_id": row["id"]}, account_id=caller.account_id, key=str(row["id"]))
    return get_enrichment(caller, str(row["id"]))


def estimate_enrichment(caller: Caller, wanted: Wanted, max_age_days: int = DEFAULT_AGE_DAYS) -> Document:
    """Return how much such an enrichment would have to do now. Raises like ``create_enrichment``."""
    found = _count(caller, wanted)
    return {"dry_run": True, "leads": found} | _visited(selected(caller, wanted), max_age_days)


def estimate_soon(caller: Caller, wanted: Json) -> Document:
    """Return the same for a page: counted no longer than it may take, and sites of the best ``SAMPLED`` leads only.

    ``or_more`` tells that leads were not counted to the end, ``sampled`` of how many leads the sites are. Raise
    InvalidInput, PlanLimitExceeded.
    """
    meant = filters.parse(wanted)
    total = leads.count_soon(caller, meant, (caller.plan.enrichment_leads or 0) + 1)
    or_more = total.relation == "gte"
    caller.plan.require("enrichment_leads", total.value, or_more=or_more)
    search = Wanted(None, wanted).search(caller)
    best = lead_query.best(replace(search, part=lead_query.reach(search)), _CHOSEN_BY, SAMPLED)
    told = _visited(map(_chosen, best), DEFAULT_AGE_DAYS)
    return {"leads": total.value, "or_more": or_more, "sampled": len(best)} | told


def _visited(chosen: Iterable[Chosen], max_age_days: int) -> Document:
    """Return how many leads have no website, how many sites the others have, and how many of these are fresh."""
    now = clock.now()
    sites: set[tuple[str, str]] = set()
    without = 0
    for lead in chosen:
        if lead.choice.key is None:
            without += 1
        else:
            sites.add((lead.choice.key, lead.country))
    known = enrichment_web.fresh(sorted(sites)).items()
    fresh = sum(pair in sites and is_fresh(*facts, oldest(max_age_days, now), now) for pair, facts in known)
    return {"leads_without_website": without, "sites": len(sites), "fresh_sites": fresh}


def selected(caller: Caller, wanted: Wanted) -> Iterator[Chosen]:
    """Give the leads of a batch, best first."""
    for rows in lead_query.walk(wanted.search(caller), _CHOSEN_BY):
        yield from map(_chosen, rows)


def _chosen(row: lead_query.Row) -> Chosen:
    lead_id, websites, country = row
    return Chosen(lead_id, country or "", enrich_sites.choose(orjson.loads(websites)))


def oldest(max_age_days: int, now: datetime) -> datetime:
    """Return the moment since when a visit is fresh."""
    return now - timedelta(days=max_age_days)


def is_fresh(status: str, reader: str, checked_at: str, since: datetime, now: datetime) -> bool:
    """Tell whether what is known of a site need not be asked for again."""
    at = clock.parse(checked_at)
    return reader == READER and at >= since and (status in READ or at > now - FAILURE_KEPT)


def list_enrichments(caller: Caller, limit: int, cursor: str | None = None) -> Page:
    """Return a page of the account's enrichments, newest first. Raise InvalidCursor, PlanLimitExceeded."""

    def fetch(count: int, after: str | None) -> list[Document]:
        return [document(row) for row in table.page(caller.account_id, count, after)]

    return pages.newest_first(caller, "list_enrichments", limit, cursor, fetch, lambda row: str(row["id"]))


def get_enrichment(caller: Caller, enrichment_id: str) -> Document:
    """Raise NotFound unless the account has made this enrichment."""
    return document(_owned(caller, enrichment_id))


def list_results(
    caller: Caller, enrichment_id: str, limit: int, status: str | None = None, cursor: str | None = None
) -> Page:
    """Return a page of what became of the leads, in their order. Raise NotFound, InvalidCursor, PlanLimitExceeded."""

    def fetch(count: int, after: str | None) -> list[table.Row]:
        return table.results(enrichment_id, count, -1 if after is None else int(after), status or "")

    _owned(caller, enrichment_id)
    operation = f"list_enrichment_results {enrichment_id} {status or ''}"
    page = pages.newest_first(caller, operation, limit, cursor, fetch, lambda row: str(row["number"]))
    return Page([result(row) for row in page.rows], page.next_cursor)


def cancel_enrichment(caller: Caller, enrichment_id: str) -> Document:
    """Stop an enrichment; what was found stays. Raise NotFound, or Conflict if it has ended otherwise."""
    with base.transaction():
        _owned(caller, enrichment_id)
        if table.change(enrichment_id, table.ACTIVE, status="cancelled", finished_at=clock.now_stamp()):
            table.reopen(enrichment_id)
            tell(caller.account_id, enrichment_id)
        row = _owned(caller, enrichment_id)
    if row["status"] != "cancelled":
        raise Conflict(f"The enrichment {enrichment_id} has {row['status']} already.")
    return document(row)


def tell(account_id: str, enrichment_id: str) -> None:
    """Write the event of an enrichment that has ended, last in the transaction that ended it."""
    row = table.get(enrichment_id)
    if row is not None:
        webhooks.emit(account_id, webhooks.ENRICHMENT_BATCH_DONE, {"enrichment": document(row)})


def document(row: table.Row) -> Document:
    """Return an enrichment as the API and webhooks show it."""
    fetching = int(row["fetching"])
    waiting = row["leads_total"] - row["leads_done"] - fetching
    ended = {status: row["counts"].get(status, 0) for status in STATUSES}
    return {
        "id": row["id"], "status": row["status"], "filters": row["filters"], "max_age_days": row["max_age_days"],
        "counts": {"queued": waiting, "fetching": fetching, **ended},
        "found": {name: row["found"].get(name, 0) for name in FOUND},
        "progress": {"done": row["leads_done"], "total": row["leads_total"]},
        "sites": {"done": row["sites_done"], "total": row["sites_total"]},
        **{name: row[name] for name in ("requests", "error", "created_at", "started_at", "finished_at")},
    }  # fmt: skip


def result(row: table.Row) -> Document:
    """Return what became of one lead as the API shows it."""
    made = orjson.loads(row["result"]) if row["result"] else {}
    waiting = row["status"] in ("queued", "fetching")
    return {
        "lead_id": row["lead_id"], "website": row["website"], "status": row["status"],
        "website_kind": made.get("kind", row["kind"]), "website_check": made.get("check"),
        "values": made.get("values", []), "error": row["error"],
        "finished_at": None if waiting else row["finished_at"],
    }  # fmt: skip


def _owned(caller: Caller, enrichment_id: str) -> table.Row:
    row = table.get(enrichment_id)
    if row is None or row["account_id"] != caller.account_id:
        raise NotFound("There is no enrichment with this id.")
    return row


def _count(caller: Caller, wanted: Wanted) -> int:
    meant = wanted.search(caller)
    if wanted.lead_ids is not None:
        missing = set(wanted.lead_ids) - table.chosen(caller.account_id, wanted.lead_ids)
        if missing:
            raise NotFound(_missing(missing))
    found = lead_query.count(meant)
    caller.plan.require("enrichment_leads", found)
    return found


def _missing(lead_ids: set[str]) -> str:
    others = f", nor {len(lead_ids) - 1} more of these ids" if len(lead_ids) > 1 else ""
    return f"There is no lead {min(lead_ids)}{others}."
