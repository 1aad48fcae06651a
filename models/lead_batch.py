"""Writes leads in batches, and with them all that is made from a lead: keys, place in the ranking, search terms."""

import operator
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from models import base, lead_document, lead_tally, lead_website, search, search_terms
from models.base import JSONText
from models.lead import Lead

LeadRow = Mapping[str, Any]
"""A lead by the columns of ``Lead``, JSON as values; none is needed that is made from others, such as ``document``."""

_COLUMNS = tuple(Lead._meta.fields)
_VALUES = operator.itemgetter(*_COLUMNS)
_JSON = tuple(name for name, field in Lead._meta.fields.items() if isinstance(field, JSONText))
_OWN: LeadRow = {
    "tags": [],
    "stage": "new",
    "note": None,
    "layers": None,
    "website_facts": None,
}  # until the customer or a website speaks
_KEYED = ("name", "brand", "operator", "street", "district", "city", "region", "postcode", "timezone")
_INSERT = " ".join(("INSERT INTO lead", f"({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"))
_UPDATE = " ".join(("UPDATE lead", f"SET {', '.join(f'{name} = ?' for name in _COLUMNS)} WHERE number = ?"))


def write(account_id: str, account_number: int, new: Sequence[LeadRow], changed: Sequence[LeadRow] = ()) -> list[int]:
    """Insert ``new`` leads and replace ``changed`` ones, known by their ``number``; return the numbers of the new.

    To be called inside the transaction that everything else about these leads is written in.
    """
    numbers = list(_new_numbers(len(new)))
    numbered = [{**_OWN, **lead, "number": number} for lead, number in zip(new, numbers, strict=True)]
    inserted = [_record(account_id, account_number, lead) for lead in numbered]
    replaced = [_record(account_id, account_number, lead) for lead in changed]
    known = search.rows_in("SELECT rank_key FROM lead WHERE number IN", (lead["number"] for lead in changed))
    search.unindex([key for (key,) in known])
    lead_tally.take_out([lead["number"] for lead in changed])
    _each(_INSERT, map(_VALUES, inserted))
    _each(_UPDATE, ((*_VALUES(record), record["number"]) for record in replaced))
    search.index((record["rank_key"], record["terms"]) for record in inserted + replaced)
    lead_tally.keep(account_id, len(new))
    lead_tally.add(account_id, [*numbered, *({**_OWN, **lead} for lead in changed)])
    return numbers


def set_gone(numbers: Iterable[int], at: str) -> None:
    """Mark those of the leads that are present as gone since ``at``: they rank behind all present ones."""
    keys = dict(search.rows_in("SELECT number, rank_key FROM lead WHERE gone_at IS NULL AND number IN", numbers))
    documents = search.indexed(keys.values())
    search.unindex(keys.values())
    lead_tally.take_out(keys)
    sql = "UPDATE lead SET gone_at = ?, rank_key = ? WHERE number = ?"
    _each(sql, ((at, key | search.GONE, number) for number, key in keys.items()))
    search.index((key | search.GONE, terms) for key, terms in documents)


def remove(numbers: Iterable[int]) -> None:
    """Forget leads and all that hangs on them, whoever they belong to."""
    chosen = [(number,) for number in numbers]
    lead_tally.take_out(number for (number,) in chosen)
    owners = search.rows_in("SELECT account_id FROM lead WHERE number IN", (number for (number,) in chosen))
    for account_id, count in Counter(owner for (owner,) in owners).items():
        lead_tally.keep(account_id, -count)
    told = "DELETE FROM lead_change WHERE (account_id, lead_id) = (SELECT account_id, id FROM lead WHERE number = ?)"
    for sql in (told, "DELETE FROM lead_place WHERE lead_number = ?", "DELETE FROM lead WHERE number = ?"):
        _each(sql, chosen)


def set_seen(numbers: Iterable[int], scan_id: str, at: str) -> None:
    """Mark leads that a scan found as they were as seen by it."""
    sql = "UPDATE lead SET last_seen_at = ?, scan_id = ? WHERE number = ?"
    _each(sql, ((at, scan_id, number) for number in numbers))


def _each(sql: str, parameters: Iterable[tuple[Any, ...]]) -> None:
    base.database.cursor().executemany(base.portable(sql), parameters)


def _new_numbers(count: int) -> Iterable[int]:
    if base.is_sqlite():  # a writer holds the only write lock: nobody else takes these
        last = base.rows("SELECT coalesce(max(number), 0) FROM lead")[0][0]
        return range(last + 1, last + 1 + count)
    taken = base.rows("SELECT nextval(pg_get_serial_sequence('lead', 'number')) FROM generate_series(1, ?)", (count,))
    return [row[0] for row in taken]


def _record(account_id: str, account_number: int, lead: LeadRow) -> dict[str, Any]:
    """Return all columns of a lead as the database keeps them, and its search ``terms``."""
    lead = {**_OWN, **lead}
    gone = lead["gone_at"] is not None
    lead |= lead_website.columns(lead)
    record = lead | {
        "account_id": account_id,
        "rank_key": search.rank_key(account_number, lead["quality_score"], lead["number"], gone=gone),
        "document": orjson.dumps(lead_document.document(lead)).decode(),
        "website_key": search_terms.key(lead["websites"][0]) if lead["websites"] else None,
    }
    record |= {f"{name}_key": None if lead[name] is None else search_terms.key(lead[name]) for name in _KEYED}
    record["terms"] = search_terms.terms(record)
    return record | {name: _json(lead[name]) for name in _JSON}


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
