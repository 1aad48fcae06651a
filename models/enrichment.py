"""Enrichments: batches of leads, the sites they share, and what came of each.

A site is visited once for all leads of a batch that have it, so the site is what is checked off: ``done`` is set in the
transaction that wrote its leads. What was found stands with the site, and is the leads' by reference.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import peewee

from models import base
from models.base import JSONText, Stamp
from models.lead import OF_ACCOUNT

ACTIVE = ("queued", "running")

Row = dict[str, Any]


class Enrichment(base.Model):
    """``counts`` are leads by their last status; those that are still under way are counted when asked."""

    id = peewee.CharField(max_length=40, primary_key=True)
    account_id = peewee.CharField(max_length=40)
    status = peewee.CharField(max_length=16)  # queued | running | completed | cancelled | failed
    filters = JSONText()
    lead_ids = JSONText(null=True)
    max_age_days = peewee.IntegerField()
    leads_total = peewee.IntegerField()
    leads_done = peewee.IntegerField(default=0)
    sites_total = peewee.IntegerField(default=0)
    sites_done = peewee.IntegerField(default=0)
    counts = JSONText(default=dict)  # {status: leads}
    found = JSONText(default=dict)  # {"emails", "phones", "socials", "legal"}: leads with at least one
    requests = peewee.BigIntegerField(default=0)
    error = JSONText(null=True)  # {"code", "message"}
    created_at = Stamp()
    started_at = Stamp(null=True)
    finished_at = Stamp(null=True)

    class Meta:
        indexes = ((("account_id", "id"), False),)


class EnrichmentSite(base.Model):
    """One site of a batch. ``url`` is where its visit starts: another one once it was seen to have moved."""

    enrichment_id = peewee.CharField(max_length=40)
    key = peewee.CharField(max_length=200)
    country = peewee.CharField(max_length=2)  # of its leads, for telephone numbers; empty if unknown
    host = peewee.CharField(max_length=260)
    url = peewee.TextField()
    moves = JSONText(default=list)  # [url] it was at before
    leads = peewee.IntegerField()
    state = peewee.CharField(max_length=8)  # queued | fetching | done
    status = peewee.CharField(max_length=20, null=True)
    result = JSONText(null=True)  # services.enrich_values
    error = peewee.TextField(null=True)
    finished_at = Stamp(null=True)

    class Meta:
        primary_key = peewee.CompositeKey("enrichment_id", "key", "country")


class EnrichmentLead(base.Model):
    """One lead of a batch. ``status`` is its own where it has no site to share, else its site's."""

    enrichment_id = peewee.CharField(max_length=40)
    number = peewee.IntegerField()  # its place in the batch
    lead_id = peewee.CharField(max_length=40)
    website = peewee.TextField(null=True)
    site_key = peewee.CharField(max_length=200, null=True)
    country = peewee.CharField(max_length=2)
    status = peewee.CharField(max_length=20, null=True)
    kind = peewee.CharField(max_length=12)  # of its website, as far as its address tells

    class Meta:
        primary_key = peewee.CompositeKey("enrichment_id", "number")
        indexes = ((("enrichment_id", "site_key"), False), (("lead_id",), False))


_ACTIVE = "CREATE INDEX IF NOT EXISTS enrichment_active ON enrichment (id) WHERE status IN ('queued', 'running')"
Enrichment.add_index(peewee.SQL(_ACTIVE))
_OPEN = "CREATE INDEX IF NOT EXISTS enrichment_site_open ON enrichment_site (enrichment_id, host) WHERE state <> 'done'"
EnrichmentSite.add_index(peewee.SQL(_OPEN))
_FETCHING = "state = 'fetching'"  # written out, or SQLite does not see that the index is meant
_FETCHED = f"CREATE INDEX IF NOT EXISTS enrichment_site_fetching ON enrichment_site (enrichment_id) WHERE {_FETCHING}"
EnrichmentSite.add_index(peewee.SQL(_FETCHED))

TABLES: tuple[type[base.Model], ...] = (Enrichment, EnrichmentSite, EnrichmentLead)


def insert(row: Row) -> None:
    """Write a new enrichment."""
    Enrichment.insert(row).execute()


def get(enrichment_id: str) -> Row | None:
    """Return an enrichment, whoever it belongs to, with the number of its leads that are being ``fetched``."""
    found = list(_shown().where(Enrichment.id == enrichment_id).dicts())
    return found[0] if found else None


def page(account_id: str, limit: int, after: str | None = None) -> list[Row]:
    """Return up to ``limit`` enrichments, newest first, from the one after ``after`` on, as ``get`` does."""
    query = _shown().where(Enrichment.account_id == account_id)
    if after is not None:
        query = query.where(Enrichment.id < after)
    return list(query.order_by(Enrichment.id.desc()).limit(limit).dicts())


def change(enrichment_id: str, among: Sequence[str], **values: Any) -> bool:
    """Set values if the status is one of ``among``; return whether it was. Locks the row until commit."""
    mine = (Enrichment.id == enrichment_id) & Enrichment.status.in_(among)
    return bool(Enrichment.update(**values).where(mine).execute())


def plan(leads: Iterable[Row], sites: Iterable[Row]) -> None:
    """Write the leads and the sites that an enrichment is made of."""
    for model, rows in ((EnrichmentLead, leads), (EnrichmentSite, sites)):
        for chunk in peewee.chunked(rows, 90):
            model.insert_many(chunk).execute()


def reopen(enrichment_id: str) -> None:
    """Queue the sites again that a process was busy with when it ended."""
    mine = (EnrichmentSite.enrichment_id == enrichment_id) & (EnrichmentSite.state == "fetching")
    EnrichmentSite.update(state="queued").where(mine).execute()


def hosts_to_visit(enrichment_id: str, after: str, limit: int) -> list[str]:
    """Return up to ``limit`` hosts, in order, those behind ``after``, that have sites nobody is visiting."""
    sql = (
        "SELECT DISTINCT host FROM enrichment_site WHERE enrichment_id = ? AND host > ? AND state <> 'done'"
        " AND state = 'queued' ORDER BY host LIMIT ?"
    )
    return [host for (host,) in base.rows(sql, (enrichment_id, after, limit))]


def sites_to_visit(enrichment_id: str, hosts: Sequence[str]) -> list[Row]:
    """Return the sites on these hosts that nobody is visiting."""
    mine = (EnrichmentSite.enrichment_id == enrichment_id) & EnrichmentSite.host.in_(hosts)
    query: Any = EnrichmentSite.select().where(mine & (EnrichmentSite.state == "queued"))
    return list(query.order_by(EnrichmentSite.host, EnrichmentSite.key, EnrichmentSite.country).dicts())


def any_open(enrichment_id: str) -> bool:
    """Tell whether any site is not done."""
    sql = "SELECT 1 FROM enrichment_site WHERE enrichment_id = ? AND state <> 'done' LIMIT 1"
    return bool(base.rows(sql, (enrichment_id,)))


def others_wait(kind: str, account_id: str, now: str) -> bool:
    """Tell whether another account's job of this kind waits for its turn."""
    sql = "SELECT 1 FROM job WHERE kind = ? AND state = 'queued' AND run_at <= ? AND account_id <> ? LIMIT 1"
    return bool(base.rows(sql, (kind, now, account_id)))


def set_fetching(enrichment_id: str, hosts: Sequence[str]) -> None:
    """Mark the sites of hosts as being visited."""
    mine = (EnrichmentSite.enrichment_id == enrichment_id) & EnrichmentSite.host.in_(hosts)
    EnrichmentSite.update(state="fetching").where(mine & (EnrichmentSite.state == "queued")).execute()


def change_site(enrichment_id: str, key: str, country: str, **values: Any) -> bool:
    """Set values of a site that is not done; return False if it is."""
    mine = (EnrichmentSite.enrichment_id == enrichment_id) & (EnrichmentSite.key == key)
    mine &= (EnrichmentSite.country == country) & (EnrichmentSite.state != "done")
    return bool(EnrichmentSite.update(**values).where(mine).execute())


def lead_ids_of(enrichment_id: str, key: str, country: str) -> list[tuple[str, str]]:
    """Return (lead id, website) of the batch's leads that share a site."""
    mine = (EnrichmentLead.enrichment_id == enrichment_id) & (EnrichmentLead.site_key == key)
    query: Any = EnrichmentLead.select(EnrichmentLead.lead_id, EnrichmentLead.website)
    return list(query.where(mine & (EnrichmentLead.country == country)).order_by(EnrichmentLead.number).tuples())


_RESULTS = """
    SELECT l.number, l.lead_id, l.website, l.kind, coalesce(l.status, s.status, s.state) AS status,
           s.result, s.error, coalesce(s.finished_at, e.started_at) AS finished_at
    FROM enrichment_lead l JOIN enrichment e ON e.id = l.enrichment_id
    LEFT JOIN enrichment_site s
           ON s.enrichment_id = l.enrichment_id AND s.key = l.site_key AND s.country = l.country
    WHERE l.enrichment_id = ? AND l.number > ? AND (? = '' OR coalesce(l.status, s.status, s.state) = ?)
    ORDER BY l.number LIMIT ?
"""
_NAMES = ("number", "lead_id", "website", "kind", "status", "result", "error", "finished_at")


def results(enrichment_id: str, limit: int, after: int = -1, status: str = "") -> list[Row]:
    """Return up to ``limit`` leads of a batch in their order, those behind number ``after``; all statuses if empty.

    ``result`` is JSON text, so that it can be shown as it is.
    """
    rows = base.rows(_RESULTS, (enrichment_id, after, status, status, limit))
    return [dict(zip(_NAMES, row, strict=True)) for row in rows]


def chosen(account_id: str, ids: Iterable[str]) -> set[str]:
    """Return those of the ids that are leads of the account."""
    found: set[str] = set()
    for chunk in peewee.chunked(ids, 400):
        sql = base.written(" ".join(("SELECT id FROM lead WHERE", OF_ACCOUNT, "AND id IN (...)")), columns=len(chunk))
        found.update(lead_id for (lead_id,) in base.rows(sql, (account_id, *chunk)))
    return found


def abandoned(kind: str) -> list[str]:
    """Return the enrichments that have not ended although no job of ``kind`` with their id as its key is left alive."""
    sql = (
        "SELECT id FROM enrichment WHERE status IN ('queued', 'running') AND NOT EXISTS"
        " (SELECT 1 FROM job WHERE kind = ? AND dedupe_key = enrichment.id AND state <> 'dead')"
    )
    return [enrichment_id for (enrichment_id,) in base.rows(sql, (kind,))]


def _shown() -> Any:
    fetched = EnrichmentSite.select(peewee.fn.COALESCE(peewee.fn.SUM(EnrichmentSite.leads), 0)).where(
        (EnrichmentSite.enrichment_id == Enrichment.id) & peewee.SQL(_FETCHING)
    )
    return Enrichment.select(Enrichment, fetched.alias("fetching"))
