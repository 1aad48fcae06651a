"""Taking in a customer's own list: its rows become leads, merged with what scans found by the same rules.

A row is kept beside the lead it belongs to, as what one more source says (``services.list_rows``), so that a scan,
which puts the lead together anew, never loses it. One transaction, and an answer for every row.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core import clock, ids, taxonomy
from core.errors import Violation
from models import account, base, lead_batch, lead_ledger
from services import lead_corrections, lead_values, list_matches, list_rows, merging, suppressions
from services.accounts import Caller
from services.lead_values import Place
from services.list_matches import Groups
from services.list_rows import ListRow
from services.merging import Intent, Key, Known, Terms
from services.places import sources

OUTCOMES = ("created", "matched", "updated", "unchanged", "refused")
MOST_TAGS = 50

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    """What an import will do. ``before`` are the records of these rows and others as they were."""

    rows: list[ListRow]
    groups: Groups
    leads: dict[int, Known]
    intents: list[Intent]
    before: Mapping[Key, Place]

    @property
    def created(self) -> int:
        return sum(intent.change == "new" for intent in self.intents)


def import_leads(
    caller: Caller, name: str, leads: Sequence[Mapping[str, Any]], tags: Sequence[str] = (), *, dry_run: bool = False
) -> Document:
    """Take in the rows of the list called ``name``, and return what became of each, as the API shows it.

    ``tags`` are put on each lead that a row becomes part of. A row that cannot be taken in is refused alone. With
    ``dry_run`` nothing is written. Raise PlanLimitExceeded, with nothing written, if there were too many leads.
    """
    at = clock.now_stamp()
    rows = list_rows.read(name, leads, at)
    with base.snapshot() if dry_run else base.transaction():
        if not dry_run:
            account.lock(caller.account_id)
        plan = _plan(caller, rows, tags, at)
        if plan.created and caller.plan.leads is not None:
            caller.plan.require("leads", lead_ledger.count(caller.account_id) + plan.created)
        made = {} if dry_run else _write(caller, plan, at)
    answers = _answers(plan, made)
    counts = Counter(answer["outcome"] for answer in answers)
    return {"dry_run": dry_run, "name": name, "counts": {one: counts[one] for one in OUTCOMES}, "rows": answers}


def _plan(caller: Caller, rows: Sequence[ListRow], tags: Sequence[str], at: str) -> _Plan:
    rows = _allowed(caller, rows)
    good = [row for row in rows if not row.problems]
    leads = list_matches.known_leads(caller, good)
    attributions = lead_values.attributions({source.source: source.attribution for source in sources()})
    terms = Terms("", at, lambda *_: True, taxonomy.path, attributions)
    groups, left = list_matches.group(good, leads, terms)
    concerned = {lead.number: lead for lead in leads if lead.number in groups}
    others = {merging.key_of(place): place for place in _places(concerned.values())}
    before = {merging.key_of(record): record for lead in concerned.values() for record in lead.own}
    intents = merging.decide(groups, concerned.values(), others, terms)
    joined = {number for number, places in groups.items() if any(merging.key_of(one) not in before for one in places)}
    intents = [_tagged(intent, tags) if intent.number in joined else intent for intent in intents]
    without = {row.index: list_rows.incomplete(row) for row in left}
    return _Plan([without.get(row.index, row) for row in rows], groups, concerned, intents, before)


def _allowed(caller: Caller, rows: Sequence[ListRow]) -> list[ListRow]:
    """Refuse the rows of businesses that must not be leads."""
    barred = suppressions.met(caller.account_id, [row.record for row in rows if not row.problems])
    return [
        list_rows.refused(row, "not_allowed", "is on the suppression list")
        if not row.problems and merging.key_of(row.record) in barred
        else row
        for row in rows
    ]


def _places(leads: Iterable[Known]) -> list[Place]:
    """Return the places of the map that the leads are made of now."""
    keys = {key for lead in leads for key in lead.places if key[0] != lead_values.LIST}
    return list(lead_ledger.present(keys))


def _tagged(intent: Intent, tags: Sequence[str]) -> Intent:
    before = intent.before.get("tags", [])
    after = lead_corrections.tags([*before, *tags])[:MOST_TAGS]
    if after == before:
        return intent
    columns = {**intent.columns, "tags": after}
    if intent.change == "new":
        return replace(intent, columns=columns)
    told = intent.fields | {"tags": {"from": before, "to": after}}
    return replace(intent, change="changed", columns=columns, fields=told)


def _write(caller: Caller, plan: _Plan, at: str) -> dict[int, str]:
    """Write it all; return the ids of the leads that were made by the (negative) numbers they had."""
    new = [intent for intent in plan.intents if intent.change == "new"]
    old = [intent for intent in plan.intents if intent.change in ("changed", "refreshed")]
    new_rows = [_new_row(intent, at) for intent in new]
    old_rows = [_old_row(intent, at) for intent in old]
    given = lead_batch.write(caller.account_id, caller.account_number, new_rows, old_rows)
    numbers = dict(zip((intent.number for intent in new), given, strict=True))
    lead_ledger.keep(
        caller.account_id,
        [
            (numbers.get(number, number), place)
            for number, places in plan.groups.items()
            for place in places
            if not list_rows.is_same(place, plan.before.get(merging.key_of(place)))
        ],
    )
    told: list[tuple[str, str, dict[str, Any]]] = [(row["id"], "new", {}) for row in new_rows]
    told += [(intent.before["id"], "changed", intent.fields) for intent in old if intent.change == "changed"]
    lead_ledger.record(caller.account_id, ("import", caller.key_id), at, told)
    return {intent.number: row["id"] for intent, row in zip(new, new_rows, strict=True)}


def _new_row(intent: Intent, at: str) -> dict[str, Any]:
    times = dict.fromkeys(("first_seen_at", "last_seen_at", "changed_at"), at)
    return {**intent.columns, **times, "id": ids.new("lead"), "scan_id": "", "gone_at": None}


def _old_row(intent: Intent, at: str) -> dict[str, Any]:
    changed = {"changed_at": at} if intent.change == "changed" else {}
    return {**intent.before, **intent.columns, **changed, "gone_at": None}


def _answers(plan: _Plan, made: Mapping[int, str]) -> list[Document]:
    placed = {merging.key_of(place): (number, place) for number, places in plan.groups.items() for place in places}
    told: set[int] = set()
    answers = []
    for row in plan.rows:
        number, place = placed.get(merging.key_of(row.record), (0, {})) if not row.problems else (0, {})
        outcome = _outcome(number, place, plan, told) if number else "refused"
        told.add(number)
        answers.append(
            {
                "index": row.index, "external_id": row.external_id, "outcome": outcome,
                "lead_id": plan.leads[number].columns["id"] if number > 0 else made.get(number),
                "problems": [_problem(one) for one in row.problems],
            }
        )  # fmt: skip
    return answers


def _outcome(number: int, place: Place, plan: _Plan, told: set[int]) -> str:
    before = plan.before.get(merging.key_of(place))
    if before is not None:
        return "unchanged" if list_rows.is_same(place, before) else "updated"
    return "created" if number < 0 and number not in told else "matched"


def _problem(problem: Violation) -> Document:
    return {
        "in": problem.where, "field": problem.field, "pointer": problem.pointer, "code": problem.code,
        "message": problem.message,
    }  # fmt: skip
