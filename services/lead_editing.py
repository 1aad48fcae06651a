"""What customers do to their leads: tag, move along, annotate, correct, delete; and all that ever happened to one.

What is a customer's own survives every scan and enrichment (``services.lead_layers``). Every change is in the history
of the lead, written in the same transaction.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from core import clock, ids, normalize
from core.errors import Conflict, NotFound, PreconditionFailed
from models import account, base, lead_batch, lead_document, lead_ledger
from models import suppression as suppression_table
from models.lead_ledger import Cause
from services import lead_corrections, lead_layers, leads, pages, suppressions
from services.accounts import Caller
from services.lead_rows import Lead
from services.pages import Page

STAGES = ("new", "contacted", "qualified", "proposal", "won", "lost", "unqualified")
"""How far one got with a lead."""

DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """What happened to a lead: ``change`` is new, changed or gone; ``by`` scan, enrichment, import or customer.

    ``by_id`` names the scan, the enrichment or the API key (None in the dashboard). ``before`` and ``after`` are the
    properties that changed, as a lead shows them.
    """

    at: str
    change: str
    by: str
    by_id: str | None
    changed_fields: list[str]
    before: dict[str, Any]
    after: dict[str, Any]


def version(lead: Lead) -> str:
    """Return what is the same as long as nothing about a lead, as ``leads.get_lead`` returns it, has changed."""
    return hashlib.sha256(orjson.dumps(lead)).hexdigest()[:32]


def update_lead(caller: Caller, lead_id: str, changes: Mapping[str, Any], if_match: str | None = None) -> Lead:
    """Change what is the customer's own about a lead and return it; what ``changes`` leaves out stays.

    ``tags`` (all of them), ``stage``, ``note`` (None for none), ``corrections``: property -> value, or None to take a
    correction back. Raise NotFound; Conflict for a contact that is suppressed; PreconditionFailed if ``if_match`` is
    not the lead's version any more; InvalidInput with every violation.
    """
    with base.transaction():
        row = _locked(caller, lead_id, if_match)
        at = clock.now_stamp()
        own: dict[str, Any] = {name: changes[name] for name in ("stage", "note") if name in changes}
        if own.get("note") is not None:
            own["note"] = own["note"].strip() or None
        if "tags" in changes:
            own["tags"] = lead_corrections.tags(changes["tags"])
        if changes.get("corrections"):
            corrections = lead_corrections.columns_of(changes["corrections"], row["country"])
            own |= lead_layers.with_corrections(row, corrections, at)
        write_changes(caller, [(row, own)], ("customer", caller.key_id), at)
    return leads.get_lead(caller, lead_id)


def delete_lead(caller: Caller, lead_id: str, if_match: str | None = None) -> None:
    """Forget a lead with its history. No scan brings it back before its suppression is deleted.

    Raise NotFound, or PreconditionFailed if ``if_match`` is not its version any more.
    """
    with base.transaction():
        row = _locked(caller, lead_id, if_match)
        made = {
            "id": ids.new("sup"), "account_id": caller.account_id, "kind": "lead", "value": lead_id, "reason": DELETED,
            "name": normalize.text(row["name"]), "note": None, "leads_removed": 1, "created_at": clock.now_stamp(),
        }  # fmt: skip
        suppression_table.insert(made, suppressions.record_keys(row["places"]))
        lead_batch.remove([row["number"]])


def list_lead_history(caller: Caller, lead_id: str, limit: int, cursor: str | None = None) -> Page:
    """Return a page of ``HistoryEntry``s of a lead, newest first. Raise NotFound, InvalidCursor, PlanLimitExceeded."""

    def fetch(count: int, after: str | None) -> list[lead_ledger.Row]:
        return lead_ledger.history(caller.account_id, lead_id, count, int(after) if after else None)

    leads.get_lead(caller, lead_id)
    operation = f"list_lead_history {lead_id}"
    page = pages.newest_first(caller, operation, limit, cursor, fetch, lambda row: str(row["id"]))
    return Page([_entry(row) for row in page.rows], page.next_cursor)


def write_changes(
    caller: Caller, changes: list[tuple[lead_ledger.Row, Mapping[str, Any]]], cause: Cause, at: str
) -> int:
    """Give leads, as ``lead_ledger`` loads them, other columns, and write what changed into their history.

    For everything but a scan. Leads that would stay the same to the customer are not told of; return how many are. What
    turns out to be suppressed is forgotten; a customer is refused, with Conflict. To be called in the transaction in
    which the leads were read.
    """
    written, told = [], []
    out = suppressions.barred(caller.account_id, [{**row, **columns} for row, columns in changes])
    if out and cause[0] == "customer":
        raise Conflict("A contact of the lead would be one that is suppressed.")
    lead_batch.remove(out)
    for row, columns in changes:
        if row["number"] in out:
            continue
        fields = lead_document.difference(row, columns)
        if fields or any(row[name] != value for name, value in columns.items()):
            written.append({**row, **columns, **({"changed_at": at} if fields else {})})
        if fields:
            told.append((row["id"], "changed", fields))
    lead_batch.write(caller.account_id, caller.account_number, [], written)
    lead_ledger.record(caller.account_id, cause, at, told)
    return len(told)


def _locked(caller: Caller, lead_id: str, if_match: str | None) -> lead_ledger.Row:
    """Return a lead that nobody else changes until the transaction ends."""
    account.lock(caller.account_id)
    found = lead_ledger.by_id(caller.account_id, [lead_id])
    if not found:
        raise NotFound("There is no lead with this id.")
    if if_match is not None and if_match not in ("*", version(leads.get_lead(caller, lead_id))):
        raise PreconditionFailed("The lead has changed since you read it. Read it again, and decide anew.")
    return found[0]


def _entry(row: lead_ledger.Row) -> HistoryEntry:
    before = {name: change["from"] for name, change in row["fields"].items()}
    after = {name: change["to"] for name, change in row["fields"].items()}
    return HistoryEntry(row["at"], row["change"], row["cause"], row["cause_id"], list(before), before, after)
