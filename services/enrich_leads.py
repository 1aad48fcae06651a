"""Leads before and after a visit: what is planned for each, and what each becomes. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from core import contacts
from services import enrich_sites, lead_layers
from services.enrich_sites import host_key as host_of
from services.enrich_values import Result
from services.enrich_visit import Check
from services.enrichments import Chosen

__all__ = ["contacts_of", "domains_above", "enriched", "host_of", "no_check", "planned", "without"]

Row = dict[str, Any]


def planned(
    enrichment_id: str, chosen: Iterable[Chosen], suppressed: Collection[str]
) -> tuple[list[Row], list[Row], dict[str, int]]:
    """Return the rows of a batch's leads and of the sites they share, and how many leads have their status already."""
    leads: list[Row] = []
    sites: dict[tuple[str, str], Row] = {}
    counts: dict[str, int] = {}
    for number, lead in enumerate(chosen):
        status = _settled(lead, suppressed)
        leads.append(_lead_row(enrichment_id, number, lead, status))
        if status:
            counts[status] = counts.get(status, 0) + 1
        else:
            site = sites.setdefault((lead.choice.key or "", lead.country), _site_row(enrichment_id, lead))
            site["leads"] += 1
    return leads, list(sites.values()), counts


def enriched(
    lead: Mapping[str, Any], enrichment_id: str, status: str, result: Result | None, website: str, at: str
) -> Row:
    """Return the columns that change of a lead whose website came to this.

    A visit that could not read anything takes nothing away that an earlier one gave.
    """
    facts = {"website": website, "enrichment": {"id": enrichment_id, "status": status, "at": at}}
    if result is None:
        return {"website_facts": {**(lead["website_facts"] or {}), **facts}}
    facts |= {name: result[name] for name in ("kind", "check")}
    if result["site"] is None:  # nothing was read
        return {"website_facts": {**(lead["website_facts"] or {}), **facts}}
    facts |= {name: result[name] for name in ("site", "legal")} | {"evidence": result["values"]}
    return {**lead_layers.with_enriched(lead, result["columns"]), "website_facts": facts}


def contacts_of(result: Result) -> dict[str, list[str]]:
    """Return the emails and phones of a result, as suppressions know them."""
    found: dict[str, list[str]] = {"email": [], "phone": []}
    for value in result["values"]:
        sign = _sign(value)
        if sign is not None:
            found[sign[0]].append(sign[1])
    return found


def without(result: Result, suppressed: Collection[tuple[str, str]]) -> Result:
    """Return a result without the (kind, value) that are suppressed."""
    if not suppressed:
        return result
    columns = dict(result["columns"])
    if "emails" in columns:
        columns["emails"] = [one for one in columns["emails"] if ("email", contacts.email(one)) not in suppressed]
    if "phones" in columns:
        columns["phones"] = [one for one in columns["phones"] if ("phone", one["e164"]) not in suppressed]
    return {
        **result, "columns": columns,
        "values": [value for value in result["values"] if _sign(value) not in suppressed],
    }  # fmt: skip


def _sign(value: Mapping[str, Any]) -> tuple[str, str] | None:
    if value["field"] == "emails":
        return "email", contacts.email(value["value"])
    return ("phone", value["value"]) if value["field"] == "phones" else None


def domains_above(host: str) -> list[str]:
    """Return the domain of a host and all above it, without the port and the top level."""
    labels = host.partition(":")[0].split(".")
    return [".".join(labels[start:]) for start in range(max(1, len(labels) - 1))]


def no_check(url: str) -> Check:
    return Check(url)


def _settled(lead: Chosen, suppressed: Collection[str]) -> str | None:
    if lead.choice.key is None:
        return "no_website"
    return "suppressed" if lead.choice.host in suppressed else None


def _lead_row(enrichment_id: str, number: int, lead: Chosen, status: str | None) -> Row:
    choice = lead.choice
    return {
        "enrichment_id": enrichment_id, "number": number, "lead_id": lead.lead_id, "website": choice.url,
        "site_key": None if status else choice.key, "country": lead.country, "status": status, "kind": choice.kind,
    }  # fmt: skip


def _site_row(enrichment_id: str, lead: Chosen) -> Row:
    return {
        "enrichment_id": enrichment_id, "key": lead.choice.key, "country": lead.country, "host": lead.choice.host,
        "url": enrich_sites.bare(lead.choice.url or ""), "leads": 0, "state": "queued",
    }  # fmt: skip
